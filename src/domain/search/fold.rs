//! Text as it is compared: without case, width, ligatures and accents. Pure, character by character, so that what is found
//! in the folded text can be shown in the original.

use std::collections::BTreeSet;

use unicode_normalization::char::decompose_compatible;

/// What a character is compared as: nothing, one or several characters; any space is a blank.
pub fn fold_char(sign: char, mut each: impl FnMut(char)) {
    if sign.is_whitespace() || sign.is_control() {
        return each(' ');
    }
    if sign.is_ascii() {
        return each(sign.to_ascii_lowercase());
    }
    decompose_compatible(sign, |part| {
        // Accents; marks of other scripts tell letters apart.
        if !('\u{300}'..='\u{36f}').contains(&part) {
            part.to_lowercase().filter(|lower| !('\u{300}'..='\u{36f}').contains(lower)).for_each(&mut each);
        }
    });
}

/// A text as it is compared, with single blanks between its words.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for sign in text.chars() {
        fold_char(sign, |part| {
            if part != ' ' || !(folded.is_empty() || folded.ends_with(' ')) {
                folded.push(part);
            }
        });
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Scripts that put no spaces between words.
pub fn is_spaceless(sign: char) -> bool {
    matches!(sign, '\u{1100}'..='\u{11ff}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{20000}'..='\u{3ffff}')
}

/// The terms by which words of one and two characters are found in a folded text: the beginnings of its words, and every
/// character and pair of characters of scripts without spaces.
pub fn short_terms(folded: &str) -> Vec<String> {
    let mut terms = BTreeSet::new();
    let signs: Vec<char> = folded.chars().collect();
    for (index, &sign) in signs.iter().enumerate() {
        let next = signs.get(index + 1).copied().filter(|next| next.is_alphanumeric());
        let begins = index == 0 || !signs[index - 1].is_alphanumeric() || is_spaceless(signs[index - 1]);
        if is_spaceless(sign) || (sign.is_alphanumeric() && begins) {
            terms.insert(sign.to_string());
            terms.extend(next.map(|next| format!("{sign}{next}")));
        }
    }
    terms.into_iter().collect()
}

/// Whether a short word can be a term.
pub fn may_be_term(word: &str) -> bool {
    word.chars().all(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_alike_is_the_same() {
        for (text, folded) in [
            ("Bracket  LEFT\n", "bracket left"),
            ("Müller Größe", "muller große"),
            ("ＡＢＣ－１２３", "abc-123"),
            ("ﬁlter", "filter"),
            ("İzmir", "izmir"),
            ("e\u{301}tage", "etage"),
            ("轴承座\u{3000}A", "轴承座 a"),
            ("M6×20 %_\"*", "m6×20 %_\"*"),
            ("a\0b", "a b"),
            ("  ", ""),
        ] {
            assert_eq!(fold(text), folded, "{text:?}");
            assert_eq!(fold(&fold(text)), folded, "folding twice changes nothing");
        }
    }

    #[test]
    fn short_words_are_found_at_the_beginning_of_words_and_anywhere_in_chinese() {
        assert_eq!(short_terms("iso-m6x 轴承a"), ["a", "i", "is", "m", "m6", "承", "承a", "轴", "轴承"]);
        assert!(short_terms("-- (\"*").is_empty());
        assert!(may_be_term("m6") && may_be_term("轴") && !may_be_term("-") && !may_be_term("a*"));
    }
}
