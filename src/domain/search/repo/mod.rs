//! SQL of the search index.

pub mod documents;
pub mod files;
pub mod find;
pub mod items;
pub mod rebuilds;
pub mod reports;
