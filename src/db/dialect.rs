//! Where SQLite and PostgreSQL differ. Nothing else branches on the backend.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::Tx;
use crate::error::Result;

/// A statement with `$1`-style parameters, which both engines read.
pub fn statement(db: &impl ConnectionTrait, sql: impl Into<String>, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// Holds a named lock until the transaction ends, so that rules over many rows (no cycle in a BOM) see no half-done
/// neighbour. SQLite's write transactions exclude each other already.
pub async fn lock(tx: &Tx, name: &str) -> Result<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        tx.execute_raw(statement(tx, sql, vec![name.into()])).await?;
    }
    Ok(())
}

/// The text value of one key of a JSON column, as SQL.
pub fn json_text(db: &impl ConnectionTrait, column: &str, key: &str) -> String {
    let key = key.replace('\'', "''");
    match db.get_database_backend() {
        DbBackend::Postgres => format!("({column} ->> '{key}')"),
        _ => format!("({column} ->> '$.\"{}\"')", key.replace('"', "\\\"")),
    }
}

/// Whether a table exists in the connection's schema.
pub(super) async fn has_table(db: &impl ConnectionTrait, table: &str) -> Result<bool, DbErr> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = $1"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1",
    };
    Ok(db.query_one_raw(statement(db, sql, vec![table.into()])).await?.is_some())
}

/// Takes and skips locked rows (`FOR UPDATE SKIP LOCKED`) where the engine knows row locks; SQLite's one writer needs none.
pub fn skip_locked(db: &impl ConnectionTrait) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    }
}
