//! Property values: checked against the type and normalised. Pure; every problem names its field.

use rust_decimal::prelude::ToPrimitive;
use serde_json::{Map, Number, Value};

use super::model::ItemType;
use super::period::Period;
use super::schema;
use super::typed::{Refusal, end_of_period, item_number, of_type, refuse, unsigned_zero};
use crate::context::Ctx;
use crate::error::{Error, Problem, Result};

/// An item's properties, by name.
pub type Values = Map<String, Value>;

/// The longest name of a property that the type does not declare.
const MAX_NAME: usize = 100;
/// The most bytes of all values of one item, as JSON.
const MAX_BYTES: usize = 1 << 20;
/// How deep a JSON value may nest.
const MAX_DEPTH: usize = 32;

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

/// Fills in the defaults of an item that the caller makes now.
pub fn with_defaults(ctx: &Ctx, kind: &ItemType, values: Values) -> Result<Values> {
    let mut given = values;
    given.retain(|_, value| !value.is_null());
    for property in &kind.properties {
        let text = property.default_value.clone().map(Value::String);
        if !given.contains_key(&property.name)
            && let Some(default) = text.or_else(|| property.default_expression?.value(ctx))
        {
            let value = normalised(kind, &property.name, default)
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

/// What stored values must satisfy: every required property has one that says something, nothing ends before it begins, and
/// the schema of the type accepts them.
pub fn require_whole(kind: &ItemType, values: &Values) -> Result<()> {
    let missing =
        kind.properties.iter().filter(|property| property.is_required && is_blank(values.get(&property.name)));
    let problems: Vec<Problem> = missing
        .map(|property| Problem::new("missing", &["body", "properties", &property.name], "Field required"))
        .collect();
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    require_small(values)?;
    Period::of(kind, values).require_order(kind)?;
    schema::check(kind, values)
}

/// Every answer and every event that shows the item carries all of its values.
fn require_small(values: &Values) -> Result<()> {
    if weight(values) <= MAX_BYTES {
        return Ok(());
    }
    let largest = values.iter().max_by_key(|(_, value)| weight_of(value)).map_or("", |(name, _)| name.as_str());
    let message =
        format!("The properties of an item have at most {} KiB together; this is the largest", MAX_BYTES >> 10);
    Err(Error::invalid_field("value_error", &["body", "properties", largest], message))
}

/// About how many bytes values take as JSON.
pub(super) fn weight(values: &Values) -> usize {
    values.iter().map(|(name, value)| name.len() + 4 + weight_of(value)).sum::<usize>() + 2
}

fn weight_of(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 10,
        Value::String(text) => text.len() + 2,
        Value::Array(list) => list.iter().map(|value| weight_of(value) + 1).sum::<usize>() + 2,
        Value::Object(map) => weight(map),
    }
}

pub(super) fn is_blank(value: Option<&Value>) -> bool {
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

fn normalised(kind: &ItemType, name: &str, value: Value) -> Result<Value, Refusal> {
    let value = storable(value, 0)?;
    if value.is_null() {
        return Ok(value);
    }
    match kind.property(name) {
        Some(property) if kind.number_property.as_deref() == Some(name) => item_number(property, value),
        Some(property) if kind.period_properties.as_ref().is_some_and(|(_, to)| to == name) => {
            of_type(property, end_of_period(value))
        }
        Some(property) => of_type(property, value),
        None if !kind.accepts_undeclared => refuse("extra_forbidden", format!("{} has no property {name:?}", kind.id)),
        None if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) => {
            refuse("value_error", format!("A property name has 1 to {MAX_NAME} characters"))
        }
        None => Ok(value),
    }
}

/// What every database stores alike: no NUL character, no sign of zero, no thousand levels.
pub(super) fn storable(value: Value, depth: usize) -> Result<Value, Refusal> {
    let plain =
        |text: &str| if text.contains('\0') { refuse("value_error", "NUL characters are not allowed") } else { Ok(()) };
    if depth > MAX_DEPTH {
        return refuse("value_error", format!("Values nest at most {MAX_DEPTH} levels"));
    }
    match value {
        Value::String(text) => plain(&text).map(|()| Value::String(text)),
        Value::Number(number) if number.is_f64() => Ok(number.as_f64().map(unsigned_zero).into()),
        Value::Array(list) => list.into_iter().map(|value| storable(value, depth + 1)).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| plain(&key).and_then(|()| Ok((key, storable(value, depth + 1)?))))
            .collect(),
        other => Ok(other),
    }
}

/// The same values, however a database keeps their numbers.
pub(super) fn same_values(left: &Values, right: &Values) -> bool {
    left.len() == right.len()
        && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| same_value(value, other)))
}

/// The same in kind and in content; 2 and 2.0 are one number.
pub fn same_value(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (whole(left), whole(right)) {
            (None, None) => left.as_f64() == right.as_f64(),
            (left, right) => left == right,
        },
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_value(left, right))
        }
        (Value::Object(left), Value::Object(right)) => same_values(left, right),
        _ => left == right,
    }
}

