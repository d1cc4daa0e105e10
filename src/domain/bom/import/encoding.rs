//! From the bytes of a file to its text. UTF-8 and UTF-16 only: any other encoding would have to be guessed.

use crate::error::{Error, Kind, Result};

const ADVICE: &str = "save the sheet as \"CSV UTF-8\"";

pub(super) fn file_error(message: impl Into<String>) -> Error {
    Error::invalid_field("value_error", &["body", "file"], message)
}

/// The text of a file of at most `max_bytes`, without its byte order mark.
///
/// Refuses larger files, workbooks, other encodings and NUL characters.
pub(super) fn decode(bytes: &[u8], max_bytes: usize) -> Result<String> {
    if bytes.len() > max_bytes {
        let message = format!("The file has {} bytes; at most {max_bytes} are allowed", bytes.len());
        return Err(Error::new(Kind::TooLarge, message));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(file_error(format!("The file is a workbook, not a text: save it as .xlsx, or {ADVICE}")));
    }
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest)?,
        _ => utf8(bytes)?,
    };
    match text.find('\0') {
        Some(at) => {
            Err(file_error(format!("Line {} holds a NUL character: {ADVICE}", line_of(&text.as_bytes()[..at]))))
        }
        None => Ok(text),
    }
}

fn utf8(bytes: &[u8]) -> Result<String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
        let line = line_of(&bytes[..error.valid_up_to()]);
        file_error(format!("The file is not UTF-8 text, first in line {line}: {ADVICE}"))
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let broken = || file_error(format!("The file begins like UTF-16 text and is broken further on: {ADVICE}"));
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(broken());
    }
    char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<String, _>>().map_err(|_| broken())
}

fn line_of(before: &[u8]) -> usize {
    before.iter().filter(|&&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_file(text: &str, mark: [u8; 2], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    }

    #[test]
    fn each_encoding_yields_the_same_text() {
        let text = "料号,Größe\n";
        let files = [
            text.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
            utf16_file(text, [0xFF, 0xFE], u16::to_le_bytes),
            utf16_file(text, [0xFE, 0xFF], u16::to_be_bytes),
        ];
        for file in files {
            assert_eq!(decode(&file, 100).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_advice() {
        let cases: [(&[u8], &str); 6] = [
            (b"a,b\nGr\xF6\xDFe", "first in line 2"),
            (b"a\nb\0c", "Line 2 holds a NUL"),
            (b"\xFF\xFEa", "UTF-16"),
            (b"\xFF\xFE\x00\xD8", "UTF-16"),
            (b"PK\x03\x04rest", "workbook"),
            (b"\xD0\xCF\x11\xE0rest", "workbook"),
        ];
        for (bytes, part) in cases {
            let error = decode(bytes, 100).unwrap_err();
            assert!(error.message().contains(part) && error.message().contains("CSV UTF-8"), "{error}");
        }
    }

    #[test]
    fn a_file_over_the_limit_is_too_large() {
        assert!(decode(b"12345", 5).is_ok());
        assert_eq!(decode(b"123456", 5).unwrap_err().kind(), Kind::TooLarge);
    }
}
