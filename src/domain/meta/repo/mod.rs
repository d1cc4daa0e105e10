//! SQL of item types, items and numbering.

pub mod graph;
pub mod items;
pub mod numbering;
pub mod types;
