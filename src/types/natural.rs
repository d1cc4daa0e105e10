//! Order as a person reads it: `9` before `10`, `L009` before `L010`.

use std::cmp::Ordering;

/// Compares runs of digits by value and everything else by character.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    loop {
        let (a, rest_left) = chunk(left);
        let (b, rest_right) = chunk(right);
        if a.is_empty() || b.is_empty() {
            return a.len().cmp(&b.len());
        }
        let order = if is_number(a) && is_number(b) { by_value(a, b) } else { a.cmp(b) };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (rest_left, rest_right);
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_digit())
}

/// The leading run of digits, or of anything else.
fn chunk(text: &str) -> (&str, &str) {
    let digits = is_number(text);
    let end = text.find(|letter: char| letter.is_ascii_digit() != digits).unwrap_or(text.len());
    text.split_at(end)
}

fn by_value(left: &str, right: &str) -> Ordering {
    let (a, b) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b)).then_with(|| left.len().cmp(&right.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_by_value() {
        let mut given = ["L10", "L9", "10", "9", "010", "A", "10a", "10"];
        given.sort_by(|a, b| compare(a, b));
        assert_eq!(given, ["9", "10", "10", "10a", "010", "A", "L9", "L10"]);
    }

    #[test]
    fn a_beginning_comes_before_the_whole() {
        assert_eq!(compare("R1", "R1-2"), Ordering::Less);
        assert_eq!(compare("", "1"), Ordering::Less);
        assert_eq!(compare("料号9", "料号10"), Ordering::Less);
    }
}
