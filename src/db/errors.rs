//! Database failures in words of the product. SQL and driver messages stay in the cause, for the log.

use sea_orm::{DbErr, RuntimeErr, SqlErr, SqlxError};

use crate::error::Error;

/// Seconds after which a client may try again when the database was busy.
const BUSY_RETRY_SECONDS: u64 = 1;

/// SQLSTATEs (PostgreSQL) and result codes (SQLite) of "not now, try again": lock not available, statement time-out, too many connections, starting up or shutting down; SQLITE_BUSY and SQLITE_LOCKED.
const TRANSIENT: [&str; 13] =
    ["55P03", "57014", "53300", "57P01", "57P02", "57P03", "5", "6", "261", "262", "517", "518", "773"];

fn sqlx(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => Some(inner),
        _ => None,
    }
}

fn is_transient(error: &DbErr) -> bool {
    if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) {
        return true;
    }
    match sqlx(error) {
        Some(SqlxError::Database(inner)) => inner.code().is_some_and(|code| TRANSIENT.contains(&code.as_ref())),
        Some(SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed | SqlxError::WorkerCrashed) => true,
        _ => false,
    }
}

/// Whether the database gave up this transaction in favour of another: serialization failure, deadlock.
fn is_in_the_way(error: &DbErr) -> bool {
    let code = |inner: &SqlxError| match inner {
        SqlxError::Database(inner) => inner.code().is_some_and(|code| ["40001", "40P01"].contains(&code.as_ref())),
        _ => false,
    };
    sqlx(error).is_some_and(code)
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        let mapped = match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => {
                Error::conflict("It exists already").code("DUPLICATE", "Something with the same key exists already.")
            }
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
                Error::conflict("It is in use, or refers to something that does not exist")
                    .code("REFERENCE_VIOLATION", "It is in use, or refers to something that does not exist.")
            }
            _ if is_in_the_way(&error) => Error::unavailable("Another write was in the way")
                .code("WRITE_CONFLICT", "Somebody else changed the same things at the same moment. Try again.")
                .retry_after(BUSY_RETRY_SECONDS),
            _ if is_transient(&error) => {
                Error::unavailable("The database is busy or not reachable").retry_after(BUSY_RETRY_SECONDS)
            }
            _ => Error::internal("A database operation failed"),
        };
        mapped.caused_by(error)
    }
}
