//! sea-orm models, one file per table: the columns as `migration` creates them. No queries, no rules.

pub mod identity;
pub mod tenant;
