//! What a merge keeps, takes and leaves to somebody's decision.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Choice, Conflict, ConflictKind, Content, Line, Resolution, merge};
use crate::domain::meta::Values;

const ITEM: u128 = 1000;

fn values(value: Value) -> Values {
    value.as_object().cloned().unwrap()
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn line(child: u128, properties: Value) -> Line {
    hanging(ITEM, child, properties)
}

fn hanging(parent: u128, child: u128, properties: Value) -> Line {
    Line {
        kind: "Part BOM".to_owned(),
        parent: id(parent),
        child: id(child),
        key_properties: Some(vec!["uom".to_owned()]),
        properties: values(properties),
    }
}

fn content(properties: Value, lines: Vec<(u128, Line)>) -> Content {
    let lines = lines.into_iter().map(|(number, line)| (id(number), line)).collect();
    Content { properties: values(properties), lines }
}

fn resolved(line: Option<u128>, field: Option<&str>, choice: Choice) -> Resolution {
    Resolution { line: line.map(id), field: field.map(str::to_owned), choice }
}

#[test]
fn what_one_side_changed_is_taken_field_by_field() {
    let base =
        content(json!({"name": "a", "cost": 1, "old": 1}), vec![(1, line(50, json!({"quantity": 1, "uom": "EA"})))]);
    let ours = content(
        json!({"name": "b", "cost": 1, "old": 1, "both": 2}),
        vec![(1, line(50, json!({"quantity": 2, "uom": "EA"}))), (2, line(51, json!({"uom": "EA"})))],
    );
    let theirs = content(
        json!({"name": "a", "cost": 7, "both": 2.0}),
        vec![(1, line(50, json!({"quantity": 1.0, "uom": "EA", "refdes": "R1"}))), (3, line(52, json!({"uom": "EA"})))],
    );
    let merged = merge(&base, &ours, &theirs, &[]);
    assert_eq!(merged.conflicts, []);
    assert_eq!(merged.result.properties, values(json!({"name": "b", "cost": 7, "both": 2})));
    assert_eq!(merged.result.lines[&id(1)].properties, values(json!({"quantity": 2, "uom": "EA", "refdes": "R1"})));
    assert_eq!(merged.result.lines.len(), 3);
}

#[test]
fn what_both_changed_differently_waits_for_a_decision() {
    let base = content(json!({"name": "a"}), vec![(1, line(50, json!({"quantity": 1})))]);
    let ours = content(json!({"name": "b"}), vec![(1, line(50, json!({"quantity": 2})))]);
    let theirs = content(json!({"name": "c"}), vec![(1, line(50, json!({"quantity": 3})))]);
    let merged = merge(&base, &ours, &theirs, &[]);
    let expected = Conflict {
        kind: ConflictKind::Changed,
        line: None,
        other: None,
        field: Some("name".to_owned()),
        base: Some(json!("a")),
        ours: Some(json!("b")),
        theirs: Some(json!("c")),
    };
    assert_eq!((merged.conflicts.len(), &merged.conflicts[0]), (2, &expected));
    for (choice, name) in [
        (Choice::Ours, json!("b")),
        (Choice::Theirs, json!("c")),
        (Choice::Base, json!("a")),
        (Choice::Value(json!("d")), json!("d")),
    ] {
        let given = [resolved(None, Some("name"), choice), resolved(Some(1), Some("quantity"), Choice::Theirs)];
        let merged = merge(&base, &ours, &theirs, &given);
        assert_eq!((merged.conflicts.len(), merged.unused.len()), (0, 0));
        assert_eq!(merged.result.properties["name"], name);
        assert_eq!(merged.result.lines[&id(1)].properties["quantity"], 3);
    }
    let removed = merge(&base, &ours, &theirs, &[resolved(None, Some("name"), Choice::Value(Value::Null))]);
    assert!(removed.result.properties.is_empty() && removed.conflicts.len() == 1);
    assert_eq!(merge(&base, &ours, &ours, &[resolved(Some(9), None, Choice::Ours)]).unused, [0]);
}

#[test]
fn a_line_that_one_side_removed_and_the_other_changed_waits_for_a_decision() {
    let base = content(json!({}), vec![(1, line(50, json!({"quantity": 1}))), (2, line(51, json!({})))]);
    let ours = content(json!({}), vec![]);
    let theirs = content(json!({}), vec![(1, line(50, json!({"quantity": 2}))), (2, line(51, json!({})))]);
    let merged = merge(&base, &ours, &theirs, &[]);
    let found: Vec<_> = merged.conflicts.iter().map(|conflict| (conflict.kind, conflict.line)).collect();
    assert_eq!(found, [(ConflictKind::Removed, Some(id(1)))]);
    assert!(merged.conflicts[0].ours.is_none() && merged.conflicts[0].theirs.is_some());
    let kept = merge(&base, &ours, &theirs, &[resolved(Some(1), None, Choice::Theirs)]);
    assert_eq!((kept.conflicts.len(), kept.result.lines.len()), (0, 1));
    let gone = merge(&base, &ours, &theirs, &[resolved(Some(1), None, Choice::Ours)]);
    assert_eq!((gone.conflicts.len(), gone.result.lines.len()), (0, 0));
}

#[test]
fn lines_of_one_key_are_one_or_a_conflict() {
    let base = content(json!({}), vec![]);
    let ours = content(json!({}), vec![(1, line(50, json!({"uom": "EA", "quantity": 2})))]);
    let same = content(json!({}), vec![(2, line(50, json!({"uom": "EA", "quantity": 2.0})))]);
    let merged = merge(&base, &ours, &same, &[]);
    assert_eq!((merged.conflicts.len(), merged.result.lines.keys().collect::<Vec<_>>()), (0, vec![&id(1)]));
    let other = content(json!({}), vec![(2, line(50, json!({"uom": "EA", "quantity": 3})))]);
    let merged = merge(&base, &ours, &other, &[]);
    let conflict = &merged.conflicts[0];
    assert_eq!((conflict.kind, conflict.line, conflict.other), (ConflictKind::Duplicate, Some(id(1)), Some(id(2))));
    let taken = merge(&base, &ours, &other, &[resolved(Some(1), None, Choice::Theirs)]);
    assert_eq!((taken.conflicts.len(), taken.result.lines.keys().collect::<Vec<_>>()), (0, vec![&id(2)]));
    let units = content(json!({}), vec![(2, line(50, json!({"uom": "KG", "quantity": 3})))]);
    assert_eq!(merge(&base, &ours, &units, &[]).result.lines.len(), 2, "another unit is another line");
}

#[test]
fn nothing_hangs_on_what_is_gone() {
    let substitute = |number| (number, hanging(1, 60 + number, json!({"uom": "EA"})));
    let base = content(json!({}), vec![(1, line(50, json!({}))), substitute(2)]);
    let ours = content(json!({}), vec![]);
    let theirs = content(json!({}), vec![(1, line(50, json!({}))), substitute(2), substitute(3)]);
    let merged = merge(&base, &ours, &theirs, &[]);
    let conflict = &merged.conflicts[0];
    assert_eq!((conflict.kind, conflict.line, conflict.other), (ConflictKind::Orphan, Some(id(3)), Some(id(1))));
    let kept = merge(&base, &ours, &theirs, &[resolved(Some(1), None, Choice::Theirs)]);
    assert_eq!((kept.conflicts.len(), kept.result.lines.len()), (0, 2));
    let gone = merge(&base, &ours, &theirs, &[resolved(Some(3), None, Choice::Ours)]);
    assert_eq!((gone.conflicts.len(), gone.result.lines.len()), (0, 0));
}

fn some_values() -> impl Strategy<Value = Values> {
    proptest::collection::btree_map("[abc]", 0..3i64, 0..3)
        .prop_map(|found| found.into_iter().map(|(name, value)| (name, json!(value))).collect())
}

/// Lines 1 to 4 each lead to a child of their own, and one in three hangs on the first.
fn some_content() -> impl Strategy<Value = Content> {
    let lines = proptest::collection::btree_map(1..5u128, some_values(), 0..5);
    (some_values(), lines).prop_map(|(properties, found)| {
        let has_first = found.contains_key(&1);
        let lines: BTreeMap<Uuid, Line> = found
            .into_iter()
            .filter(|(number, _)| number % 3 != 0 || has_first)
            .map(|(number, properties)| {
                let parent = if number % 3 == 0 { 1 } else { ITEM };
                let line = hanging(parent, 50 + number, json!({}));
                (id(number), Line { properties, ..line })
            })
            .collect();
        Content { properties, lines }
    })
}

fn about(conflicts: &[Conflict], line: Option<Uuid>, field: Option<&str>) -> bool {
    conflicts.iter().any(|one| one.line == line && (one.field.is_none() || one.field.as_deref() == field))
}

/// Whether a value that came out follows from the three there were.
fn follows(base: Option<&Value>, ours: Option<&Value>, theirs: Option<&Value>, merged: Option<&Value>) -> bool {
    (merged == ours && (theirs == base || theirs == ours)) || (merged == theirs && ours == base)
}

proptest! {
    #[test]
    fn a_side_that_changed_nothing_gives_way(base in some_content(), other in some_content()) {
        for merged in [merge(&base, &base, &other, &[]), merge(&base, &other, &base, &[])] {
            prop_assert_eq!(&merged.conflicts, &vec![]);
            prop_assert_eq!(&merged.result, &other);
        }
        prop_assert_eq!(merge(&base, &other, &other, &[]).result, other);
    }

    #[test]
    fn conflicts_are_the_same_from_either_side(base in some_content(), ours in some_content(), theirs in some_content()) {
        let swapped = |conflict: &Conflict| {
            let Conflict { ours, theirs, .. } = conflict.clone();
            Conflict { ours: theirs, theirs: ours, ..conflict.clone() }
        };
        let there = merge(&base, &ours, &theirs, &[]).conflicts;
        let back: Vec<Conflict> = merge(&base, &theirs, &ours, &[]).conflicts.iter().map(swapped).collect();
        prop_assert_eq!(there, back);
    }

    #[test]
    fn no_value_is_lost_or_invented_or_overwritten_unseen(
        base in some_content(), ours in some_content(), theirs in some_content()
    ) {
        let merged = merge(&base, &ours, &theirs, &[]);
        for name in ["a", "b", "c"] {
            let of = |content: &Content| content.properties.get(name).cloned();
            let (b, o, t, m) = (of(&base), of(&ours), of(&theirs), of(&merged.result));
            let settled = follows(b.as_ref(), o.as_ref(), t.as_ref(), m.as_ref());
            prop_assert!(settled || about(&merged.conflicts, None, Some(name)), "{}", name);
        }
        for number in 1..5 {
            let line = id(number);
            let of = |content: &Content| content.lines.get(&line).cloned();
            let (b, o, t, m) = (of(&base), of(&ours), of(&theirs), of(&merged.result));
            if about(&merged.conflicts, Some(line), None) {
                prop_assert!(m.is_some(), "kept until it is decided");
                continue;
            }
            match (&b, &o, &t) {
                (Some(b), Some(x), None) | (Some(b), None, Some(x)) => {
                    prop_assert!(m.is_none() && b == x, "removed by one and left alone by the other, and not back");
                }
                (_, None, None) => prop_assert!(m.is_none()),
                (None, Some(_), None) => prop_assert_eq!(&m, &o),
                (None, None, Some(_)) => prop_assert_eq!(&m, &t),
                (_, Some(_), Some(_)) => for name in ["a", "b", "c"] {
                    let of = |line: &Option<Line>| line.as_ref().and_then(|line| line.properties.get(name).cloned());
                    let settled = follows(of(&b).as_ref(), of(&o).as_ref(), of(&t).as_ref(), of(&m).as_ref());
                    prop_assert!(settled || about(&merged.conflicts, Some(line), Some(name)), "{} {}", line, name);
                },
            }
        }
    }

    #[test]
    fn whatever_side_is_chosen_everywhere_comes_out(base in some_content(), ours in some_content(), theirs in some_content()) {
        let all: Vec<Resolution> = merge(&base, &ours, &theirs, &[]).conflicts.iter().filter(|one| one.kind != ConflictKind::Orphan)
            .map(|one| Resolution { line: one.line, field: one.field.clone(), choice: Choice::Theirs }).collect();
        let decided = merge(&base, &ours, &theirs, &all);
        prop_assert!(decided.conflicts.iter().all(|one| one.kind == ConflictKind::Orphan));
        prop_assert_eq!(decided.unused, Vec::<usize>::new());
    }
}
