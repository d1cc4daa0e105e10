//! Where SQLite and PostgreSQL differ. Nothing else branches on the backend.

use sea_orm::sea_query::{Expr, SimpleExpr};
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

/// The condition that a key of a JSON column equals a value, in kind as well as in content.
pub fn json_equals(db: &impl ConnectionTrait, column: &str, key: &str, value: &serde_json::Value) -> SimpleExpr {
    if db.get_database_backend() == DbBackend::Postgres {
        let wanted = serde_json::json!({ key: value });
        return Expr::cust_with_values(format!("\"{column}\" @> $1::jsonb"), [Value::from(wanted.to_string())]);
    }
    let path = format!("$.\"{}\"", key.replace('"', "\\\""));
    let bound: Value = match value {
        serde_json::Value::String(text) => text.as_str().into(),
        serde_json::Value::Bool(flag) => flag.to_owned().into(),
        serde_json::Value::Number(number) => number.as_f64().into(),
        // Lists and objects are compared as SQLite writes them.
        other => other.to_string().into(),
    };
    // sea-query numbers the parameters of PostgreSQL only.
    Expr::cust_with_values(format!("\"{column}\" ->> ? = ?"), [Value::from(path), bound])
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

/// Whether there is a table of anyone in the database.
pub(super) async fn has_any_table(db: &impl ConnectionTrait) -> Result<bool> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') LIMIT 1"
        }
        _ => "SELECT 1 FROM sqlite_master WHERE type = 'table' LIMIT 1",
    };
    Ok(db.query_one_raw(statement(db, sql, Vec::new())).await?.is_some())
}

/// What the engine finds broken in its files; empty when all is well. PostgreSQL checks its pages as it reads them, so
/// there an answer is all that is asked for.
pub async fn damage(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    if db.get_database_backend() == DbBackend::Postgres {
        db.query_one_raw(statement(db, "SELECT 1", Vec::new())).await?;
        return Ok(Vec::new());
    }
    let rows = db.query_all_raw(statement(db, "PRAGMA quick_check", Vec::new())).await?;
    let lines: Result<Vec<String>, DbErr> = rows.iter().map(|row| row.try_get_by_index(0)).collect();
    Ok(lines?.into_iter().filter(|line| line != "ok").collect())
}

/// Takes and skips locked rows (`FOR UPDATE SKIP LOCKED`) where the engine knows row locks; SQLite's one writer needs none.
pub fn skip_locked(db: &impl ConnectionTrait) -> &'static str {
    match db.get_database_backend() {
        DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    }
}
