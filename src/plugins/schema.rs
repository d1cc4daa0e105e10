//! Configurations of plugins: checked against their schema, completed with its defaults, shown without secrets. Pure.

use serde_json::{Map, Value};

use super::Values;
use crate::config::HIDDEN;
use crate::error::{Error, Problem, Result};

/// Problems named at once.
const MOST_PROBLEMS: usize = 50;
const MAX_BYTES: usize = 64 * 1024;

/// Checks a configuration; each problem names its field and never repeats a value, which may be a secret.
pub fn check(schema: &Value, config: &Values) -> Result<()> {
    let config = Value::Object(config.clone());
    if config.to_string().len() > MAX_BYTES {
        let message = format!("A configuration has at most {MAX_BYTES} bytes");
        return Err(Error::invalid_field("too_long", &["body", "config"], message));
    }
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| Error::internal("A plugin's config_schema is no schema").caused_by(error.to_string()))?;
    let problems: Vec<Problem> =
        validator.iter_errors(&config).take(MOST_PROBLEMS).map(|error| problem(&error)).collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

fn problem(error: &jsonschema::ValidationError<'_>) -> Problem {
    let path = error.instance_path().to_string();
    let mut loc = vec!["body".to_owned(), "config".to_owned()];
    loc.extend(path.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")));
    let rule = match error.kind().keyword() {
        "required" => "missing",
        "type" => "type_error",
        "enum" | "const" => "enum",
        "additionalProperties" => "extra_forbidden",
        _ => "value_error",
    };
    Problem { rule: rule.to_owned(), loc, message: error.masked().to_string() }
}

/// A configuration with the schema's defaults where it says nothing.
pub fn with_defaults(schema: &Value, mut config: Values) -> Values {
    let Some(Value::Object(properties)) = schema.get("properties") else { return config };
    for (name, property) in properties {
        match (config.get_mut(name), property.get("default")) {
            (Some(Value::Object(inner)), _) => *inner = with_defaults(property, std::mem::take(inner)),
            (None, Some(default)) => {
                config.insert(name.clone(), default.clone());
            }
            _ => {}
        }
    }
    config
}

/// A JSON Merge Patch (RFC 7396): objects are merged, `null` removes, everything else replaces.
pub fn merged(mut base: Values, patch: Values) -> Values {
    for (name, change) in patch {
        match change {
            Value::Null => {
                base.remove(&name);
            }
            Value::Object(change) => {
                let inner = match base.remove(&name) {
                    Some(Value::Object(inner)) => inner,
                    _ => Map::new(),
                };
                base.insert(name, Value::Object(merged(inner, change)));
            }
            other => {
                base.insert(name, other);
            }
        }
    }
    base
}

fn is_secret(property: &Value) -> bool {
    property.get("format").and_then(Value::as_str) == Some("password")
        || property.get("writeOnly").and_then(Value::as_bool) == Some(true)
}

/// A configuration as it may be shown.
pub fn masked(schema: &Value, mut config: Values) -> Values {
    for (name, value) in &mut config {
        let Some(property) = schema.get("properties").and_then(|properties| properties.get(name)) else { continue };
        match value {
            Value::Null => {}
            value if is_secret(property) => *value = HIDDEN.into(),
            Value::Object(inner) => *inner = masked(property, std::mem::take(inner)),
            Value::Array(list) => {
                let Some(items) = property.get("items") else { continue };
                for item in list {
                    match item {
                        item if is_secret(items) => *item = HIDDEN.into(),
                        Value::Object(inner) => *inner = masked(items, std::mem::take(inner)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    config
}

/// Puts back the secrets that a client was not shown and so cannot send: where the mask stands, what is stored stays.
pub fn restored(schema: &Value, mut given: Values, stored: &Values) -> Values {
    let mut unknown = Vec::new();
    for (name, value) in &mut given {
        let Some(property) = schema.get("properties").and_then(|properties| properties.get(name)) else { continue };
        match value {
            Value::String(text) if is_secret(property) && text == HIDDEN => match stored.get(name) {
                Some(secret) => *value = secret.clone(),
                None => unknown.push(name.clone()),
            },
            Value::Object(inner) => {
                let empty = Map::new();
                let before = stored.get(name).and_then(Value::as_object).unwrap_or(&empty);
                *inner = restored(property, std::mem::take(inner), before);
            }
            _ => {}
        }
    }
    for name in unknown {
        given.remove(&name);
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["url"],
            "properties": {
                "url": {"type": "string", "minLength": 3},
                "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
                "token": {"type": "string", "format": "password", "maxLength": 10},
                "login": {"type": "object", "properties": {
                    "user": {"type": "string", "default": "erp"}, "pin": {"type": "integer", "writeOnly": true}
                }},
                "keys": {"type": "array", "items": {"type": "string", "writeOnly": true}},
            }
        })
    }

    fn values(value: Value) -> Values {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn problems_name_their_field_and_no_value() {
        for (config, loc, rule) in [
            (json!({}), vec!["body", "config"], "missing"),
            (json!({"url": 5}), vec!["body", "config", "url"], "type_error"),
            (json!({"url": "x"}), vec!["body", "config", "url"], "value_error"),
            (json!({"url": "xyz", "mode": "c"}), vec!["body", "config", "mode"], "enum"),
            (json!({"url": "xyz", "token": "much-too-secret"}), vec!["body", "config", "token"], "value_error"),
            (json!({"url": "xyz", "login": {"pin": "1"}}), vec!["body", "config", "login", "pin"], "type_error"),
            (json!({"url": "xyz", "surplus": 1}), vec!["body", "config"], "extra_forbidden"),
            (json!({"url": "x".repeat(MAX_BYTES)}), vec!["body", "config"], "too_long"),
        ] {
            let error = check(&schema(), &values(config)).unwrap_err();
            assert_eq!(
                (&error.problems()[0].loc, error.problems()[0].rule.as_str()),
                (&loc.iter().map(|part| (*part).to_owned()).collect(), rule)
            );
            assert!(!error.problems().iter().any(|problem| problem.message.contains("secret")), "{error}");
        }
        assert!(check(&schema(), &values(json!({"url": "xyz"}))).is_ok());
        assert!(check(&json!({}), &values(json!({"anything": [1]}))).is_ok());
    }

    #[test]
    fn secrets_are_masked_and_a_mask_that_comes_back_changes_nothing() {
        let stored = values(json!({"url": "u", "token": "t", "login": {"user": "u", "pin": 7}, "keys": ["k"]}));
        let shown = masked(&schema(), stored.clone());
        assert_eq!(
            Value::Object(shown.clone()),
            json!({"url": "u", "token": HIDDEN, "login": {"user": "u", "pin": HIDDEN}, "keys": [HIDDEN]})
        );
        let back = restored(&schema(), shown, &stored);
        assert_eq!((&back["token"], &back["login"]["pin"]), (&json!("t"), &json!(7)));
        assert_eq!(restored(&schema(), values(json!({"token": HIDDEN})), &Values::new()), Values::new());
    }

    #[test]
    fn merging_and_defaults_reach_into_objects() {
        let base = values(json!({"a": 1, "b": {"c": 1, "d": 2}, "e": 3}));
        let patch = values(json!({"b": {"c": null, "f": 4}, "e": null, "g": {"h": 1}}));
        assert_eq!(Value::Object(merged(base, patch)), json!({"a": 1, "b": {"d": 2, "f": 4}, "g": {"h": 1}}));
        let full = with_defaults(&schema(), values(json!({"login": {}})));
        assert_eq!(Value::Object(full), json!({"mode": "a", "login": {"user": "erp"}}));
    }
}
