//! What an organisation decided about a plugin, and how the plugin fares there.

use chrono::{DateTime, Utc};

use super::Values;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    pub plugin_id: String,
    /// None: as the installation says.
    pub is_active: Option<bool>,
    pub activated_at: Option<DateTime<Utc>>,
    pub config: Option<Values>,
    pub config_created_at: Option<DateTime<Utc>>,
    pub config_updated_at: Option<DateTime<Utc>>,
    pub error_count: i32,
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTime<Utc>>,
}
