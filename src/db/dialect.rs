//! Where SQLite and PostgreSQL differ. Nothing else branches on the backend.

use std::time::Duration;

use sea_orm::sqlx::postgres::PgPoolOptions;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqlxPostgresConnector, Statement, Value};

use super::connect::in_memory;
use super::inspect::{Inspected, postgres, sqlite};
use super::{Db, JsonColumn, Sql, Tx};
use crate::error::Result;
use chrono::{DateTime, Utc};

const OWN_CONNECTION_WAIT: Duration = Duration::from_secs(10);

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

/// As [`lock`], but shared with others who take it so: who holds the lock alone waits for all of them.
pub async fn lock_shared(tx: &Tx, name: &str) -> Result<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let sql = "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))";
        tx.execute_raw(statement(tx, sql, vec![name.into()])).await?;
    }
    Ok(())
}

/// Takes [`lock`] if nobody holds it; who would have to wait in line for it would make others wait behind.
pub async fn try_lock(tx: &Tx, name: &str) -> Result<bool> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    let sql = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken";
    let row = tx.query_one_raw(statement(tx, sql, vec![name.into()])).await?;
    Ok(row.map(|row| row.try_get("", "taken")).transpose()?.unwrap_or(false))
}

/// Holds the database's migration lock until the transaction ends. Changes may take as long as they need, but wait only
/// briefly for what readers and writers hold: whoever comes after them would wait too.
pub(super) async fn lock_for_migration(tx: &Tx) -> Result<()> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(
            "SET LOCAL statement_timeout = 0; \
             SELECT pg_advisory_xact_lock(hashtextextended('yuantus-migrations', 0)); \
             SET LOCAL lock_timeout = '30s'",
        )
        .await?;
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

/// How the engine reads the keys of a column of JSON objects.
pub fn json(db: &impl ConnectionTrait, column: &'static str) -> JsonColumn {
    JsonColumn::new(column, db.get_database_backend() == DbBackend::Postgres)
}

/// A text as a literal of SQL, for what must not be a parameter: the expression of an index and of queries that use it.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The value of one key of a JSON object column, as it can be indexed and compared; none where the key is missing.
/// The key has no quotation marks, backslashes and control characters: SQLite's paths do not name those alike.
pub fn json_key(db: &impl ConnectionTrait, column: &str, key: &str) -> String {
    match db.get_database_backend() {
        DbBackend::Postgres => format!("({column} -> {})", literal(key)),
        _ => format!("({column} ->> {})", literal(&format!("$.\"{key}\""))),
    }
}

/// Pushes a JSON text, number or boolean to compare with [`json_key`].
pub fn push_json_scalar(db: &impl ConnectionTrait, sql: &mut Sql, value: &serde_json::Value) {
    use serde_json::Value as Json;
    if db.get_database_backend() == DbBackend::Postgres {
        sql.push("CAST(").bind(value.to_string()).push(" AS jsonb)");
        return;
    }
    match value {
        Json::Null => sql.push("NULL"),
        Json::Bool(flag) => sql.bind(i32::from(*flag)),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => sql.bind(whole),
            None => sql.bind(number.as_f64()),
        },
        Json::String(text) => sql.bind(text.as_str()),
        Json::Array(_) | Json::Object(_) => sql.bind(value.to_string()),
    };
}

/// How an index is made or dropped without holding up writers, where the engine knows a way.
pub(super) fn concurrently(db: &impl ConnectionTrait) -> &'static str {
    if db.get_database_backend() == DbBackend::Postgres { "CONCURRENTLY" } else { "" }
}

/// A connection of its own beside the pool, where an engine makes indexes outside of transactions. What it holds ends with it.
pub(super) async fn own_connection(db: &Db) -> Result<Option<DatabaseConnection>> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let pool = db.connection().get_postgres_connection_pool();
    let options = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let own = options.acquire_timeout(OWN_CONNECTION_WAIT).test_before_acquire(false);
    let own = SqlxPostgresConnector::from_sqlx_postgres_pool(own.connect_lazy_with((*pool.connect_options()).clone()));
    own.execute_unprepared("SET statement_timeout = 0").await?;
    Ok(Some(own))
}

/// The indexes of a table whose names begin with a prefix, and whether each is complete.
pub(super) async fn indexes_of(db: &impl ConnectionTrait, table: &str, prefix: &str) -> Result<Vec<(String, bool)>> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT n.relname::text AS name, i.indisvalid AS is_valid FROM pg_index i \
             JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class n ON n.oid = i.indexrelid \
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = $1 AND starts_with(n.relname::text, $2)"
        }
        _ => {
            "SELECT name, TRUE AS is_valid FROM sqlite_master \
             WHERE type = 'index' AND tbl_name = $1 AND substr(name, 1, length($2)) = $2"
        }
    };
    let rows = db.query_all_raw(statement(db, sql, vec![table.into(), prefix.into()])).await?;
    rows.iter().map(|row| Ok((row.try_get("", "name")?, row.try_get("", "is_valid")?))).collect()
}

/// Which of two tables exist in the connection's schema.
pub(super) async fn have_tables(db: &impl ConnectionTrait, one: &str, other: &str) -> Result<(bool, bool), DbErr> {
    let sql = match db.get_database_backend() {
        // Looks the names up in the server's cache: a new connection takes longer to plan a query of `pg_tables`.
        DbBackend::Postgres => {
            "SELECT to_regclass(quote_ident(current_schema()) || '.' || quote_ident($1)) IS NOT NULL, \
             to_regclass(quote_ident(current_schema()) || '.' || quote_ident($2)) IS NOT NULL"
        }
        _ => {
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1), \
             EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $2)"
        }
    };
    match db.query_one_raw(statement(db, sql, vec![one.into(), other.into()])).await? {
        Some(row) => Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)),
        None => Ok((false, false)),
    }
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
