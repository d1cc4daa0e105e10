//! Paging: what a caller may ask for and what a list answers with.

use serde::Serialize;

/// A window on a list. `limit` is bounded by whoever builds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    pub limit: u64,
    pub offset: u64,
}

impl PageRequest {
    /// At most `max` rows from `offset` on; a limit of 0 asks for nothing but the total.
    pub fn new(limit: u64, offset: u64, max: u64) -> Self {
        Self { limit: limit.min(max), offset }
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
