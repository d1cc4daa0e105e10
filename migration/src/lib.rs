//! Schema changes of Yuantus.
//!
//! Two ordered lists: [`identity`] for the control database, [`tenant`] for each product database. One change per file,
//! both directions, names local to the file; a released file is never edited. Each runs in one transaction, so a failed
//! change leaves the database as it was.

mod change;
pub mod identity;
mod schema;
pub mod tenant;

pub use change::{Change, ChangeList, latest, names, readable_from};
pub use sea_orm_migration::{MigratorTrait, SchemaManager};
