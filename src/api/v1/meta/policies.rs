//! What the organisation demands of everybody's work.

use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;

use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::v1::Tag;
use crate::domain::meta;

pub struct PoliciesApi;

/// `off`: anything may enter a BOM and be released in it. `at_release`: a release finds a released version of every child.
/// `at_entry`: only what has a released version enters a BOM, and a release finds it so.
#[derive(Enum, Deserialize, Clone, Copy)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum ReleasePolicy {
    Off,
    AtRelease,
    AtEntry,
}

impl From<ReleasePolicy> for meta::ReleasePolicy {
    fn from(policy: ReleasePolicy) -> Self {
        match policy {
            ReleasePolicy::Off => Self::Off,
            ReleasePolicy::AtRelease => Self::AtRelease,
            ReleasePolicy::AtEntry => Self::AtEntry,
        }
    }
}

impl From<meta::ReleasePolicy> for ReleasePolicy {
    fn from(policy: meta::ReleasePolicy) -> Self {
        match policy {
            meta::ReleasePolicy::Off => Self::Off,
            meta::ReleasePolicy::AtRelease => Self::AtRelease,
            meta::ReleasePolicy::AtEntry => Self::AtEntry,
        }
    }
}

#[derive(Object, Deserialize)]
struct Policies {
    release_policy: ReleasePolicy,
}

#[OpenApi(prefix_path = "/meta/policies", tag = "Tag::Model")]
impl PoliciesApi {
    /// Get the policies of the organisation
    #[oai(path = "/", method = "get", operation_id = "get_policies")]
    async fn get(&self, caller: OrgCaller) -> ApiResult<Json<Policies>> {
        let release_policy = meta::release_policy(&caller.0).await?.into();
        Ok(Json(Policies { release_policy }))
    }

    /// Set the policies of the organisation
    ///
    /// For administrators. What stands in BOMs already stays; the next release sees it.
    #[oai(path = "/", method = "put", operation_id = "set_policies")]
    async fn set(&self, caller: OrgCaller, body: Body<Policies>) -> ApiResult<Json<Policies>> {
        let release_policy = meta::set_release_policy(&caller.0, body.0.release_policy.into()).await?.into();
        Ok(Json(Policies { release_policy }))
    }
}
