//! Organisations of the caller's tenant.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::auth::TenantCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{Time, yes};
use crate::api::v1::Tag;
use crate::domain::identity::{self, Org, OrgChange};

pub struct OrgsApi;

#[derive(Object)]
pub(super) struct OrgResponse {
    id: String,
    tenant_id: String,
    name: String,
    is_active: bool,
    created_at: Time,
}

impl From<Org> for OrgResponse {
    fn from(org: Org) -> Self {
        Self {
            id: org.id,
            tenant_id: org.tenant_id,
            name: org.name,
            is_active: org.is_active,
            created_at: org.created_at.into(),
        }
    }
}

#[derive(Object)]
pub(super) struct OrgList {
    tenant_id: String,
    items: Vec<OrgResponse>,
    total: u64,
}

impl OrgList {
    pub(super) fn new(tenant_id: String, orgs: Vec<Org>) -> Self {
        let items: Vec<OrgResponse> = orgs.into_iter().map(OrgResponse::from).collect();
        Self { tenant_id, total: items.len() as u64, items }
    }
}

#[derive(Object, Deserialize)]
pub(super) struct NewOrgRequest {
    /// 1 to 63 characters a-z, 0-9 and inner hyphens.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub(super) id: String,
    #[oai(validator(max_length = 200))]
    pub(super) name: Option<String>,
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    pub(super) is_active: bool,
}

#[derive(Object, Deserialize)]
struct OrgChangeRequest {
    #[oai(validator(max_length = 200))]
    name: Option<String>,
    is_active: Option<bool>,
}

#[OpenApi(prefix_path = "/admin/orgs", tag = "Tag::Admin")]
impl OrgsApi {
    /// List organisations
    #[oai(path = "/", method = "get", operation_id = "list_orgs")]
    async fn list(&self, caller: TenantCaller) -> ApiResult<Json<OrgList>> {
        let orgs = identity::list_orgs(&caller.0).await?;
        Ok(Json(OrgList::new(caller.0.tenant.to_string(), orgs)))
    }

    /// Create an organisation
    ///
    /// With its database, where each organisation has its own.
    #[oai(path = "/", method = "post", operation_id = "create_org")]
    async fn create(&self, caller: TenantCaller, body: Body<NewOrgRequest>) -> ApiResult<Json<OrgResponse>> {
        let Body(new) = body;
        Ok(Json(identity::create_org(&caller.0, &new.id, new.name, new.is_active).await?.into()))
    }

    /// Get an organisation
    #[oai(path = "/:org_id", method = "get", operation_id = "get_org")]
    async fn get(&self, caller: TenantCaller, org_id: Path<String>) -> ApiResult<Json<OrgResponse>> {
        Ok(Json(identity::get_org(&caller.0, &org_id).await?.into()))
    }

    /// Change an organisation
    #[oai(path = "/:org_id", method = "patch", operation_id = "update_org")]
    async fn update(
        &self,
        caller: TenantCaller,
        org_id: Path<String>,
        body: Body<OrgChangeRequest>,
    ) -> ApiResult<Json<OrgResponse>> {
        let change = OrgChange { name: body.0.name, is_active: body.0.is_active };
        Ok(Json(identity::update_org(&caller.0, &org_id, change).await?.into()))
    }
}
