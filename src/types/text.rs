//! What no name or number may hold: characters that nobody sees.

/// The first character that shows nothing: a control, zero-width or direction mark. Two texts that differ in one only look
/// the same. The joiners stay, some scripts need them.
pub fn hidden(text: &str) -> Option<char> {
    text.chars().find(|&sign| sign.is_control() || is_invisible(sign))
}

/// The same for what identifies a thing, where no script needs a joiner.
pub fn hidden_in_identity(text: &str) -> Option<char> {
    text.chars().find(|&sign| sign.is_control() || is_invisible(sign) || matches!(sign, '\u{200c}' | '\u{200d}'))
}

fn is_invisible(sign: char) -> bool {
    matches!(
        sign,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_found() {
        for text in ["a\u{200b}", "\u{feff}a", "a\nb", "a\u{202e}b", "\u{ad}"] {
            assert!(hidden(text).is_some() && hidden_in_identity(text).is_some(), "{text:?}");
        }
        assert_eq!((hidden("می\u{200c}خواهم"), hidden("料号 é 1")), (None, None));
        assert_eq!(hidden_in_identity("P\u{200d}-1"), Some('\u{200d}'));
    }
}
