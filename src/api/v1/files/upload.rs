//! Bringing files, looking at them, removing them.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

use super::form::{FileBody, FileForm};
use super::shapes::{DeletedResponse, FileResponse, FileUploadResponse};
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::v1::Tag;
use crate::app::App;
use crate::domain::file::{self, NewFile};

pub struct UploadApi;

#[OpenApi(tag = "Tag::Files")]
impl UploadApi {
    /// Uploads a file by a form.
    ///
    /// The content is stored once: when it is there already, the answer is the file that it came as first, and `duplicate` is
    /// true. Its name and texts are shown to who may read it otherwise than by having brought the same content.
    #[oai(path = "/file/upload", method = "post", operation_id = "upload_file")]
    async fn upload(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        /// Draws a preview in the background, where the kind of file allows it.
        #[oai(default = "yes")]
        generate_preview: Query<bool>,
        form: FileForm,
    ) -> ApiResult<Json<FileUploadResponse>> {
        let (arrived, new) = form.receive(&caller.0, &app.files).await?;
        let new = NewFile { generate_preview: generate_preview.0, ..new };
        Ok(Json(file::keep(&caller.0, &app.files, arrived, new).await?.into()))
    }

    /// Uploads a file as the body itself: `curl -T part.step '…/file/upload?filename=part.step'`.
    #[oai(path = "/file/upload", method = "put", operation_id = "put_file")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
    async fn put(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        /// The file's name; only a name, whatever folders stand before it.
        filename: Query<String>,
        author: Query<Option<String>>,
        source_system: Query<Option<String>>,
        source_version: Query<Option<String>>,
        document_version: Query<Option<String>>,
        /// Draws a preview in the background, where the kind of file allows it.
        #[oai(default = "yes")]
        generate_preview: Query<bool>,
        body: FileBody,
    ) -> ApiResult<Json<FileUploadResponse>> {
        let new = NewFile {
            filename: filename.0,
            author: author.0,
            source_system: source_system.0,
            source_version: source_version.0,
            document_version: document_version.0,
            generate_preview: generate_preview.0,
        };
        let arrived = file::receive(&caller.0, &app.files, body.length, body.body.into_async_read()).await?;
        Ok(Json(file::keep(&caller.0, &app.files, arrived, new).await?.into()))
    }
}

fn yes() -> bool {
    true
}

pub struct FilesApi;

#[OpenApi(tag = "Tag::Files")]
impl FilesApi {
    /// What is known of a file.
    #[oai(path = "/file/:file_id", method = "get", operation_id = "get_file")]
    async fn get(&self, caller: OrgCaller, file_id: Path<String>) -> ApiResult<Json<FileResponse>> {
        Ok(Json(file::require_file(&caller.0, &file_id).await?.into()))
    }

    /// Removes a file that hangs on nothing; for administrators and for who brought it.
    ///
    /// While others have brought the same content, only the caller's part in it ends.
    #[oai(path = "/file/:file_id", method = "delete", operation_id = "delete_file")]
    async fn delete(&self, caller: OrgCaller, file_id: Path<String>) -> ApiResult<Json<DeletedResponse>> {
        file::delete_file(&caller.0, &file_id).await?;
        Ok(Json(DeletedResponse::done()))
    }
}
