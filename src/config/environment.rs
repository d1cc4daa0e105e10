//! Settings from environment variables: `YUANTUS_SECTION__KEY`, and the flat names that installations already use.
//!
//! The text becomes what the key's default is, so that a bucket called `123` stays a text. It does not read the process
//! environment itself; the pairs are handed in.

use std::collections::BTreeMap;

use figment::value::Value;

use super::layer::Layer;
use super::nearest::nearest;
use super::schema::{Schema, ValueKind, refused};
use crate::error::{Error, Result};

/// Names that start with this belong to Yuantus, and a mistyped one is an error.
pub const PREFIX: &str = "YUANTUS_";

/// The variable that names the configuration file; with those of commands the only one that is no setting.
pub const FILE_VARIABLE: &str = "YUANTUS_CONFIG";

/// Keys that one command takes besides the settings, for a storage that is not the configured one.
const OF_COMMANDS: [&str; 4] = [
    "YUANTUS_COPY_FROM_S3_ACCESS_KEY_ID",
    "YUANTUS_COPY_FROM_S3_SECRET_ACCESS_KEY",
    "YUANTUS_COPY_TO_S3_ACCESS_KEY_ID",
    "YUANTUS_COPY_TO_S3_SECRET_ACCESS_KEY",
];

/// Established names, without the prefix, and the keys they set.
const FLAT: [(&str, &str); 36] = [
    ("TENANCY_MODE", "tenancy.mode"),
    ("SCHEMA_MODE", "tenancy.schema_mode"),
    ("DATABASE_URL", "database.url"),
    ("DATABASE_URL_TEMPLATE", "database.url_template"),
    ("IDENTITY_DATABASE_URL", "database.identity_url"),
    ("STORAGE_TYPE", "storage.kind"),
    ("LOCAL_STORAGE_PATH", "storage.local.path"),
    ("S3_ENDPOINT_URL", "storage.s3.endpoint_url"),
    ("S3_PUBLIC_ENDPOINT_URL", "storage.s3.public_endpoint_url"),
    ("S3_BUCKET_NAME", "storage.s3.bucket"),
    ("S3_ACCESS_KEY_ID", "storage.s3.access_key_id"),
    ("S3_SECRET_ACCESS_KEY", "storage.s3.secret_access_key"),
    ("S3_REGION", "storage.s3.region"),
    ("S3_SERVER_SIDE_ENCRYPTION", "storage.s3.server_side_encryption"),
    ("S3_KMS_KEY_ID", "storage.s3.kms_key_id"),
    ("AUTH_MODE", "auth.mode"),
    ("JWT_SECRET_KEY", "auth.jwt_secret_key"),
    ("JWT_ACCESS_TOKEN_TTL_SECONDS", "auth.access_token_ttl_seconds"),
    ("PLATFORM_ADMIN_ENABLED", "platform.admin_enabled"),
    ("PLATFORM_TENANT_ID", "platform.tenant_id"),
    ("QUOTA_MODE", "quota.mode"),
    ("AUDIT_ENABLED", "audit.enabled"),
    ("AUDIT_RETENTION_DAYS", "audit.retention_days"),
    ("AUDIT_RETENTION_MAX_ROWS", "audit.retention_max_rows"),
    ("AUDIT_RETENTION_PRUNE_INTERVAL_SECONDS", "audit.prune_interval_seconds"),
    ("PLUGINS_AUTOLOAD", "plugins.autoload"),
    ("ATHENA_BASE_URL", "integrations.athena_base_url"),
    ("CAD_ML_BASE_URL", "integrations.cad_ml_base_url"),
    ("DEDUP_VISION_BASE_URL", "integrations.dedup_vision_base_url"),
    ("CAD_EXTRACTOR_BASE_URL", "integrations.cad_extractor_base_url"),
    ("CAD_CONNECTOR_BASE_URL", "integrations.cad_connector_base_url"),
    ("ENVIRONMENT", "environment"),
    ("HOST", "server.host"),
    ("PORT", "server.port"),
    ("TENANT_HEADER", "server.tenant_header"),
    ("ORG_HEADER", "server.org_header"),
];

/// The variables that set `key`: first the nested name, then the flat one if there is another.
pub fn names_of(key: &str) -> Vec<String> {
    let nested = format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"));
    let flat = FLAT.iter().filter(|(_, flat_key)| *flat_key == key).map(|(name, _)| format!("{PREFIX}{name}"));
    let mut names = vec![nested];
    names.extend(flat);
    names.dedup();
    names
}

/// The layer of all `YUANTUS_…` pairs; others are left alone.
///
/// # Errors
/// `Config` for an unknown name, a text that does not fit, or two names that set one key differently.
pub fn read(schema: &Schema, pairs: &[(String, String)]) -> Result<Layer> {
    let keys: BTreeMap<String, &str> =
        schema.keys().flat_map(|key| names_of(key).into_iter().map(move |name| (name, key))).collect();
    let mut layer = Layer::new("environment");
    let mut seen: BTreeMap<&str, (&str, Value)> = BTreeMap::new();
    let is_setting = |name: &str| name.starts_with(PREFIX) && name != FILE_VARIABLE && !OF_COMMANDS.contains(&name);
    for (name, text) in pairs.iter().filter(|(name, _)| is_setting(name)) {
        let Some((&key, kind)) = keys.get(name).and_then(|key| Some((key, schema.kind(key)?))) else {
            return Err(unknown(name, &keys));
        };
        let value = parse(kind, text).map_err(|allowed| refused(key, &Value::from(text.as_str()), name, allowed))?;
        if let Some((other, earlier)) = seen.get(key)
            && *earlier != value
        {
            return Err(Error::config(format!("{other} and {name} set {key} to different values: unset one")));
        }
        layer.set(key, value.clone(), name);
        seen.insert(key, (name, value));
    }
    Ok(layer)
}

