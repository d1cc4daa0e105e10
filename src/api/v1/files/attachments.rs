//! Files at items.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::shapes::{DeletedResponse, ItemFileResponse};
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::v1::Tag;
use crate::domain::file::{self, FileRole, NewAttachment};

#[derive(Object, Deserialize)]
struct AttachFileRequest {
    item_id: String,
    file_id: String,
    /// `native_cad`, `drawing`, `attachment`, `geometry`, `preview` or `print`.
    #[oai(default = "attachment")]
    #[serde(default = "attachment")]
    file_role: String,
    description: Option<String>,
}

fn attachment() -> String {
    FileRole::Attachment.as_str().to_owned()
}

#[derive(Object)]
struct AttachFileResponse {
    /// `created`, or `updated` where the item had the file in that role already.
    status: String,
    /// Of the attachment.
    id: String,
}

pub struct AttachApi;

#[OpenApi(tag = "Tag::Files")]
impl AttachApi {
    /// Attaches a file to an item.
    #[oai(path = "/file/attach", method = "post", operation_id = "attach_file")]
    async fn attach(&self, caller: OrgCaller, body: Body<AttachFileRequest>) -> ApiResult<Json<AttachFileResponse>> {
        let Body(AttachFileRequest { item_id, file_id, file_role, description }) = body;
        let role = FileRole::parse(&file_role, &["body", "file_role"])?;
        let attached = file::attach(&caller.0, NewAttachment { item_id, file_id, role, description }).await?;
        let status = if attached.created { "created" } else { "updated" }.to_owned();
        Ok(Json(AttachFileResponse { status, id: attached.id.to_string() }))
    }
}

pub struct AttachmentsApi;

#[OpenApi(tag = "Tag::Files")]
impl AttachmentsApi {
    /// Takes a file off an item; the file itself stays.
    #[oai(path = "/file/attachment/:attachment_id", method = "delete", operation_id = "detach_file")]
    async fn detach(&self, caller: OrgCaller, attachment_id: Path<String>) -> ApiResult<Json<DeletedResponse>> {
        file::detach(&caller.0, &attachment_id).await?;
        Ok(Json(DeletedResponse::done()))
    }
}

pub struct ItemFilesApi;

#[OpenApi(tag = "Tag::Files")]
impl ItemFilesApi {
    /// The files of an item, in the order in which they were attached.
    #[oai(path = "/file/item/:item_id", method = "get", operation_id = "list_item_files")]
    async fn list(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// Only those of one role.
        role: Query<Option<String>>,
    ) -> ApiResult<Json<Vec<ItemFileResponse>>> {
        let role = role.0.as_deref().map(|role| FileRole::parse(role, &["query", "role"])).transpose()?;
        let files = file::files_of_item(&caller.0, &item_id, role).await?;
        Ok(Json(files.into_iter().map(Into::into).collect()))
    }
}
