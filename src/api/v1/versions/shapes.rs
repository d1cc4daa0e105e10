//! Versions as the API shows them.

use poem_openapi::Object;

use crate::api::shapes::{FreeObject, Time};
use crate::context::Ctx;
use crate::domain::file::{self, VersionFileFacts};
use crate::domain::version::{Happening, ItemVersions, LockContext, Version, VersionView};
use crate::error::Result;

/// Where a check-out was made from.
#[derive(Object)]
pub struct LockContextResponse {
    client_host: Option<String>,
    workspace_path: Option<String>,
    client_info: Option<FreeObject>,
}

impl From<LockContext> for LockContextResponse {
    fn from(context: LockContext) -> Self {
        Self {
            client_host: context.client_host,
            workspace_path: context.workspace_path,
            client_info: context.client_info.map(FreeObject),
        }
    }
}

/// A version of an item.
#[derive(Object)]
pub struct VersionResponse {
    id: String,
    item_id: String,
    generation: i32,
    revision: String,
    version_label: String,
    /// Of the current version, the state of its item.
    state: String,
    is_current: bool,
    is_released: bool,
    is_superseded: bool,
    branch_name: String,
    predecessor_id: Option<String>,
    branched_from_id: Option<String>,
    /// The version that took this one in by a merge; it does not change any more.
    merged_into_id: Option<String>,
    merged_at: Option<Time>,
    /// With `number` and `state`. Of a version that is current and not released, those of the item as they are now; of others
    /// as they were when it was released or left.
    properties: FreeObject,
    description: Option<String>,
    checked_out_by_id: Option<i64>,
    /// The name of who has it checked out, as it was then.
    checked_out_by: Option<String>,
    checked_out_at: Option<Time>,
    checkout_client_host: Option<String>,
    checkout_workspace_path: Option<String>,
    checkout_client_info: Option<FreeObject>,
    /// Only while it is checked out.
    #[oai(skip_serializing_if_is_none)]
    lock_context: Option<LockContextResponse>,
    created_by_id: Option<i64>,
    created_at: Time,
    released_by_id: Option<i64>,
    released_at: Option<Time>,
    file_count: u64,
    primary_file_id: Option<String>,
    /// Always null: pictures of files are at `/file/{file_id}/preview`.
    thumbnail_data: Option<String>,
}

impl VersionResponse {
    /// A version as an operation answers with it: along with what is told of its files.
    pub async fn of(ctx: &Ctx, view: VersionView) -> Result<Self> {
        let files = file::version_file_facts(ctx, &view.version).await?;
        Ok(Self::new(view, files))
    }

    pub fn new(VersionView { version, properties }: VersionView, files: VersionFileFacts) -> Self {
        let lock = version.lock;
        let context = lock.as_ref().map(|lock| lock.context.clone());
        let shown = context.clone().unwrap_or_default();
        Self {
            id: version.id.to_string(),
            item_id: version.item_id.to_string(),
            generation: version.generation,
            revision: version.revision,
            version_label: version.label,
            state: version.state,
            is_current: version.is_current,
            is_released: version.is_released,
            is_superseded: version.is_superseded,
            branch_name: version.branch_name,
            predecessor_id: version.predecessor_id.map(|id| id.to_string()),
            branched_from_id: version.branched_from_id.map(|id| id.to_string()),
            merged_into_id: version.merged_into_id.map(|id| id.to_string()),
            merged_at: version.merged_at.map(Time::from),
            properties: FreeObject(properties),
            description: version.description,
            checked_out_by_id: lock.as_ref().and_then(|lock| lock.by),
            checked_out_by: lock.as_ref().and_then(|lock| lock.by_name.clone()),
            checked_out_at: lock.map(|lock| lock.since.into()),
            checkout_client_host: shown.client_host,
            checkout_workspace_path: shown.workspace_path,
            checkout_client_info: shown.client_info.map(FreeObject),
            lock_context: context.map(LockContextResponse::from),
            created_by_id: version.created_by_id,
            created_at: version.created_at.into(),
            released_by_id: version.released_by_id,
            released_at: version.released_at.map(Time::from),
            file_count: files.count,
            primary_file_id: files.primary.map(|id| id.to_string()),
            thumbnail_data: None,
        }
    }
}

