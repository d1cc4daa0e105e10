//! How revisions are called, one after the other: letters A to Z, then AA, or numbers from 1. Pure.

use crate::error::{Error, Result};

const LETTERS: u32 = 26;

/// How the first version of an item is called.
pub fn first(scheme: &str) -> &'static str {
    if is_numeric(scheme) { "1" } else { "A" }
}

/// The first revision after this one that is not taken.
pub fn next_free(scheme: &str, current: &str, taken: &[String]) -> Result<String> {
    let mut revision = next(scheme, current)?;
    while taken.contains(&revision) {
        revision = next(scheme, &revision)?;
    }
    Ok(revision)
}

fn is_numeric(scheme: &str) -> bool {
    matches!(scheme, "1-9" | "number")
}

fn next(scheme: &str, current: &str) -> Result<String> {
    let next = if is_numeric(scheme) { next_number(current) } else { next_letters(current) };
    next.ok_or_else(|| Error::conflict(format!("Nothing follows the revision {current:?}")))
}

fn next_number(current: &str) -> Option<String> {
    current.parse::<u64>().ok()?.checked_add(1).map(|next| next.to_string())
}

/// Letters are the digits of a number without a zero.
fn next_letters(current: &str) -> Option<String> {
    let digit = |letter: char| letter.is_ascii_uppercase().then(|| u32::from(letter) - u32::from('A') + 1);
    let value =
        current.chars().try_fold(0u32, |value, letter| value.checked_mul(LETTERS)?.checked_add(digit(letter)?))?;
    let mut rest = value.checked_add(1)?;
    let mut letters = Vec::new();
    while rest > 0 {
        letters.push(char::from_u32(u32::from('A') + (rest - 1) % LETTERS)?);
        rest = (rest - 1) / LETTERS;
    }
    Some(letters.into_iter().rev().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_revision_follows_the_other() {
        for (scheme, current, expected) in [
            ("A-Z", "A", "B"),
            ("A-Z", "Z", "AA"),
            ("A-Z", "AZ", "BA"),
            ("A-Z", "ZZ", "AAA"),
            ("1-9", "1", "2"),
            ("1-9", "9", "10"),
        ] {
            assert_eq!(next_free(scheme, current, &[]).unwrap(), expected, "{scheme} {current}");
        }
        assert_eq!(next_free("A-Z", "A", &["B".to_owned(), "C".to_owned()]).unwrap(), "D");
        assert_eq!((first("A-Z"), first("number")), ("A", "1"));
    }
}
