//! Every setting with its value and origin, for `yuantus config show`. How it is printed is the command's affair.

use serde::Serialize;
use serde_json::Value;

use super::environment::names_of;
use super::schema::{Schema, is_secret, shown};
use super::secret::redact;
use super::{Config, Loaded, TenancyMode};
use crate::error::Result;

/// One setting as people may see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Dotted: `storage.s3.bucket`.
    pub key: String,
    /// The value in effect; hidden if secret, and without the password if a URL.
    pub value: Value,
    /// `default`, `default, from data_dir`, `yuantus.toml line 12` or the name of a variable.
    pub source: String,
    /// The variables that set the key.
    pub env_names: Vec<String>,
    pub secret: bool,
}

/// All settings in the order of their keys.
///
/// # Errors
/// `Internal` if the built-in defaults cannot be read.
pub fn show(loaded: &Loaded) -> Result<Vec<Setting>> {
    let schema = Schema::load()?;
    Ok(schema.keys().map(|key| setting(loaded, key)).collect())
}

fn setting(loaded: &Loaded, key: &str) -> Setting {
    let mut value = shown(key, &loaded.value(key));
    let mut source = loaded.source(key);
    if value == ""
        && let Some(derived) = derived(&loaded.config, key)
    {
        value = redact(&derived).into();
        let from = if key == "database.identity_url" && loaded.config.database.url.is_some() {
            "database.url"
        } else {
            "data_dir"
        };
        source = format!("{source}, from {from}");
    }
    Setting { key: key.to_owned(), value, source, env_names: names_of(key), secret: is_secret(key) }
}

/// What an empty key stands for, where that is another setting or a place under `data_dir`.
fn derived(config: &Config, key: &str) -> Option<String> {
    let single = config.tenancy.mode == TenancyMode::Single;
    match key {
        "database.identity_url" => Some(config.identity_database_url()),
        "database.url" if single => Some(config.product_database_template()),
        "database.url_template" if !single => Some(config.product_database_template()),
        "storage.local.path" => Some(config.local_storage_path().display().to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::load;
    use super::*;

    fn shown(pairs: &[(&str, &str)], key: &str) -> Setting {
        let settings = show(&load(None, pairs).unwrap()).unwrap();
        settings.into_iter().find(|setting| setting.key == key).unwrap()
    }

    #[test]
    fn lists_every_key_once_in_order() {
        let settings = show(&load(None, &[]).unwrap()).unwrap();
        let keys: Vec<_> = settings.iter().map(|setting| setting.key.as_str()).collect();
        assert!(keys.is_sorted() && keys.contains(&"storage.s3.bucket") && keys.contains(&"environment"), "{keys:?}");
    }

    #[test]
    fn names_the_origin_and_the_variables() {
        let port = shown(&[("YUANTUS_PORT", "80")], "server.port");
        assert_eq!((port.value, port.source.as_str(), port.secret), (80.into(), "YUANTUS_PORT", false));
        assert_eq!(port.env_names, ["YUANTUS_SERVER__PORT", "YUANTUS_PORT"]);
        assert_eq!(shown(&[], "server.port").source, "default");
        assert_eq!(shown(&[], "environment").env_names, ["YUANTUS_ENVIRONMENT"]);
    }

    #[test]
    fn hides_secrets_and_passwords() {
        let pairs = [
            ("YUANTUS_ENVIRONMENT", "dev"),
            ("YUANTUS_JWT_SECRET_KEY", "hunter2"),
            ("YUANTUS_S3_ACCESS_KEY_ID", "id"),
            ("YUANTUS_S3_SECRET_ACCESS_KEY", "hunter2"),
            ("YUANTUS_IDENTITY_DATABASE_URL", "postgresql://u:hunter2@h/i"),
            ("YUANTUS_DATABASE_URL", "postgresql://u:hunter2@h/i"),
            ("YUANTUS_DATABASE_URL_TEMPLATE", "postgresql://u:hunter2@h/{tenant_id}_{org_id}"),
        ];
        let loaded = load(None, &pairs).unwrap();
        let text = serde_json::to_string(&show(&loaded).unwrap()).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("postgresql://u:********@h/i") && text.contains("\"********\""), "{text}");
        assert!(!format!("{loaded:?}").contains("hunter2"));
        assert_eq!(shown(&[], "auth.jwt_secret_key").value, "");
    }

    #[test]
    fn an_empty_place_shows_where_it_leads() {
        let url = shown(&[("YUANTUS_DATA_DIR", "/var/lib/y")], "database.identity_url");
        assert_eq!(url.value, "sqlite:////var/lib/y/control.db");
        assert_eq!(url.source, "default, from data_dir");
        assert_eq!(shown(&[], "database.url").value, "");
    }
}
