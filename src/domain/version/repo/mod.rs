//! SQL of versions, their history and their lines.

mod lines;
mod versions;

pub use lines::{current_versions, items, live_lines, named_or_first, own_lines, released_at};
pub use versions::{any_checked_out, find, history, of_item, revisions, set_down, set_lock};
