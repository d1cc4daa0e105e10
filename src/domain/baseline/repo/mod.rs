//! SQL of baselines.

mod baselines;
mod comparisons;
mod contents;

pub use baselines::{effective, find, insert, lock, number_is_taken, page, update, with_item};
pub use comparisons::{comparison, insert_comparison};
pub use contents::{insert_members, insert_nodes, items_of, members, nodes, root};
