//! The versions of items: which there are, what each was like, and who has one checked out.
//!
//! Every versionable item has a current version from its creation on (`meta` makes its row when it is first needed and seals
//! it with a release). Whoever has it checked out has the item to themselves until they check it in.
//!
//! Not here: the files of versions (`file`).

mod check_in;
mod check_out;
mod given;
mod lock;
mod model;
mod open;
mod read;
#[cfg(test)]
mod recorded_tests;
mod repo;
mod revise;
mod structure;
mod undo;

pub use check_in::{CheckIn, check_in};
pub use check_out::{NewCheckOut, check_out};
pub use lock::{lock_to_change, require_checked_out_by_caller};
pub use model::{Happening, ItemVersions, Lock, LockContext, Version, VersionView};
pub use open::{init_version, open_version, record};
pub use read::{get_version, items_by_id, require_version, revisions, version_history, version_tree, versions_of};
pub use revise::revise;
pub use structure::{Basis, Structure, StructureLine, current_structure, structure, too_large};
pub use undo::{Undo, forced_by_administrators, undo_check_out};
