//! Uploads in parts: for large files, straight into the storage where it takes them, and for connections that break.

mod shapes;

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

use self::shapes::{
    BegunUpload, CompleteUploadRequest, CompletedUpload, NewUploadRequest, StoredUploadPart, UploadList,
    UploadPartList, UploadProgress, UploadResponse,
};
use crate::api::auth::OrgCaller;
use crate::api::body::{Body, OptionalBody};
use crate::api::error::ApiResult;
use crate::api::v1::Tag;
use crate::api::v1::files::form::FileBody;
use crate::api::v1::files::shapes::DeletedResponse;
use crate::app::App;
use crate::domain::file::{self, Completion};
use crate::error::Error;
use crate::types::PageRequest;

/// Parts of one answer, each with a link of some hundred bytes.
const MAX_PARTS: u32 = 1000;
const FIRST_PARTS: u32 = 100;
const MAX_PAGE: u64 = 200;

pub struct UploadsApi;

#[OpenApi(tag = "Tag::Files")]
impl UploadsApi {
    /// Begins an upload in parts.
    ///
    /// Send each part to its `url` with PUT, several at once and in any order, then complete the upload. A part that failed is
    /// sent again; an upload that broke off is taken up again with `GET /file/uploads/{upload_id}/parts`.
    #[oai(path = "/file/uploads", method = "post", operation_id = "begin_file_upload")]
    async fn begin(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        body: Body<NewUploadRequest>,
    ) -> ApiResult<Json<BegunUpload>> {
        let session = file::begin(&caller.0, &app.files, body.0.into()).await?;
        let parts = file::list_parts(&caller.0, &session, 1, FIRST_PARTS).await?;
        Ok(Json(BegunUpload::new(session, parts)))
    }

    /// The caller's own uploads, the latest first. Those that ended are listed until `expires_at`.
    #[oai(path = "/file/uploads", method = "get", operation_id = "list_file_uploads")]
    async fn list(
        &self,
        caller: OrgCaller,
        /// At most 200.
        #[oai(default = "fifty")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<UploadList>> {
        let found = file::sessions(&caller.0, PageRequest::new(limit.0, offset.0, MAX_PAGE)?).await?;
        Ok(Json(UploadList { items: found.items.into_iter().map(UploadResponse::from).collect(), total: found.total }))
    }
}

fn fifty() -> u64 {
    50
}

fn first_parts() -> u32 {
    FIRST_PARTS
}

fn one() -> u32 {
    1
}

pub struct UploadSessionApi;

#[OpenApi(tag = "Tag::Files")]
impl UploadSessionApi {
    /// How far an upload is.
    #[oai(path = "/file/uploads/:upload_id", method = "get", operation_id = "get_file_upload")]
    async fn get(&self, caller: OrgCaller, upload_id: Path<String>) -> ApiResult<Json<UploadProgress>> {
        let session = file::require_session(&caller.0, &upload_id).await?;
        let progress = file::progress(&caller.0, &session).await?;
        Ok(Json(UploadProgress::new(session, progress)))
    }

    /// Gives an upload up. What has arrived of it is deleted.
    #[oai(path = "/file/uploads/:upload_id", method = "delete", operation_id = "abort_file_upload")]
    async fn abort(&self, caller: OrgCaller, upload_id: Path<String>) -> ApiResult<Json<DeletedResponse>> {
        file::abort(&caller.0, &upload_id).await?;
        Ok(Json(DeletedResponse::done()))
    }
}

pub struct UploadPartsApi;

#[OpenApi(tag = "Tag::Files")]
impl UploadPartsApi {
    /// The parts of an upload: which have arrived, and where to send the others, with fresh links.
    #[oai(path = "/file/uploads/:upload_id/parts", method = "get", operation_id = "list_file_upload_parts")]
    async fn list(
        &self,
        caller: OrgCaller,
        upload_id: Path<String>,
        /// The number to begin with.
        #[oai(default = "one")]
        from: Query<u32>,
        /// At most 1000.
        #[oai(default = "first_parts")]
        limit: Query<u32>,
    ) -> ApiResult<Json<UploadPartList>> {
        let session = file::require_session(&caller.0, &upload_id).await?;
        let parts = file::list_parts(&caller.0, &session, from.0, limit.0.clamp(1, MAX_PARTS)).await?;
        Ok(Json(UploadPartList::new(&session, parts)))
    }
}

pub struct UploadPartApi;

#[OpenApi(tag = "Tag::Files")]
impl UploadPartApi {
    /// Takes a part of an upload, where its `url` says so. The body is the bytes of the part; sending it again replaces it.
    #[oai(path = "/file/uploads/:upload_id/parts/:number", method = "put", operation_id = "put_file_upload_part")]
    async fn put(
        &self,
        caller: OrgCaller,
        upload_id: Path<String>,
        number: Path<String>,
        body: FileBody,
    ) -> ApiResult<Json<StoredUploadPart>> {
        let session = file::require_session(&caller.0, &upload_id).await?;
        let (announced, body) = (body.length, body.body.into_async_read());
        let part = file::put_part(&caller.0, &session, part_number(&number)?, announced, body).await?;
        Ok(Json(StoredUploadPart { number: part.number, size: part.size }))
    }
}

fn part_number(text: &str) -> Result<u32, Error> {
    let refused = |_| Error::invalid_field("type_error", &["path", "number"], "A part has a number from 1 on");
    text.parse().map_err(refused)
}

pub struct CompleteUploadApi;

#[OpenApi(tag = "Tag::Files")]
impl CompleteUploadApi {
    /// Makes a file of an upload whose parts have all arrived.
    ///
    /// The server reads the content for its checksum and its type. Doing this again answers the same file, so it is safe to
    /// repeat when the answer was lost.
    #[oai(path = "/file/uploads/:upload_id/complete", method = "post", operation_id = "complete_file_upload")]
    async fn complete(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        upload_id: Path<String>,
        body: OptionalBody<CompleteUploadRequest>,
    ) -> ApiResult<CompletedUpload> {
        let named = body.0.map(CompleteUploadRequest::named).unwrap_or_default();
        Ok(match file::complete(&caller.0, &app.files, &upload_id, &named).await? {
            Completion::Done(uploaded) => CompletedUpload::Done(Json((*uploaded).into())),
            Completion::Working(session) => CompletedUpload::Working(Json((*session).into())),
        })
    }
}
