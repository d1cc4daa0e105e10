//! Bringing a database to the present schema.
//!
//! All pending changes of one database run in one transaction that holds the database's migration lock: two processes at
//! once are one after the other, and a failure leaves the database at its old version.

use migration::MigratorTrait;
use sea_orm::ConnectionTrait;

use super::Db;
use super::dialect::{has_table, lock, statement};
use crate::error::{Error, Result};

/// What an upgrade did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// The schema version before; none for an empty database.
    pub from: Option<String>,
    pub to: String,
    /// How many changes ran.
    pub applied: usize,
}

/// The latest change that a database has, or none for an empty one. Only reads.
pub async fn schema_version<M: MigratorTrait>(db: &impl ConnectionTrait) -> Result<Option<String>> {
    let table = M::migration_table_name().to_string();
    if !has_table(db, &table).await? {
        return Ok(None);
    }
    let sql = format!("SELECT version FROM {table} ORDER BY version DESC LIMIT 1");
    let row = db.query_one_raw(statement(db, sql, Vec::new())).await?;
    Ok(row.map(|row| row.try_get_by_index::<String>(0)).transpose()?)
}

/// Applies what is missing. A database newer than this binary is refused and left alone.
pub async fn upgrade<M: MigratorTrait>(db: &Db) -> Result<Upgrade> {
    let tx = db.begin().await?;
    lock(&tx, "yuantus-migrations").await?;
    let from = schema_version::<M>(&tx).await?;
    let to = migration::latest::<M>();
    let applied = pending::<M>(from.as_deref())?;
    if applied > 0 {
        M::up(tx.inner(), None).await.map_err(|error| {
            Error::internal(format!("The schema could not be brought to {to}; the database is unchanged"))
                .caused_by(error)
        })?;
    }
    tx.commit().await?;
    Ok(Upgrade { from, to, applied })
}

/// How many changes a database at `from` lacks. A version that this binary does not know is a newer one.
fn pending<M: MigratorTrait>(from: Option<&str>) -> Result<usize> {
    let names: Vec<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let Some(from) = from else { return Ok(names.len()) };
    match names.iter().position(|name| name == from) {
        Some(position) => Ok(names.len() - 1 - position),
        None => Err(Error::unavailable(format!(
            "The database has schema {from}, which is newer than this binary knows ({}); run the newer yuantus",
            names.last().map_or("none", String::as_str)
        ))),
    }
}
