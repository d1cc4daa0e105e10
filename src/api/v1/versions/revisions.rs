//! Opening the next revision.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::super::Tag;
use super::shapes::VersionResponse;
use crate::api::auth::OrgCaller;
use crate::api::body::OptionalBody;
use crate::api::error::ApiResult;
use crate::domain::version;

pub struct RevisionsApi;

#[derive(Object, Deserialize, Default)]
struct ReviseRequest {
    /// At most 2,000 characters, for the history.
    comment: Option<String>,
}

#[OpenApi(prefix_path = "/versions", tag = "Tag::Versions")]
impl RevisionsApi {
    /// Open the next revision
    ///
    /// Of an item whose current version is released: 1.B after 1.A. It begins as what is released, which stays as it is, and
    /// the item is back where its lifecycle begins.
    #[oai(path = "/items/:item_id/revise", method = "post", operation_id = "revise_item")]
    async fn revise(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: OptionalBody<ReviseRequest>,
    ) -> ApiResult<Json<VersionResponse>> {
        let comment = body.0.unwrap_or_default().comment;
        let version = version::revise(&caller.0, &item_id, comment).await?;
        Ok(Json(VersionResponse::of(&caller.0, version).await?))
    }
}