fn whole(number: &Number) -> Option<i128> {
    let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    integer.or_else(|| number.as_f64().filter(|float| float.fract() == 0.0).and_then(|float| float.to_i128()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::meta::model::{DataType, Property};
    use serde_json::json;

    fn property(name: &str, data_type: DataType) -> Property {
        Property {
            name: name.into(),
            data_type,
            length: Some(8),
            is_required: name == "item_number",
            ..Property::default()
        }
    }

    fn part() -> ItemType {
        ItemType {
            id: "Part".into(),
            number_property: Some("item_number".into()),
            period_properties: Some(("at".into(), "until".into())),
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
                property("until", DataType::DateTime),
                property("when", DataType::Condition),
            ],
            ..ItemType::default()
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
            ("item_number", json!(" P-1\u{a0}"), json!("P-1")),
            ("anything", json!({"deep": [1]}), json!({"deep": [1]})),
            ("cost", json!(-0.0), json!(0.0)),
            ("cost", json!("-0"), json!(0.0)),
            ("at", json!("0001-01-01"), json!("0001-01-01T00:00:00Z")),
            ("at", json!("9999-12-31"), json!("9999-12-31T00:00:00Z")),
            ("when", json!({"option": "A", "value": 1}), json!({"option": "A", "value": 1})),
        ];
        for (name, given, expected) in table {
            let value = one(name, given.clone()).unwrap();
            assert_eq!(value.to_string(), expected.to_string(), "{name} {given}");
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
            ("at", json!("0000-12-31")),
            ("at", json!("+10000-01-01")),
            ("at", json!("-0001-01-01T00:00:00Z")),
            ("at", json!("9999-12-31T23:30:00-01:00")),
            ("due", json!("+10000-01-01")),
            ("due", json!("0000-01-01")),
            ("drawing", json!("no-uuid")),
            ("quantity", json!(0)),
            ("quantity", json!(-1)),
            ("quantity", json!("0.12345678901")),
            ("quantity", json!("1_000")),
            ("quantity", json!(9_007_199_254_740_993_i64)),
            ("quantity", json!("12345678901234567.5")),
            ("cost", json!("1_000")),
            ("uom", json!("")),
            ("item_number", json!("P\u{200b}1")),
            ("item_number", json!("P\t1")),
            ("when", json!("Red")),
            ("when", json!({"option": "A", "op": "like"})),
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
    fn an_item_is_no_larger_than_an_answer_can_bear() {
        let values =
            |size: usize| json!({"item_number": "P-1", "note": "x".repeat(size)}).as_object().cloned().unwrap();
        assert!(require_whole(&part(), &values(1000)).is_ok());
        let refused = require_whole(&part(), &values(1 << 20)).unwrap_err();
        assert_eq!(refused.problems()[0].loc, ["body", "properties", "note"]);
        let mut unbounded = part();
        unbounded.properties[0].length = None;
        let long: Values = [("item_number".to_owned(), json!("x".repeat(501)))].into_iter().collect();
        assert!(normalise(&unbounded, long).is_err(), "no index takes it");
    }

    #[test]
    fn null_removes_and_a_required_value_cannot_go() {
        let stored: Values =
            [("item_number".to_owned(), json!("P-1")), ("cost".to_owned(), json!(1.0))].into_iter().collect();
        let values = merged(&stored, [("cost".to_owned(), Value::Null)].into_iter().collect());
        assert!(!values.contains_key("cost"));
        let emptied = merged(&stored, [("item_number".to_owned(), Value::Null)].into_iter().collect());
        assert!(require_whole(&part(), &emptied).is_err());
    }

    #[test]
    fn nothing_ends_before_it_begins() {
        let values = |at: &str, until: &str| {
            let given = json!({"item_number": "P-1", "at": at, "until": until});
            normalise(&part(), given.as_object().cloned().unwrap()).unwrap()
        };
        assert!(require_whole(&part(), &values("2026-01-01", "2026-01-01")).is_ok());
        let backwards = require_whole(&part(), &values("2026-01-02", "2026-01-01")).unwrap_err();
        assert_eq!(backwards.problems()[0].loc, ["body", "properties", "until"]);
    }

    #[test]
    fn values_are_the_same_in_kind_and_content() {
        let table = [
            (json!(2), json!(2.0), true),
            (json!(1e17), json!(100_000_000_000_000_000_i64), true),
            (json!(9_007_199_254_740_993_i64), json!(9_007_199_254_740_992.0), false),
            (json!(u64::MAX), json!(u64::MAX - 1), false),
            (json!(1.5), json!(1.25), false),
            (json!(1), json!(true), false),
            (json!(1), json!("1"), false),
            (json!([1, {"a": 2.0}]), json!([1.0, {"a": 2}]), true),
            (json!([1]), json!([1, 2]), false),
            (json!({}), json!({"a": 1}), false),
            (json!(null), json!("null"), false),
        ];
        for (left, right, expected) in table {
            assert_eq!(same_value(&left, &right), expected, "{left} {right}");
            assert_eq!(same_value(&right, &left), expected, "{right} {left}");
        }
    }
}
