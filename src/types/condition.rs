//! Configuration conditions: for which options something holds.
//!
//! `{"option": "Color", "value": "Red"}`, with an `op` (eq, ne, gt, gte, lt, lte, in, not_in, contains), and `all`, `any`,
//! `not` to combine them. An option that is not selected decides nothing. Here is no word of what a condition stands on.

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// The options chosen for a product.
pub type Selections = Map<String, Value>;

/// How deep conditions nest.
const MAX_DEPTH: usize = 16;

/// A condition that has been understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Option { name: String, operator: Operator, value: Value },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    In,
    NotIn,
    Contains,
}

const OPERATORS: [(&str, Operator); 9] = [
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("gt", Operator::Gt),
    ("gte", Operator::Gte),
    ("lt", Operator::Lt),
    ("lte", Operator::Lte),
    ("in", Operator::In),
    ("not_in", Operator::NotIn),
    ("contains", Operator::Contains),
];

impl Condition {
    /// Reads a condition as a client writes it; the error is a sentence for a person.
    pub fn read(written: &Value) -> Result<Self, String> {
        read_at(written, 0)
    }

    /// Whether it is met by the selected options; one that speaks only of options that are not selected is.
    pub fn holds(&self, selections: &Selections) -> bool {
        self.verdict(selections).unwrap_or(true)
    }

    /// None when it speaks only of options that are not selected.
    fn verdict(&self, selections: &Selections) -> Option<bool> {
        match self {
            Self::All(parts) => combine(parts, selections, false),
            Self::Any(parts) => combine(parts, selections, true),
            Self::Not(part) => part.verdict(selections).map(|held| !held),
            Self::Option { name, operator, value } => Some(compare(*operator, selections.get(name)?, value)),
        }
    }
}

fn read_at(written: &Value, depth: usize) -> Result<Condition, String> {
    let Value::Object(map) = written else {
        return Err("A condition is an object such as {\"option\": \"Color\", \"value\": \"Red\"}".to_owned());
    };
    if depth > MAX_DEPTH {
        return Err(format!("Conditions nest at most {MAX_DEPTH} levels"));
    }
    let parts = |key: &str, parts: &Value| {
        let parts = parts.as_array().ok_or_else(|| format!("{key} takes a list of conditions"))?;
        parts.iter().map(|part| read_at(part, depth + 1)).collect::<Result<Vec<_>, String>>()
    };
    if let Some(given) = map.get("all") {
        return parts("all", given).map(Condition::All);
    }
    if let Some(given) = map.get("any") {
        return parts("any", given).map(Condition::Any);
    }
    if let Some(part) = map.get("not") {
        return read_at(part, depth + 1).map(|part| Condition::Not(Box::new(part)));
    }
    let Some(name) = map.get("option").and_then(Value::as_str) else {
        return Err("A condition names an option, or combines others by all, any or not".to_owned());
    };
    let operator = map.get("op").map_or(Ok(Operator::Eq), read_operator)?;
    Ok(Condition::Option { name: name.to_owned(), operator, value: map.get("value").cloned().unwrap_or_default() })
}

fn read_operator(written: &Value) -> Result<Operator, String> {
    let found = OPERATORS.iter().find(|(name, _)| written.as_str() == Some(name));
    found.map(|(_, operator)| *operator).ok_or_else(|| {
        let names = OPERATORS.map(|(name, _)| name).join(", ");
        format!("{written} is no operator; use one of {names}")
    })
}

/// The verdict of those parts that decide: one `decisive` settles it.
fn combine(parts: &[Condition], selections: &Selections, decisive: bool) -> Option<bool> {
    let mut verdicts = parts.iter().filter_map(|part| part.verdict(selections)).peekable();
    verdicts.peek()?;
    Some(if verdicts.any(|held| held == decisive) { decisive } else { !decisive })
}

