//! Names of files: whatever their senders call them, within what can be shown and saved. Never a path.

use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, Result};

/// In characters: what file systems and people bear.
const MOST: usize = 255;
/// Texts about a file, in characters.
const MOST_TEXT: usize = 500;

/// The name without the folders that some senders put before it, composed, and without the marks that turn the direction of
/// writing, which make `exe.gpj` read as `jpg.exe`.
///
/// Errors: `Invalid` at `loc` for no name, one that is too long, or control characters.
pub fn clean_name(given: &str, loc: &[&str]) -> Result<String> {
    let refuse = |message: &str| Err(Error::invalid_field("value_error", loc, message));
    let name: String = given.rsplit(['/', '\\']).next().unwrap_or_default().nfc().filter(|c| !turns(*c)).collect();
    let name = name.trim();
    if name.chars().any(char::is_control) {
        return refuse("A file's name has no control characters");
    }
    if name.is_empty() || name.chars().all(|c| c == '.') {
        return refuse("The file needs a name");
    }
    if name.chars().count() > MOST {
        return refuse(&format!("A file's name has at most {MOST} characters"));
    }
    Ok(name.to_owned())
}

/// Embeddings, overrides and isolates of bidirectional text. The plain marks that right-to-left names need stay.
fn turns(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The extension in lower case, without its dot; empty where there is none.
pub fn extension(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 16 && extension.is_ascii() => {
            extension.to_ascii_lowercase()
        }
        _ => String::new(),
    }
}

/// A text that goes with a file, of which an empty one is none.
pub fn clean_text(given: Option<String>, field: &str) -> Result<Option<String>> {
    let Some(text) = given.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()) else { return Ok(None) };
    let refuse = |message: String| Err(Error::invalid_field("value_error", &["body", field], message));
    if text.contains('\0') {
        return refuse("A text has no NUL characters".to_owned());
    }
    if text.chars().count() > MOST_TEXT {
        return refuse(format!("At most {MOST_TEXT} characters"));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_the_last_part_of_a_path_and_readable() {
        for (given, expected) in [
            ("part.step", "part.step"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Zeichnungen\\Gehäuse 1.dwg", "Gehäuse 1.dwg"),
            ("图纸 第三版.pdf", "图纸 第三版.pdf"),
            ("e\u{301}tude.txt", "étude.txt"),
            ("evil\u{202e}gpj.exe", "evilgpj.exe"),
            ("رسم\u{200f}.pdf", "رسم\u{200f}.pdf"),
            ("  a b.txt ", "a b.txt"),
        ] {
            assert_eq!(clean_name(given, &["body", "file"]).unwrap(), expected, "{given:?}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for given in ["", " ", ".", "..", "a/", "a\\..", "a\0.txt", "a\nb.txt", "\u{202e}", &"x".repeat(256)] {
            let error = clean_name(given, &["body", "file"]).unwrap_err();
            assert_eq!(error.problems()[0].loc, ["body", "file"], "{given:?}");
        }
        assert!(clean_name(&"画".repeat(255), &["body", "file"]).is_ok());
    }

    #[test]
    fn an_extension_is_short_and_follows_a_name() {
        for (name, expected) in
            [("a.STEP", "step"), ("a.tar.gz", "gz"), (".bashrc", ""), ("a", ""), ("a.", ""), ("a.b.第三版", "")]
        {
            assert_eq!(extension(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_anywhere(given in any::<String>()) {
            if let Ok(name) = clean_name(&given, &["body", "file"]) {
                prop_assert!(!name.contains(['/', '\\', '\0']));
                prop_assert!(name != "." && name != ".." && !name.is_empty());
            }
        }
    }
}
