//! Failures of the framework — unknown paths, methods, malformed bodies — in the form of all others.

use poem::http::{Method, StatusCode, Uri};
use poem::{IntoResponse, Response};
use poem_openapi::error::{
    ContentTypeError, ParseMultipartError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};

use crate::api::error::{ApiError, plain};
use crate::error::{Error, Problem};

/// Turns an error into a response; one that is a response already passes through.
pub fn response(error: poem::Error, method: &Method, uri: &Uri) -> Response {
    if error.is_from_response() {
        return error.into_response();
    }
    if let Some(problem) = problem(&error, uri) {
        return ApiError::from(Error::invalid(vec![problem])).into_response();
    }
    if let Some(wrong) = error.downcast_ref::<ContentTypeError>() {
        return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, content_type(wrong));
    }
    match error.status() {
        StatusCode::NOT_FOUND => plain(StatusCode::NOT_FOUND, "Not Found"),
        StatusCode::METHOD_NOT_ALLOWED => {
            plain(StatusCode::METHOD_NOT_ALLOWED, format!("Method {method} is not allowed here"))
        }
        StatusCode::PAYLOAD_TOO_LARGE => plain(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
        status if status.is_client_error() => plain(status, status.canonical_reason().unwrap_or("Bad request")),
        _ => ApiError::from(Error::internal("The request could not be handled").caused_by(error.to_string()))
            .into_response(),
    }
}

fn content_type(error: &ContentTypeError) -> String {
    match error {
        ContentTypeError::NotSupported { .. } => "The Content-Type is not supported by this operation".to_owned(),
        ContentTypeError::ExpectContentType => "The Content-Type header is missing".to_owned(),
    }
}

fn problem(error: &poem::Error, uri: &Uri) -> Option<Problem> {
    if let Some(bad) = error.downcast_ref::<ParseParamError>() {
        let given = has_query(uri, bad.name);
        let place = if given || bad.reason.contains("expected") || is_missing(&bad.reason) { "query" } else { "path" };
        return Some(described(place, Some(bad.name), &bad.reason));
    }
    if let Some(bad) = error.downcast_ref::<ParsePathError>() {
        return Some(described("path", Some(bad.name), &bad.reason));
    }
    if let Some(bad) = error.downcast_ref::<ParseRequestPayloadError>() {
        return Some(payload(&bad.reason));
    }
    let bad = error.downcast_ref::<ParseMultipartError>()?;
    Some(payload(&bad.reason))
}

fn has_query(uri: &Uri, name: &str) -> bool {
    uri.query().is_some_and(|query| url::form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name))
}

fn is_missing(reason: &str) -> bool {
    ["required", "null", "expects an input value"].iter().any(|word| reason.contains(word))
}

/// A form or file that does not fit; the framework tells which field in words.
fn payload(reason: &str) -> Problem {
    let field = reason.split('`').nth(1).or_else(|| reason.split('"').nth(1));
    described("body", field.filter(|name| !name.contains(' ')), reason)
}

fn described(place: &str, name: Option<&str>, reason: &str) -> Problem {
    // The framework names parameters of a path by their position, which says nothing.
    let name = name.filter(|name| !name.starts_with("param"));
    let loc: Vec<&str> = std::iter::once(place).chain(name).collect();
    if is_missing(reason) {
        return Problem::new("missing", &loc, "Field required");
    }
    let (rule, message) = match reason.split('"').nth(1) {
        Some(kind) if kind.starts_with("integer") => ("int_parsing", "Expected a whole number"),
        Some(kind) if kind.starts_with("number") => ("float_parsing", "Expected a number"),
        Some(kind) if kind.starts_with("bool") => ("bool_parsing", "Expected true or false"),
        _ => ("value_error", reason.trim()),
    };
    Problem::new(rule, &loc, message)
}
