//! Plugins as an organisation sees them.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::plugins::{Host, Manifest, Registered, Settings, Values, masked};

/// A plugin and how it stands in one organisation.
#[derive(Debug, Clone)]
pub struct PluginView {
    pub manifest: Manifest,
    pub is_active: bool,
    pub loaded_at: DateTime<Utc>,
    pub activated_at: Option<DateTime<Utc>>,
    pub error_count: i32,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
}

impl PluginView {
    pub(super) fn new(host: &Host, plugin: &Registered, settings: Option<&Settings>) -> Self {
        let is_active = is_active(host, settings);
        let activated_at = settings.and_then(|settings| settings.activated_at).unwrap_or_else(|| host.loaded_at());
        Self {
            manifest: plugin.manifest.clone(),
            is_active,
            loaded_at: host.loaded_at(),
            activated_at: is_active.then_some(activated_at),
            error_count: settings.map_or(0, |settings| settings.error_count),
            last_error: settings.and_then(|settings| settings.last_error.clone()),
            last_error_at: settings.and_then(|settings| settings.last_error_at),
        }
    }

    pub fn status(&self) -> &'static str {
        if self.is_active { "active" } else { "inactive" }
    }
}

pub(super) fn is_active(host: &Host, settings: Option<&Settings>) -> bool {
    settings.and_then(|settings| settings.is_active).unwrap_or(host.autoload())
}

/// The configuration of a plugin in one organisation, without its secrets.
#[derive(Debug, Clone)]
pub struct PluginConfig {
    pub plugin_id: String,
    pub config: Values,
    pub schema: Value,
    pub capabilities: Value,
    pub created_at: Option<DateTime<Utc>>,
    pub updated_at: Option<DateTime<Utc>>,
}

impl PluginConfig {
    pub(super) fn new(plugin: &Registered, settings: Settings) -> Self {
        let manifest = &plugin.manifest;
        Self {
            plugin_id: manifest.id.to_owned(),
            config: masked(&manifest.config_schema, settings.config.unwrap_or_default()),
            schema: manifest.config_schema.clone(),
            capabilities: manifest.capabilities.clone(),
            created_at: settings.config_created_at,
            updated_at: settings.config_updated_at,
        }
    }
}
