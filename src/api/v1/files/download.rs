//! Contents of files: by a link into the storage where it can give one, else through the server, in whole or in part.

use std::ops::{Bound, Range};
use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode, header};
use poem::web::Data;
use poem::web::headers::{HeaderMapExt, IfRange, Range as RangeHeader};
use poem::{Body, IntoResponse, Request, Response};
use poem_openapi::param::Path;
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::{ApiResponse, OpenApi};

use super::content::{self, etag, value_of};
use crate::api::auth::OrgCaller;
use crate::api::error::{ApiError, ApiResult};
use crate::api::v1::Tag;
use crate::app::App;
use crate::context::Ctx;
use crate::domain::file::{self, Delivery, File};
use crate::error::{Error, Kind, Result};
use crate::storage::{content_disposition, out_of_range};

pub struct DownloadApi;

#[OpenApi(tag = "Tag::Files")]
impl DownloadApi {
    /// The content of a file.
    ///
    /// Where the storage gives out links, a redirect to one that expires soon; follow it without the `Authorization` header.
    /// Else the content itself: `Range` (one range), `If-Range` and `If-None-Match` are understood. Always to be saved, never
    /// to be shown in place.
    #[oai(path = "/file/:file_id/download", method = "get", operation_id = "download_file")]
    async fn get(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        request: &Request,
        file_id: Path<String>,
    ) -> ApiResult<Download> {
        let file = file::require_file(&caller.0, &file_id).await?;
        let asked = match Asked::of(request, &file) {
            Err(error) if error.kind() == Kind::OutOfRange => return Ok(Download(beyond(error, &file)?)),
            asked => asked?,
        };
        if asked.is_fresh {
            return Ok(Download(content::unchanged(&file.sha256)?));
        }
        match file::deliver(&caller.0, &app.files, &file).await? {
            Delivery::Link(url) => Ok(Download(redirect(url.as_str())?)),
            Delivery::Stream => Ok(Download(stream(&caller.0, &file, asked.range).await?)),
        }
    }

    /// The size and type of a file's content, without it.
    #[oai(path = "/file/:file_id/download", method = "head", operation_id = "head_file")]
    async fn head(&self, caller: OrgCaller, request: &Request, file_id: Path<String>) -> ApiResult<Download> {
        let file = file::require_file(&caller.0, &file_id).await?;
        if Asked::of(request, &file)?.is_fresh {
            return Ok(Download(content::unchanged(&file.sha256)?));
        }
        let mut response = described(&file, StatusCode::OK)?;
        response.headers_mut().insert(header::CONTENT_LENGTH, file.size.into());
        Ok(Download(response))
    }
}

/// What of a content is wanted.
struct Asked {
    /// The caller has it already.
    is_fresh: bool,
    /// None: all of it.
    range: Option<Range<u64>>,
}

impl Asked {
    fn of(request: &Request, file: &File) -> Result<Self> {
        let (tag, headers) = (etag(&file.sha256)?, request.headers());
        let is_fresh = content::is_known(request, &file.sha256)?;
        let outdated = headers.typed_get::<IfRange>().is_some_and(|given| given.is_modified(Some(&tag), None));
        let wanted = headers.typed_get::<RangeHeader>().filter(|_| !outdated);
        let range = wanted.map(|wanted| single(&wanted, file.size)).transpose()?.flatten();
        Ok(Self { is_fresh, range })
    }
}

/// The one range that is asked for. Of several the whole is sent, as everyone may (RFC 9110, 14.2).
///
/// Errors: `OutOfRange` where nothing of it exists.
fn single(wanted: &RangeHeader, size: u64) -> Result<Option<Range<u64>>> {
    let mut ranges = wanted.satisfiable_ranges(size);
    let Some((start, end)) = ranges.next() else {
        return Err(out_of_range(size));
    };
    if ranges.next().is_some() {
        return Ok(None);
    }
    let start = match start {
        Bound::Included(start) => start,
        Bound::Excluded(start) => start.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match end {
        Bound::Included(end) => end.saturating_add(1).min(size),
        Bound::Excluded(end) => end.min(size),
        Bound::Unbounded => size,
    };
    if start >= end {
        return Err(out_of_range(size));
    }
    Ok(Some(start..end))
}

fn described(file: &File, status: StatusCode) -> Result<Response> {
    let mut response = content::described(&file.sha256, &file.kind.mime_type, status)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, value_of(&content_disposition(&file.filename))?);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(response)
}

/// Says beside the failure how much there is.
fn beyond(error: Error, file: &File) -> Result<Response> {
    let mut response = ApiError::from(error).into_response();
    response.headers_mut().insert(header::CONTENT_RANGE, value_of(&format!("bytes */{}", file.size))?);
    Ok(response)
}

fn redirect(url: &str) -> Result<Response> {
    let mut response = StatusCode::FOUND.into_response();
    response.headers_mut().insert(header::LOCATION, value_of(url)?);
    Ok(response)
}

async fn stream(ctx: &Ctx, file: &File, range: Option<Range<u64>>) -> Result<Response> {
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let blob = file::open_range(ctx, file, range.unwrap_or(0..file.size)).await?;
    let mut response = described(file, status)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, (blob.range.end - blob.range.start).into());
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {}-{}/{}", blob.range.start, blob.range.end - 1, blob.total);
        headers.insert(header::CONTENT_RANGE, value_of(&range)?);
    }
    response.set_body(Body::from_bytes_stream(blob.into_stream()));
    Ok(response)
}

/// The content, a part of it, or where it is.
pub struct Download(Response);

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        self.0
    }
}

impl ApiResponse for Download {
    fn meta() -> MetaResponses {
        // The type is the content's own. Generated clients know only the first of these.
        let types = ["application/octet-stream", "*/*"];
        MetaResponses {
            responses: vec![
                content::documented(200, "The content.", &types),
                content::documented(206, "The part that was asked for.", &types),
                content::documented(302, "Where the content is, in `Location`.", &[]),
                content::documented(304, "The caller has it already.", &[]),
            ],
        }
    }

    fn register(_: &mut Registry) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderMap;

    fn parsed(text: &str) -> RangeHeader {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, text.parse().unwrap());
        headers.typed_get().unwrap()
    }

    #[test]
    fn ranges_are_cut_to_what_is_there() {
        for (text, expected) in [
            ("bytes=0-9", Some(0..10)),
            ("bytes=90-200", Some(90..100)),
            ("bytes=90-", Some(90..100)),
            ("bytes=-10", Some(90..100)),
            ("bytes=0-1,5-6", None),
        ] {
            assert_eq!(single(&parsed(text), 100).unwrap(), expected, "{text}");
        }
        for text in ["bytes=100-", "bytes=200-300"] {
            assert_eq!(single(&parsed(text), 100).unwrap_err().code_name(), Some("RANGE_NOT_SATISFIABLE"), "{text}");
        }
    }
}
