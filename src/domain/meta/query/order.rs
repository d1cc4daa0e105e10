//! In which order items are wanted: `name`, `-created_at`, `cost desc`. Pure.

use super::filter::Field;
use crate::domain::meta::model::ItemType;
use crate::error::{Error, Result};

/// The most fields of one order.
const MOST_TERMS: usize = 8;

/// One field of an order; items without a value come last in either direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub field: Field,
    pub descending: bool,
}

pub fn parse(kind: &ItemType, given: &[String]) -> Result<Vec<Term>> {
    if given.len() > MOST_TERMS {
        let message = format!("At most {MOST_TERMS} fields");
        return Err(Error::invalid_field("too_long", &["body", "order_by"], message));
    }
    given.iter().enumerate().map(|(index, text)| term(kind, index, text)).collect()
}

fn term(kind: &ItemType, index: usize, text: &str) -> Result<Term> {
    let (name, descending) = read(text);
    let field = Field::of(kind, name).filter(|_| !name.is_empty());
    field.map(|field| Term { field, descending }).ok_or_else(|| {
        let message = format!("{} has no property {name:?}", kind.id);
        Error::invalid_field("value_error", &["body", "order_by", &index.to_string()], message)
    })
}

fn read(text: &str) -> (&str, bool) {
    let text = text.trim();
    if let Some((name, direction)) = text.rsplit_once(char::is_whitespace) {
        if direction.eq_ignore_ascii_case("desc") {
            return (name.trim(), true);
        }
        if direction.eq_ignore_ascii_case("asc") {
            return (name.trim(), false);
        }
    }
    match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text.strip_prefix('+').unwrap_or(text), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_read_in_every_usual_way() {
        let table = [
            ("name", ("name", false)),
            ("-created_at", ("created_at", true)),
            ("+cost", ("cost", false)),
            ("cost desc", ("cost", true)),
            ("Dry weight  DESC", ("Dry weight", true)),
            ("Dry weight", ("Dry weight", false)),
            (" cost asc ", ("cost", false)),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
