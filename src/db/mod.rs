//! Databases: opening, transactions, migrating, and the one place that knows how SQLite and PostgreSQL differ.
//!
//! No product words here. A [`Db`] is only ever handed out bound to a tenant (`tenancy`) or as the control database.

mod connect;
pub mod dialect;
mod errors;
mod migrate;
mod template;
mod tx;

pub use connect::{
    Limits, connect, connect_or_copy, connect_or_create, create_database, drop_database, file_is_missing, is_vacant,
};
pub use migrate::{Upgrade, schema_version, upgrade};
pub use template::{ensure_template, with_database};
pub use tx::{Db, Tx};
