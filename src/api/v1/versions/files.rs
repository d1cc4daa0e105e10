//! The files of versions.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::super::Tag;
use super::super::files::DeletedResponse;
use super::file_shapes::{BoundFileResponse, FileLockResponse, VersionFileResponse};
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::domain::file::{self, FileRole, NewVersionFile};
use crate::error::Result;

pub struct VersionFilesApi;

#[derive(Object, Deserialize)]
struct BindFileRequest {
    file_id: String,
    /// `native_cad`, `drawing`, `attachment`, `geometry`, `preview` or `print`.
    #[oai(default = "attachment")]
    #[serde(default = "attachment")]
    file_role: String,
    /// The file that stands for the version; a version has one at most.
    #[oai(default)]
    #[serde(default)]
    is_primary: bool,
    /// Its place among the version's files.
    #[oai(default)]
    #[serde(default)]
    sequence: i32,
}

fn attachment() -> String {
    FileRole::Attachment.as_str().to_owned()
}

#[derive(Object, Deserialize)]
struct PrimaryFileRequest {
    file_id: String,
    /// Which, where the version has the file in several roles.
    file_role: Option<String>,
}

/// A role in the query.
fn in_query(role: &Query<Option<String>>) -> Result<Option<FileRole>> {
    role.0.as_deref().map(|role| FileRole::parse(role, &["query", "file_role"])).transpose()
}

#[OpenApi(prefix_path = "/versions", tag = "Tag::Versions")]
impl VersionFilesApi {
    /// Bind a file to a version
    ///
    /// The version must be checked out by the caller. A file that is bound in that role already takes the new sequence, and
    /// becomes the primary one where that is asked for.
    #[oai(path = "/:version_id/files", method = "post", operation_id = "bind_version_file")]
    async fn bind(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        body: Body<BindFileRequest>,
    ) -> ApiResult<Json<BoundFileResponse>> {
        let Body(BindFileRequest { file_id, file_role, is_primary, sequence }) = body;
        let role = FileRole::parse(&file_role, &["body", "file_role"])?;
        let new = NewVersionFile { file_id, role, is_primary, sequence };
        Ok(Json(file::bind_file(&caller.0, &version_id, new).await?.into()))
    }

    /// List the files of a version
    #[oai(path = "/:version_id/files", method = "get", operation_id = "list_version_files")]
    async fn list(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        /// Only those of one role.
        role: Query<Option<String>>,
    ) -> ApiResult<Json<Vec<VersionFileResponse>>> {
        let role = role.0.as_deref().map(|role| FileRole::parse(role, &["query", "role"])).transpose()?;
        let files = file::files_of_version(&caller.0, &version_id, role).await?;
        Ok(Json(files.into_iter().map(Into::into).collect()))
    }

    /// Make a file the primary one of its version
    ///
    /// The version must be checked out by the caller.
    #[oai(path = "/:version_id/files/primary", method = "put", operation_id = "set_primary_version_file")]
    async fn set_primary(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        body: Body<PrimaryFileRequest>,
    ) -> ApiResult<Json<BoundFileResponse>> {
        let Body(PrimaryFileRequest { file_id, file_role }) = body;
        let role = file_role.as_deref().map(|role| FileRole::parse(role, &["body", "file_role"])).transpose()?;
        Ok(Json(file::set_primary_file(&caller.0, &version_id, &file_id, role).await?.into()))
    }

    /// Take a file off a version
    ///
    /// The file itself stays. The version must be checked out by the caller.
    #[oai(path = "/:version_id/files/:file_id", method = "delete", operation_id = "unbind_version_file")]
    async fn unbind(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        file_id: Path<String>,
        /// Which, where the version has the file in several roles.
        file_role: Query<Option<String>>,
    ) -> ApiResult<Json<DeletedResponse>> {
        file::unbind_file(&caller.0, &version_id, &file_id, in_query(&file_role)?).await?;
        Ok(Json(DeletedResponse::done()))
    }

    /// Check a file of a version out
    ///
    /// Until it is given back, nobody else takes it off the version or changes its role there, and the version is not
    /// released. Somebody else's check-out of the file or of its version is 409 and says whose it is.
    #[oai(path = "/:version_id/files/:file_id/checkout", method = "post", operation_id = "check_out_version_file")]
    async fn check_out(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        file_id: Path<String>,
        /// Which, where the version has the file in several roles.
        file_role: Query<Option<String>>,
    ) -> ApiResult<Json<FileLockResponse>> {
        Ok(Json(file::check_out_file(&caller.0, &version_id, &file_id, in_query(&file_role)?).await?.into()))
    }

    /// Get who has a file of a version checked out
    #[oai(path = "/:version_id/files/:file_id/lock", method = "get", operation_id = "get_version_file_lock")]
    async fn lock(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        file_id: Path<String>,
        /// Which, where the version has the file in several roles.
        file_role: Query<Option<String>>,
    ) -> ApiResult<Json<FileLockResponse>> {
        Ok(Json(file::file_lock(&caller.0, &version_id, &file_id, in_query(&file_role)?).await?.into()))
    }

    /// Give a file of a version back
    #[oai(
        path = "/:version_id/files/:file_id/undo-checkout",
        method = "post",
        operation_id = "undo_check_out_version_file"
    )]
    async fn undo(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        file_id: Path<String>,
        /// Which, where the version has the file in several roles.
        file_role: Query<Option<String>>,
        /// Also if somebody else has it checked out; for administrators.
        #[oai(default)]
        force: Query<bool>,
    ) -> ApiResult<Json<FileLockResponse>> {
        let role = in_query(&file_role)?;
        Ok(Json(file::undo_file_check_out(&caller.0, &version_id, &file_id, role, force.0).await?.into()))
    }
}
