//! Plugins as an organisation has them.

use std::collections::BTreeMap;

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{FreeObject, Time};
use crate::context::Ctx;
use crate::domain::plugin::{self, PluginConfig, PluginView};
use crate::error::Error;

pub struct PluginsApi;

#[derive(Object)]
struct PluginResponse {
    id: String,
    name: String,
    version: String,
    description: String,
    author: String,
    /// active or inactive.
    status: String,
    is_active: bool,
    plugin_type: String,
    category: String,
    tags: Vec<String>,
    /// Ids of plugins that it needs.
    dependencies: Vec<String>,
    /// JSON Schema of its configuration.
    config_schema: FreeObject,
    capabilities: FreeObject,
    loaded_at: Time,
    activated_at: Option<Time>,
    /// In this organisation, since it was made.
    error_count: i32,
    last_error: Option<String>,
    last_error_at: Option<Time>,
    plugin_path: String,
}

impl From<PluginView> for PluginResponse {
    fn from(view: PluginView) -> Self {
        let status = view.status().to_owned();
        let manifest = view.manifest;
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Self {
            id: manifest.id.to_owned(),
            name: manifest.name.to_owned(),
            version: manifest.version.to_owned(),
            description: manifest.description.to_owned(),
            author: manifest.author.to_owned(),
            status,
            is_active: view.is_active,
            plugin_type: manifest.plugin_type.to_owned(),
            category: manifest.category.to_owned(),
            tags: texts(manifest.tags),
            dependencies: texts(manifest.dependencies),
            config_schema: object(manifest.config_schema),
            capabilities: object(manifest.capabilities),
            loaded_at: view.loaded_at.into(),
            activated_at: view.activated_at.map(Time::from),
            error_count: view.error_count,
            last_error: view.last_error,
            last_error_at: view.last_error_at.map(Time::from),
            plugin_path: format!("plugins/{}", manifest.id),
        }
    }
}

fn object(value: Value) -> FreeObject {
    FreeObject(if let Value::Object(map) = value { map } else { Default::default() })
}

/// Counts of the listed plugins.
#[derive(Object)]
struct PluginStats {
    total: u64,
    by_status: BTreeMap<String, u64>,
    by_type: BTreeMap<String, u64>,
    by_category: BTreeMap<String, u64>,
    /// Plugins that have failed in this organisation.
    errors: u64,
}

#[derive(Object)]
struct PluginList {
    ok: bool,
    plugins: Vec<PluginResponse>,
    stats: PluginStats,
}

impl From<Vec<PluginView>> for PluginList {
    fn from(views: Vec<PluginView>) -> Self {
        let count = |name: fn(&PluginView) -> &str| {
            let mut counts = BTreeMap::new();
            for view in &views {
                *counts.entry(name(view).to_owned()).or_default() += 1;
            }
            counts
        };
        let stats = PluginStats {
            total: views.len() as u64,
            by_status: count(|view| view.status()),
            by_type: count(|view| view.manifest.plugin_type),
            by_category: count(|view| view.manifest.category),
            errors: views.iter().filter(|view| view.error_count > 0).count() as u64,
        };
        Self { ok: true, plugins: views.into_iter().map(PluginResponse::from).collect(), stats }
    }
}

#[derive(Object)]
struct PluginScope {
    tenant_id: String,
    org_id: String,
}

#[derive(Object)]
struct PluginConfigResponse {
    ok: bool,
    plugin_id: String,
    /// As it is stored; secrets are masked.
    config: FreeObject,
    /// JSON Schema of the configuration.
    schema: FreeObject,
    capabilities: FreeObject,
    created_at: Option<Time>,
    updated_at: Option<Time>,
    /// For whom it holds.
    scope: PluginScope,
}

impl PluginConfigResponse {
    fn new(ctx: &Ctx, config: PluginConfig) -> Self {
        Self {
            ok: true,
            plugin_id: config.plugin_id,
            config: FreeObject(config.config),
            schema: object(config.schema),
            capabilities: object(config.capabilities),
            created_at: config.created_at.map(Time::from),
            updated_at: config.updated_at.map(Time::from),
            scope: PluginScope { tenant_id: ctx.tenant.to_string(), org_id: ctx.org.to_string() },
        }
    }
}

#[derive(Object, Deserialize)]
struct PluginConfigRequest {
    /// Must be given: `{}` replaces what is stored by nothing.
    config: Option<FreeObject>,
    /// Merge into what is stored (RFC 7396: `null` removes) instead of replacing it.
    #[oai(default)]
    #[serde(default)]
    merge: bool,
}

#[OpenApi(prefix_path = "/plugins", tag = "Tag::Plugins")]
impl PluginsApi {
    /// List plugins
    #[oai(path = "/", method = "get", operation_id = "list_plugins")]
    async fn list(&self, caller: OrgCaller) -> ApiResult<Json<PluginList>> {
        Ok(Json(plugin::list(&caller.0).await?.into()))
    }

    /// Get a plugin
    #[oai(path = "/:plugin_id", method = "get", operation_id = "get_plugin")]
    async fn get(&self, caller: OrgCaller, plugin_id: Path<String>) -> ApiResult<Json<PluginResponse>> {
        Ok(Json(plugin::get(&caller.0, &plugin_id).await?.into()))
    }

    /// Get the configuration of a plugin
    #[oai(path = "/:plugin_id/config", method = "get", operation_id = "get_plugin_config")]
    async fn config(&self, caller: OrgCaller, plugin_id: Path<String>) -> ApiResult<Json<PluginConfigResponse>> {
        let config = plugin::config(&caller.0, &plugin_id).await?;
        Ok(Json(PluginConfigResponse::new(&caller.0, config)))
    }

    /// Configure a plugin
    ///
    /// For administrators. The configuration is checked against the plugin's schema. A secret that is sent back masked
    /// stays as it is.
    #[oai(path = "/:plugin_id/config", method = "put", operation_id = "put_plugin_config")]
    async fn put_config(
        &self,
        caller: OrgCaller,
        plugin_id: Path<String>,
        body: Body<PluginConfigRequest>,
    ) -> ApiResult<Json<PluginConfigResponse>> {
        let Body(PluginConfigRequest { config, merge }) = body;
        let missing = || Error::invalid_field("missing", &["body", "config"], "Field required");
        let config = plugin::put_config(&caller.0, &plugin_id, config.ok_or_else(missing)?.0, merge).await?;
        Ok(Json(PluginConfigResponse::new(&caller.0, config)))
    }

    /// Switch a plugin on
    ///
    /// In this organisation; for administrators.
    #[oai(path = "/:plugin_id/activate", method = "post", operation_id = "activate_plugin")]
    async fn activate(&self, caller: OrgCaller, plugin_id: Path<String>) -> ApiResult<Json<PluginResponse>> {
        Ok(Json(plugin::activate(&caller.0, &plugin_id).await?.into()))
    }

    /// Switch a plugin off
    ///
    /// In this organisation; for administrators. Its routes are not found then, its hooks and jobs do not run.
    #[oai(path = "/:plugin_id/deactivate", method = "post", operation_id = "deactivate_plugin")]
    async fn deactivate(&self, caller: OrgCaller, plugin_id: Path<String>) -> ApiResult<Json<PluginResponse>> {
        Ok(Json(plugin::deactivate(&caller.0, &plugin_id).await?.into()))
    }
}
