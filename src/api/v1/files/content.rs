//! Contents as answers: the headers that they bear, when they need not be sent, how the API's document tells of them.

use poem::http::{HeaderValue, StatusCode, header};
use poem::web::headers::{ETag, HeaderMapExt, IfNoneMatch};
use poem::{IntoResponse, Request, Response};
use poem_openapi::payload::{Binary, Payload};
use poem_openapi::registry::{MetaMediaType, MetaResponse};

use crate::error::{Error, Result};
use crate::storage::ContentHash;

/// A stored file is data: nothing of it runs in the origin that serves it.
const POLICY: &str = "default-src 'none'; sandbox";
/// A content never changes, but the right to it may.
const CACHING: &str = "private, no-cache";

pub fn etag(hash: &ContentHash) -> Result<ETag> {
    format!("\"{hash}\"").parse().map_err(|_| Error::internal("A checksum is no entity tag"))
}

/// Whether the caller says to have the content already.
pub fn is_known(request: &Request, hash: &ContentHash) -> Result<bool> {
    let tag = etag(hash)?;
    Ok(request.headers().typed_get::<IfNoneMatch>().is_some_and(|given| !given.precondition_passes(&tag)))
}

/// That the caller has it already.
pub fn unchanged(hash: &ContentHash) -> Result<Response> {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    response.headers_mut().typed_insert(etag(hash)?);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHING));
    Ok(response)
}

/// The answer with a content, which is still to be put into it.
pub fn described(hash: &ContentHash, content_type: &str, status: StatusCode) -> Result<Response> {
    let mut response = status.into_response();
    let headers = response.headers_mut();
    headers.typed_insert(etag(hash)?);
    headers.insert(header::CONTENT_TYPE, value_of(content_type)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHING));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}

pub fn value_of(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|error| Error::internal("A header of a file is no header").caused_by(error))
}

/// An answer for the API's document, with the types that its bytes may have.
pub fn documented(status: u16, description: &'static str, types: &[&'static str]) -> MetaResponse {
    let schema = Binary::<Vec<u8>>::schema_ref;
    let content = types.iter().map(|content_type| MetaMediaType { content_type, schema: schema() }).collect();
    MetaResponse { description, status: Some(status), status_range: None, content, headers: vec![] }
}
