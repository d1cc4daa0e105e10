//! One source of settings as a figment provider that knows, for each key, where it was set.

use std::collections::BTreeMap;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use crate::error::{Error, Result};

/// Values, and where each came from: `yuantus.toml line 12`, `YUANTUS_PORT`, `default`.
pub struct Layer {
    name: String,
    values: Dict,
    origins: BTreeMap<String, String>,
}

impl Layer {
    /// An empty layer. `name` is the origin of keys that have none of their own.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), values: Dict::new(), origins: BTreeMap::new() }
    }

    pub fn values(&self) -> &Dict {
        &self.values
    }

    /// Sets a dotted key.
    pub fn set(&mut self, key: &str, value: Value, origin: &str) {
        self.origins.insert(key.to_owned(), origin.to_owned());
        insert(&mut self.values, key, value);
    }

    /// Forgets the lines: all keys come from the layer as a whole.
    #[must_use]
    pub fn without_lines(self) -> Self {
        Self { origins: BTreeMap::new(), ..self }
    }

    pub fn origin(&self, key: &str) -> String {
        self.origins.get(key).unwrap_or(&self.name).clone()
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        let (name, origins) = (self.name.clone(), self.origins.clone());
        Metadata::named(self.name.clone())
            .interpolater(move |_, keys| origins.get(&keys.join(".")).unwrap_or(&name).clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

fn insert(values: &mut Dict, key: &str, value: Value) {
    let Some((section, rest)) = key.split_once('.') else {
        values.insert(key.to_owned(), value);
        return;
    };
    let inner = values.entry(section.to_owned()).or_insert_with(|| Dict::new().into());
    if let Value::Dict(_, inner) = inner {
        insert(inner, rest, value);
    }
}

/// Reads TOML; keys carry the file's name and their line.
///
/// # Errors
/// `Config` with the line, and without the text of it: that may be a secret.
pub fn parse_toml(name: &str, text: &str) -> Result<Layer> {
    let values = Toml::from_str::<Dict>(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(start).filter(|&byte| byte == b'\n').count() + 1;
        Error::config(format!("{name} line {line} is not valid TOML: {}", error.message().replace('\n', ", ")))
    })?;
    let origins = lines(text).into_iter().map(|(key, line)| (key, format!("{name} line {line}"))).collect();
    Ok(Layer { name: name.to_owned(), values, origins })
}

/// The line of each `key = …` and `[section]`. Keys inside inline tables are not found; they count as the file's.
fn lines(text: &str) -> BTreeMap<String, usize> {
    let plain =
        |name: &str| name.split('.').map(|part| part.trim().trim_matches(['"', '\''])).collect::<Vec<_>>().join(".");
    let mut found = BTreeMap::new();
    let mut section = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            section = plain(name.trim_start_matches('['));
            found.entry(section.clone()).or_insert(index + 1);
        } else if let Some((name, _)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            let name = plain(name);
            let key = if section.is_empty() { name } else { format!("{section}.{name}") };
            found.entry(key).or_insert(index + 1);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_know_their_line() {
        let text = "# a = 1\nenvironment = \"dev\"\n\n[storage] # where\nkind = \"s3\"\ns3.region = \"x\"\n[ storage.s3 ]\n\"bucket\" = \"b\"\n";
        let found = lines(text);
        for (key, line) in [
            ("environment", 2),
            ("storage", 4),
            ("storage.kind", 5),
            ("storage.s3.region", 6),
            ("storage.s3.bucket", 8),
        ] {
            assert_eq!(found.get(key), Some(&line), "{key}");
        }
        assert_eq!(found.get("a"), None);
    }

    #[test]
    fn bad_toml_names_the_line_and_keeps_the_text_to_itself() {
        let error = parse_toml("y.toml", "a = 1\nsecret = \"hunter2\n").err().unwrap();
        assert!(error.message().starts_with("y.toml line 2 is not valid TOML"), "{error}");
        assert!(!error.message().contains("hunter2") && !error.message().contains('\n'), "{error}");
    }
}
