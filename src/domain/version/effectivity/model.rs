//! What an effectivity says. Pure.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::meta::Values;
use crate::error::{Error, Problem, Result};
use crate::types::{UserId, natural};

/// The most bytes of a payload as JSON.
const MAX_BYTES: usize = 64 << 10;
const MAX_TEXT: usize = 200;
const MAX_DEPTH: usize = 16;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EffectivityKind {
    #[default]
    Date,
    Lot,
    Serial,
    Unit,
}

impl EffectivityKind {
    pub const ALL: [Self; 4] = [Self::Date, Self::Lot, Self::Serial, Self::Unit];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Date => "Date",
            Self::Lot => "Lot",
            Self::Serial => "Serial",
            Self::Unit => "Unit",
        }
    }
}

/// An effectivity of an item, a line or a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Effectivity {
    pub id: Uuid,
    pub item_id: Option<Uuid>,
    pub version_id: Option<Uuid>,
    /// As it is stored: a newer version of the program may know more kinds.
    pub kind: String,
    pub start: Option<DateTime<Utc>>,
    /// Included.
    pub end: Option<DateTime<Utc>>,
    pub payload: Values,
    pub created_at: DateTime<Utc>,
    pub created_by_id: Option<UserId>,
}

impl Effectivity {
    pub fn is_date(&self) -> bool {
        self.kind == EffectivityKind::Date.as_str()
    }

    /// Both ends are included.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at <= end)
    }

    /// What audit rows keep of it.
    pub(super) fn snapshot(&self) -> Value {
        json!({
            "id": self.id, "item_id": self.item_id, "version_id": self.version_id, "effectivity_type": self.kind,
            "start_date": self.start, "end_date": self.end, "payload": self.payload,
        })
    }
}

/// Checks what an effectivity of a kind says; every problem names its field.
pub(super) fn check(
    kind: EffectivityKind,
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    payload: &Values,
) -> Result<()> {
    let mut problems = Vec::new();
    let mut refuse = |path: &[&str], message: String| {
        let path: Vec<&str> = std::iter::once("body").chain(path.iter().copied()).collect();
        problems.push(Problem::new("value_error", &path, message));
    };
    if kind == EffectivityKind::Date {
        if start.is_none() && end.is_none() {
            refuse(&["start_date"], "A date effectivity begins or ends at some time".to_owned());
        }
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            refuse(&["end_date"], "It ends before it begins".to_owned());
        }
    } else {
        for (field, given) in [("start_date", start), ("end_date", end)] {
            if given.is_some() {
                refuse(&[field], "Only an effectivity by date has dates".to_owned());
            }
        }
        check_range(kind, payload, &mut refuse);
    }
    if serde_json::to_vec(payload).map_or(usize::MAX, |written| written.len()) > MAX_BYTES {
        refuse(&["payload"], format!("At most {MAX_BYTES} bytes of JSON"));
    }
    if !payload.iter().all(|(name, value)| !name.contains('\0') && is_storable(value, 1)) {
        refuse(&["payload"], format!("Texts without NUL characters, at most {MAX_DEPTH} levels deep"));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

/// A payload names a range (`lot_start`, `lot_end`) or lists the values (`lots`).
fn check_range(kind: EffectivityKind, payload: &Values, refuse: &mut impl FnMut(&[&str], String)) {
    let name = kind.as_str().to_lowercase();
    let (list, start, end) = (format!("{name}s"), format!("{name}_start"), format!("{name}_end"));
    let is_text =
        |value: &Value| value.as_str().is_some_and(|text| !text.trim().is_empty() && text.chars().count() <= MAX_TEXT);
    let given = |name: &str| payload.get(name).filter(|value| !value.is_null());
    match given(&list) {
        Some(Value::Array(values)) if !values.is_empty() && values.iter().all(is_text) => {}
        Some(_) => refuse(&["payload", &list], format!("Expected a list of texts of 1 to {MAX_TEXT} characters")),
        None if given(&start).is_none() && given(&end).is_none() => {
            refuse(&["payload", &start], format!("Expected {start}, {end} or both, or a list {list}"));
        }
        None => {}
    }
    for bound in [&start, &end] {
        if given(bound).is_some_and(|value| !is_text(value)) {
            refuse(&["payload", bound], format!("Expected a text of 1 to {MAX_TEXT} characters"));
        }
    }
    if let (Some(Value::String(first)), Some(Value::String(last))) = (given(&start), given(&end))
        && natural::compare(last, first) == Ordering::Less
    {
        refuse(&["payload", &end], "It ends before it begins".to_owned());
    }
}

fn is_storable(value: &Value, depth: usize) -> bool {
    depth < MAX_DEPTH
        && match value {
            Value::String(text) => !text.contains('\0'),
            Value::Array(list) => list.iter().all(|value| is_storable(value, depth + 1)),
            Value::Object(map) => map.iter().all(|(name, value)| !name.contains('\0') && is_storable(value, depth + 1)),
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::meta::parse_moment;

    fn problem(kind: EffectivityKind, start: Option<&str>, end: Option<&str>, payload: Value) -> Option<String> {
        let moment = |text: Option<&str>| text.and_then(parse_moment);
        let checked = check(kind, moment(start), moment(end), payload.as_object().unwrap());
        checked.err().map(|error| error.problems()[0].loc[1..].join("."))
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_field() {
        use EffectivityKind::{Date, Lot, Serial, Unit};
        for (kind, start, end, payload, expected) in [
            (Date, Some("2026-01-01"), None, json!({}), None),
            (Date, Some("2026-01-01"), Some("2026-01-01"), json!({"note": 1}), None),
            (Date, None, None, json!({}), Some("start_date")),
            (Date, Some("2026-02-01"), Some("2026-01-01"), json!({}), Some("end_date")),
            (Lot, None, None, json!({"lot_start": "L9", "lot_end": "L10"}), None),
            (Lot, None, None, json!({"lots": ["L1"]}), None),
            (Lot, None, None, json!({"lot_start": "L10", "lot_end": "L9"}), Some("payload.lot_end")),
            (Lot, None, None, json!({"serial_start": "1"}), Some("payload.lot_start")),
            (Lot, Some("2026-01-01"), None, json!({"lots": ["L1"]}), Some("start_date")),
            (Serial, None, None, json!({"serials": []}), Some("payload.serials")),
            (Serial, None, None, json!({"serials": [7]}), Some("payload.serials")),
            (Unit, None, None, json!({"unit_start": 5}), Some("payload.unit_start")),
            (Unit, None, None, json!({"unit_start": "U\u{0}"}), Some("payload")),
        ] {
            assert_eq!(problem(kind, start, end, payload.clone()).as_deref(), expected, "{kind:?} {payload}");
        }
    }
}
