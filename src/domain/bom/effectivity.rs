//! When a line holds: by date, lot, serial number or unit. Pure.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::meta::{Item, parse_moment};
use crate::types::natural;

/// The point for which a BOM is asked; what is not named does not filter.
#[derive(Debug, Clone, Default)]
pub struct When {
    pub at: Option<DateTime<Utc>>,
    pub lot: Option<String>,
    pub serial: Option<String>,
    pub unit: Option<String>,
}

impl When {
    pub fn filters_beyond_dates(&self) -> bool {
        self.lot.is_some() || self.serial.is_some() || self.unit.is_some()
    }
}

/// A recorded effectivity of a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Effectivity {
    /// Date, Lot, Serial or Unit.
    pub kind: String,
    pub start: Option<DateTime<Utc>>,
    pub end: Option<DateTime<Utc>>,
    pub payload: Value,
}

impl Effectivity {
    /// Those that were sealed with a line.
    pub fn read_all(sealed: &Value) -> Vec<Self> {
        let each = sealed.as_array().into_iter().flatten();
        each.filter_map(|one| Self::deserialize(one).ok()).collect()
    }
}

/// Whether a line holds: on the date (both ends included), and for the lot, serial number and unit, where it has an
/// effectivity of that kind.
pub fn in_force(line: &Item, recorded: &[Effectivity], when: &When) -> bool {
    on_date(line, recorded, when.at)
        && within(recorded, "Lot", when.lot.as_deref())
        && within(recorded, "Serial", when.serial.as_deref())
        && within(recorded, "Unit", when.unit.as_deref())
}

fn on_date(line: &Item, recorded: &[Effectivity], at: Option<DateTime<Utc>>) -> bool {
    let Some(at) = at else { return true };
    let moment = |name: &str| line.text(name).and_then(parse_moment);
    let (from, to) = (moment("effectivity_from"), moment("effectivity_to"));
    // The line's own dates are what its editors see; recorded dates speak for lines that carry none.
    if from.is_some() || to.is_some() {
        return covers(from, to, at);
    }
    let mut dated = recorded.iter().filter(|one| one.kind == "Date").peekable();
    dated.peek().is_none() || dated.any(|one| covers(one.start, one.end, at))
}

fn covers(from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>, at: DateTime<Utc>) -> bool {
    from.is_none_or(|from| from <= at) && to.is_none_or(|to| at <= to)
}

/// Payloads name a range (`lot_start`, `lot_end`) or list the values (`lots`).
fn within(recorded: &[Effectivity], kind: &str, wanted: Option<&str>) -> bool {
    let Some(wanted) = wanted else { return true };
    let mut of_kind = recorded.iter().filter(|one| one.kind == kind).peekable();
    of_kind.peek().is_none() || of_kind.any(|one| admits(&one.payload, &kind.to_lowercase(), wanted))
}

fn admits(payload: &Value, kind: &str, wanted: &str) -> bool {
    if let Some(listed) = payload.get(format!("{kind}s")).and_then(Value::as_array) {
        return listed.iter().any(|value| value.as_str() == Some(wanted));
    }
    let bound = |end: &str| payload.get(format!("{kind}_{end}")).and_then(Value::as_str);
    bound("start").is_none_or(|start| natural::compare(start, wanted) != Ordering::Greater)
        && bound("end").is_none_or(|end| natural::compare(wanted, end) != Ordering::Greater)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn line(properties: Value) -> Item {
        Item {
            id: Uuid::nil(),
            item_type: "Part BOM".into(),
            config_id: Uuid::nil(),
            generation: 1,
            is_current: true,
            state: "Active".into(),
            current_state: None,
            current_version_id: None,
            unique_key: None,
            source_id: None,
            related_id: None,
            properties: properties.as_object().cloned().unwrap(),
            permission_id: None,
            owner_id: None,
            created_by_id: None,
            created_on: DateTime::UNIX_EPOCH,
            modified_by_id: None,
            modified_on: None,
            change_count: 0,
        }
    }

    fn on(day: &str) -> When {
        When { at: parse_moment(day), ..When::default() }
    }

    #[test]
    fn a_line_holds_from_its_first_to_its_last_moment() {
        let line = line(json!({"effectivity_from": "2026-01-01T00:00:00Z", "effectivity_to": "2026-06-30T00:00:00Z"}));
        let table = [
            ("2025-12-31", false),
            ("2026-01-01", true),
            ("2026-03-01", true),
            ("2026-06-30", true),
            ("2026-07-01", false),
        ];
        for (day, expected) in table {
            assert_eq!(in_force(&line, &[], &on(day)), expected, "{day}");
        }
        assert!(in_force(&line, &[], &When::default()), "no date, no filter");
    }

    #[test]
    fn lots_are_compared_as_people_number_them() {
        let lots = [Effectivity {
            kind: "Lot".into(),
            start: None,
            end: None,
            payload: json!({"lot_start": "L9", "lot_end": "L20"}),
        }];
        let lot = |lot: &str| When { lot: Some(lot.into()), ..When::default() };
        let line = line(json!({}));
        for (wanted, expected) in [("L8", false), ("L9", true), ("L10", true), ("L20", true), ("L21", false)] {
            assert_eq!(in_force(&line, &lots, &lot(wanted)), expected, "{wanted}");
        }
        let serial = When { serial: Some("S1".into()), ..When::default() };
        assert!(in_force(&line, &lots, &serial), "a line without serial effectivity holds for every serial");
    }
}
