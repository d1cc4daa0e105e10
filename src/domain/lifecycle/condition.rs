//! Conditions on an item's properties, in the grammar of configuration conditions with `property` in the place of `option`:
//! `{"property": "weight", "op": "lte", "value": 20}`, combined by `all`, `any`, `not`. Pure.
//!
//! Unlike an option that is not selected, a property without a value decides: it meets `ne` and `not_in` alone.

use serde_json::{Map, Value};

use crate::types::{Condition, Operator};

/// Reads a condition; the error is a sentence for a person.
pub(super) fn read(written: &Value) -> Result<Condition, String> {
    Condition::read(&with_options(written, 0))
}

/// The same with `option` for `property`. What nests too deep is left as it is, and refused by its reader.
fn with_options(written: &Value, depth: usize) -> Value {
    let Value::Object(map) = written else { return written.clone() };
    if depth > 32 {
        return written.clone();
    }
    let parts = |value: &Value| match value {
        Value::Array(parts) => parts.iter().map(|part| with_options(part, depth + 1)).collect(),
        one => with_options(one, depth + 1),
    };
    let rename = |(key, value): (&String, &Value)| match key.as_str() {
        "property" => ("option".to_owned(), value.clone()),
        "all" | "any" | "not" => (key.clone(), parts(value)),
        _ => (key.clone(), value.clone()),
    };
    Value::Object(map.iter().map(rename).collect())
}

pub(super) fn holds(condition: &Condition, values: &Map<String, Value>) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| holds(part, values)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, values)),
        Condition::Not(part) => !holds(part, values),
        Condition::Option { name, operator, .. } => match values.get(name) {
            None | Some(Value::Null) => matches!(operator, Operator::Ne | Operator::NotIn),
            Some(_) => condition.holds(values),
        },
    }
}