fn unknown(name: &str, keys: &BTreeMap<String, &str>) -> Error {
    // The prefix is common to all; counted in, it would make any two names near.
    let bare = |name| str::strip_prefix(name, PREFIX).unwrap_or(name);
    let known = keys.keys().map(|name| bare(name.as_str())).chain([bare(FILE_VARIABLE)]);
    let hint = nearest(bare(name), known).map_or_else(
        || "`yuantus config show` lists the known ones".to_owned(),
        |known| format!("did you mean {PREFIX}{known}?"),
    );
    Error::config(format!("unknown environment variable {name}: {hint}"))
}

/// Reads a text as a value of the kind, or says what is allowed.
fn parse(kind: ValueKind, text: &str) -> Result<Value, &'static str> {
    match kind {
        ValueKind::Text => Ok(Value::from(text)),
        ValueKind::Switch => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Ok(Value::from(true)),
            "false" | "0" | "no" => Ok(Value::from(false)),
            _ => Err("true, false, 1, 0, yes or no"),
        },
        ValueKind::Whole => text.parse::<i64>().map(Value::from).map_err(|_| ValueKind::Whole.allowed()),
        ValueKind::List if text.is_empty() => Ok(Value::from(Vec::<String>::new())),
        ValueKind::List => Ok(Value::from(text.split(',').map(str::trim).map(str::to_owned).collect::<Vec<_>>())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(pairs: &[(&str, &str)]) -> Result<Layer> {
        let pairs: Vec<_> = pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        read(&Schema::load().unwrap(), &pairs)
    }

    fn refusal(pairs: &[(&str, &str)]) -> String {
        layer(pairs).err().unwrap().message().to_owned()
    }

    #[test]
    fn every_flat_name_leads_to_a_key() {
        let schema = Schema::load().unwrap();
        for (name, key) in FLAT {
            assert!(schema.kind(key).is_some(), "{name}");
            assert!(names_of(key).contains(&format!("YUANTUS_{name}")), "{name}");
        }
    }

    #[test]
    fn texts_that_look_like_numbers_or_switches_stay_texts() {
        let layer = layer(&[
            ("YUANTUS_S3_BUCKET_NAME", "123"),
            ("YUANTUS_JWT_SECRET_KEY", "true"),
            ("YUANTUS_DATABASE__URL", "[1,2]"),
            ("YUANTUS_S3_SECRET_ACCESS_KEY", " a, {b = 1} "),
        ])
        .unwrap();
        let text = |key| Value::from(layer.values().clone()).find(key).unwrap().as_str().map(str::to_owned);
        assert_eq!(text("storage.s3.bucket").as_deref(), Some("123"));
        assert_eq!(text("auth.jwt_secret_key").as_deref(), Some("true"));
        assert_eq!(text("database.url").as_deref(), Some("[1,2]"));
        assert_eq!(text("storage.s3.secret_access_key").as_deref(), Some(" a, {b = 1} "));
    }

    #[test]
    fn switches_and_lists_are_read_as_words() {
        for (text, value) in [("true", true), ("YES", true), ("1", true), ("False", false), ("no", false), ("0", false)]
        {
            assert_eq!(parse(ValueKind::Switch, text), Ok(Value::from(value)), "{text}");
        }
        for text in ["", "2", "on ", "truee"] {
            assert!(parse(ValueKind::Switch, text).is_err(), "{text}");
        }
        assert_eq!(parse(ValueKind::List, "a, b"), Ok(Value::from(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(parse(ValueKind::List, ""), Ok(Value::from(Vec::<String>::new())));
    }

    #[test]
    fn two_names_of_one_key_must_agree() {
        assert!(layer(&[("YUANTUS_AUDIT_ENABLED", "1"), ("YUANTUS_AUDIT__ENABLED", "yes")]).is_ok());
        let message = refusal(&[("YUANTUS_JWT_SECRET_KEY", "abc"), ("YUANTUS_AUTH__JWT_SECRET_KEY", "xyz")]);
        assert!(message.contains("YUANTUS_JWT_SECRET_KEY and YUANTUS_AUTH__JWT_SECRET_KEY"), "{message}");
        assert!(!message.contains("abc") && !message.contains("xyz"), "{message}");
    }

    #[test]
    fn a_mistyped_name_is_an_error_that_helps() {
        for (name, hint) in [
            ("YUANTUS_PROT", "did you mean YUANTUS_PORT?"),
            ("YUANTUS_S3_BUCKET", "did you mean YUANTUS_S3_BUCKET_NAME?"),
            ("YUANTUS_STORAGE_S3_BUCKET", "did you mean YUANTUS_STORAGE__S3__BUCKET?"),
            ("YUANTUS_FOO", "`yuantus config show` lists the known ones"),
        ] {
            assert_eq!(refusal(&[(name, "1")]), format!("unknown environment variable {name}: {hint}"));
        }
        assert!(layer(&[("PATH", "/bin"), ("YUANTUS_CONFIG", "x.toml"), (OF_COMMANDS[0], "id")]).is_ok());
    }

    #[test]
    fn a_wrong_text_names_key_value_variable_and_what_is_allowed() {
        assert_eq!(
            refusal(&[("YUANTUS_PORT", "tcp://10.0.0.1:80")]),
            "server.port = \"tcp://10.0.0.1:80\" (YUANTUS_PORT): allowed is a whole number"
        );
    }
}
