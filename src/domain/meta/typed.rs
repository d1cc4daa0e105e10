//! Single values in the form of their data type. Pure.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Number, Value};
use uuid::Uuid;

use super::model::{DataType, Property};
use crate::error::Error;
use crate::types::text::hidden_in_identity;
use crate::types::{Condition, Quantity, quantity};

/// The most characters of a unit of measure.
const MAX_UNIT: usize = 16;

/// The most characters of an item's number: a longer text does not fit into an index of every engine.
const MAX_NUMBER: usize = 500;

/// The rule that a value breaks, and what is expected, for a person.
pub(super) type Refusal = (&'static str, String);

pub(super) fn refuse<T>(rule: &'static str, message: impl Into<String>) -> Result<T, Refusal> {
    Err((rule, message.into()))
}

/// The value as its property keeps it.
pub(super) fn of_type(property: &Property, value: Value) -> Result<Value, Refusal> {
    match property.data_type {
        DataType::String | DataType::Text => text(property, value),
        DataType::Integer => integer(&value),
        DataType::Float => float(&value),
        DataType::Boolean => boolean(&value),
        DataType::Date => date(&value),
        DataType::DateTime => moment(&value),
        DataType::Item => item(&value),
        DataType::List | DataType::Json => Ok(value),
        DataType::Quantity => quantity(property, &value),
        DataType::Unit => unit(&value),
        DataType::Condition => condition(value),
    }
}

/// A number of an item: two that differ in what nobody sees would be two items.
pub(super) fn item_number(property: &Property, value: Value) -> Result<Value, Refusal> {
    let trimmed = match value {
        Value::String(text) => text.trim().into(),
        other => other,
    };
    let number = of_type(property, trimmed)?;
    if number.as_str().is_some_and(|number| number.chars().count() > MAX_NUMBER) {
        return refuse("string_too_long", format!("At most {MAX_NUMBER} characters"));
    }
    match number.as_str().and_then(hidden_in_identity) {
        Some(hidden) => refuse("value_error", format!("Holds the invisible character U+{:04X}", u32::from(hidden))),
        None => Ok(number),
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
    match number.map(unsigned_zero).and_then(Number::from_f64) {
        Some(number) => Ok(Value::Number(number)),
        None => refuse("float_type", "Expected a number"),
    }
}

/// Not every database keeps the sign of zero.
pub(super) fn unsigned_zero(number: f64) -> f64 {
    number + 0.0
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
    day.filter(|day| is_year(day.year()))
        .map_or_else(|| refuse("date_type", "Expected a date: 2026-11-24"), |day| Ok(day.to_string().into()))
}

fn moment(value: &Value) -> Result<Value, Refusal> {
    match value.as_str().and_then(parse_moment) {
        Some(moment) => Ok(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()),
        None => refuse("datetime_type", "Expected a time: 2026-11-24T08:00:00Z"),
    }
}

/// A moment of a query string, where an unescaped `+` of an offset arrives as a blank. Fails with `Invalid` on the parameter.
pub fn query_moment(parameter: &str, text: &str) -> crate::error::Result<DateTime<Utc>> {
    let text = text.trim().replace(' ', "+");
    let moment = parse_moment(&text).or_else(|| parse_moment(&text.replacen('+', " ", 1)));
    let message = "Expected a time: 2026-11-24T08:00:00Z";
    moment.ok_or_else(|| Error::invalid_field("datetime_type", &["query", parameter], message))
}

/// Reads ISO 8601, years 1 to 9999; without an offset it is UTC, a date alone is its first moment.
pub fn parse_moment(text: &str) -> Option<DateTime<Utc>> {
    read_moment(text.trim()).filter(|moment| is_year(moment.year()))
}

/// The end of a period, which is included: as [`parse_moment`], but a date alone is its last moment.
pub fn parse_end(text: &str) -> Option<DateTime<Utc>> {
    let day = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok();
    match day.and_then(|day| day.and_hms_micro_opt(23, 59, 59, 999_999)) {
        Some(last) => Some(last.and_utc()).filter(|moment| is_year(moment.year())),
        None => parse_moment(text),
    }
}

/// The same of a value; what is no text is left for the type to refuse.
pub(super) fn end_of_period(value: Value) -> Value {
    match value.as_str().and_then(parse_end) {
        Some(end) => end.to_rfc3339_opts(SecondsFormat::AutoSi, true).into(),
        None => value,
    }
}

/// Later years are written with a sign, and no database reads them all.
fn is_year(year: i32) -> bool {
    (1..=9999).contains(&year)
}

fn read_moment(text: &str) -> Option<DateTime<Utc>> {
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

/// Positive, unless the property's bounds let there be none.
fn quantity(property: &Property, value: &Value) -> Result<Value, Refusal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return refuse("float_type", "Expected a number"),
    };
    let fitting = if property.allows_zero() { Quantity::not_negative } else { Quantity::positive };
    let quantity = quantity::read(&text).and_then(fitting).map_err(|message| ("value_error", message))?;
    match quantity.exact_float().and_then(Number::from_f64) {
        Some(number) => Ok(Value::Number(number)),
        None => refuse("value_error", format!("{quantity} has more digits than can be kept exactly")),
    }
}

fn unit(value: &Value) -> Result<Value, Refusal> {
    let unit = value.as_str().map(|text| text.trim().to_uppercase()).unwrap_or_default();
    if unit.is_empty() || unit.chars().count() > MAX_UNIT || unit.chars().any(char::is_control) {
        return refuse("value_error", format!("A unit has 1 to {MAX_UNIT} characters, such as EA, KG or M"));
    }
    Ok(unit.into())
}

fn condition(value: Value) -> Result<Value, Refusal> {
    Condition::read(&value).map_err(|message| ("value_error", message))?;
    Ok(value)
}
