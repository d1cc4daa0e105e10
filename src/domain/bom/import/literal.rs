//! Texts that a spreadsheet would take for formulas, in a file that it opens: `=1+1`, `+49 30`, `-5`, `@name`.
//!
//! An export puts an apostrophe in front of them, and in front of what begins with apostrophes and goes on like that; an import
//! takes exactly one off. Any other apostrophe is part of its text.

/// The text as an export writes it.
pub fn escaped(text: &str) -> String {
    if is_formula(text.trim_start_matches('\'')) { format!("'{text}") } else { text.to_owned() }
}

/// The text that an export wrote like this; none where it has put nothing in front.
pub(super) fn unescaped(text: &str) -> Option<&str> {
    text.strip_prefix('\'').filter(|rest| is_formula(rest.trim_start_matches('\'')))
}

fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_comes_back() {
        for text in ["=1+1", "-5", "@x", "'=1", "''+1", "+", "＝A1"] {
            let written = escaped(text);
            assert_eq!(written, format!("'{text}"));
            assert_eq!(unescaped(&written), Some(text));
        }
        for text in ["", "M5", "'quoted'", "5'", "''", "'"] {
            assert_eq!((escaped(text).as_str(), unescaped(text)), (text, None));
        }
    }
}
