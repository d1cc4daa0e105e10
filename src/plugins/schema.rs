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
    if let Some(problem) = bad_text(config, &mut vec!["body".to_owned(), "config".to_owned()]) {
        return Err(Error::invalid(vec![problem]));
    }
    if let Some(loc) = mask_in(schema, config) {
        let loc = [vec!["body".to_owned(), "config".to_owned()], loc].concat();
        let message = "The mask stands for no stored secret here; send the secret".to_owned();
        return Err(Error::invalid(vec![Problem { rule: "value_error".to_owned(), loc, message }]));
    }
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

/// The first text that a database of this product cannot keep.
fn bad_text(config: &Values, loc: &mut Vec<String>) -> Option<Problem> {
    for (name, value) in config {
        loc.push(name.replace('\0', ""));
        let found = if name.contains('\0') { Some(nul(loc)) } else { bad_value(value, loc) };
        loc.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}

fn bad_value(value: &Value, loc: &mut Vec<String>) -> Option<Problem> {
    match value {
        Value::String(text) if text.contains('\0') => Some(nul(loc)),
        Value::Object(inner) => bad_text(inner, loc),
        Value::Array(list) => list.iter().enumerate().find_map(|(index, value)| {
            loc.push(index.to_string());
            let found = bad_value(value, loc);
            loc.pop();
            found
        }),
        _ => None,
    }
}

fn nul(loc: &[String]) -> Problem {
    let message = "Texts and names without NUL characters".to_owned();
    Problem { rule: "value_error".to_owned(), loc: loc.to_vec(), message }
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

/// Whether a schema has a secret where it is not recognised: [`masked`] follows `properties` and `items` alone.
pub fn hides_secrets(schema: &Value) -> bool {
    let Value::Object(schema) = schema else { return false };
    schema.iter().any(|(keyword, part)| match (keyword.as_str(), part) {
        ("properties", Value::Object(properties)) => properties.values().any(hides_secrets),
        ("items", Value::Object(_)) => hides_secrets(part),
        // Values and texts, no schemas.
        ("default" | "enum" | "const" | "examples", _) => false,
        _ => has_secret(part),
    })
}

fn has_secret(part: &Value) -> bool {
    match part {
        Value::Object(parts) => is_secret(part) || parts.values().any(has_secret),
        Value::Array(parts) => parts.iter().any(has_secret),
        _ => false,
    }
}

/// A configuration as it may be shown.
pub fn masked(schema: &Value, mut config: Values) -> Values {
    for (name, value) in &mut config {
        if let Some(property) = property(schema, name) {
            mask(property, value);
        }
    }
    config
}

fn mask(schema: &Value, value: &mut Value) {
    match value {
        Value::Null => {}
        value if is_secret(schema) => *value = HIDDEN.into(),
        Value::Object(inner) => *inner = masked(schema, std::mem::take(inner)),
        Value::Array(list) => {
            if let Some(items) = schema.get("items") {
                list.iter_mut().for_each(|item| mask(items, item));
            }
        }
        _ => {}
    }
}

fn property<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get("properties").and_then(|properties| properties.get(name))
}

/// Where a mask stands in a secret's place.
fn mask_in(schema: &Value, config: &Values) -> Option<Vec<String>> {
    config.iter().find_map(|(name, value)| {
        let found = mask_at(property(schema, name)?, value)?;
        Some([vec![name.clone()], found].concat())
    })
}

fn mask_at(schema: &Value, value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) if is_secret(schema) && text == HIDDEN => Some(Vec::new()),
        Value::Object(inner) => mask_in(schema, inner),
        Value::Array(list) => list.iter().enumerate().find_map(|(index, item)| {
            let found = mask_at(schema.get("items")?, item)?;
            Some([vec![index.to_string()], found].concat())
        }),
        _ => None,
    }
}

/// Puts back the secrets that a client was not shown and so cannot send: where the mask stands, what is stored at the same
/// place stays. Where nothing is stored, the mask stands for nothing.
pub fn restored(schema: &Value, mut given: Values, stored: &Values) -> Values {
    given.retain(|name, value| match property(schema, name) {
        Some(property) => restore(property, value, stored.get(name)),
        None => true,
    });
    given
}

/// False for a mask of nothing.
fn restore(schema: &Value, value: &mut Value, stored: Option<&Value>) -> bool {
    match value {
        Value::String(text) if is_secret(schema) && text == HIDDEN => match stored {
            Some(secret) => *value = secret.clone(),
            None => return false,
        },
        Value::Object(inner) => {
            let empty = Map::new();
            let before = stored.and_then(Value::as_object).unwrap_or(&empty);
            *inner = restored(schema, std::mem::take(inner), before);
        }
        Value::Array(list) => {
            let Some(items) = schema.get("items") else { return true };
            let before = stored.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            // In a list that became shorter a mask may stand for any of them: what is left of it is refused.
            if list.len() >= before.len() {
                for (item, before) in list.iter_mut().zip(before) {
                    restore(items, item, Some(before));
                }
            }
        }
        _ => {}
    }
    true
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
            (json!({"url": "x\0z"}), vec!["body", "config", "url"], "value_error"),
            (json!({"keys": ["a", "\0"]}), vec!["body", "config", "keys", "1"], "value_error"),
            (json!({"a\0b": 1}), vec!["body", "config", "ab"], "value_error"),
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
        assert_eq!((&back["token"], &back["login"]["pin"], &back["keys"]), (&json!("t"), &json!(7), &json!(["k"])));
        let longer = restored(&schema(), values(json!({"url": "xyz", "keys": [HIDDEN, "new"]})), &stored);
        assert_eq!(longer["keys"], json!(["k", "new"]));
        let two = values(json!({"keys": ["k", "l"]}));
        for (keys, stored, place) in [(json!(["new", HIDDEN]), &stored, "1"), (json!([HIDDEN]), &two, "0")] {
            let left = restored(&schema(), values(json!({"url": "xyz", "keys": keys})), stored);
            assert_eq!(check(&schema(), &left).unwrap_err().problems()[0].loc, ["body", "config", "keys", place]);
        }
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

    #[test]
    fn secrets_stand_where_they_are_recognised() {
        let secret = json!({"type": "string", "writeOnly": true});
        assert!(!hides_secrets(&schema()));
        assert!(!hides_secrets(&json!({"properties": {"a": {"default": {"writeOnly": true}}}})));
        for hiding in [
            json!({"additionalProperties": secret}),
            json!({"patternProperties": {"^k": secret}}),
            json!({"$defs": {"key": secret}, "properties": {"a": {"$ref": "#/$defs/key"}}}),
            json!({"properties": {"a": {"allOf": [secret]}}}),
            json!({"properties": {"a": {"oneOf": [{"properties": {"b": secret}}]}}}),
            json!({"properties": {"a": {"type": "array", "prefixItems": [secret]}}}),
        ] {
            assert!(hides_secrets(&hiding), "{hiding}");
        }
    }
}
