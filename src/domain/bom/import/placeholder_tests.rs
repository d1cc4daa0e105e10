//! Placeholder numbers: what is found, and what each rule makes of it.

use super::*;
use crate::types::Quantity;

fn line(row: usize, number: &str, name: &str) -> SheetLine {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    SheetLine {
        row,
        level: 1,
        parent_row: None,
        summed_rows: Vec::new(),
        number: text(number),
        original_number: text(number),
        name: text(name),
        quantity: Quantity::ONE,
        uom: None,
        find_num: None,
        refdes: None,
        properties: Default::default(),
        line_properties: Default::default(),
    }
}

fn lines(parts: &[(&str, &str)]) -> Vec<SheetLine> {
    parts.iter().enumerate().map(|(at, (number, name))| line(at + 2, number, name)).collect()
}

fn assign(parts: &[(&str, &str)], rule: PlaceholderRule, limit: usize, taken: &[&str]) -> Numbered {
    let limits = Limits { number: limit, ..Limits::default() };
    assign_numbers(lines(parts), rule, &limits, &|number| taken.contains(&number), &|_, _| None)
}

fn numbers(numbered: &Numbered) -> Vec<Option<&str>> {
    numbered.lines.iter().map(|line| line.number.as_deref()).collect()
}

const BOUGHT: [(&str, &str); 5] =
    [("P-1", "base"), ("OTS", "M5 nut"), ("OTS", "M5 bolt"), ("OTS-002", "belt"), ("OTS", "M5 nut")];

#[test]
fn a_number_with_two_names_is_a_placeholder() {
    let found = find_placeholders(&lines(&BOUGHT));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].number.as_str(), found[0].rows.as_slice()), ("OTS", [3, 4, 6].as_slice()));
    assert_eq!(found[0].names, ["M5 nut", "M5 bolt"]);
}

#[test]
fn a_missing_name_makes_no_placeholder() {
    assert!(find_placeholders(&lines(&[("A", "x"), ("A", ""), ("", "y"), ("", "z")])).is_empty());
}

#[test]
fn refuse_reports_each_number_once_with_the_choices() {
    let numbered = assign(&BOUGHT, PlaceholderRule::Refuse, 32, &[]);
    let [problem] = numbered.problems.as_slice() else { panic!("{:?}", numbered.problems) };
    assert_eq!((problem.row, problem.value.as_str()), (3, "OTS"));
    assert!(problem.reason.starts_with("\"OTS\" stands for 2 names in 3 rows"), "{}", problem.reason);
    for choice in ["placeholders=suffix", "placeholders=name (OTS-M5-NUT", "placeholders=sequence"] {
        assert!(problem.reason.contains(choice), "{}", problem.reason);
    }
}

#[test]
fn suffix_counts_names_and_steps_over_used_numbers() {
    let numbered = assign(&BOUGHT, PlaceholderRule::Suffix, 32, &["OTS-003"]);
    assert_eq!(numbers(&numbered), [Some("P-1"), Some("OTS-001"), Some("OTS-004"), Some("OTS-002"), Some("OTS-001")]);
    assert_eq!(numbered.lines[1].original_number.as_deref(), Some("OTS"));
    assert!(numbered.problems.is_empty());
}

#[test]
fn suffix_grows_beyond_three_digits() {
    let names: Vec<String> = (0..1_000).map(|at| format!("name {at}")).collect();
    let parts: Vec<(&str, &str)> = names.iter().map(|name| ("OTS", name.as_str())).collect();
    let numbered = assign(&parts, PlaceholderRule::Suffix, 32, &[]);
    assert_eq!(numbered.lines[999].number.as_deref(), Some("OTS-1000"));
}

#[test]
fn name_becomes_part_of_the_number_within_the_limit() {
    let parts = [("OTS", "Hex nut, M5"), ("OTS", "hex nut M5"), ("OTS", "Hex nut M5 long"), ("OTS", "!!")];
    let numbered = assign(&parts, PlaceholderRule::Name, 14, &[]);
    assert_eq!(numbers(&numbered), [Some("OTS-HEX-NUT-M5"), Some("OTS-HEX-NUT-2"), Some("OTS-HEX-NUT-3"), Some("OTS")]);
    assert_eq!(numbered.problems.len(), 1);
    assert_eq!(numbered.problems[0].row, 5);
}

