//! The JSON Schema of an item type: what clients are told, and what stored values are checked against. Generated from the
//! type alone. Pure.
//!
//! It describes values in their stored form. What it cannot say — the ten places of a quantity, the grammar of a condition —
//! is checked while they are brought into that form (`typed`).

use std::fmt;
use std::sync::{Arc, OnceLock};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value, json};

use super::item_type::{DataType, ItemType, Property};
use super::typed::of_type;
use super::values::Values;
use crate::error::{Error, Problem, Result};

/// Bytes that the compiled form of a pattern may take.
const PATTERN_BYTES: usize = 1 << 20;

/// The schema of a type's stored values.
pub fn json_schema(kind: &ItemType) -> Value {
    let properties: Map<String, Value> =
        kind.properties.iter().map(|property| (property.name.clone(), property_schema(property))).collect();
    let required: Vec<&str> =
        kind.properties.iter().filter(|property| property.is_required).map(|property| property.name.as_str()).collect();
    let mut schema = json!({ "type": "object", "title": kind.label, "properties": properties, "required": required });
    if let Some(description) = &kind.description {
        schema["description"] = description.as_str().into();
    }
    if !kind.accepts_undeclared {
        schema["additionalProperties"] = false.into();
    }
    schema
}

fn property_schema(property: &Property) -> Value {
    let mut schema = Map::new();
    for (keyword, value) in shape(property) {
        schema.insert(keyword.to_owned(), value);
    }
    schema.insert("title".to_owned(), property.label.as_str().into());
    schema.insert("ui_type".to_owned(), property.ui_type.as_str().into());
    let default = property.default_value.clone().map(Value::from);
    let default = default.map(|text| of_type(property, text.clone()).unwrap_or(text));
    schema.insert("default".to_owned(), default.unwrap_or_default());
    Value::Object(schema)
}

/// The keywords that say which values a property takes.
fn shape(property: &Property) -> Vec<(&'static str, Value)> {
    let mut keywords = match property.data_type {
        DataType::String | DataType::Text => text_shape(property),
        DataType::Integer => vec![("type", "integer".into())],
        DataType::Float => vec![("type", "number".into())],
        DataType::Quantity if property.allows_zero() => vec![("type", "number".into())],
        DataType::Quantity => vec![("type", "number".into()), ("exclusiveMinimum", 0.into())],
        DataType::Boolean => vec![("type", "boolean".into())],
        DataType::Date => vec![("type", "string".into()), ("format", "date".into())],
        DataType::DateTime => vec![("type", "string".into()), ("format", "date-time".into())],
        DataType::Item => vec![("type", "string".into()), ("format", "uuid".into())],
        DataType::Unit => vec![("type", "string".into()), ("minLength", 1.into())],
        DataType::List | DataType::Json | DataType::Condition => Vec::new(),
    };
    if property.data_type.is_number() {
        let bounds = [("minimum", property.minimum), ("maximum", property.maximum)];
        keywords.extend(bounds.into_iter().filter_map(|(keyword, bound)| Some((keyword, number(bound?)))));
    }
    if let Some(choices) = &property.choices {
        keywords.push(match property.data_type {
            // One of them, or several.
            DataType::List => (
                "anyOf",
                json!([{ "enum": choices }, { "type": "array", "items": { "enum": choices }, "uniqueItems": true }]),
            ),
            _ => ("enum", choices.clone().into()),
        });
    }
    keywords
}

fn text_shape(property: &Property) -> Vec<(&'static str, Value)> {
    let mut keywords = vec![("type", "string".into())];
    keywords.extend(property.length.map(|length| ("maxLength", length.into())));
    keywords.extend(property.pattern.as_ref().map(|pattern| ("pattern", whole(pattern).into())));
    keywords
}

/// A schema's pattern is looked for anywhere in a text; a property's is for the whole of it.
fn whole(pattern: &str) -> String {
    format!("^(?:{pattern})$")
}

/// 2 rather than 2.0.
fn number(bound: f64) -> Value {
    use rust_decimal::prelude::ToPrimitive;
    match bound.to_i64() {
        Some(integer) if bound.fract() == 0.0 => integer.into(),
        _ => bound.into(),
    }
}

