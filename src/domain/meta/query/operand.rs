//! Values that are compared with, read as their field keeps its own: `"5"` is a number where the field has numbers. Pure.

use chrono::{NaiveDate, SecondsFormat, SubsecRound};
use serde_json::{Number, Value};
use uuid::Uuid;

use super::filter::{Field, Kind, Operand};
use crate::domain::meta::typed::parse_moment;

/// The rule that a value breaks, and what is expected, for a person.
pub type Refusal = (&'static str, String);

/// Never null: what is missing is tested for by itself.
pub fn read(field: &Field, value: &Value) -> Result<Operand, Refusal> {
    let refuse = |rule, message: &str| Err((rule, message.to_owned()));
    if holds_nul(value) {
        return refuse("value_error", "NUL characters are not allowed");
    }
    let json = |value: Value| Ok(Operand::Json(value));
    match field.kind() {
        Kind::Free => json(value.clone()),
        Kind::Text => text(value).map_or_else(|| refuse("string_type", "Expected a text"), |text| json(text.into())),
        Kind::Number => {
            text(value).map_or_else(|| refuse("string_type", "Expected a text"), |text| json(text.trim().into()))
        }
        Kind::Unit => match value.as_str() {
            Some(unit) => json(unit.trim().to_uppercase().into()),
            None => refuse("string_type", "Expected a unit, such as EA"),
        },
        Kind::Decimal => match decimal(value) {
            Some(number) => json(number.into()),
            None => refuse("float_type", "Expected a number"),
        },
        Kind::Whole => match decimal(value).and_then(|number| number.as_i64()) {
            Some(number) => json(number.into()),
            None => refuse("int_type", "Expected a whole number"),
        },
        Kind::Flag => match (value, value.as_str().map(str::to_ascii_lowercase).as_deref()) {
            (Value::Bool(_), _) => json(value.clone()),
            (_, Some("true")) => json(true.into()),
            (_, Some("false")) => json(false.into()),
            _ => refuse("bool_type", "Expected true or false"),
        },
        Kind::Date => match value.as_str().and_then(|text| NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok()) {
            Some(day) => json(day.to_string().into()),
            None => refuse("date_type", "Expected a date: 2026-11-24"),
        },
        Kind::Moment => match (value.as_str().and_then(parse_moment), field) {
            (Some(moment), Field::Column(_)) => Ok(Operand::Moment(moment.trunc_subsecs(6))),
            (Some(moment), Field::Property(..)) => json(moment.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()),
            (None, _) => refuse("datetime_type", "Expected a time: 2026-11-24T08:00:00Z"),
        },
        Kind::Id => match (value.as_str().and_then(|text| Uuid::parse_str(text.trim()).ok()), field) {
            (Some(id), Field::Column(_)) => Ok(Operand::Id(id)),
            (Some(id), Field::Property(..)) => json(id.to_string().into()),
            (None, _) => refuse("uuid_type", "Expected the id of an item"),
        },
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn decimal(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => {
            let text = text.trim();
            let whole = text.parse::<i64>().ok().map(Number::from);
            whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
        }
        _ => None,
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        _ => false,
    }
}
