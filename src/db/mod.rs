//! Databases: opening, transactions, migrating, and the one place that knows how SQLite and PostgreSQL differ.
//!
//! No product words here. A [`Db`] is only ever handed out bound to a tenant (`tenancy`) or as the control database.

mod connect;
pub mod dialect;
mod errors;
pub mod fulltext;
mod inspect;
mod json;
mod migrate;
pub mod property_index;
mod schema;
mod sql;
mod template;
mod tx;

pub use connect::{
    Limits, connect, connect_existing, connect_or_copy, connect_or_create, create_database, drop_database,
    file_is_missing, is_vacant,
};
pub use inspect::{Inspected, expected_schema, real_schema};
pub use json::JsonColumn;
pub use migrate::{Upgrade, upgrade, upgrade_existing};
pub use schema::{SchemaVersion, Standing, applied, schema, standing};
pub use sql::Sql;
pub use template::{ensure_template, with_database};
pub use tx::{Db, Tx};
