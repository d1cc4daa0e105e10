//! Where SQLite and PostgreSQL differ. Nothing else branches on the backend.

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use super::connect::in_memory;
use super::inspect::{Inspected, postgres, sqlite};
use super::{Db, Sql, Tx};
use crate::error::Result;
use chrono::{DateTime, Utc};

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

/// Holds the database's migration lock until the transaction ends. Changes may take as long as they need, but wait only
/// briefly for what readers and writers hold: whoever comes after them would wait too.
pub(super) async fn lock_for_migration(tx: &Tx) -> Result<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        lock(tx, "yuantus-migrations").await?;
        tx.execute_unprepared("SET LOCAL lock_timeout = '30s'").await?;
    }
    Ok(())
}

/// Whether a transaction that meets another waits for as long as that one takes; SQLite's gives up at some point.
pub(super) fn waits_for_locks(backend: DbBackend) -> bool {
    backend == DbBackend::Postgres
}

/// What is in the connection's schema, as the engine's catalogue has it.
pub(super) async fn read_catalogue(db: &impl ConnectionTrait) -> Result<Inspected> {
    match db.get_database_backend() {
        DbBackend::Postgres => postgres::read(db).await,
        _ => sqlite::read(db).await,
    }
}

/// A transaction in an empty schema of the same engine, never to be committed: on PostgreSQL in the same database, on SQLite
/// in one of its own in memory.
pub(super) async fn begin_scratch(db: &Db) -> Result<Tx> {
    if db.get_database_backend() == DbBackend::Postgres {
        let tx = db.begin().await?;
        postgres::enter_scratch(&tx).await?;
        return Ok(tx);
    }
    in_memory().await?.begin().await
}

/// Narrows rows to those where a key of a JSON object column may equal a value; none where the key is missing. Every row
/// that does equal it passes, so the caller decides about those that are left.
pub fn json_may_equal(db: &impl ConnectionTrait, column: &str, key: &str, value: &serde_json::Value) -> SimpleExpr {
    use serde_json::Value as Json;
    if db.get_database_backend() == DbBackend::Postgres {
        let sql = format!("COALESCE(\"{column}\" -> $1::text, 'null'::jsonb) = $2::jsonb");
        return Expr::cust_with_values(sql, [Value::from(key), value.to_string().into()]);
    }
    // Keys are compared as values: a path cannot name every key. sea-query numbers the parameters of PostgreSQL only.
    let entry = |test: &str| format!("EXISTS (SELECT 1 FROM json_each(\"{column}\") AS e WHERE e.key = ? AND {test})");
    let key = Value::from(key);
    let (test, bound) = match value {
        Json::Null => return Expr::cust_with_values(format!("NOT {}", entry("e.type <> 'null'")), [key]),
        Json::Bool(true) => ("e.type = 'true'", Vec::new()),
        Json::Bool(false) => ("e.type = 'false'", Vec::new()),
        Json::String(text) => ("e.type = 'text' AND e.value = ?", vec![text.as_str().into()]),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (None, Some(float)) => {
                // SQLite may read the last digit of a fraction differently.
                let near = vec![float.next_down().into(), float.next_up().into()];
                ("e.type IN ('integer', 'real') AND e.value BETWEEN ? AND ?", near)
            }
            (whole, _) => ("e.type IN ('integer', 'real') AND e.value = ?", vec![whole.into()]),
        },
        // Numbers inside may be written in two ways.
        Json::Array(_) => ("e.type = 'array'", Vec::new()),
        Json::Object(_) => ("e.type = 'object'", Vec::new()),
    };
    Expr::cust_with_values(entry(test), std::iter::once(key).chain(bound))
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

/// The day of a moment, in UTC, as `2026-11-24`.
pub fn utc_day(db: &impl ConnectionTrait, moment: &str) -> String {
    match db.get_database_backend() {
        DbBackend::Postgres => format!("to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"),
        _ => format!("strftime('%Y-%m-%d', {moment})"),
    }
}

/// Pushes the days that have passed between a moment and `until`, with fractions.
pub fn push_days_between(sql: &mut Sql, db: &impl ConnectionTrait, moment: &str, until: DateTime<Utc>) {
    match db.get_database_backend() {
        DbBackend::Postgres => {
            sql.push("CAST(EXTRACT(EPOCH FROM (")
                .bind(until)
                .push(&format!(" - {moment})) / 86400.0 AS double precision)"));
        }
        _ => {
            sql.push("(julianday(").bind(until).push(&format!(") - julianday({moment}))"));
        }
    }
}
