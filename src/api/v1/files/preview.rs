//! Previews: which files have one, the picture, how far it is, and having it made.

use std::sync::Arc;

use poem::http::{StatusCode, header};
use poem::web::Data;
use poem::{Body, IntoResponse, Request, Response};
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, Object, OpenApi};

use super::content;
use super::shapes::ConversionSummaryResponse;
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::v1::{BASE_PATH, Tag};
use crate::app::App;
use crate::domain::file::{conversion_summary, open_preview, request_preview, supported_formats};
use crate::error::Result;
use crate::storage::{Blob, ContentHash};

/// Extensions without their dots.
#[derive(Object)]
struct SupportedFormatsResponse {
    /// Files that are recognised as CAD.
    input_formats: Vec<String>,
    /// What is made of files here: pictures. Models are not converted into other models.
    output_formats: Vec<String>,
    /// Files that get a preview.
    preview_formats: Vec<String>,
    /// No other program is used to convert files.
    freecad_available: bool,
    /// Whether this installation makes previews at all.
    previews_enabled: bool,
}

pub struct FormatsApi;

#[OpenApi(tag = "Tag::Files")]
impl FormatsApi {
    /// Which files are recognised, and of which there are previews.
    #[oai(path = "/file/supported-formats", method = "get", operation_id = "list_supported_file_formats")]
    async fn list(&self, _caller: OrgCaller, app: Data<&Arc<App>>) -> ApiResult<Json<SupportedFormatsResponse>> {
        let formats = supported_formats();
        let owned = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        Ok(Json(SupportedFormatsResponse {
            input_formats: owned(formats.input),
            output_formats: owned(formats.output),
            preview_formats: owned(formats.preview),
            freecad_available: false,
            previews_enabled: app.previews.enabled,
        }))
    }
}

/// The work that was asked for.
#[derive(Object)]
struct PreviewRequestedResponse {
    file_id: String,
    /// Of the job that makes it.
    job_id: String,
    /// False where a job was at it already.
    created: bool,
    conversion_status: String,
    /// Where to ask how far it is.
    file_status_url: String,
}

pub struct PreviewApi;

#[OpenApi(tag = "Tag::Files")]
impl PreviewApi {
    /// The preview of a file, a PNG of at most 512 by 512 pixels.
    ///
    /// `If-None-Match` is understood.
    #[oai(path = "/file/:file_id/preview", method = "get", operation_id = "get_file_preview")]
    async fn get(&self, caller: OrgCaller, request: &Request, file_id: Path<String>) -> ApiResult<Preview> {
        let is_known = |hash: &ContentHash| content::is_known(request, hash);
        let (hash, picture) = open_preview(&caller.0, &file_id, is_known).await?;
        Ok(Preview(shown(&hash, picture)?))
    }

    /// Has the preview of a file made, or made anew, in the background.
    ///
    /// Needs no more than the right to read the file. The preview that there is stays until the new one is done.
    #[oai(path = "/file/:file_id/preview", method = "post", operation_id = "request_file_preview")]
    async fn request(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        file_id: Path<String>,
    ) -> ApiResult<Json<PreviewRequestedResponse>> {
        let (file, asked) = request_preview(&caller.0, &app.previews, &file_id).await?;
        Ok(Json(PreviewRequestedResponse {
            file_id: file.id.to_string(),
            job_id: asked.id.to_string(),
            created: asked.is_new,
            conversion_status: file.conversion.as_str().to_owned(),
            file_status_url: format!("{BASE_PATH}/file/{}/conversion_summary", file.id),
        }))
    }
}

pub struct ConversionApi;

#[OpenApi(tag = "Tag::Files")]
impl ConversionApi {
    /// How far a file is with its preview: the status, why it failed, what was found out, and the jobs.
    #[oai(path = "/file/:file_id/conversion_summary", method = "get", operation_id = "get_file_conversion_summary")]
    async fn get(&self, caller: OrgCaller, file_id: Path<String>) -> ApiResult<Json<ConversionSummaryResponse>> {
        Ok(Json(conversion_summary(&caller.0, &file_id).await?.into()))
    }
}

fn shown(hash: &ContentHash, picture: Option<Blob>) -> Result<Response> {
    let Some(picture) = picture else { return content::unchanged(hash) };
    let mut response = content::described(hash, "image/png", StatusCode::OK)?;
    response.headers_mut().insert(header::CONTENT_LENGTH, picture.total.into());
    response.set_body(Body::from_bytes_stream(picture.into_stream()));
    Ok(response)
}

/// The picture, or that the caller has it already.
pub struct Preview(Response);

impl IntoResponse for Preview {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Preview {
    fn meta() -> MetaResponses {
        let picture = content::documented(200, "The picture.", &["image/png"]);
        MetaResponses { responses: vec![picture, content::documented(304, "The caller has it already.", &[])] }
    }

    fn register(_: &mut Registry) {}
}
