//! Bills of materials: lines between parts, and the trees they form.
//!
//! A line is a relationship of type `Part BOM`; the meta engine keeps it unique and free of cycles. Here is what a BOM means:
//! when and for which configuration a line holds, in which order, and how sheets become lines and lines
//! sheets.

mod effectivity;
mod explode;
pub mod export;
pub mod import;
mod lines;
mod natural;
mod repo;
mod tree;
mod where_used;

pub use crate::domain::version::too_large;
pub use crate::types::Selections;
pub use effectivity::When;
pub use explode::{Occurrence, explode, occurrences};
pub use lines::{AddedLine, NewLine, add_line, add_line_within, remove_line};
pub use tree::{BomLine, BomNode, BomTree, TreeQuery, TreeRequest, tree, version_tree};
pub use where_used::{Use, WhereUsed, where_used};

/// The relationship type of BOM lines.
pub const PART_BOM: &str = "Part BOM";
/// The type of the items that a BOM is made of.
pub const PART: &str = "Part";
