//! SQL of versions, their history, their lines, iterations and effectivities.

mod drafts;
pub mod effectivities;
pub mod iterations;
mod lines;
mod versions;

pub use drafts::{
    ancestry, copy_own_lines, count, delete_line, has_branch, insert, insert_line, lines_of, set_merged, update_line,
    version_to_lead_to,
};
pub use lines::{current_versions, items, live_lines, named_or_first, own_lines, released_at};
pub use versions::{any_checked_out, find, history, of_item, released_or_current, revisions, set_down, set_lock};
