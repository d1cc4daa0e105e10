//! Snapshots of versions in work.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::super::Tag;
use super::effectivities::VersionDone;
use super::shapes::VersionResponse;
use crate::api::auth::OrgCaller;
use crate::api::body::OptionalBody;
use crate::api::error::ApiResult;
use crate::api::shapes::{FreeObject, Time};
use crate::domain::version::{self, Iteration, NewIteration};
use crate::types::PageRequest;

/// The most iterations of one answer.
const MAX_PAGE: u64 = 1000;

pub struct IterationsApi;

fn page_size() -> u64 {
    MAX_PAGE
}

#[derive(Object, Deserialize, Default)]
struct IterationRequest {
    /// Laid over the properties of the version in this iteration alone; `null` removes one.
    properties: Option<FreeObject>,
    /// At most 2,000 characters.
    description: Option<String>,
    /// What made it, at most 50 characters; `manual` where it is left out.
    source_type: Option<String>,
}

impl From<IterationRequest> for NewIteration {
    fn from(given: IterationRequest) -> Self {
        Self {
            properties: given.properties.map(|properties| properties.0),
            description: given.description,
            source_type: given.source_type,
        }
    }
}

/// An iteration.
#[derive(Object)]
struct IterationResponse {
    id: String,
    version_id: String,
    /// From 1; that of a deleted one is not given again.
    iteration_number: i32,
    /// `1.A.1`
    iteration_label: String,
    is_latest: bool,
    /// manual, restore, or what its author called it.
    source_type: String,
    description: Option<String>,
    created_at: Time,
    created_by_id: Option<i64>,
}

impl IterationResponse {
    fn new(iteration: Iteration, is_latest: bool) -> Self {
        Self {
            id: iteration.id.to_string(),
            version_id: iteration.version_id.to_string(),
            iteration_number: iteration.number,
            iteration_label: iteration.label,
            is_latest,
            source_type: iteration.source_type,
            description: iteration.description,
            created_at: iteration.created_at.into(),
            created_by_id: iteration.created_by_id,
        }
    }
}

/// An iteration with what it keeps.
#[derive(Object)]
struct IterationDetail {
    #[oai(flatten)]
    iteration: IterationResponse,
    properties: FreeObject,
}

/// A version that was brought back to an iteration.
#[derive(Object)]
struct RestoredVersion {
    #[oai(flatten)]
    version: VersionResponse,
    /// What it was brought back to.
    restored_from: IterationResponse,
    /// The iteration that says so.
    iteration: IterationResponse,
}

#[OpenApi(prefix_path = "/versions", tag = "Tag::Versions")]
impl IterationsApi {
    /// Take a snapshot of a version
    ///
    /// Of its properties and lines, while it is neither released nor merged.
    #[oai(path = "/:version_id/iterations", method = "post", operation_id = "add_iteration")]
    async fn add(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        body: OptionalBody<IterationRequest>,
    ) -> ApiResult<Json<IterationResponse>> {
        let new = body.0.unwrap_or_default().into();
        let iteration = version::add_iteration(&caller.0, &version_id, new).await?;
        Ok(Json(IterationResponse::new(iteration, true)))
    }

    /// List the snapshots of a version
    ///
    /// The oldest first.
    #[oai(path = "/:version_id/iterations", method = "get", operation_id = "list_iterations")]
    async fn list(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        /// At most 1,000.
        #[oai(default = "page_size")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<Vec<IterationResponse>>> {
        let page = PageRequest::new(limit.0, offset.0, MAX_PAGE)?;
        let (found, latest) = version::list_iterations(&caller.0, &version_id, page).await?;
        let shown = |iteration: Iteration| {
            let is_latest = Some(iteration.id) == latest;
            IterationResponse::new(iteration, is_latest)
        };
        Ok(Json(found.into_iter().map(shown).collect()))
    }

    /// Get the latest snapshot of a version
    #[oai(path = "/:version_id/iterations/latest", method = "get", operation_id = "get_latest_iteration")]
    async fn latest(&self, caller: OrgCaller, version_id: Path<String>) -> ApiResult<Json<IterationDetail>> {
        let iteration = version::latest_iteration(&caller.0, &version_id).await?;
        let properties = FreeObject(iteration.properties.clone());
        Ok(Json(IterationDetail { iteration: IterationResponse::new(iteration, true), properties }))
    }

    /// Delete a snapshot
    ///
    /// Where it was the latest, the one before it is then.
    #[oai(path = "/iterations/:iteration_id", method = "delete", operation_id = "delete_iteration")]
    async fn delete(&self, caller: OrgCaller, iteration_id: Path<String>) -> ApiResult<Json<VersionDone>> {
        version::delete_iteration(&caller.0, &iteration_id).await?;
        Ok(Json(VersionDone::ok()))
    }

    /// Bring a version back to a snapshot
    ///
    /// Its properties and lines change as by an update, in one transaction; lines that are still there keep their ids. That
    /// it was done is an iteration itself.
    #[oai(path = "/iterations/:iteration_id/restore", method = "post", operation_id = "restore_iteration")]
    async fn restore(&self, caller: OrgCaller, iteration_id: Path<String>) -> ApiResult<Json<RestoredVersion>> {
        let restored = version::restore_iteration(&caller.0, &iteration_id).await?;
        Ok(Json(RestoredVersion {
            version: VersionResponse::of(&caller.0, restored.version).await?,
            restored_from: IterationResponse::new(restored.from, false),
            iteration: IterationResponse::new(restored.recorded, true),
        }))
    }
}