#[test]
fn a_number_that_cannot_grow_is_a_problem() {
    let parts = [("LONG", "a"), ("LONG", "b")];
    for rule in [PlaceholderRule::Suffix, PlaceholderRule::Name] {
        assert_eq!(assign(&parts, rule, 5, &[]).problems.len(), 2, "{rule:?}");
    }
}

#[test]
fn sequence_leaves_the_number_open() {
    let numbered = assign(&BOUGHT, PlaceholderRule::Sequence, 32, &[]);
    assert_eq!(numbers(&numbered), [Some("P-1"), None, None, Some("OTS-002"), None]);
}

#[test]
fn a_placeholder_row_without_name_is_a_problem() {
    let numbered = assign(&[("A", "x"), ("A", "y"), ("A", "")], PlaceholderRule::Suffix, 32, &[]);
    assert_eq!(numbered.problems.len(), 1);
    assert_eq!(numbered.problems[0].row, 4);
}

#[test]
fn a_second_import_finds_the_numbers_of_the_first() {
    let parts = [("OTS", "new"), ("OTS", "nut"), ("", "loose"), ("OTS", "bolt")];
    let existing = ["OTS-001", "OTS-003", "P-9"];
    let known = |prefix: &str, name: &str| match (prefix, name) {
        ("OTS", "nut") => Some("OTS-003".to_owned()),
        ("OTS", "bolt") => Some("OTS-001".to_owned()),
        ("", "loose") => Some("P-9".to_owned()),
        _ => None,
    };
    for (rule, fresh) in [(PlaceholderRule::Suffix, Some("OTS-002")), (PlaceholderRule::Sequence, None)] {
        let taken = |number: &str| existing.contains(&number);
        let numbered = assign_numbers(lines(&parts), rule, &Limits::default(), &taken, &known);
        assert_eq!(numbers(&numbered), [fresh, Some("OTS-003"), Some("P-9"), Some("OTS-001")]);
    }
}

#[test]
fn a_known_number_that_the_sheet_lists_too_is_a_problem() {
    let parts = [("OTS", "nut"), ("OTS", "bolt"), ("OTS-003", "belt")];
    let known = |_: &str, name: &str| (name == "nut").then(|| "OTS-003".to_owned());
    let numbered = assign_numbers(lines(&parts), PlaceholderRule::Suffix, &Limits::default(), &|_| false, &known);
    assert_eq!(numbered.problems.len(), 1);
    assert_eq!(numbered.problems[0].row, 2);
    assert_eq!(numbers(&numbered), [Some("OTS"), Some("OTS-001"), Some("OTS-003")]);
}

#[test]
fn the_search_for_a_free_number_ends() {
    let parts = [("A", "x"), ("A", "y")];
    for rule in [PlaceholderRule::Suffix, PlaceholderRule::Name] {
        let numbered = assign_numbers(lines(&parts), rule, &Limits::default(), &|_| true, &|_, _| None);
        assert_eq!(numbered.problems.len(), 2);
    }
}

#[test]
fn no_number_is_tried_twice_however_many_names_are_alike() {
    let names: Vec<String> = (1..=2000).map(|blank| format!("nut{}", "!".repeat(blank))).collect();
    let parts: Vec<(&str, &str)> = names.iter().map(|name| ("A", name.as_str())).collect();
    for rule in [PlaceholderRule::Suffix, PlaceholderRule::Name] {
        for full in [false, true] {
            let tries = std::cell::Cell::new(0);
            let taken = |_: &str| {
                tries.set(tries.get() + 1);
                full
            };
            let limits = Limits { number: 12, ..Limits::default() };
            let numbered = assign_numbers(lines(&parts), rule, &limits, &taken, &|_, _| None);
            assert_eq!(numbered.problems.is_empty(), !full, "{rule:?}");
            assert!(tries.get() <= 100_000, "{rule:?} {full}: {} tries", tries.get());
        }
    }
}
