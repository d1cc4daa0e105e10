//! Checking versions out and in.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::super::Tag;
use super::shapes::VersionResponse;
use crate::api::auth::OrgCaller;
use crate::api::body::OptionalBody;
use crate::api::error::ApiResult;
use crate::api::shapes::FreeObject;
use crate::domain::version::{self, CheckIn, LockContext, NewCheckOut, Undo};

pub struct CheckOutsApi;

/// The fields `doc_sync_…` are taken from clients that know them, and have no effect: there are no sites to synchronise with.
#[derive(Object, Deserialize, Default)]
struct CheckOutRequest {
    /// At most 2,000 characters, for the history.
    comment: Option<String>,
    /// A version of the item; without one the current version.
    version_id: Option<String>,
    /// The computer that it is checked out to.
    client_host: Option<String>,
    /// The folder that it is checked out to.
    client_workspace_path: Option<String>,
    /// Whatever else the client tells of itself, at most 16 KiB of JSON.
    client_info: Option<FreeObject>,
    doc_sync_site_id: Option<String>,
    doc_sync_direction: Option<String>,
    doc_sync_gate_mode: Option<String>,
    doc_sync_direction_thresholds: Option<FreeObject>,
    doc_sync_document_ids: Option<Vec<String>>,
    doc_sync_window_days: Option<i64>,
    doc_sync_limit: Option<i64>,
    doc_sync_block_on_dead_letter_only: Option<bool>,
    doc_sync_max_pending: Option<i64>,
    doc_sync_max_processing: Option<i64>,
    doc_sync_max_failed: Option<i64>,
    doc_sync_max_dead_letter: Option<i64>,
}

impl CheckOutRequest {
    /// What was asked for and has no effect: only what names something to look at could have had one.
    fn ignored(&self) -> Option<Vec<String>> {
        let given = [
            ("doc_sync_site_id", self.doc_sync_site_id.is_some()),
            ("doc_sync_direction", self.doc_sync_direction.is_some()),
            ("doc_sync_direction_thresholds", self.doc_sync_direction_thresholds.is_some()),
            ("doc_sync_document_ids", self.doc_sync_document_ids.is_some()),
        ];
        let ignored: Vec<String> =
            given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned()).collect();
        (!ignored.is_empty()).then_some(ignored)
    }
}

impl From<CheckOutRequest> for NewCheckOut {
    fn from(given: CheckOutRequest) -> Self {
        Self {
            version_id: given.version_id,
            comment: given.comment,
            context: LockContext {
                client_host: given.client_host,
                workspace_path: given.client_workspace_path,
                client_info: given.client_info.map(|info| info.0),
            },
        }
    }
}

/// A version that is checked out now.
#[derive(Object)]
struct CheckedOut {
    #[oai(flatten)]
    version: VersionResponse,
    /// Fields of the request that would have asked for a check of synchronised sites, which there is none of.
    #[oai(skip_serializing_if_is_none)]
    ignored_fields: Option<Vec<String>>,
}

#[derive(Object, Deserialize, Default)]
struct CheckInRequest {
    /// At most 2,000 characters, for the history.
    comment: Option<String>,
    /// Changes of the item's properties, as an update takes them: `null` removes one, what is left out stays.
    properties: Option<FreeObject>,
    /// A version of the item; without one the current version.
    version_id: Option<String>,
}

impl From<CheckInRequest> for CheckIn {
    fn from(given: CheckInRequest) -> Self {
        Self {
            version_id: given.version_id,
            comment: given.comment,
            properties: given.properties.map(|properties| properties.0),
        }
    }
}

#[derive(Object, Deserialize, Default)]
struct UndoCheckOutRequest {
    /// At most 2,000 characters, for the history.
    comment: Option<String>,
    /// A version of the item; without one the current version.
    version_id: Option<String>,
    /// Also if somebody else has it checked out; for administrators.
    #[oai(default)]
    #[serde(default)]
    force: bool,
}

impl From<UndoCheckOutRequest> for Undo {
    fn from(given: UndoCheckOutRequest) -> Self {
        Self { version_id: given.version_id, comment: given.comment, force: given.force }
    }
}

#[OpenApi(prefix_path = "/versions/items", tag = "Tag::Versions")]
impl CheckOutsApi {
    /// Get the current version
    ///
    /// Every item of a versionable type has one from its creation: the first is `1.A`. Calling it again changes nothing.
    #[oai(path = "/:item_id/init", method = "post", operation_id = "init_version")]
    async fn init(&self, caller: OrgCaller, item_id: Path<String>) -> ApiResult<Json<VersionResponse>> {
        let version = version::init_version(&caller.0, &item_id).await?;
        Ok(Json(VersionResponse::of(&caller.0, version).await?))
    }

    /// Check a version out
    ///
    /// Until it is checked in, nobody else changes or promotes the item, its lines or its files. Somebody else's check-out
    /// is 409 `VERSION_CHECKED_OUT` and says whose it is and since when; one's own is renewed. A released version and a
    /// locked state are 409 too.
    ///
    /// The fields `doc_sync_…` have no effect; the answer lists those in `ignored_fields` that asked for something.
    #[oai(path = "/:item_id/checkout", method = "post", operation_id = "check_out_version")]
    async fn check_out(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: OptionalBody<CheckOutRequest>,
    ) -> ApiResult<Json<CheckedOut>> {
        let request = body.0.unwrap_or_default();
        let ignored_fields = request.ignored();
        let version = version::check_out(&caller.0, &item_id, request.into()).await?;
        Ok(Json(CheckedOut { version: VersionResponse::of(&caller.0, version).await?, ignored_fields }))
    }

    /// Check a version in
    ///
    /// Properties are changed as an update of the item would, in the same transaction. 409 where the caller does not have
    /// the version checked out.
    #[oai(path = "/:item_id/checkin", method = "post", operation_id = "check_in_version")]
    async fn check_in(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: OptionalBody<CheckInRequest>,
    ) -> ApiResult<Json<VersionResponse>> {
        let version = version::check_in(&caller.0, &item_id, body.0.unwrap_or_default().into()).await?;
        Ok(Json(VersionResponse::of(&caller.0, version).await?))
    }

    /// End a check-out without a check-in
    ///
    /// What was saved meanwhile stays saved. Administrators end somebody else's with `force`, which the history and the
    /// audit tell of.
    #[oai(path = "/:item_id/undo-checkout", method = "post", operation_id = "undo_check_out_version")]
    async fn undo(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: OptionalBody<UndoCheckOutRequest>,
    ) -> ApiResult<Json<VersionResponse>> {
        let version = version::undo_check_out(&caller.0, &item_id, body.0.unwrap_or_default().into()).await?;
        Ok(Json(VersionResponse::of(&caller.0, version).await?))
    }
}
