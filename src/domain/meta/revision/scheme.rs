//! A way of calling revisions: which is the first, and which follows. Pure.

use std::iter;

use super::name::{self, MAX_LETTERS, PER_LETTER, SchemeType, number_value, split_hybrid};
use crate::error::{Error, Result};

/// How the revisions of some items are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    pub kind: SchemeType,
    pub initial: String,
    /// Capital letters that no name has.
    pub skip: String,
}

impl Scheme {
    /// What an item type says by itself.
    pub fn of_type(revision_scheme: &str) -> Self {
        let kind = match revision_scheme {
            "1-9" | "number" => SchemeType::Number,
            _ => SchemeType::Letter,
        };
        Self::usual(kind)
    }

    /// The first name of a kind, and every letter.
    pub fn usual(kind: SchemeType) -> Self {
        let initial = match kind {
            SchemeType::Letter => "A",
            SchemeType::Number => "1",
            SchemeType::Hybrid => "A1",
        };
        Self { kind, initial: initial.to_owned(), skip: String::new() }
    }

    fn alphabet(&self) -> Vec<char> {
        ('A'..='Z').filter(|letter| !self.skip.contains(*letter)).collect()
    }

    /// The name is one of this scheme.
    pub fn has(&self, name: &str) -> bool {
        let is_kept = !name.chars().any(|letter| self.skip.contains(letter));
        is_kept && self.is_of_kind(name)
    }

    fn is_of_kind(&self, name: &str) -> bool {
        name::read(name).scheme == Some(self.kind)
    }

    /// The first name after this one that is not taken. One of another kind, as of items that are older than their scheme,
    /// is followed by the first of this.
    ///
    /// Fails with `Conflict` where names come to an end.
    pub fn next_free(&self, current: &str, taken: &[String]) -> Result<String> {
        let mut name = if self.is_of_kind(current) { self.next(current)? } else { self.initial.clone() };
        while taken.contains(&name) {
            name = self.next(&name)?;
        }
        Ok(name)
    }

    /// The name after this one, which may have letters that are skipped.
    pub fn next(&self, current: &str) -> Result<String> {
        let next = match self.kind {
            _ if !self.is_of_kind(current) => None,
            SchemeType::Letter => self.next_letters(current),
            SchemeType::Number => {
                number_value(current).and_then(|value| value.checked_add(1)).map(|next| next.to_string())
            }
            SchemeType::Hybrid => self.next_hybrid(current),
        };
        next.ok_or_else(|| {
            Error::conflict(format!("Nothing follows the revision {current:?}"))
                .code("NO_REVISION_FOLLOWS", "The revision scheme has no name after this one.")
        })
    }

    fn next_hybrid(&self, current: &str) -> Option<String> {
        let (letters, number) = split_hybrid(current)?;
        if number < PER_LETTER && letters.chars().all(|letter| !self.skip.contains(letter)) {
            return Some(format!("{letters}{}", number + 1));
        }
        Some(format!("{}1", self.next_letters(letters)?))
    }

    fn next_letters(&self, current: &str) -> Option<String> {
        let alphabet = self.alphabet();
        let first = *alphabet.first()?;
        let letters: Vec<char> = current.chars().collect();
        let Some(bad) = letters.iter().position(|letter| !alphabet.contains(letter)) else {
            return short(increment(&alphabet, &letters)?);
        };
        // The least name above this one: another letter in the place of the first that is skipped, and the least after it.
        let rest = letters.len() - bad;
        let next = match alphabet.iter().find(|letter| **letter > letters[bad]) {
            Some(letter) => {
                letters[..bad].iter().copied().chain([*letter]).chain(iter::repeat_n(first, rest - 1)).collect()
            }
            None => increment(&alphabet, &letters[..bad])?.into_iter().chain(iter::repeat_n(first, rest)).collect(),
        };
        short(next)
    }
}

fn short(letters: Vec<char>) -> Option<String> {
    (letters.len() <= MAX_LETTERS).then(|| letters.into_iter().collect())
}

/// Counts one up, letters being the digits of a number without a zero.
fn increment(alphabet: &[char], letters: &[char]) -> Option<Vec<char>> {
    let (first, last) = (*alphabet.first()?, *alphabet.last()?);
    let mut next = letters.to_vec();
    for place in (0..next.len()).rev() {
        if next[place] == last {
            next[place] = first;
            continue;
        }
        let at = alphabet.iter().position(|letter| *letter == next[place])?;
        next[place] = *alphabet.get(at + 1)?;
        return Some(next);
    }
    next.insert(0, first);
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn skipping(skip: &str) -> Scheme {
        Scheme { skip: skip.to_owned(), ..Scheme::usual(SchemeType::Letter) }
    }

    #[test]
    fn one_revision_follows_the_other() {
        for (scheme, current, expected) in [
            ("A-Z", "A", "B"),
            ("A-Z", "Z", "AA"),
            ("letter", "AZ", "BA"),
            ("A-Z", "ZZ", "AAA"),
            ("1-9", "1", "2"),
            ("number", "9", "10"),
            ("number", "C", "1"),
            ("A-Z", "7", "A"),
        ] {
            assert_eq!(Scheme::of_type(scheme).next_free(current, &[]).unwrap(), expected, "{scheme} {current}");
        }
        let letters = Scheme::of_type("A-Z");
        assert_eq!(letters.next_free("A", &["B".to_owned(), "C".to_owned()]).unwrap(), "D");
        let hybrid = Scheme::usual(SchemeType::Hybrid);
        assert_eq!(["A1", "A9", "A99", "Z99"].map(|name| hybrid.next(name).unwrap()), ["A2", "A10", "B1", "AA1"]);
        for (scheme, current) in [(&letters, "1"), (&letters, "ZZZZZZZZ"), (&hybrid, "A"), (&hybrid, "A0")] {
            assert!(scheme.next(current).is_err(), "{current}");
        }
    }

    #[test]
    fn letters_that_are_skipped_occur_in_no_name() {
        let scheme = skipping("IOQSXZ");
        for (current, expected) in
            [("H", "J"), ("Y", "AA"), ("AY", "BA"), ("I", "J"), ("Z", "AA"), ("IZ", "JA"), ("AZ", "BA"), ("YZ", "AAA")]
        {
            assert_eq!(scheme.next(current).unwrap(), expected, "{current}");
        }
        assert!(scheme.has("AB") && !scheme.has("AI") && !scheme.has("1"));
        let hybrid = Scheme { skip: "B".to_owned(), ..Scheme::usual(SchemeType::Hybrid) };
        assert_eq!(["A99", "B7"].map(|name| hybrid.next(name).unwrap()), ["C1", "C1"]);
    }

    proptest! {
        #[test]
        fn a_name_is_followed_by_a_greater_one_of_its_scheme(name in "[A-Z]{1,6}", skip in "[B-Y]{0,10}") {
            let scheme = skipping(&skip);
            let next = scheme.next(&name).unwrap();
            prop_assert_eq!(name::compare(&name, &next), std::cmp::Ordering::Less);
            prop_assert!(scheme.has(&next));
        }
    }
}
