//! Reference designators: the places at which a part stands on its parent, such as `R1-R5, R7`. Pure.
//!
//! A list has commas, semicolons or blanks between its parts; a part is a designator or a range of numbers under one prefix
//! (`R1-R5`, `R1-5`). What ends in no number is one designator (`GND`), and so is what only looks like a range (`CN-1`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::explode::quantity_of;
use crate::domain::meta::Item;
use crate::types::natural;
use crate::types::unit::{Dimension, EACH, Unit, convert};

/// The most designators that a list is expanded to.
const MOST: usize = 10_000;
/// The most characters of a list that a warning names.
const MOST_NAMED: usize = 80;

/// The designators of a list, in its order; one that is named twice is there twice. The error is a sentence for a person.
pub fn expand(list: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let spaced = list.replace([';', ','], " ");
    // A range may be written with blanks around its hyphen.
    let joined = spaced.split_whitespace().collect::<Vec<_>>().join(" ").replace(" - ", "-");
    for part in joined.split(' ').filter(|part| !part.is_empty()) {
        match range(part)? {
            Some((prefix, width, from, to)) => {
                if to - from >= (MOST - found.len().min(MOST)) as u64 {
                    return Err(format!("More than {MOST} designators"));
                }
                found.extend((from..=to).map(|number| format!("{prefix}{number:0width$}")));
            }
            None => found.push(part.to_owned()),
        }
        if found.len() > MOST {
            return Err(format!("More than {MOST} designators"));
        }
    }
    Ok(found)
}

/// Designators in their natural order without repetition, neighbours as ranges: `R1-R5, R7`.
pub fn format(designators: &[String]) -> String {
    let mut sorted: Vec<&str> = designators.iter().map(String::as_str).collect();
    sorted.sort_by(|left, right| natural::compare(left, right));
    sorted.dedup();
    let mut text = String::new();
    for run in sorted.chunk_by(|left, right| follows(left, right)) {
        let between = if text.is_empty() { "" } else { ", " };
        let _ = match run {
            // Two are no range to a reader.
            [first, .., last] if run.len() > 2 => write!(text, "{between}{first}-{last}"),
            _ => write!(text, "{between}{}", run.join(", ")),
        };
    }
    text
}

/// The prefix, and the digits at the end.
fn split(designator: &str) -> (&str, &str) {
    let prefix = designator.trim_end_matches(|letter: char| letter.is_ascii_digit());
    designator.split_at(prefix.len())
}

/// The second is numbered right after the first, and written in the same way.
fn follows(left: &str, right: &str) -> bool {
    let ((prefix, one), (other_prefix, other)) = (split(left), split(right));
    let (Ok(first), Ok(second)) = (one.parse::<u64>(), other.parse::<u64>()) else { return false };
    let padded = |digits: &str| digits.len() > 1 && digits.starts_with('0');
    let same_width = one.len() == other.len() || !(padded(one) || padded(other));
    prefix == other_prefix && first.checked_add(1) == Some(second) && same_width
}

type Range<'a> = (&'a str, usize, u64, u64);

/// The prefix, the digits, the first and the last number of a range; none for a single designator.
fn range(part: &str) -> Result<Option<Range<'_>>, String> {
    let Some((left, right)) = part.split_once('-') else { return Ok(None) };
    let ((prefix, from), (right_prefix, to)) = (split(left), split(right));
    if prefix.is_empty() || from.is_empty() || to.is_empty() {
        return Ok(None);
    }
    let bare = right_prefix.is_empty();
    if !bare && !right_prefix.eq_ignore_ascii_case(prefix) {
        return Err(format!("{part} is no range: its ends begin differently"));
    }
    let number = |digits: &str| digits.parse::<u64>().map_err(|_| format!("{part} has too many digits"));
    let width = if from.starts_with('0') { from.len() } else { 0 };
    match (number(from)?, number(to)?) {
        (from, to) if from <= to => Ok(Some((prefix, width, from, to))),
        // `X10-2` is the name of a pin more often than a range.
        _ if bare => Ok(None),
        _ => Err(format!("{part} is no range: it ends before it begins")),
    }
}

/// What a reader of a line should know of its designators: that they are not understood, occur twice, or are not as many
/// as its quantity says. A quantity that is no count is not compared.
pub fn warnings(line: &Item) -> Vec<String> {
    let Some(list) = line.text("refdes").filter(|list| !list.trim().is_empty()) else { return Vec::new() };
    let designators = match expand(list) {
        Ok(designators) => designators,
        Err(problem) => return vec![format!("The reference designators are not understood: {problem}")],
    };
    let mut warnings = Vec::new();
    let mut seen = BTreeSet::new();
    let twice: Vec<String> = designators.iter().filter(|designator| !seen.insert(*designator)).cloned().collect();
    if !twice.is_empty() {
        warnings.push(format!("Reference designators occur more than once: {}", shortened(&format(&twice))));
    }
    let uom = line.text("uom").unwrap_or(EACH);
    if Unit::named(uom).dimension == Dimension::Count
        && let Some(quantity) = quantity_of(line).and_then(|quantity| convert(quantity, uom, EACH))
        && quantity != Decimal::from(seen.len())
    {
        warnings.push(format!("There are {} reference designators, and the quantity is {quantity}", seen.len()));
    }
    warnings
}

fn shortened(list: &str) -> String {
    match list.char_indices().nth(MOST_NAMED) {
        Some((end, _)) => format!("{}…", &list[..end]),
        None => list.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn expanded(list: &str) -> String {
        expand(list).unwrap().join(" ")
    }

    #[test]
    fn lists_and_ranges_are_expanded() {
        let table = [
            ("R1-R5, R7", "R1 R2 R3 R4 R5 R7"),
            ("R1-3;C1", "R1 R2 R3 C1"),
            ("R1 - R3 C2", "R1 R2 R3 C2"),
            ("L1,L2", "L1 L2"),
            ("R08-R10", "R08 R09 R10"),
            ("CN-1 GND", "CN-1 GND"),
            ("X10-2", "X10-2"),
            ("", ""),
            (" , ", ""),
        ];
        for (list, expected) in table {
            assert_eq!(expanded(list), expected, "{list}");
        }
        for bad in ["R5-R1", "R1-C5", "R1-R99999", "R1-R99999999999999999999"] {
            assert!(expand(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn neighbours_are_written_as_ranges_in_natural_order() {
        let table = [
            ("R7 R1 R3 R2 R5 R4", "R1-R5, R7"),
            ("R10 R9 R2", "R2, R9, R10"),
            ("C1 R1 R2 R3", "C1, R1-R3"),
            ("R08 R09 R10", "R08-R10"),
            ("R1 R1", "R1"),
            ("GND A1", "A1, GND"),
        ];
        for (list, expected) in table {
            assert_eq!(format(&expand(list).unwrap()), expected, "{list}");
        }
    }

    proptest! {
        /// What is written as ranges says the same as what it was made of.
        #[test]
        fn a_formatted_list_expands_to_the_same(numbers in proptest::collection::btree_set((0usize..3, 1u64..60), 0..40)) {
            let list: Vec<String> =
                numbers.iter().map(|(prefix, number)| format!("{}{number}", ["R", "C", "LED"][*prefix])).collect();
            let back: BTreeSet<String> = expand(&format(&list)).unwrap().into_iter().collect();
            prop_assert_eq!(back, list.into_iter().collect::<BTreeSet<_>>());
        }
    }
}
