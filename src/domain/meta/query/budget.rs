//! How much one answer may hold: items are counted by the size of their properties while they are read and shown, so that
//! no request fills the memory, however few items it names.

use crate::domain::meta::item::Item;
use crate::domain::meta::values::weight;
use crate::error::{Error, Result};

/// The most that one answer holds, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// What every item has beside its properties.
const BYTES_PER_ITEM: usize = 512;

/// What is left for the items of one answer.
#[derive(Debug)]
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST_BYTES)
    }
}

impl Budget {
    /// For what is no answer, and is let go of at once.
    pub fn unlimited() -> Self {
        Self(usize::MAX)
    }

    /// Fails with `BadRequest` `ANSWER_TOO_LARGE`.
    pub fn spend(&mut self, item: &Item) -> Result<()> {
        self.0 = self.0.checked_sub(BYTES_PER_ITEM + weight(&item.properties)).ok_or_else(too_large)?;
        Ok(())
    }
}

fn too_large() -> Error {
    Error::bad_request(format!("The items of this answer are larger than {} MiB together", MOST_BYTES >> 20)).code(
        "ANSWER_TOO_LARGE",
        "That is too much for one answer. Ask for fewer items per page, fewer names to expand or less depth.",
    )
}
