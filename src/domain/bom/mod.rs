//! Bills of materials: lines between parts, and the trees they form.
//!
//! A line is a relationship of type `Part BOM`; the meta engine keeps it unique and free of cycles. Here is what a BOM means:
//! when and for which configuration a line holds, in which order, how sheets become lines and lines sheets, what may take the place of what,
//! and what the whole weighs and costs.

pub mod compare;
mod effectivity;
mod explode;
pub mod export;
mod flat;
mod heights;
mod holding;
pub mod import;
mod lines;
mod links;
mod mbom;
mod obsolete;
mod obsolete_resolve;
mod refdes;
mod repo;
mod rollup;
mod rollup_write;
mod tree;
mod where_used;

pub use crate::domain::version::too_large;
pub use crate::types::Selections;
pub use effectivity::{Effectivity, When};
pub use explode::{Occurrence, explode, occurrences};
pub use flat::{FlatBom, FlatPart, Gap, Unconverted, flat};
pub use holding::holding;
pub use lines::{AddedLine, ChangedLine, NewLine, add_line, add_line_within, change_line, remove_line};
pub use links::{
    Link, SpareLevel, add_equivalent, add_spare, add_substitute, equivalents, explode_spares, remove_equivalent,
    remove_spare, remove_substitute, spares, substitutes,
};
pub use mbom::{Converted, convert_to_mbom, mbom_tree};
pub use obsolete::{ObsoleteLine, ObsoleteReason, ObsoleteRequest, obsolete_lines};
pub use obsolete_resolve::{ResolveMode, ResolveStatus, Resolved, resolve_obsolete};
pub use rollup::{Measure, Missing, Reason, RolledLine, RolledPart, Rollup, RollupRequest, rollup};
pub use rollup_write::{Update, UpdateStatus, WriteBack, WriteBackMode, check_field, write_back};
pub use tree::{BomLine, BomNode, BomTree, TreeQuery, TreeRequest, kept_tree, tree, version_tree};
pub use where_used::{Use, UsedLine, UsedLines, WhereUsed, lines_above, where_used};

/// The relationship type of BOM lines.
pub const PART_BOM: &str = "Part BOM";
/// The type of the items that a BOM is made of.
pub const PART: &str = "Part";
/// Parts that may take the place of what a line leads to.
pub const PART_BOM_SUBSTITUTE: &str = "Part BOM Substitute";
/// Parts that are as good as each other.
pub const PART_EQUIVALENT: &str = "Part Equivalent";
/// What is kept in stock for a part.
pub const PART_SPARE: &str = "Part Spare";
/// The items and lines of manufacturing structures.
pub const MANUFACTURING_PART: &str = "Manufacturing Part";
pub const MANUFACTURING_BOM: &str = "Manufacturing BOM";
