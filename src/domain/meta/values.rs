//! Property values: checked against the type and normalised. Pure; every problem names its field.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Number, Value};
use uuid::Uuid;

use super::model::{DataType, ItemType, Property};
use crate::error::{Error, Problem, Result};
use crate::types::Quantity;

/// An item's properties, by name.
pub type Values = Map<String, Value>;

/// The longest name of a property that the type does not declare.
const MAX_NAME: usize = 100;
/// How deep a JSON value may nest.
const MAX_DEPTH: usize = 32;
/// The most characters of a unit of measure.
const MAX_UNIT: usize = 16;

/// Checks the given values of a type and brings them into their stored form. `null` stays, and means "remove".
pub fn normalise(kind: &ItemType, given: Values) -> Result<Values> {
    let mut problems = Vec::new();
    let mut values = Values::new();
    for (name, value) in given {
        match normalised(kind, &name, value) {
            Ok(value) => {
                values.insert(name, value);
            }
            Err((rule, message)) => problems.push(Problem::new(rule, &["body", "properties", &name], message)),
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(Error::invalid(problems)) }
}

/// Fills in the defaults of a new item.
pub fn with_defaults(kind: &ItemType, values: Values) -> Result<Values> {
    let mut given = values;
    given.retain(|_, value| !value.is_null());
    for property in &kind.properties {
        if let Some(default) = &property.default_value
            && !given.contains_key(&property.name)
        {
            let value = normalised(kind, &property.name, Value::String(default.clone()))
                .map_err(|(_, message)| Error::internal(format!("Bad default of {}: {message}", property.name)))?;
            given.insert(property.name.clone(), value);
        }
    }
    Ok(given)
}

/// Merges a change into stored values; `null` removes.
pub fn merged(stored: &Values, change: Values) -> Values {
    let mut values = stored.clone();
    for (name, value) in change {
        if value.is_null() {
            values.remove(&name);
        } else {
            values.insert(name, value);
        }
    }
    values
}

/// Every required property has a value. `drawn` is the number property, which the sequence fills.
pub fn require_complete(kind: &ItemType, values: &Values) -> Result<()> {
    let missing =
        kind.properties.iter().filter(|property| property.is_required && is_blank(values.get(&property.name)));
    let problems: Vec<Problem> = missing
        .map(|property| Problem::new("missing", &["body", "properties", &property.name], "Field required"))
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    }
}

/// A scalar as it reads: for keys, numbers and comparisons.
pub fn text_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

type Refusal = (&'static str, String);

fn refuse<T>(rule: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err((rule, message.into()))
}

fn normalised(kind: &ItemType, name: &str, value: Value) -> Result<Value, Refusal> {
    storable(&value, 0)?;
    if value.is_null() {
        return Ok(value);
    }
    match kind.property(name) {
        Some(property) => of_type(property, value),
        None if !kind.accepts_undeclared => refuse("extra_forbidden", format!("{} has no property {name:?}", kind.id)),
        None if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) => {
            refuse("value_error", format!("A property name has 1 to {MAX_NAME} characters"))
        }
        None => Ok(value),
    }
}

/// No database stores a NUL character in JSON alike, and no reader wants a thousand levels.
fn storable(value: &Value, depth: usize) -> Result<(), Refusal> {
    let plain =
        |text: &str| if text.contains('\0') { refuse("value_error", "NUL characters are not allowed") } else { Ok(()) };
    if depth > MAX_DEPTH {
        return refuse("value_error", format!("Values nest at most {MAX_DEPTH} levels"));
    }
    match value {
        Value::String(text) => plain(text),
        Value::Array(list) => list.iter().try_for_each(|value| storable(value, depth + 1)),
        Value::Object(map) => {
            map.iter().try_for_each(|(key, value)| plain(key).and_then(|()| storable(value, depth + 1)))
        }
        _ => Ok(()),
    }
}

fn of_type(property: &Property, value: Value) -> Result<Value, Refusal> {
    match property.data_type {
        DataType::String | DataType::Text => text(property, value),
        DataType::Integer => integer(&value),
        DataType::Float => float(&value),
        DataType::Boolean => boolean(&value),
        DataType::Date => date(&value),
        DataType::DateTime => moment(&value),
        DataType::Item => item(&value),
        DataType::List | DataType::Json => Ok(value),
        DataType::Quantity => quantity(&value),
        DataType::Unit => unit(&value),
    }
}

fn text(property: &Property, value: Value) -> Result<Value, Refusal> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return refuse("string_type", "Expected a text"),
    };
    match property.length {
        Some(most) if text.chars().count() > most => refuse("string_too_long", format!("At most {most} characters")),
        _ => Ok(Value::String(text)),
    }
}

fn integer(value: &Value) -> Result<Value, Refusal> {
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.map_or_else(|| refuse("int_type", "Expected a whole number"), |number| Ok(number.into()))
}

fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0).then(|| number.to_i64()).flatten()
}

fn float(value: &Value) -> Result<Value, Refusal> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match number.and_then(Number::from_f64) {
        Some(number) => Ok(Value::Number(number)),
        None => refuse("float_type", "Expected a number"),
    }
}

fn boolean(value: &Value) -> Result<Value, Refusal> {
    match value {
        Value::Bool(_) => Ok(value.clone()),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
        _ => refuse("bool_type", "Expected true or false"),
    }
}

fn date(value: &Value) -> Result<Value, Refusal> {
    let day = value.as_str().and_then(|text| NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok());
    day.map_or_else(|| refuse("date_type", "Expected a date: 2026-11-24"), |day| Ok(day.to_string().into()))
}

