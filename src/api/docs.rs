//! The API describes itself: Swagger UI under `/docs` with its assets served from here, and the OpenAPI document.

use poem::endpoint::make_sync;
use poem::web::{Html, Redirect};
use poem::{Endpoint, IntoResponse, Response, http::header};
use serde_json::{Map, Value, json};

use super::{plugins, v1};
use crate::plugins::{Host, bundled};

/// The OpenAPI document, pretty-printed with a final line feed, as it is committed.
pub fn openapi_json() -> String {
    // The bundled plugins are in every build, and in order.
    let host = Host::new(bundled(), true).unwrap_or_default();
    let mut text = serde_json::to_string_pretty(&corrected_document(None, &host)).unwrap_or_default();
    text.push('\n');
    text
}

/// The document as it is served.
fn corrected_document(public_url: Option<&str>, host: &Host) -> Value {
    let mut document: Value = serde_json::from_str(&v1::service().spec()).unwrap_or_default();
    let base = format!("{}{}", public_url.unwrap_or("").trim_end_matches('/'), v1::BASE_PATH);
    document["servers"] = json!([{ "url": base }]);
    plugins::describe(&mut document, host);
    correct(&mut document);
    document
}

/// Corrects what the generator leaves out or gets wrong, everywhere in the document: optional values may be `null`, a
/// choice of types has no type of its own, and a media type is a name without parameters.
fn correct(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(content) = map.remove(JSON_WITH_CHARSET) {
                map.insert("application/json".to_owned(), content);
            }
            if map.contains_key("oneOf") {
                map.remove("type");
            }
            // The default and description of a referenced type stand beside it already.
            if let Some(Value::Array(parts)) = map.get_mut("allOf") {
                parts.retain(|part| part.as_object().is_none_or(has_type));
            }
            allow_null(map);
            map.values_mut().for_each(correct);
        }
        Value::Array(list) => list.iter_mut().for_each(correct),
        _ => {}
    }
}

const JSON_WITH_CHARSET: &str = "application/json; charset=utf-8";

/// Marks the properties of an object schema that are neither required nor have a default.
fn allow_null(schema: &mut Map<String, Value>) {
    let required: Vec<String> =
        schema.get("required").and_then(|names| serde_json::from_value(names.clone()).ok()).unwrap_or_default();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
    for (_, property) in properties.iter_mut().filter(|(name, _)| !required.contains(name)) {
        let Value::Object(fields) = property else { continue };
        if fields.contains_key("default") || !has_type(fields) {
            continue;
        }
        if let Some(reference) = fields.remove("$ref") {
            fields.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
        }
        fields.insert("nullable".to_owned(), true.into());
    }
}

/// A schema with no type at all admits `null` already.
fn has_type(fields: &Map<String, Value>) -> bool {
    ["type", "$ref", "allOf", "oneOf", "anyOf"].iter().any(|key| fields.contains_key(*key))
}

pub(super) fn document(public_url: Option<&str>, host: &Host) -> impl Endpoint<Output = Response> + use<> {
    let text = corrected_document(public_url, host).to_string();
    make_sync(move |_| {
        Response::builder().header(header::CONTENT_TYPE, "application/json; charset=utf-8").body(text.clone())
    })
}

/// Swagger UI, one page with its script and style in it.
pub(super) fn swagger(host: &Host) -> impl Endpoint<Output = Response> + use<> {
    let service = v1::service();
    // The page carries its document; it gets the corrected one.
    let page = service.swagger_ui_html().replace(&service.spec(), &corrected_document(None, host).to_string());
    make_sync(move |_| Html(page.clone()).into_response())
}

/// Whoever opens the address in a browser wants to see what there is.
pub(super) fn home() -> impl Endpoint<Output = Response> {
    make_sync(|_| Redirect::see_other("/docs").into_response())
}
