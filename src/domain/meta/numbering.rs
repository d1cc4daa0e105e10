//! Drawing the next number of a type. Gap-free as long as nobody deletes: a draw that is rolled back is drawn again.

use super::model::ItemType;
use super::repo;
use super::values::{Values, is_blank};
use super::write::Write;
use crate::error::{Error, Result};

/// A sequence whose next numbers were all given by hand is skipped past, but not without end.
const MOST_SKIPPED: usize = 100_000;
const DEFAULT_PADDING: usize = 6;

/// Whether an item that is added with these values draws its number.
pub fn draws_number(kind: &ItemType, given: &Values) -> bool {
    let Some(property) = &kind.number_property else { return false };
    let number = given.get(property).or_else(|| given.get("number").filter(|mirror| !mirror.is_null()));
    is_blank(number)
}

/// The next free number of a type. Concurrent draws wait for each other, so none is given twice.
pub(super) async fn draw(write: &Write<'_>, kind: &ItemType) -> Result<String> {
    write.require_numbering(kind)?;
    let tx = &write.tx;
    repo::numbering::ensure(tx, &kind.id, &default_prefix(&kind.id), DEFAULT_PADDING).await?;
    for _ in 0..MOST_SKIPPED {
        let drawn = repo::numbering::next(tx, &kind.id).await?;
        let number = format!("{}{:0width$}", drawn.prefix, drawn.value, width = drawn.padding);
        if !repo::items::key_exists(tx, &kind.id, &number).await? {
            return Ok(number);
        }
    }
    Err(Error::conflict(format!("The numbering of {} is exhausted; raise its next value", kind.id)))
}

fn default_prefix(type_id: &str) -> String {
    let letters: String = type_id.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    format!("{}-", letters.to_uppercase())
}