fn compare(operator: Operator, selected: &Value, wanted: &Value) -> bool {
    // An option with several values chosen holds when one of them does; `ne` and `not_in` when none fails.
    if let Value::Array(chosen) = selected {
        return match operator {
            Operator::Ne | Operator::NotIn => chosen.iter().all(|one| compare(operator, one, wanted)),
            _ => chosen.iter().any(|one| compare(operator, one, wanted)),
        };
    }
    let listed = || wanted.as_array().is_some_and(|list| list.iter().any(|value| equal(selected, value)));
    match operator {
        Operator::Eq => equal(selected, wanted),
        Operator::Ne => !equal(selected, wanted),
        Operator::In => listed(),
        Operator::NotIn => !listed(),
        Operator::Contains => text(selected).contains(&text(wanted)),
        Operator::Gt => order(selected, wanted) == Some(Ordering::Greater),
        Operator::Gte => matches!(order(selected, wanted), Some(Ordering::Greater | Ordering::Equal)),
        Operator::Lt => order(selected, wanted) == Some(Ordering::Less),
        Operator::Lte => matches!(order(selected, wanted), Some(Ordering::Less | Ordering::Equal)),
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    left == right || order(left, right) == Some(Ordering::Equal)
}

/// Where one side is a number, a text on the other is read as one: `"220"` and `220` are the same voltage. Two texts are
/// codes: `"007"` is not `"7"`.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    if !left.is_number() && !right.is_number() {
        return Some(text(left).cmp(&text(right)));
    }
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => float(left)?.partial_cmp(&float(right)?),
    }
}

/// Whole numbers are compared as such: beyond 2^53 neighbours are one float.
fn whole(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn float(value: &Value) -> Option<f64> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chosen() -> Selections {
        let chosen = json!({
            "Color": "Red", "Voltage": "220", "Features": ["Cooling", "Fast"], "Code": "007",
            "Serial": 9_007_199_254_740_993_i64, "Power": 1.5,
        });
        serde_json::from_value(chosen).unwrap()
    }

    #[test]
    fn a_condition_holds_for_the_options_it_names() {
        let table = [
            (json!({"option": "Color", "value": "Red"}), true),
            (json!({"option": "Color", "value": "Blue"}), false),
            (json!({"option": "Color", "op": "ne", "value": "Blue"}), true),
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
        for (written, expected) in table {
            assert_eq!(Condition::read(&written).unwrap().holds(&chosen()), expected, "{written}");
        }
    }

    #[test]
    fn numbers_meet_numbers_and_codes_meet_codes() {
        let table = [
            (json!({"option": "Voltage", "op": "gte", "value": 200}), true),
            (json!({"option": "Voltage", "op": "lt", "value": 110}), false),
            (json!({"option": "Voltage", "value": 220.0}), true),
            (json!({"option": "Voltage", "value": "220.0"}), false),
            (json!({"option": "Code", "value": "7"}), false),
            (json!({"option": "Code", "value": "007"}), true),
            (json!({"option": "Code", "value": 7}), true),
            (json!({"option": "Serial", "value": 9_007_199_254_740_992_i64}), false),
            (json!({"option": "Serial", "op": "gt", "value": "9007199254740992"}), true),
            (json!({"option": "Power", "op": "in", "value": [1, 1.5]}), true),
            (json!({"option": "Color", "op": "gte", "value": 1}), false),
            (json!({"option": "Color", "op": "lt", "value": 1}), false),
        ];
        for (written, expected) in table {
            assert_eq!(Condition::read(&written).unwrap().holds(&chosen()), expected, "{written}");
        }
    }

    #[test]
    fn what_would_never_be_understood_is_refused() {
        let mut deep = json!({"option": "A"});
        for _ in 0..=MAX_DEPTH {
            deep = json!({"not": deep});
        }
        for bad in [
            json!("Red"),
            json!({}),
            json!({"option": 1}),
            json!({"option": "A", "op": "like"}),
            json!({"option": "A", "op": 1}),
            json!({"all": {}}),
            json!({"any": [{"op": "eq"}]}),
            deep,
        ] {
            assert!(Condition::read(&bad).is_err(), "{bad}");
        }
    }
}
