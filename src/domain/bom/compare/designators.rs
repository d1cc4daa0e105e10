//! Reference designators as a set: `R1-R3, C5` is C5, R1, R2, R3.

use std::cmp::Ordering;

use crate::types::natural;

/// The most that one field is spelled out to; more is kept as it is written.
const MOST: usize = 10_000;

/// The designators of a field, ranges spelled out, each once and in natural order.
pub fn designators(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens(text) {
        match range(&token) {
            Some((prefix, first, last, width))
                if found.len() + usize::try_from(last - first).unwrap_or(MOST) < MOST =>
            {
                found.extend((first..=last).map(|number| format!("{prefix}{number:0width$}")));
            }
            _ => found.push(token),
        }
    }
    found.sort_by(|left, right| order(left, right));
    found.dedup();
    found
}

/// Natural order, and one that tells all that differ apart.
fn order(left: &str, right: &str) -> Ordering {
    natural::compare(left, right).then_with(|| left.cmp(right))
}

/// Separated by commas, semicolons or blanks; a hyphen with blanks around it belongs to what is on both its sides.
fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for chunk in text.split([',', ';', '\n', '，', '、', '；']) {
        let (mut joined, before) = (false, found.len());
        for word in chunk.split_whitespace() {
            let hyphen = matches!(word, "-" | "–" | ".." | "~");
            match found[before..].last_mut() {
                Some(last) if hyphen || joined => {
                    last.push_str(word);
                    joined = hyphen;
                }
                _ => found.push(word.to_owned()),
            }
        }
    }
    found
}

/// `R1-R5`, `R1-5`, `R1..R5`: the prefix, both numbers and their width.
fn range(token: &str) -> Option<(&str, u32, u32, usize)> {
    let (from, to) = ["..", "-", "–", "~"].iter().find_map(|sign| token.split_once(*sign))?;
    let ((prefix, first), (other, last)) = (numbered(from)?, numbered(to)?);
    let fits = !prefix.is_empty() && (other.is_empty() || other == prefix);
    let width = if first.starts_with('0') { first.len() } else { 0 };
    let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
    (fits && first <= last).then_some((prefix, first, last, width))
}

/// A designator as letters and the number at its end.
fn numbered(text: &str) -> Option<(&str, &str)> {
    let at = text
        .rfind(|letter: char| !letter.is_ascii_digit())
        .map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    let (prefix, number) = text.split_at(at);
    (!number.is_empty()).then_some((prefix, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_spelled_out_and_the_rest_is_kept() {
        let table: [(&str, &[&str]); 12] = [
            ("", &[]),
            ("R2,R1, R10", &["R1", "R2", "R10"]),
            ("R1-R3", &["R1", "R2", "R3"]),
            ("R1 - 3;C5", &["C5", "R1", "R2", "R3"]),
            ("R1..R2 R2", &["R1", "R2"]),
            ("D08–D10", &["D08", "D09", "D10"]),
            ("R3-R1", &["R3-R1"]),
            ("R1-C3", &["R1-C3"]),
            ("1-3", &["1-3"]),
            ("R1-R99999999", &["R1-R99999999"]),
            ("电阻1、电阻2", &["电阻1", "电阻2"]),
            ("X-1", &["X-1"]),
        ];
        for (text, expected) in table {
            assert_eq!(designators(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_set_in_order(text in "[R1-3,; .\\PC-]{0,40}") {
            let found = designators(&text);
            proptest::prop_assert!(found.windows(2).all(|pair| order(&pair[0], &pair[1]) == Ordering::Less));
        }
    }
}
