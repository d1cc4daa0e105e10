//! Configuration conditions: for which options a line holds. Pure.
//!
//! `{"option": "Color", "value": "Red"}`, with an `op` (eq, ne, gt, gte, lt, lte, in, not_in, contains), and `all`, `any`,
//! `not` to combine them. An option that is not selected decides nothing: the line stays.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The options chosen for a product.
pub type Selections = Map<String, Value>;

/// How deep conditions nest.
const MAX_DEPTH: usize = 16;

/// Whether a line with this condition belongs to the selected configuration.
pub fn holds(condition: &Value, selections: &Selections) -> bool {
    evaluate(condition, selections).unwrap_or(true)
}

/// None when the condition speaks only of options that are not selected.
fn evaluate(condition: &Value, selections: &Selections) -> Option<bool> {
    let Value::Object(condition) = condition else { return None };
    if let Some(Value::Array(parts)) = condition.get("all") {
        return combine(parts, selections, false);
    }
    if let Some(Value::Array(parts)) = condition.get("any") {
        return combine(parts, selections, true);
    }
    if let Some(part) = condition.get("not") {
        return evaluate(part, selections).map(|held| !held);
    }
    let selected = selections.get(condition.get("option")?.as_str()?)?;
    let op = condition.get("op").and_then(Value::as_str).unwrap_or("eq");
    Some(compare(op, selected, condition.get("value").unwrap_or(&Value::Null)))
}

/// The verdict of those parts that decide: one `decisive` settles it.
fn combine(parts: &[Value], selections: &Selections, decisive: bool) -> Option<bool> {
    let mut verdicts = parts.iter().filter_map(|part| evaluate(part, selections)).peekable();
    verdicts.peek()?;
    Some(if verdicts.any(|held| held == decisive) { decisive } else { !decisive })
}

fn compare(op: &str, selected: &Value, wanted: &Value) -> bool {
    // An option with several values chosen holds when one of them does; `ne` and `not_in` when none fails.
    if let Value::Array(chosen) = selected {
        return match op {
            "ne" | "not_in" => chosen.iter().all(|one| compare(op, one, wanted)),
            _ => chosen.iter().any(|one| compare(op, one, wanted)),
        };
    }
    let listed = |one: &Value| wanted.as_array().is_some_and(|list| list.iter().any(|value| equal(one, value)));
    match op {
        "ne" => !equal(selected, wanted),
        "in" => listed(selected),
        "not_in" => !listed(selected),
        "contains" => text(selected).contains(&text(wanted)),
        "gt" => order(selected, wanted) == Some(Ordering::Greater),
        "gte" => matches!(order(selected, wanted), Some(Ordering::Greater | Ordering::Equal)),
        "lt" => order(selected, wanted) == Some(Ordering::Less),
        "lte" => matches!(order(selected, wanted), Some(Ordering::Less | Ordering::Equal)),
        _ => equal(selected, wanted),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `"220"` and `220` are the same voltage.
fn equal(left: &Value, right: &Value) -> bool {
    left == right || order(left, right) == Some(Ordering::Equal)
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => Some(text(left).cmp(&text(right))),
    }
}

const OPERATORS: [&str; 9] = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "contains"];

/// Refuses what would never be understood when it is stored.
pub fn check(condition: &Value) -> Result<()> {
    check_at(condition, 0)
        .map_err(|message| Error::invalid_field("value_error", &["body", "config_condition"], message))
}

fn check_at(condition: &Value, depth: usize) -> Result<(), String> {
    let Value::Object(map) = condition else {
        return Err("A condition is an object such as {\"option\": \"Color\", \"value\": \"Red\"}".to_owned());
    };
    if depth > MAX_DEPTH {
        return Err(format!("Conditions nest at most {MAX_DEPTH} levels"));
    }
    for key in ["all", "any"] {
        if let Some(parts) = map.get(key) {
            let parts = parts.as_array().ok_or_else(|| format!("{key} takes a list of conditions"))?;
            return parts.iter().try_for_each(|part| check_at(part, depth + 1));
        }
    }
    if let Some(part) = map.get("not") {
        return check_at(part, depth + 1);
    }
    if !map.get("option").is_some_and(Value::is_string) {
        return Err("A condition names an option, or combines others by all, any or not".to_owned());
    }
    match map.get("op") {
        None => Ok(()),
        Some(op) if op.as_str().is_some_and(|op| OPERATORS.contains(&op)) => Ok(()),
        Some(op) => Err(format!("{op} is no operator; use one of {}", OPERATORS.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_holds_for_the_options_its_condition_names() {
        let chosen: Selections = serde_json::from_value(json!({
            "Color": "Red", "Voltage": "220", "Features": ["Cooling", "Fast"],
        }))
        .unwrap();
        let table = [
            (json!({"option": "Color", "value": "Red"}), true),
            (json!({"option": "Color", "value": "Blue"}), false),
            (json!({"option": "Color", "op": "ne", "value": "Blue"}), true),
            (json!({"option": "Voltage", "op": "gte", "value": 200}), true),
            (json!({"option": "Voltage", "op": "lt", "value": 110}), false),
            (json!({"option": "Voltage", "value": 220}), true),
            (json!({"option": "Features", "value": "Fast"}), true),
            (json!({"option": "Features", "op": "not_in", "value": ["Fast"]}), false),
            (json!({"option": "Color", "op": "in", "value": ["Blue", "Red"]}), true),
            (json!({"option": "Never chosen", "value": 1}), true),
            (json!({"not": {"option": "Color", "value": "Red"}}), false),
            (
                json!({"all": [{"option": "Color", "value": "Red"}, {"option": "Voltage", "op": "lt", "value": 110}]}),
                false,
            ),
            (json!({"any": [{"option": "Color", "value": "Blue"}, {"option": "Voltage", "value": 220}]}), true),
            (json!({"all": [{"option": "Never chosen", "value": 1}]}), true),
        ];
        for (condition, expected) in table {
            check(&condition).unwrap();
            assert_eq!(holds(&condition, &chosen), expected, "{condition}");
        }
    }

    #[test]
    fn what_would_never_be_understood_is_refused() {
        for bad in
            [json!("Red"), json!({}), json!({"option": 1}), json!({"option": "A", "op": "like"}), json!({"all": {}})]
        {
            assert!(check(&bad).is_err(), "{bad}");
        }
    }
}
