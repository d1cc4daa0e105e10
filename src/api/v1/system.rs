//! The state of the server.

use std::sync::Arc;
use std::time::Duration;

use poem::Request;
use poem::web::Data;
use poem_openapi::payload::{Json, PlainText};
use poem_openapi::{Object, OpenApi};

use super::Tag;
use crate::api::auth::public_scope;
use crate::api::error::ApiResult;
use crate::app::App;
use crate::error::Error;
use crate::telemetry;
use crate::tenancy::PoolStatistics;

/// Metrics are answered without what is slower than this.
const WORKERS_ANSWER: Duration = Duration::from_secs(1);

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

/// What the connection manager counts, under the names that dashboards know.
fn report_pools(seen: PoolStatistics) {
    metrics::describe_gauge!("yuantus_databases_open", "Product databases open in this process");
    metrics::describe_counter!("yuantus_database_opens_total", "Product databases opened");
    metrics::describe_counter!("yuantus_database_evictions_total", "Open databases closed to make room for another");
    metrics::describe_counter!("yuantus_database_waits_total", "Requests that waited for room for a database");
    metrics::gauge!("yuantus_databases_open").set(u32::try_from(seen.open).unwrap_or(u32::MAX));
    metrics::counter!("yuantus_database_opens_total").absolute(seen.opens);
    metrics::counter!("yuantus_database_evictions_total").absolute(seen.evictions);
    metrics::counter!("yuantus_database_waits_total").absolute(seen.waits);
}

/// As the control database knows them, since workers may be other processes. Without an answer the last values stay.
async fn report_workers(app: &App) {
    if let Ok(Ok(pulse)) = tokio::time::timeout(WORKERS_ANSWER, app.tenancy.pulse()).await {
        telemetry::metrics::workers_alive(pulse.alive, pulse.heard_ago);
    }
}

#[OpenApi(tag = "Tag::System")]
impl SystemApi {
    /// Metrics
    ///
    /// In the text format of Prometheus. Names no tenant. May be closed by configuration.
    #[oai(path = "/metrics", method = "get", operation_id = "get_metrics")]
    async fn metrics(&self, app: Data<&Arc<App>>) -> ApiResult<PlainText<String>> {
        if !app.config.server.metrics_enabled {
            return Err(Error::not_found("Not Found").into());
        }
        report_pools(app.tenancy.pool_statistics());
        report_workers(&app).await;
        Ok(PlainText(telemetry::metrics::render()))
    }

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
