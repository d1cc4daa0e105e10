//! Three-way merges: what two sides made of one common beginning, put together. Pure.
//!
//! What only one side changed is taken, what both changed alike too; where they disagree there is a conflict, and nothing is
//! decided for anybody. Not here: where contents come from, and how they are stored.

mod content;
mod resolution;
mod rule;
#[cfg(test)]
mod rule_tests;

pub use content::{Content, Line};
pub use resolution::{Choice, Resolution};
pub use rule::{Conflict, ConflictKind, Merged, merge};
