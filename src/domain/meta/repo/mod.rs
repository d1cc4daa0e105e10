//! SQL of item types, items, their periods, versions and numbering.

pub mod effectivities;
mod filter;
pub mod graph;
pub mod history;
pub mod items;
pub mod numbering;
pub mod policies;
pub mod query;
pub mod revision_schemes;
pub mod stored;
pub mod types;
pub mod uses;
pub mod version_lines;
pub mod versions;
pub mod views;
pub mod visible;
