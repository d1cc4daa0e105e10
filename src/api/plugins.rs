//! Routes of plugins: mounted below their plugin's path, with the authentication, the tenant binding and the failures of
//! every other operation, and described in the same document.

use std::collections::BTreeMap;
use std::sync::Arc;

use poem::http::{Method as HttpMethod, StatusCode, header};
use poem::{Endpoint, IntoResponse, Request, Response, Route as Routes};
use serde_json::{Value, json};

use super::auth::OrgCaller;
use super::error::{ApiError, plain};
use super::v1;
use crate::error::{Error, Result};
use crate::plugins::{Call, Host, Method, Route, Values};

/// Adds the routes of all plugins.
pub fn mount(mut routes: Routes, host: &Arc<Host>) -> Routes {
    for plugin in host.plugins() {
        let mut paths: BTreeMap<&str, Vec<Route>> = BTreeMap::new();
        for route in &plugin.routes {
            paths.entry(route.path).or_default().push(route.clone());
        }
        for (path, methods) in paths {
            let path = format!("{}{}", v1::BASE_PATH, below(plugin.manifest.mount, path));
            routes = routes.at(path, PluginPath { host: host.clone(), plugin: plugin.manifest.id, methods });
        }
    }
    routes
}

fn below(mount: &str, path: &str) -> String {
    format!("/plugins/{mount}{path}")
}

/// One path of a plugin, with all its methods.
struct PluginPath {
    host: Arc<Host>,
    plugin: &'static str,
    methods: Vec<Route>,
}

impl Endpoint for PluginPath {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let Some(route) = self.methods.iter().find(|route| http(route.method) == request.method()) else {
            let message = format!("Method {} is not allowed here", request.method());
            return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, message));
        };
        // Boxed, as for every operation: provisioning on first use makes this future deep.
        let OrgCaller(ctx) = Box::pin(OrgCaller::from_request(&request)).await.map_err(ApiError::from)?;
        let names = route.path.split('/').filter_map(|part| part.strip_prefix(':'));
        let param = |name: &str| Some((name.to_owned(), request.raw_path_param(name)?.to_owned()));
        let params = names.filter_map(param).collect();
        let query = request.uri().query().unwrap_or_default();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if !is_json(&request) {
            return Ok(plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body must be application/json"));
        }
        let body = body(&mut request).await?.map_err(ApiError::from)?;
        let call = Call { ctx, config: Values::new(), params, query, body };
        let reply = self.host.answer(self.plugin, route, call).await.map_err(ApiError::from)?;
        let mut response = poem::web::Json(reply.body).into_response();
        response.set_status(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK));
        Ok(response)
    }
}

fn http(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::GET,
        Method::Post => HttpMethod::POST,
        Method::Put => HttpMethod::PUT,
        Method::Patch => HttpMethod::PATCH,
        Method::Delete => HttpMethod::DELETE,
    }
}

/// Without a type there is no body to speak of, or one that is taken for JSON.
fn is_json(request: &Request) -> bool {
    let kind = request.header(header::CONTENT_TYPE).unwrap_or("application/json");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

async fn body(request: &mut Request) -> poem::Result<Result<Option<Value>>> {
    let bytes = request.take_body().into_vec().await?;
    if bytes.is_empty() {
        return Ok(Ok(None));
    }
    Ok(serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| Error::invalid_field("json_invalid", &["body"], format!("The body is not JSON: {error}"))))
}

/// Adds the routes of plugins to the API's document, with the failures that every operation has.
pub fn describe(document: &mut Value, host: &Host) {
    let failures = document["paths"]["/plugins"]["get"]["responses"].clone();
    for plugin in host.plugins() {
        for route in &plugin.routes {
            let path = below(plugin.manifest.mount, route.path);
            let names: Vec<&str> = path.split('/').filter_map(|part| part.strip_prefix(':')).collect();
            let parameters: Vec<Value> = names
                .iter()
                .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
                .collect();
            let path: Vec<String> = path
                .split('/')
                .map(|part| part.strip_prefix(':').map_or_else(|| part.to_owned(), |name| format!("{{{name}}}")))
                .collect();
            let mut responses = failures.clone();
            responses["200"] = json!({"description": "", "content": {"application/json": {"schema": route.response}}});
            let mut operation = json!({
                "tags": ["Plugins"], "summary": route.summary, "parameters": parameters, "responses": responses,
                "operationId": operation_id(plugin.manifest.id, route), "security": [{"bearer": []}],
            });
            if !matches!(route.method, Method::Get | Method::Delete) {
                operation["requestBody"] =
                    json!({"content": {"application/json": {"schema": {"type": "object"}}}, "required": false});
            }
            document["paths"][path.join("/")][route.method.as_str()] = operation;
        }
    }
}

fn operation_id(plugin: &str, route: &Route) -> String {
    let plain = |sign: char| if sign.is_ascii_alphanumeric() { sign } else { '_' };
    let path: String = route.path.chars().map(plain).collect();
    format!("plugin_{}_{}{path}", plugin.chars().map(plain).collect::<String>(), route.method.as_str())
}
