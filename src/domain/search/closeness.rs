//! How well a number or a name answers to a query with slips of the finger. Pure.

/// Two words are alike from here on: one slip in four letters, two in seven.
const ALIKE: f64 = 0.7;
/// The same with a digit in it, where one sign more often means another thing: one slip in seven.
const ALIKE_WITH_DIGITS: f64 = 0.85;

/// From 0 (not meant) to 1: how alike the words of a query are to those of a number and a name. Every word must have its
/// like; a whole number counts as a word too.
pub fn closeness(words: &[&str], number: Option<&str>, name: Option<&str>) -> f64 {
    let candidates: Vec<&str> = number
        .into_iter()
        .chain([number, name].into_iter().flatten().flat_map(|text| text.split(|sign: char| !sign.is_alphanumeric())))
        .chain(name.into_iter().flat_map(|text| text.split(' ')))
        .filter(|word| !word.is_empty())
        .collect();
    let mut sum = 0.0;
    for word in words {
        let best = candidates.iter().map(|candidate| alike(word, candidate)).fold(0.0, f64::max);
        if best < threshold(word) {
            return 0.0;
        }
        sum += best;
    }
    if words.is_empty() { 0.0 } else { sum / words.len() as f64 }
}

fn threshold(word: &str) -> f64 {
    if word.chars().any(|sign| sign.is_ascii_digit()) { ALIKE_WITH_DIGITS } else { ALIKE }
}

fn alike(word: &str, candidate: &str) -> f64 {
    let (left, right) = (word.chars().count(), candidate.chars().count());
    // Their distance is the difference at least.
    if left.abs_diff(right) as f64 > (1.0 - ALIKE) * left.max(right) as f64 {
        // A word that is not typed to its end, with a slip in it.
        if left >= 4 && right > left {
            let beginning: String = candidate.chars().take(left).collect();
            return 0.95 * strsim::normalized_damerau_levenshtein(word, &beginning);
        }
        return 0.0;
    }
    strsim::normalized_damerau_levenshtein(word, candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_and_other_words_are_not() {
        for (query, number, name, meant) in [
            ("braket", "p-1", "bracket left", true),
            ("bracekt left", "p-1", "bracket, left", true),
            ("botl", "p-1", "bolt m6", true),
            ("p-00l234", "p-001234", "x", true),
            ("p-01234", "p-001234", "x", true),
            ("brakc", "p-1", "bracketing", true),
            ("braket right", "p-1", "bracket left", false),
            ("bolt", "p-1", "nut", false),
            ("p-9999", "p-1234", "x", false),
            ("m5", "p-1", "m6", false),
            ("s-a-2", "s-a-1", "x", false),
        ] {
            let words: Vec<&str> = query.split(' ').collect();
            assert_eq!(closeness(&words, Some(number), Some(name)) > 0.0, meant, "{query} {number} {name}");
        }
        assert!(closeness(&["braket"], None, Some("bracket")) > closeness(&["braket"], None, Some("brackets")));
        assert!(closeness(&[], Some("a"), None) == 0.0 && closeness(&["abcd"], None, None) == 0.0);
    }
}
