//! Names of revisions by themselves: what kind one is of, and which comes first. Pure.

use std::cmp::Ordering;

use crate::types::natural;

const LETTERS: u64 = 26;
/// How many numbers a letter of a hybrid name has: after A99 comes B1.
pub(super) const PER_LETTER: u64 = 99;
/// The longest run of letters; the next one would be the 141 billionth revision.
pub(super) const MAX_LETTERS: usize = 8;

/// The kinds of names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SchemeType {
    /// A to Z, then AA.
    #[default]
    Letter,
    /// From 1.
    Number,
    /// A1, A2 … A99, then B1.
    Hybrid,
}

impl SchemeType {
    pub const ALL: [Self; 3] = [Self::Letter, Self::Number, Self::Hybrid];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Number => "number",
            Self::Hybrid => "hybrid",
        }
    }

    /// What a newer version of the program wrote counts as letters.
    pub(in crate::domain::meta) fn stored(text: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).unwrap_or_default()
    }
}

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// None for a name of no kind.
    pub scheme: Option<SchemeType>,
    /// Its place among all names of its kind, from 1; 0 for one of no kind.
    pub value: u64,
}

/// Reads a name; blanks around it do not matter.
pub fn read(name: &str) -> Reading {
    let name = name.trim();
    let read = letters_value(name)
        .map(|value| (SchemeType::Letter, value))
        .or_else(|| number_value(name).map(|value| (SchemeType::Number, value)))
        .or_else(|| hybrid_value(name).map(|value| (SchemeType::Hybrid, value)));
    match read {
        Some((scheme, value)) => Reading { scheme: Some(scheme), value },
        None => Reading { scheme: None, value: 0 },
    }
}

/// The order of two names: by their places where both are of one kind, else as a person orders texts.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (a, b) = (read(left), read(right));
    match a.scheme {
        Some(_) if a.scheme == b.scheme => a.value.cmp(&b.value),
        _ => natural::compare(left.trim(), right.trim()),
    }
}

/// Letters are the digits of a number without a zero.
fn letters_value(name: &str) -> Option<u64> {
    let digit = |letter: char| letter.is_ascii_uppercase().then(|| u64::from(letter) - u64::from('A') + 1);
    if name.is_empty() || name.len() > MAX_LETTERS {
        return None;
    }
    name.chars().try_fold(0u64, |value, letter| value.checked_mul(LETTERS)?.checked_add(digit(letter)?))
}

/// Without leading zeros: 01 is no name that follows another.
pub(super) fn number_value(name: &str) -> Option<u64> {
    let is_plain = !name.starts_with('0') && name.bytes().all(|digit| digit.is_ascii_digit());
    if is_plain { name.parse().ok() } else { None }
}

/// The letters and the number of a hybrid name.
pub(super) fn split_hybrid(name: &str) -> Option<(&str, u64)> {
    let (letters, number) = name.split_at(name.find(|letter: char| letter.is_ascii_digit())?);
    letters_value(letters)?;
    let number = number_value(number).filter(|number| *number <= PER_LETTER)?;
    Some((letters, number))
}

fn hybrid_value(name: &str) -> Option<u64> {
    let (letters, number) = split_hybrid(name)?;
    letters_value(letters)?.checked_sub(1)?.checked_mul(PER_LETTER)?.checked_add(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_its_kind_and_place() {
        use SchemeType::{Hybrid, Letter, Number};
        for (name, scheme, value) in [
            ("A", Some(Letter), 1),
            (" Z ", Some(Letter), 26),
            ("AA", Some(Letter), 27),
            ("7", Some(Number), 7),
            ("A1", Some(Hybrid), 1),
            ("B1", Some(Hybrid), 100),
            ("A.1", None, 0),
            ("", None, 0),
            ("0", None, 0),
            ("a", None, 0),
            ("A100", None, 0),
            ("Ä", None, 0),
            ("99999999999999999999999", None, 0),
            ("ABCDEFGHI", None, 0),
        ] {
            assert_eq!(read(name), Reading { scheme, value }, "{name}");
        }
    }

    #[test]
    fn names_have_an_order_whatever_their_kinds() {
        for (left, right, expected) in [
            ("A", "C", Ordering::Less),
            ("AA", "Z", Ordering::Greater),
            ("10", "9", Ordering::Greater),
            ("A10", "A9", Ordering::Greater),
            ("B", "B ", Ordering::Equal),
            ("A.2", "A.10", Ordering::Less),
            ("9", "A", Ordering::Less),
        ] {
            assert_eq!(compare(left, right), expected, "{left} {right}");
            assert_eq!(compare(right, left), expected.reverse(), "{right} {left}");
        }
    }
}
