//! Searching, the index, and what it counts.

mod hits;
mod index;
mod reports;

pub use hits::SearchApi;
pub use index::SearchIndexApi;
pub use reports::SearchReportsApi;
