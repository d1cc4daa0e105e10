//! Reading versions.

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

use super::super::Tag;
use super::file_shapes::VersionDetail;
use super::shapes::{HistoryEntry, TreeVersion, VersionList};
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::domain::{file, version};
use crate::types::PageRequest;

/// The most entries of one answer.
const MAX_PAGE: u64 = 1000;

pub struct VersionsApi;

fn page_size() -> u64 {
    MAX_PAGE
}

#[OpenApi(prefix_path = "/versions", tag = "Tag::Versions")]
impl VersionsApi {
    /// List what happened to an item's versions
    ///
    /// The newest first.
    #[oai(path = "/items/:item_id/history", method = "get", operation_id = "get_version_history")]
    async fn history(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// At most 1,000.
        #[oai(default = "page_size")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<Vec<HistoryEntry>>> {
        let page = PageRequest::new(limit.0, offset.0, MAX_PAGE)?;
        let history = version::version_history(&caller.0, &item_id, page).await?;
        Ok(Json(history.into_iter().map(HistoryEntry::from).collect()))
    }

    /// Get the tree of an item's versions
    ///
    /// Each names the one that it follows; the oldest come first.
    #[oai(path = "/items/:item_id/tree", method = "get", operation_id = "get_version_tree")]
    async fn tree(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// At most 1,000.
        #[oai(default = "page_size")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<Vec<TreeVersion>>> {
        let page = PageRequest::new(limit.0, offset.0, MAX_PAGE)?;
        let tree = version::version_tree(&caller.0, &item_id, page).await?;
        Ok(Json(tree.into_iter().map(TreeVersion::from).collect()))
    }

    /// List an item's versions
    ///
    /// The oldest first.
    #[oai(path = "/items/:item_id/versions", method = "get", operation_id = "list_versions")]
    async fn list(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// At most 1,000.
        #[oai(default = "page_size")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<VersionList>> {
        let page = PageRequest::new(limit.0, offset.0, MAX_PAGE)?;
        Ok(Json(version::versions_of(&caller.0, &item_id, page).await?.into()))
    }

    /// Get a version with its files
    #[oai(path = "/:version_id/detail", method = "get", operation_id = "get_version")]
    async fn detail(&self, caller: OrgCaller, version_id: Path<String>) -> ApiResult<Json<VersionDetail>> {
        let version = version::get_version(&caller.0, &version_id).await?;
        let files = file::files_of_version(&caller.0, &version_id, None).await?;
        Ok(Json(VersionDetail::new(version, files)))
    }
}
