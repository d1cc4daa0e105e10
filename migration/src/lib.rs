//! Schema changes of Yuantus.
//!
//! Two ordered lists: [`identity`] for the control database, [`tenant`] for each product database. One change per file,
//! both directions, names local to the file; a released file is never edited. Each runs in one transaction, so a failed
//! change leaves the database as it was.

pub mod identity;
mod schema;
pub mod tenant;

pub use sea_orm_migration::MigratorTrait;

/// The migration that brings a database to the present schema; recorded as its schema version.
pub fn latest<M: MigratorTrait>() -> String {
    M::migrations().last().map(|migration| migration.name().to_owned()).unwrap_or_default()
}
