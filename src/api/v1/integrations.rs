//! Outside services: which are configured, and whether they answer.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::app::App;
use crate::integrations::{ServiceHealth, ServiceView};
use crate::outbound::Snapshot;

pub struct IntegrationsApi;

/// The circuit breaker of a service.
#[derive(Object)]
struct BreakerResponse {
    name: String,
    enabled: bool,
    /// closed, open or half_open.
    state: String,
    failures_in_window: u64,
    failure_threshold: u64,
    window_seconds: f64,
    recovery_seconds: f64,
    current_recovery_seconds: f64,
    consecutive_open_cycles: u32,
    open_for_seconds: f64,
    retry_in_seconds: f64,
    opens_total: u64,
    short_circuited_total: u64,
    failures_total: u64,
    successes_total: u64,
    last_failure_error: Option<String>,
}

impl BreakerResponse {
    fn new(name: &str, seen: Snapshot) -> Self {
        Self {
            name: name.to_owned(),
            enabled: seen.enabled,
            state: seen.state.to_owned(),
            failures_in_window: seen.failures_in_window as u64,
            failure_threshold: seen.failure_threshold as u64,
            window_seconds: seen.window.as_secs_f64(),
            recovery_seconds: seen.recovery.as_secs_f64(),
            current_recovery_seconds: seen.current_recovery.as_secs_f64(),
            consecutive_open_cycles: seen.consecutive_open_cycles,
            open_for_seconds: seen.open_for.as_secs_f64(),
            retry_in_seconds: seen.retry_in.as_secs_f64(),
            opens_total: seen.opens_total,
            short_circuited_total: seen.short_circuited_total,
            failures_total: seen.failures_total,
            successes_total: seen.successes_total,
            last_failure_error: seen.last_failure_error,
        }
    }
}

#[derive(Object)]
struct ServiceHealthResponse {
    /// None where the service is not configured.
    ok: Option<bool>,
    configured: bool,
    error_code: Option<String>,
    error_type: Option<String>,
    summary: Option<String>,
    latency_ms: Option<f64>,
    breaker: Option<BreakerResponse>,
}

impl From<ServiceHealth> for ServiceHealthResponse {
    fn from(health: ServiceHealth) -> Self {
        let ServiceView { name, configured, breaker, .. } = health.view;
        Self {
            ok: health.ok,
            configured,
            error_code: health.error_code.map(str::to_owned),
            error_type: health.error_type.map(str::to_owned),
            summary: health.summary,
            latency_ms: health.elapsed.map(|elapsed| elapsed.as_secs_f64() * 1000.0),
            breaker: breaker.map(|seen| BreakerResponse::new(name, seen)),
        }
    }
}

#[derive(Object)]
struct ServicesHealth {
    athena: ServiceHealthResponse,
    cad_ml: ServiceHealthResponse,
    dedup_vision: ServiceHealthResponse,
    cad_extractor: ServiceHealthResponse,
    cad_connector: ServiceHealthResponse,
}

#[derive(Object)]
struct IntegrationsHealth {
    /// Every configured service answers.
    ok: bool,
    tenant_id: String,
    org_id: String,
    services: ServicesHealth,
}

#[derive(Object)]
struct ServiceCapabilities {
    configured: bool,
    /// Configured, and not left alone after failures.
    available: bool,
    /// What it is for.
    description: String,
    breaker: Option<BreakerResponse>,
}

impl From<ServiceView> for ServiceCapabilities {
    fn from(view: ServiceView) -> Self {
        let open = view.breaker.as_ref().is_some_and(|seen| seen.state == "open");
        Self {
            configured: view.configured,
            available: view.configured && !open,
            description: view.purpose.to_owned(),
            breaker: view.breaker.map(|seen| BreakerResponse::new(view.name, seen)),
        }
    }
}

#[derive(Object)]
struct ServicesCapabilities {
    athena: ServiceCapabilities,
    cad_ml: ServiceCapabilities,
    dedup_vision: ServiceCapabilities,
    cad_extractor: ServiceCapabilities,
    cad_connector: ServiceCapabilities,
}

#[derive(Object)]
struct IntegrationsCapabilities {
    ok: bool,
    tenant_id: String,
    org_id: String,
    services: ServicesCapabilities,
}

#[OpenApi(prefix_path = "/integrations", tag = "Tag::Integrations")]
impl IntegrationsApi {
    /// What outside services can be used for
    ///
    /// Asks none of them.
    #[oai(path = "/capabilities", method = "get", operation_id = "get_integration_capabilities")]
    async fn capabilities(&self, caller: OrgCaller, app: Data<&Arc<App>>) -> ApiResult<Json<IntegrationsCapabilities>> {
        let [athena, cad_ml, dedup_vision, cad_extractor, cad_connector] =
            app.integrations.services().map(ServiceCapabilities::from);
        Ok(Json(IntegrationsCapabilities {
            ok: true,
            tenant_id: caller.0.tenant.to_string(),
            org_id: caller.0.org.to_string(),
            services: ServicesCapabilities { athena, cad_ml, dedup_vision, cad_extractor, cad_connector },
        }))
    }

    /// Whether outside services answer
    ///
    /// Asks those that are configured, all at once and in bounded time. A service that does not answer is no failure of this
    /// operation.
    #[oai(path = "/health", method = "get", operation_id = "get_integration_health")]
    async fn health(&self, caller: OrgCaller, app: Data<&Arc<App>>) -> ApiResult<Json<IntegrationsHealth>> {
        let health = app.integrations.health().await;
        let ok = health.iter().all(|service| service.ok != Some(false));
        let [athena, cad_ml, dedup_vision, cad_extractor, cad_connector] = health.map(ServiceHealthResponse::from);
        Ok(Json(IntegrationsHealth {
            ok,
            tenant_id: caller.0.tenant.to_string(),
            org_id: caller.0.org.to_string(),
            services: ServicesHealth { athena, cad_ml, dedup_vision, cad_extractor, cad_connector },
        }))
    }
}