/// Something that happened to a version.
#[derive(Object)]
pub struct HistoryEntry {
    id: String,
    version_id: String,
    /// create, checkout, checkin, undo_checkout, release, revise, branch, merge, merged, iteration, iteration_delete,
    /// restore, file_bind, file_unbind, file_primary, file_checkout or
    /// file_undo_checkout.
    action: String,
    comment: Option<String>,
    /// Of a check-out its `lock_context`, of a check-in the `properties` that it changed, each before and
    /// after, of a file its `file_id` and `file_role`.
    changes: Option<FreeObject>,
    user_id: Option<i64>,
    created_at: Time,
}

impl From<Happening> for HistoryEntry {
    fn from(happening: Happening) -> Self {
        Self {
            id: happening.id.to_string(),
            version_id: happening.version_id.to_string(),
            action: happening.action,
            comment: happening.comment,
            changes: happening.changes.and_then(|changes| changes.as_object().cloned()).map(FreeObject),
            user_id: happening.user_id,
            created_at: happening.created_at.into(),
        }
    }
}

/// A version and the one that it follows.
#[derive(Object)]
pub struct TreeVersion {
    id: String,
    label: String,
    predecessor_id: Option<String>,
    /// Of a branch: where it left another.
    branched_from_id: Option<String>,
    branch: String,
    state: String,
    is_current: bool,
    is_released: bool,
    created_at: Time,
}

impl From<Version> for TreeVersion {
    fn from(version: Version) -> Self {
        Self {
            id: version.id.to_string(),
            label: version.label,
            predecessor_id: version.predecessor_id.map(|id| id.to_string()),
            branched_from_id: version.branched_from_id.map(|id| id.to_string()),
            branch: version.branch_name,
            state: version.state,
            is_current: version.is_current,
            is_released: version.is_released,
            created_at: version.created_at.into(),
        }
    }
}

#[derive(Object)]
struct VersionSummary {
    version_id: String,
    version_label: String,
    generation: i32,
    revision: String,
    branch_name: String,
    state: String,
    is_current: bool,
    is_released: bool,
    is_superseded: bool,
    /// draft, released, superseded or merged.
    lifecycle_status: String,
    predecessor_id: Option<String>,
    checked_out_by_id: Option<i64>,
    checked_out_at: Option<Time>,
    created_at: Time,
    released_at: Option<Time>,
}

impl From<Version> for VersionSummary {
    fn from(version: Version) -> Self {
        let lifecycle_status = version.lifecycle_status().to_owned();
        Self {
            version_id: version.id.to_string(),
            version_label: version.label,
            generation: version.generation,
            revision: version.revision,
            branch_name: version.branch_name,
            state: version.state,
            is_current: version.is_current,
            is_released: version.is_released,
            is_superseded: version.is_superseded,
            lifecycle_status,
            predecessor_id: version.predecessor_id.map(|id| id.to_string()),
            checked_out_by_id: version.lock.as_ref().and_then(|lock| lock.by),
            checked_out_at: version.lock.map(|lock| lock.since.into()),
            created_at: version.created_at.into(),
            released_at: version.released_at.map(Time::from),
        }
    }
}

/// The versions of an item.
#[derive(Object)]
pub struct VersionList {
    item_id: String,
    /// One of the item's versions is checked out.
    is_under_modification: bool,
    versions: Vec<VersionSummary>,
}

impl From<ItemVersions> for VersionList {
    fn from(found: ItemVersions) -> Self {
        Self {
            item_id: found.item_id.to_string(),
            is_under_modification: found.is_under_modification,
            versions: found.versions.into_iter().map(VersionSummary::from).collect(),
        }
    }
}
