//! Which keys exist and what kind of value each takes, read from `config/default.toml` itself.

use std::collections::BTreeMap;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Num, Value};

use super::layer::{Layer, parse_toml};
use super::secret::{HIDDEN, redact};
use crate::error::{Error, Result};

/// Every key with its default, commented.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// Keys whose value is hidden everywhere. URLs are shown without their passwords.
const SECRETS: [&str; 2] = ["auth.jwt_secret_key", "storage.s3.secret_access_key"];

/// The kind of a setting, which is that of its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    Switch,
    Whole,
    Text,
    List,
}

impl ValueKind {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(..) => Some(Self::Switch),
            Value::Num(_, Num::I64(_)) => Some(Self::Whole),
            Value::String(..) => Some(Self::Text),
            Value::Array(..) => Some(Self::List),
            _ => None,
        }
    }

    /// What a file must hold.
    pub fn allowed(self) -> &'static str {
        match self {
            Self::Switch => "true or false",
            Self::Whole => "a whole number",
            Self::Text => "a text in quotes",
            Self::List => "a list of texts",
        }
    }
}

/// The known keys, dotted, in order.
pub struct Schema {
    kinds: BTreeMap<String, ValueKind>,
}

impl Schema {
    /// The keys of Yuantus.
    pub fn load() -> Result<Self> {
        Self::parse(DEFAULTS)
    }

    /// The keys of any TOML text.
    pub fn parse(text: &str) -> Result<Self> {
        let values = Toml::from_str::<Dict>(text)
            .map_err(|error| Error::internal("the built-in defaults cannot be read").caused_by(error))?;
        let mut kinds = BTreeMap::new();
        for (key, value) in leaves(&values) {
            if let Some(kind) = ValueKind::of(value) {
                kinds.insert(key, kind);
            }
        }
        Ok(Self { kinds })
    }

    pub fn kind(&self, key: &str) -> Option<ValueKind> {
        self.kinds.get(key).copied()
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }

    /// Whether `key` names a section: `storage.s3`.
    fn is_section(&self, key: &str) -> bool {
        let prefix = format!("{key}.");
        self.kinds.keys().any(|known| known.starts_with(&prefix))
    }

    /// Reads a file's text. `name` is how messages call the file.
    ///
    /// # Errors
    /// `Config` for bad TOML, an unknown key, or a value of the wrong kind; each with its line.
    pub fn read_file(&self, name: &str, text: &str) -> Result<Layer> {
        let layer = parse_toml(name, text)?;
        for (key, value) in leaves(layer.values()) {
            match self.kind(&key) {
                Some(kind) if fits(kind, value) => {}
                Some(kind) => return Err(refused(&key, value, &layer.origin(&key), kind.allowed())),
                None if self.is_section(&key) && value.as_dict().is_some() => {}
                None if self.is_section(&key) => {
                    return Err(refused(&key, value, &layer.origin(&key), "a section of settings"));
                }
                None => return Err(self.unknown(&key, &layer)),
            }
        }
        Ok(layer)
    }

    fn unknown(&self, key: &str, layer: &Layer) -> Error {
        let parent = key.match_indices('.').map(|(at, _)| &key[..at]).find(|parent| self.kind(parent).is_some());
        if let Some((parent, kind)) = parent.and_then(|parent| Some((parent, self.kind(parent)?))) {
            let message = format!("{parent} ({}) is a section: allowed is {}", layer.origin(key), kind.allowed());
            return Error::config(message);
        }
        let hint = super::nearest::nearest(key, self.keys()).map_or_else(
            || "`yuantus config show` lists the known ones".to_owned(),
            |known| format!("did you mean {known}?"),
        );
        Error::config(format!("unknown key {key} ({}): {hint}", layer.origin(key)))
    }
}

/// One line: the key, the value unless secret, where it was set, and what is allowed.
pub fn refused(key: &str, value: &Value, origin: &str, allowed: &str) -> Error {
    explained(key, value, origin, &format!("allowed is {allowed}"))
}

/// As [`refused`], with a whole sentence as the reason.
pub fn explained(key: &str, value: &Value, origin: &str, reason: &str) -> Error {
    Error::config(format!("{key} = {} ({origin}): {reason}", shown(key, value)))
}

/// A value as people may see it.
pub fn shown(key: &str, value: &Value) -> serde_json::Value {
    match value.as_str() {
        Some("") => "".into(),
        _ if is_secret(key) => HIDDEN.into(),
        Some(text) => redact(text).into(),
        None => serde_json::to_value(value).unwrap_or_default(),
    }
}

pub fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

fn fits(kind: ValueKind, value: &Value) -> bool {
    let texts = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(|item| item.as_str().is_some()));
    ValueKind::of(value) == Some(kind) && (kind != ValueKind::List || texts(value))
}

/// Every value that is not a section, with its dotted key. An empty section counts as a value, so that it is checked. A
/// name that holds a dot keeps its quotes: `"server.port"` at the top is not `port` of `[server]`.
fn leaves(values: &Dict) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (name, value) in values {
        let name = if name.contains('.') { format!("\"{name}\"") } else { name.clone() };
        match value.as_dict() {
            Some(inner) if !inner.is_empty() => {
                found.extend(leaves(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            _ => found.push((name, value)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Schema::load().unwrap().read_file("y.toml", text).err().unwrap().message().to_owned()
    }

    #[test]
    fn wrong_kinds_name_the_line_and_what_is_allowed() {
        for (text, message) in [
            ("[server]\nport = \"80\"", "server.port = \"80\" (y.toml line 2): allowed is a whole number"),
            ("[storage.s3]\nbucket = 123", "storage.s3.bucket = 123 (y.toml line 2): allowed is a text in quotes"),
            ("[audit]\nenabled = 1", "audit.enabled = 1 (y.toml line 2): allowed is true or false"),
            ("server = 5", "server = 5 (y.toml line 1): allowed is a section of settings"),
            (
                "[auth]\njwt_secret_key = 5",
                "auth.jwt_secret_key = \"********\" (y.toml line 2): allowed is a text in quotes",
            ),
            ("[server.port]\nx = 1", "server.port (y.toml line 2) is a section: allowed is a whole number"),
        ] {
            assert_eq!(refusal(text), message);
        }
    }

    #[test]
    fn unknown_keys_get_the_nearest_known_one_and_hide_their_value() {
        assert_eq!(
            refusal("\n[auth]\njwt_secret_kye = \"hunter2\""),
            "unknown key auth.jwt_secret_kye (y.toml line 3): did you mean auth.jwt_secret_key?"
        );
        assert!(refusal("colour = 1").starts_with("unknown key colour (y.toml line 1): `yuantus config show`"));
    }

    #[test]
    fn an_empty_section_is_fine_if_it_is_a_known_one() {
        let schema = Schema::load().unwrap();
        assert!(schema.read_file("y.toml", "[auth]\n[storage.s3]\n").is_ok());
        assert!(schema.read_file("y.toml", "[author]\n").is_err());
    }

    #[test]
    fn lists_hold_texts_only() {
        let schema = Schema::parse("names = [\"a\"]").unwrap();
        assert!(schema.read_file("y.toml", "names = []").is_ok());
        assert!(schema.read_file("y.toml", "names = [1]").is_err());
    }
}
