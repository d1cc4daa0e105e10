//! The files of versions: which belong to one, which is its primary one, and who has one checked out.
//!
//! They change only in the hands of whoever has the version checked out, and never once it is released. A check-out of one
//! file keeps others from taking that file off or changing what it is to the version; it stands by itself.

mod bind;
mod compare;
mod lock;
mod model;
mod open;
mod read;

pub use bind::{bind_file, set_primary_file, unbind_file};
pub use compare::{FileComparison, compare_version_files};
pub use lock::{check_out_file, file_lock, undo_file_check_out};
pub use model::{NewVersionFile, VersionFile, VersionFileFacts};
pub use read::{files_of_version, version_file_facts};