/// Whether a pattern can be used; else why not, for a person.
pub(super) fn check_pattern(pattern: &str) -> Result<(), String> {
    let compile = |pattern: &str| regex::RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).build();
    let too_large = || "The pattern takes too much memory; use smaller repetitions".to_owned();
    let reason = |error: regex::Error| match error {
        regex::Error::CompiledTooBig(_) => too_large(),
        // The last line says what is wrong; those before it draw where.
        other => other.to_string().lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned(),
    };
    compile(pattern).and_then(|_| compile(&whole(pattern))).map_err(reason)?;
    compiled(&json!({ "pattern": whole(pattern) })).map(|_| ()).map_err(|_| too_large())
}

/// The schema of a type, compiled when it is first needed and kept with the type for as long as that is remembered.
#[derive(Clone, Default)]
pub struct Rules(Arc<OnceLock<Option<Validator>>>);

impl fmt::Debug for Rules {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Rules")
    }
}

/// They follow from the type that they are part of.
impl PartialEq for Rules {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

fn compiled(schema: &Value) -> Result<Validator, ValidationError<'static>> {
    let stored = |data_type: DataType| {
        let property = Property { data_type, ..Property::default() };
        move |text: &str| of_type(&property, text.into()).is_ok_and(|value| value == text)
    };
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES))
        .should_validate_formats(true)
        .with_format("date", stored(DataType::Date))
        .with_format("date-time", stored(DataType::DateTime))
        .with_format("uuid", stored(DataType::Item))
        .build(schema)
}

/// Checks values in their stored form against the schema of their type.
pub(super) fn check(kind: &ItemType, values: &Values) -> Result<()> {
    let rules = kind.rules.0.get_or_init(|| match compiled(&json_schema(kind)) {
        Ok(validator) => Some(validator),
        Err(error) => {
            tracing::error!(item_type = kind.id, %error, "the schema of a type cannot be used");
            None
        }
    });
    let Some(rules) = rules else {
        return Err(Error::internal(format!("The schema of {} cannot be used", kind.id)));
    };
    let values = Value::Object(values.clone());
    if rules.is_valid(&values) {
        return Ok(());
    }
    Err(Error::invalid(rules.iter_errors(&values).flat_map(|error| problems(kind, &error)).collect()))
}

fn problems(kind: &ItemType, error: &ValidationError<'_>) -> Vec<Problem> {
    let at = |name: &str, rule: &str, message: String| Problem::new(rule, &["body", "properties", name], message);
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            vec![at(property.as_str().unwrap_or_default(), "missing", "Field required".to_owned())]
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| at(name, "extra_forbidden", format!("{} has no property {name:?}", kind.id)))
            .collect(),
        other => {
            let path = error.instance_path().as_str().trim_start_matches('/');
            let name = path.split('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
            let (rule, message) = broken(kind.property(&name), other);
            vec![at(&name, rule, message)]
        }
    }
}

fn broken(property: Option<&Property>, kind: &ValidationErrorKind) -> (&'static str, String) {
    use ValidationErrorKind as Broken;
    match kind {
        Broken::MaxLength { limit } => ("string_too_long", format!("At most {limit} characters")),
        Broken::Pattern { .. } => {
            let pattern = property.and_then(|property| property.pattern.as_deref()).unwrap_or_default();
            ("string_pattern_mismatch", format!("It does not match the pattern {pattern}"))
        }
        Broken::Enum { .. } | Broken::AnyOf { .. } => {
            let choices = property.and_then(|property| property.choices.as_deref()).unwrap_or_default();
            ("enum", format!("Choose one of: {}", listed(choices)))
        }
        Broken::Minimum { limit } => ("greater_than_equal", format!("At least {limit}")),
        Broken::ExclusiveMinimum { limit } => ("greater_than", format!("More than {limit}")),
        Broken::Maximum { limit } => ("less_than_equal", format!("At most {limit}")),
        _ => {
            let expected = property.map_or("a value of its type", |property| property.data_type.as_str());
            ("value_error", format!("Expected {expected}"))
        }
    }
}

/// So many choices are named; a long list helps nobody.
const MOST_LISTED: usize = 20;

fn listed(choices: &[Value]) -> String {
    let named: Vec<String> = choices.iter().take(MOST_LISTED).map(super::values::text_value).collect();
    let more = if choices.len() > MOST_LISTED { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
