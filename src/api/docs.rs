//! The API describes itself: Swagger UI under `/docs` with its assets served from here, and the OpenAPI document.

use poem::endpoint::make_sync;
use poem::web::{Html, Redirect};
use poem::{Endpoint, IntoResponse, Response, http::header};
use serde_json::{Value, json};

use super::v1;

/// The OpenAPI document, pretty-printed with a final line feed, as it is committed.
pub fn openapi_json() -> String {
    let mut text = serde_json::to_string_pretty(&sorted_document(None)).unwrap_or_default();
    text.push('\n');
    text
}

/// The document without what differs from build to build.
fn sorted_document(public_url: Option<&str>) -> Value {
    let mut document: Value = serde_json::from_str(&v1::service().spec()).unwrap_or_default();
    let base = format!("{}{}", public_url.unwrap_or("").trim_end_matches('/'), v1::BASE_PATH);
    document["servers"] = json!([{ "url": base }]);
    document
}

pub(super) fn document(public_url: Option<&str>) -> impl Endpoint<Output = Response> + use<> {
    let text = sorted_document(public_url).to_string();
    make_sync(move |_| {
        Response::builder().header(header::CONTENT_TYPE, "application/json; charset=utf-8").body(text.clone())
    })
}

/// Swagger UI, one page with its script and style in it.
pub(super) fn swagger() -> impl Endpoint<Output = Response> {
    let page = v1::service().swagger_ui_html();
    make_sync(move |_| Html(page.clone()).into_response())
}

/// Whoever opens the address in a browser wants to see what there is.
pub(super) fn home() -> impl Endpoint<Output = Response> {
    make_sync(|_| Redirect::see_other("/docs").into_response())
}
