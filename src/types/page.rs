//! Paging: what a caller may ask for and what a list answers with.

use serde::Serialize;

use crate::error::{Error, Result};

/// No list is longer.
const MOST_SKIPPED: u64 = 1_000_000_000_000;

/// A window on a list. `limit` is bounded by whoever builds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: u64,
    pub offset: u64,
}

impl PageRequest {
    /// At most `max` rows from `offset` on; a limit of 0 asks for nothing but the total.
    ///
    /// Fails with `Invalid` on `query.offset` for one that no engine can count to.
    pub fn new(limit: u64, offset: u64, max: u64) -> Result<Self> {
        if offset > MOST_SKIPPED {
            return Err(Error::invalid_field("value_error", &["query", "offset"], format!("0 to {MOST_SKIPPED}")));
        }
        Ok(Self { limit: limit.min(max), offset })
    }
}

/// Part of a list, and how long the whole is.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub total: u64,
}

impl<T> Page<T> {
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), total: self.total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_has_a_bound_and_a_limit_is_cut() {
        assert_eq!(PageRequest::new(900, 7, 200).unwrap(), PageRequest { limit: 200, offset: 7 });
        for offset in [MOST_SKIPPED + 1, u64::MAX] {
            assert_eq!(PageRequest::new(1, offset, 200).unwrap_err().problems()[0].loc, ["query", "offset"]);
        }
    }
}
