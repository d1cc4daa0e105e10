//! The state of the server.

use std::sync::Arc;

use poem::Request;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::Tag;
use crate::api::auth::public_scope;
use crate::api::error::ApiResult;
use crate::app::App;

pub struct SystemApi;

#[derive(Object)]
struct HealthResponse {
    ok: bool,
    service: String,
    version: String,
    /// As the request names it; nothing is looked up.
    tenant_id: Option<String>,
    org_id: Option<String>,
    tenancy_mode: String,
    schema_mode: String,
    audit_enabled: bool,
}

#[OpenApi(tag = "Tag::System")]
impl SystemApi {
    /// Is it alive
    #[oai(path = "/health", method = "get", operation_id = "get_health")]
    async fn health(&self, request: &Request, app: Data<&Arc<App>>) -> ApiResult<Json<HealthResponse>> {
        let scope = public_scope(request)?;
        let config = &app.config;
        Ok(Json(HealthResponse {
            ok: true,
            service: "yuantus-plm".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            tenant_id: scope.tenant.map(String::from),
            org_id: scope.org.map(String::from),
            tenancy_mode: config.tenancy.mode.to_string(),
            schema_mode: config.tenancy.schema_mode.to_string(),
            audit_enabled: config.audit.enabled,
        }))
    }
}
