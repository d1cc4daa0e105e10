//! The lines of versions.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::super::Tag;
use super::effectivities::VersionDone;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{FreeObject, Time};
use crate::domain::bom::PART_BOM;
use crate::domain::version::{self, NewVersionLine, VersionLine};
use crate::types::PageRequest;

/// The most lines of one answer.
const MAX_PAGE: u64 = 1000;

pub struct VersionLinesApi;

fn page_size() -> u64 {
    MAX_PAGE
}

#[derive(Object, Deserialize)]
struct VersionLineRequest {
    child_id: String,
    /// The type of the line; `Part BOM` where it is left out.
    relationship_type: Option<String>,
    /// A line of the version that this one hangs on, as substitutes do; without one it is a line of the item.
    parent_line_id: Option<String>,
    /// quantity, uom, find_num, refdes and whatever else the type has.
    properties: Option<FreeObject>,
}

impl From<VersionLineRequest> for NewVersionLine {
    fn from(given: VersionLineRequest) -> Self {
        Self {
            child_id: given.child_id,
            kind: given.relationship_type.unwrap_or_else(|| PART_BOM.to_owned()),
            parent_line_id: given.parent_line_id,
            properties: given.properties.unwrap_or_default().0,
        }
    }
}

#[derive(Object, Deserialize)]
struct VersionLineChange {
    /// What changes; `null` removes a value, what is left out stays.
    properties: FreeObject,
}

/// A line of a version.
#[derive(Object)]
pub struct VersionLineResponse {
    /// Of the line: the same in every version that has it.
    id: String,
    relationship_type: String,
    /// The item of the version, or the line that this one hangs on.
    source_id: Option<String>,
    related_id: String,
    /// Of the item that it leads to, as it is now.
    related_number: Option<String>,
    related_name: Option<String>,
    properties: FreeObject,
    created_on: Time,
    created_by_id: Option<i64>,
    modified_on: Option<Time>,
    modified_by_id: Option<i64>,
}

impl From<VersionLine> for VersionLineResponse {
    fn from(VersionLine { line, related, number }: VersionLine) -> Self {
        Self {
            id: line.id.to_string(),
            source_id: line.source_id.map(|id| id.to_string()),
            related_id: related.id.to_string(),
            related_number: number,
            related_name: related.name().map(str::to_owned),
            relationship_type: line.item_type,
            properties: FreeObject(line.properties),
            created_on: line.created_on.into(),
            created_by_id: line.created_by_id,
            modified_on: line.modified_on.map(Time::from),
            modified_by_id: line.modified_by_id,
        }
    }
}

#[OpenApi(prefix_path = "/versions", tag = "Tag::Versions")]
impl VersionLinesApi {
    /// List the lines of a version
    ///
    /// Its own, in the order of creation; of the current version those that its item has now. Without those that lead to
    /// what the caller may not get.
    #[oai(path = "/:version_id/lines", method = "get", operation_id = "list_version_lines")]
    async fn list(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        /// At most 1,000.
        #[oai(default = "page_size")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<Vec<VersionLineResponse>>> {
        let page = PageRequest::new(limit.0, offset.0, MAX_PAGE)?;
        let lines = version::version_lines(&caller.0, &version_id, page).await?;
        Ok(Json(lines.into_iter().map(VersionLineResponse::from).collect()))
    }

    /// Add a line to a draft
    ///
    /// To one beside the current version; 409 `VERSION_RELEASED` for what is released, `VERSION_CURRENT` for the current
    /// version, whose lines are those of the item. Checked as a line of an item is.
    #[oai(path = "/:version_id/lines", method = "post", operation_id = "add_version_line")]
    async fn add(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        body: Body<VersionLineRequest>,
    ) -> ApiResult<Json<VersionLineResponse>> {
        Ok(Json(version::add_version_line(&caller.0, &version_id, body.0.into()).await?.into()))
    }

    /// Change a line of a draft
    #[oai(path = "/:version_id/lines/:line_id", method = "patch", operation_id = "change_version_line")]
    async fn change(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        line_id: Path<String>,
        body: Body<VersionLineChange>,
    ) -> ApiResult<Json<VersionLineResponse>> {
        let given = body.0.properties.0;
        Ok(Json(version::change_version_line(&caller.0, &version_id, &line_id, given).await?.into()))
    }

    /// Remove a line of a draft
    #[oai(path = "/:version_id/lines/:line_id", method = "delete", operation_id = "remove_version_line")]
    async fn remove(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        line_id: Path<String>,
    ) -> ApiResult<Json<VersionDone>> {
        version::remove_version_line(&caller.0, &version_id, &line_id).await?;
        Ok(Json(VersionDone::ok()))
    }
}
