//! The text of one cell: tidying it, and what no text of a part may hold. Numbers are read elsewhere.

use crate::types::text::{hidden, hidden_in_identity};

/// Without white space around it, and with one space for each run of white space within.
pub(super) fn tidy(text: &str) -> String {
    let mut tidied = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !tidied.is_empty() {
            tidied.push(' ');
        }
        tidied.push_str(word);
    }
    tidied
}

/// Checks a tidied text of at most `longest` characters; the error is a sentence for a person.
pub(super) fn check_text(text: &str, longest: usize) -> Result<(), String> {
    if let Some(hidden) = hidden(text) {
        return Err(holds_hidden(hidden));
    }
    let length = text.chars().count();
    if length > longest {
        return Err(format!("Has {length} characters; at most {longest} are allowed"));
    }
    Ok(())
}

/// Checks what identifies a part: beyond [`check_text`], what a spreadsheet leaves where a text was meant. `is_literal`: what
/// looks like a formula is none.
pub(super) fn check_identity(text: &str, longest: usize, is_literal: bool) -> Result<(), String> {
    const FAILURES: [&str; 8] = ["#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!"];
    if text.starts_with('=') && !is_literal {
        return Err("Is a formula; export the sheet with values".to_owned());
    }
    if FAILURES.contains(&text) {
        return Err("Is an error of the spreadsheet; correct it there".to_owned());
    }
    if is_shortened_number(text) {
        return Err("Is a long number that the spreadsheet shortened; format the column as text".to_owned());
    }
    check_text(text, longest)
}

/// Checks a number of a part: [`check_identity`], and no joiner, which no script needs there.
pub(super) fn check_number(text: &str, longest: usize, is_literal: bool) -> Result<(), String> {
    check_identity(text, longest, is_literal)?;
    hidden_in_identity(text).map_or(Ok(()), |hidden| Err(holds_hidden(hidden)))
}

fn holds_hidden(sign: char) -> String {
    format!("Holds the invisible character U+{:04X}", u32::from(sign))
}

/// `1.23E+11`
fn is_shortened_number(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once("E+") else { return false };
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    whole.len() == 1 && digits(whole) && digits(fraction) && digits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_tidied() {
        assert_eq!(tidy(" \u{a0}Hex\t nut\r\n M5\u{3000}"), "Hex nut M5");
        assert_eq!(tidy(" \n"), "");
    }

    #[test]
    fn invisible_and_overlong_texts_are_refused() {
        assert_eq!(check_text("a\u{7}b", 10).unwrap_err(), "Holds the invisible character U+0007");
        assert_eq!(check_text("a\u{200b}", 10).unwrap_err(), "Holds the invisible character U+200B");
        assert!(check_identity("a\u{200d}b", 10, false).is_ok() && check_number("a\u{200d}b", 10, false).is_err());
        assert_eq!(check_text("名名名", 2).unwrap_err(), "Has 3 characters; at most 2 are allowed");
        assert!(check_text("名名名", 3).is_ok());
    }

    #[test]
    fn debris_of_a_spreadsheet_identifies_nothing() {
        for bad in ["=A1&B1", "#REF!", "1.23E+11", "4E+10", "1,5E+06"] {
            assert!(check_identity(bad, 32, false).is_err(), "{bad}");
        }
        for good in ["12E+4", "E+5", "1.2.3E+4", "#12", "M5=x"] {
            assert!(check_identity(good, 32, false).is_ok(), "{good}");
        }
        assert!(check_identity("=A1", 32, true).is_ok() && check_identity("#REF!", 32, true).is_err());
    }
}
