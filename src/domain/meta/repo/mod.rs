//! SQL of item types, items, their periods and numbering.

pub mod effectivities;
pub mod graph;
pub mod items;
pub mod numbering;
pub mod stored;
pub mod types;
pub mod views;
pub mod visible;
