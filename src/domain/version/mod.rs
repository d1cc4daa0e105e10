//! The versions of items: which there are, what each was like, and who has one checked out.
//!
//! Drafts beside the current version (`branch`) have properties and lines of their own, and come together again by a merge.
//!
//! Every versionable item has a current version from its creation on (`meta` makes its row when it is first needed and seals
//! it with a release). Whoever has it checked out has the item to themselves until they check it in.
//!
//! Not here: the files of versions (`file`).

mod ancestry;
mod apply;
mod branch;
mod check_in;
mod check_out;
mod compare;
mod content;
mod effectivity;
mod given;
mod iterations;
mod lines;
mod lock;
pub mod merge;
mod merge_versions;
mod model;
mod open;
mod read;
#[cfg(test)]
mod recorded_tests;
mod repo;
mod revise;
mod structure;
mod undo;

pub use apply::Changed;
pub use branch::{NewBranch, branch};
pub use check_in::{CheckIn, check_in};
pub use check_out::{NewCheckOut, check_out};
pub use compare::{Comparison, FieldChange, LineChange, compare_versions};
pub use effectivity::{
    Effectivity, EffectivityChange, EffectivityKind, NewEffectivity, add_effectivity, change_effectivity,
    delete_effectivity, effective_version, effectivities_of_item, effectivities_of_version, get_effectivity,
};
pub use iterations::{
    Iteration, NewIteration, Restored, add_iteration, delete_iteration, latest_iteration, list_iterations,
    restore_iteration,
};
pub use lines::{
    NewVersionLine, VersionLine, add_version_line, change_version_line, remove_version_line, version_lines,
};
pub use lock::{lock_to_change, require_checked_out_by_caller};
pub use merge_versions::{MergedVersion, NewMerge, merge_versions};
pub use model::{Happening, ItemVersions, Lock, LockContext, Version, VersionView};
pub use open::{init_version, open_version, record};
pub use read::{get_version, items_by_id, require_version, revisions, version_history, version_tree, versions_of};
pub use revise::revise;
pub use structure::{Basis, Structure, StructureLine, current_structure, structure, structure_within, too_large};
pub use undo::{Undo, forced_by_administrators, undo_check_out};
