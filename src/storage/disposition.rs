//! The `Content-Disposition` of a download, shared by presigned links and by responses that stream through the server.

use std::fmt::Write;

/// `attachment` with the file's name, in ASCII for old clients and in UTF-8 for all others (RFC 6266, RFC 8187).
///
/// Always an attachment: a stored HTML or SVG file must not run in the origin it is served from. Control characters are
/// dropped and path separators become `_`, so the value is safe as a header and as a file name.
pub fn content_disposition(file_name: &str) -> String {
    let name = safe_name(file_name);
    let plain = |c: char| if c.is_ascii() && !matches!(c, '"' | '%') { c } else { '_' };
    let ascii: String = name.chars().map(plain).collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{}", percent_encode(&name))
}

fn safe_name(file_name: &str) -> String {
    let keep = |c: char| match c {
        '/' | '\\' => Some('_'),
        c if c.is_control() => None,
        c => Some(c),
    };
    let name: String = file_name.chars().filter_map(keep).collect();
    if name.trim().is_empty() { "file".to_owned() } else { name }
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        // The attr-char set of RFC 8187.
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_given_in_ascii_and_in_utf8() {
        assert_eq!(
            content_disposition("Gehäuse 1.step"),
            "attachment; filename=\"Geh_use 1.step\"; filename*=UTF-8''Geh%C3%A4use%201.step"
        );
    }

    #[test]
    fn a_name_cannot_add_a_header_or_a_directory() {
        assert_eq!(
            content_disposition("../a\"\r\nX: y"),
            "attachment; filename=\".._a_X: y\"; filename*=UTF-8''.._a%22X%3A%20y"
        );
        assert!(content_disposition("\r\n").contains("filename=\"file\""));
    }

    proptest! {
        #[test]
        fn the_value_is_always_one_printable_ascii_line(name in any::<String>()) {
            let value = content_disposition(&name);
            prop_assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{value:?}");
            prop_assert_eq!(value.matches('"').count(), 2);
        }
    }
}
