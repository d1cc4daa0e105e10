//! What a plugin says about itself, and whether that can be so. Pure.

use serde_json::{Value, json};

use super::schema;
use crate::error::{Error, Result};

/// Segments below `/plugins/{id}` that are the product's own.
const RESERVED: [&str; 3] = ["config", "activate", "deactivate"];

#[derive(Debug, Clone)]
pub struct Manifest {
    /// Unique and for ever: settings are kept under it. `a-z`, `0-9` and inner hyphens.
    pub id: &'static str,
    /// The path of its routes: `/api/v1/plugins/{mount}/…`.
    pub mount: &'static str,
    pub name: &'static str,
    pub version: &'static str,
    pub description: &'static str,
    pub author: &'static str,
    /// extension, connector …
    pub plugin_type: &'static str,
    pub category: &'static str,
    pub tags: &'static [&'static str],
    /// Ids of plugins that must be active for this one to be.
    pub dependencies: &'static [&'static str],
    /// JSON Schema of its configuration. Texts with `"format": "password"` or `"writeOnly": true` are never shown.
    pub config_schema: Value,
    /// What it can do, for clients that ask.
    pub capabilities: Value,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            id: "",
            mount: "",
            name: "",
            version: "0.1.0",
            description: "",
            author: "",
            plugin_type: "extension",
            category: "other",
            tags: &[],
            dependencies: &[],
            config_schema: json!({}),
            capabilities: json!({}),
        }
    }
}

impl Manifest {
    /// # Errors
    /// `Config`, naming the plugin and what is wrong with it: the program does not start with such a plugin.
    pub(super) fn check(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::config(format!("The plugin {:?} {what}", self.id)));
        if !is_slug(self.id) || !is_slug(self.mount) {
            return wrong("needs an id and a mount of a-z, 0-9 and inner hyphens");
        }
        if self.name.is_empty() || self.version.is_empty() {
            return wrong("needs a name and a version");
        }
        if !self.config_schema.is_object() || !self.capabilities.is_object() {
            return wrong("needs objects as config_schema and capabilities");
        }
        match jsonschema::validator_for(&self.config_schema) {
            Ok(_) if schema::hides_secrets(&self.config_schema) => wrong(
                "has a secret (format password, writeOnly) in its config_schema elsewhere than in properties and items, \
                 where it would be shown",
            ),
            Ok(_) => Ok(()),
            Err(error) => wrong(&format!("has a config_schema that is no JSON Schema: {error}")),
        }
    }

    /// Checks the path of a route: `/orders/:id`.
    pub(super) fn check_path(&self, path: &str) -> Result<()> {
        let wrong = |what: &str| Err(Error::config(format!("The route {path:?} of the plugin {:?} {what}", self.id)));
        let Some(rest) = path.strip_prefix('/') else { return wrong("must begin with /") };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        for segment in rest.split('/') {
            let name = segment.strip_prefix(':').unwrap_or(segment);
            if name.is_empty() || !name.bytes().all(plain) {
                return wrong("must consist of names and :parameters");
            }
        }
        let first = rest.split('/').next().unwrap_or_default();
        if first.starts_with(':') || RESERVED.contains(&first) {
            return wrong("must begin with a name of its own, not config, activate or deactivate");
        }
        Ok(())
    }
}

fn is_slug(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| plain(byte) || byte == b'-')
        && text.bytes().next().is_some_and(plain)
        && text.bytes().last().is_some_and(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest { id: "erp", mount: "erp", name: "ERP", ..Manifest::default() }
    }

    #[test]
    fn a_manifest_that_cannot_be_is_refused() {
        assert!(manifest().check().is_ok());
        for bad in [
            Manifest { id: "", ..manifest() },
            Manifest { id: "Erp", ..manifest() },
            Manifest { mount: "erp/x", ..manifest() },
            Manifest { name: "", ..manifest() },
            Manifest { config_schema: json!([]), ..manifest() },
            Manifest { config_schema: json!({"type": "nothing"}), ..manifest() },
            Manifest { config_schema: json!({"additionalProperties": {"writeOnly": true}}), ..manifest() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn paths_leave_the_products_own_alone() {
        for good in ["/ping", "/orders/:id", "/orders/:id/lines", "/a.b/c-d"] {
            assert!(manifest().check_path(good).is_ok(), "{good}");
        }
        for bad in ["", "/", "ping", "/a//b", "/a/", "/:id", "/config", "/activate/x", "/a/*rest", "/a b", "/<x>"] {
            assert!(manifest().check_path(bad).is_err(), "{bad}");
        }
    }
}
