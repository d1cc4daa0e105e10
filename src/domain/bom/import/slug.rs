//! A name as part of a number: upper-case letters, digits and single hyphens.

/// `Hex nut, M5` becomes `HEX-NUT-M5`; empty if the name has neither letters nor digits.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    let mut gap = false;
    // An accent written on its own belongs to the letter before it and separates nothing.
    for sign in name.chars().filter(|sign| !matches!(sign, '\u{300}'..='\u{36f}')) {
        if !sign.is_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !slug.is_empty() {
            slug.push('-');
        }
        gap = false;
        slug.extend(sign.to_uppercase());
    }
    slug
}

/// The first `longest` characters, without a hyphen at the end.
pub(super) fn cut(text: &str, longest: usize) -> &str {
    let end = text.char_indices().nth(longest).map_or(text.len(), |(end, _)| end);
    text[..end].trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_digits_and_single_hyphens_remain() {
        let cases = [
            ("Hex nut, M5", "HEX-NUT-M5"),
            ("  --20mm x 20mm (V-Slot)! ", "20MM-X-20MM-V-SLOT"),
            ("Größe e\u{301}", "GRÖSSE-E"),
            ("六角 螺母", "六角-螺母"),
            ("-- !", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    #[test]
    fn cutting_leaves_no_hyphen_behind() {
        assert_eq!(cut("AB-CD", 3), "AB");
        assert_eq!(cut("螺母", 1), "螺");
        assert_eq!(cut("AB", 9), "AB");
    }
}