fn moment(value: &Value) -> Result<Value, Refusal> {
    match value.as_str().and_then(parse_moment) {
        Some(moment) => Ok(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()),
        None => refuse("datetime_type", "Expected a time: 2026-11-24T08:00:00Z"),
    }
}

/// Reads ISO 8601; without an offset it is UTC, a date alone is its first moment.
pub fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    local.or_else(day).map(|moment| moment.and_utc())
}

fn item(value: &Value) -> Result<Value, Refusal> {
    match value.as_str().and_then(|text| Uuid::parse_str(text.trim()).ok()) {
        Some(id) => Ok(id.to_string().into()),
        None => refuse("uuid_type", "Expected the id of an item"),
    }
}

fn quantity(value: &Value) -> Result<Value, Refusal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return refuse("float_type", "Expected a number"),
    };
    let quantity: Quantity = text.parse().map_err(|message| ("value_error", message))?;
    match quantity.decimal().to_f64().and_then(Number::from_f64) {
        Some(number) => Ok(Value::Number(number)),
        None => refuse("value_error", "The quantity is too large"),
    }
}

fn unit(value: &Value) -> Result<Value, Refusal> {
    let unit = value.as_str().map(|text| text.trim().to_uppercase()).unwrap_or_default();
    if unit.is_empty() || unit.chars().count() > MAX_UNIT || unit.chars().any(char::is_control) {
        return refuse("value_error", format!("A unit has 1 to {MAX_UNIT} characters, such as EA, KG or M"));
    }
    Ok(unit.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn property(name: &str, data_type: DataType) -> Property {
        Property {
            id: Uuid::nil(),
            name: name.into(),
            label: name.into(),
            data_type,
            length: Some(8),
            is_required: name == "item_number",
            default_value: None,
        }
    }

    fn part() -> ItemType {
        ItemType {
            id: "Part".into(),
            label: "Part".into(),
            is_relationship: false,
            is_versionable: true,
            permission_id: None,
            lifecycle_map_id: None,
            source_type: None,
            related_type: None,
            number_property: Some("item_number".into()),
            key_properties: None,
            is_acyclic: false,
            accepts_undeclared: true,
            properties: vec![
                property("item_number", DataType::String),
                property("cost", DataType::Float),
                property("count", DataType::Integer),
                property("critical", DataType::Boolean),
                property("due", DataType::Date),
                property("at", DataType::DateTime),
                property("drawing", DataType::Item),
                property("quantity", DataType::Quantity),
                property("uom", DataType::Unit),
            ],
        }
    }

    fn one(name: &str, value: Value) -> Result<Value> {
        let mut given = Values::new();
        given.insert(name.into(), value);
        Ok(normalise(&part(), given)?.remove(name).unwrap())
    }

    #[test]
    fn values_are_brought_into_the_form_of_their_type() {
        let table = [
            ("cost", json!("2.5"), json!(2.5)),
            ("cost", json!(2), json!(2.0)),
            ("count", json!("7"), json!(7)),
            ("count", json!(7.0), json!(7)),
            ("critical", json!("TRUE"), json!(true)),
            ("due", json!("2026-11-24"), json!("2026-11-24")),
            ("at", json!("2026-11-24T09:00:00+01:00"), json!("2026-11-24T08:00:00Z")),
            ("at", json!("2026-11-24"), json!("2026-11-24T00:00:00Z")),
            ("quantity", json!("2"), json!(2.0)),
            ("quantity", json!(0.1), json!(0.1)),
            ("uom", json!(" kg "), json!("KG")),
            ("item_number", json!(42), json!("42")),
            ("item_number", json!("料号-1"), json!("料号-1")),
            ("anything", json!({"deep": [1]}), json!({"deep": [1]})),
        ];
        for (name, given, expected) in table {
            assert_eq!(one(name, given.clone()).unwrap(), expected, "{name} {given}");
        }
    }

    #[test]
    fn values_that_do_not_fit_are_refused_by_field() {
        let table = [
            ("cost", json!("cheap")),
            ("cost", json!("NaN")),
            ("cost", json!([1])),
            ("count", json!(1.5)),
            ("critical", json!("yes")),
            ("due", json!("24.11.2026")),
            ("at", json!("soon")),
            ("drawing", json!("no-uuid")),
            ("quantity", json!(0)),
            ("quantity", json!(-1)),
            ("quantity", json!("0.12345678901")),
            ("uom", json!("")),
            ("item_number", json!("123456789")),
            ("note", json!("a\0b")),
            ("note", json!({"a\0b": 1})),
        ];
        for (name, given) in table {
            let error = one(name, given.clone()).expect_err(name);
            assert_eq!(error.problems()[0].loc, ["body", "properties", name], "{given}");
        }
    }

    #[test]
    fn an_undeclared_property_follows_the_policy_of_the_type() {
        let mut closed = part();
        closed.accepts_undeclared = false;
        let given: Values = [("colour".to_owned(), json!("red"))].into_iter().collect();
        assert!(normalise(&closed, given.clone()).is_err());
        assert!(normalise(&part(), given).is_ok());
    }

    #[test]
    fn null_removes_and_a_required_value_cannot_go() {
        let stored: Values =
            [("item_number".to_owned(), json!("P-1")), ("cost".to_owned(), json!(1.0))].into_iter().collect();
        let values = merged(&stored, [("cost".to_owned(), Value::Null)].into_iter().collect());
        assert!(!values.contains_key("cost"));
        let emptied = merged(&stored, [("item_number".to_owned(), Value::Null)].into_iter().collect());
        assert!(require_complete(&part(), &emptied).is_err());
    }
}
