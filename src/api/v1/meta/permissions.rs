//! Permission sets and their entries.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::v1::Tag;
use crate::domain::permission::{self, AccessChange, Entry, Set, SetSummary};

pub struct PermissionsApi;

#[derive(Object)]
struct PermissionSummary {
    id: String,
    name: String,
    access_count: u64,
}

impl From<SetSummary> for PermissionSummary {
    fn from(set: SetSummary) -> Self {
        Self { id: set.id, name: set.name, access_count: set.access_count }
    }
}

#[derive(Object)]
struct PermissionList {
    total: u64,
    items: Vec<PermissionSummary>,
}

/// What one identity may do under a permission set.
#[derive(Object)]
struct AccessResponse {
    /// `set:identity`.
    id: String,
    permission_id: String,
    /// A role, a user id, `world`, `Creator` or `Owner`.
    identity_id: String,
    can_create: bool,
    can_get: bool,
    can_update: bool,
    can_delete: bool,
    can_discover: bool,
}

impl From<Entry> for AccessResponse {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id(),
            permission_id: entry.permission_id,
            identity_id: entry.identity_id,
            can_create: entry.create,
            can_get: entry.get,
            can_update: entry.update,
            can_delete: entry.delete,
            can_discover: entry.discover,
        }
    }
}

#[derive(Object)]
struct PermissionResponse {
    id: String,
    name: String,
    accesses: Vec<AccessResponse>,
}

impl From<Set> for PermissionResponse {
    fn from(set: Set) -> Self {
        Self { id: set.id, name: set.name, accesses: set.entries.into_iter().map(AccessResponse::from).collect() }
    }
}

#[derive(Object, Deserialize)]
struct NewPermissionRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    id: String,
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
}

#[derive(Object, Deserialize)]
struct PermissionChangeRequest {
    #[oai(validator(min_length = 1, max_length = 200))]
    name: Option<String>,
}

#[derive(Object, Deserialize)]
struct NewAccessRequest {
    /// A role, a user id, `world` (everyone), `Creator` or `Owner`.
    #[oai(validator(min_length = 1, max_length = 200))]
    identity_id: String,
    #[oai(default)]
    #[serde(default)]
    can_create: bool,
    #[oai(default)]
    #[serde(default)]
    can_get: bool,
    #[oai(default)]
    #[serde(default)]
    can_update: bool,
    #[oai(default)]
    #[serde(default)]
    can_delete: bool,
    /// To know that it exists: who may discover and not get is told 403 instead of 404.
    #[oai(default)]
    #[serde(default)]
    can_discover: bool,
}

#[derive(Object, Deserialize)]
struct AccessChangeRequest {
    can_create: Option<bool>,
    can_get: Option<bool>,
    can_update: Option<bool>,
    can_delete: Option<bool>,
    can_discover: Option<bool>,
}

impl From<AccessChangeRequest> for AccessChange {
    fn from(change: AccessChangeRequest) -> Self {
        Self {
            create: change.can_create,
            get: change.can_get,
            update: change.can_update,
            delete: change.can_delete,
            discover: change.can_discover,
        }
    }
}

#[derive(Object)]
struct PermissionDeleted {
    ok: bool,
    permission_id: String,
}

#[derive(Object)]
struct AccessDeleted {
    ok: bool,
    permission_id: String,
    access_id: String,
}

#[OpenApi(prefix_path = "/meta/permissions", tag = "Tag::Model")]
impl PermissionsApi {
    /// List permission sets
    #[oai(path = "/", method = "get", operation_id = "list_permissions")]
    async fn list(&self, caller: OrgCaller) -> ApiResult<Json<PermissionList>> {
        let items: Vec<PermissionSummary> =
            permission::list_sets(&caller.0).await?.into_iter().map(PermissionSummary::from).collect();
        Ok(Json(PermissionList { total: items.len() as u64, items }))
    }

    /// Create a permission set
    ///
    /// Empty: until it has accesses, only administrators may do anything under it.
    #[oai(path = "/", method = "post", operation_id = "create_permission")]
    async fn create(&self, caller: OrgCaller, body: Body<NewPermissionRequest>) -> ApiResult<Json<PermissionResponse>> {
        Ok(Json(permission::create_set(&caller.0, &body.id, &body.name).await?.into()))
    }

    /// Get a permission set with its accesses
    #[oai(path = "/:permission_id", method = "get", operation_id = "get_permission")]
    async fn get(&self, caller: OrgCaller, permission_id: Path<String>) -> ApiResult<Json<PermissionResponse>> {
        Ok(Json(permission::get_set(&caller.0, &permission_id).await?.into()))
    }

    /// Rename a permission set
    #[oai(path = "/:permission_id", method = "patch", operation_id = "update_permission")]
    async fn update(
        &self,
        caller: OrgCaller,
        permission_id: Path<String>,
        body: Body<PermissionChangeRequest>,
    ) -> ApiResult<Json<PermissionResponse>> {
        Ok(Json(permission::rename_set(&caller.0, &permission_id, body.name.as_deref()).await?.into()))
    }

    /// Delete a permission set
    ///
    /// One that types, states or items use is refused, with what uses it.
    #[oai(path = "/:permission_id", method = "delete", operation_id = "delete_permission")]
    async fn delete(&self, caller: OrgCaller, permission_id: Path<String>) -> ApiResult<Json<PermissionDeleted>> {
        permission::delete_set(&caller.0, &permission_id).await?;
        Ok(Json(PermissionDeleted { ok: true, permission_id: permission_id.0 }))
    }

    /// Add an access to a permission set
    #[oai(path = "/:permission_id/accesses", method = "post", operation_id = "create_permission_access")]
    async fn add_access(
        &self,
        caller: OrgCaller,
        permission_id: Path<String>,
        body: Body<NewAccessRequest>,
    ) -> ApiResult<Json<AccessResponse>> {
        let grants = AccessChange {
            create: Some(body.can_create),
            get: Some(body.can_get),
            update: Some(body.can_update),
            delete: Some(body.can_delete),
            discover: Some(body.can_discover),
        };
        Ok(Json(permission::add_access(&caller.0, &permission_id, &body.identity_id, grants).await?.into()))
    }

    /// Change an access
    #[oai(path = "/:permission_id/accesses/:access_id", method = "patch", operation_id = "update_permission_access")]
    async fn update_access(
        &self,
        caller: OrgCaller,
        permission_id: Path<String>,
        access_id: Path<String>,
        body: Body<AccessChangeRequest>,
    ) -> ApiResult<Json<AccessResponse>> {
        Ok(Json(permission::update_access(&caller.0, &permission_id, &access_id, body.0.into()).await?.into()))
    }

    /// Remove an access
    #[oai(path = "/:permission_id/accesses/:access_id", method = "delete", operation_id = "delete_permission_access")]
    async fn remove_access(
        &self,
        caller: OrgCaller,
        permission_id: Path<String>,
        access_id: Path<String>,
    ) -> ApiResult<Json<AccessDeleted>> {
        permission::remove_access(&caller.0, &permission_id, &access_id).await?;
        Ok(Json(AccessDeleted { ok: true, permission_id: permission_id.0, access_id: access_id.0 }))
    }
}
