//! Opening, creating and dropping databases.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, RuntimeErr, SqlxError};
use tracing::log::LevelFilter;
use url::Url;

use super::Db;
use super::dialect::{has_any_table, statement};
use super::template::{copy_template, unfinished_copy};
use crate::config::DatabaseUrl;
use crate::error::{Error, Result};

/// A SQLite writer waits this long for another process (a migration, a backup) before it reports "busy".
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// A statement slower than this is logged as a warning.
const SLOW_STATEMENT: Duration = Duration::from_secs(2);
/// SQLSTATE of `CREATE DATABASE` when the name is taken, and of the same lost race inside the catalogue.
const DUPLICATE_DATABASE: [&str; 2] = ["42P04", "23505"];
/// SQLSTATE of a connection to a database that does not exist.
const UNKNOWN_DATABASE: &str = "3D000";

/// Bounds of one database's pool.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub max_connections: u32,
    /// How long a caller waits for a free connection before "unavailable".
    pub acquire_timeout: Duration,
    /// A connection unused for this long is closed.
    pub idle_timeout: Duration,
    /// PostgreSQL cancels a longer statement.
    pub statement_timeout: Duration,
}

/// Opens a database that exists.
pub async fn connect(target: &DatabaseUrl, limits: Limits) -> Result<Db> {
    open(target, limits, false).await
}

/// Opens a database that should exist; none when its server, or the file system, says that it does not.
pub async fn connect_existing(target: &DatabaseUrl, limits: Limits) -> Result<Option<Db>> {
    if file_is_missing(target) {
        return Ok(None);
    }
    match try_open(target, limits, false).await {
        Ok(db) => Ok(Some(db)),
        Err(Refused::Connection(error)) if has_code(&error, &[UNKNOWN_DATABASE]) => Ok(None),
        Err(refused) => Err(refused.into()),
    }
}

/// A database in memory with the one connection that keeps it alive; for trying changes out.
pub(super) async fn in_memory() -> Result<Db> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).min_connections(1).sqlx_logging_level(LevelFilter::Trace);
    options.map_sqlx_sqlite_opts(|sqlite| sqlite.foreign_keys(true));
    Ok(Db::new(Database::connect(options).await?, true))
}

enum Refused {
    Connection(DbErr),
    Before(Error),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Connection(error) => error.into(),
            Refused::Before(error) => error,
        }
    }
}

async fn open(target: &DatabaseUrl, limits: Limits, create: bool) -> Result<Db> {
    Ok(try_open(target, limits, create).await?)
}

async fn try_open(target: &DatabaseUrl, limits: Limits, create: bool) -> Result<Db, Refused> {
    let mut options = match target {
        DatabaseUrl::Sqlite { path } => sqlite_options(path, create).map_err(Refused::Before)?,
        DatabaseUrl::Postgres { url } => postgres_options(url, limits),
    };
    options
        .max_connections(limits.max_connections)
        .min_connections(0)
        .acquire_timeout(limits.acquire_timeout)
        .connect_timeout(limits.acquire_timeout)
        .idle_timeout(limits.idle_timeout)
        .test_before_acquire_if_idle_for(Duration::from_secs(5))
        .sqlx_logging_level(LevelFilter::Trace)
        .sqlx_slow_statements_logging_settings(LevelFilter::Warn, SLOW_STATEMENT);
    let connection = Database::connect(options).await.map_err(Refused::Connection)?;
    Ok(Db::new(connection, target.is_sqlite()))
}

fn sqlite_options(path: &Path, create: bool) -> Result<ConnectOptions> {
    if create && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_private_folder(folder)
            .map_err(|error| Error::unavailable("The folder of a database cannot be created").caused_by(error))?;
    }
    let path: PathBuf = path.to_owned();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .filename(&path)
            .in_memory(false)
            .shared_cache(false)
            .create_if_missing(create)
            .foreign_keys(true)
            .busy_timeout(SQLITE_BUSY_TIMEOUT)
            .pragma("journal_mode", "WAL")
            // A committed write survives a power cut.
            .pragma("synchronous", "FULL")
            .pragma("temp_store", "MEMORY")
    });
    Ok(options)
}

/// Databases hold password hashes and companies' designs: their folders are their owner's alone.
pub(super) fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn postgres_options(url: &str, limits: Limits) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.set_application_name("yuantus").statement_timeout(limits.statement_timeout);
    options
}

/// Opens a database, and makes it first when it is not there and may be made.
///
/// Tried in this order because the right to connect is common, and the right to create is not.
pub async fn connect_or_create(target: &DatabaseUrl, limits: Limits) -> Result<Db> {
    connect_or_copy(target, limits, None).await
}

/// As [`connect_or_create`], but what is made is a copy of the template. Where that fails it is empty: a template saves
/// time, and is never needed.
pub async fn connect_or_copy(target: &DatabaseUrl, limits: Limits, template: Option<&DatabaseUrl>) -> Result<Db> {
    if target.is_sqlite() {
        if file_is_missing(target) {
            copied(template, target).await;
        }
        return open(target, limits, true).await;
    }
    if let Some(db) = connect_existing(target, limits).await? {
        return Ok(db);
    }
    if !copied(template, target).await {
        create_database(target).await?;
    }
    connect(target, limits).await
}

async fn copied(template: Option<&DatabaseUrl>, target: &DatabaseUrl) -> bool {
    let Some(template) = template else { return false };
    match copy_template(template, target).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(?target, error = %error.chain(), "a database is made without its template");
            false
        }
    }
}

/// Makes an empty database; one that exists is left as it is. SQLite files come into being when opened.
pub async fn create_database(target: &DatabaseUrl) -> Result<()> {
    let DatabaseUrl::Postgres { url } = target else { return Ok(()) };
    let (server, name) = maintenance(url)?;
    let connection = maintenance_connection(&server).await?;
    let created = connection.execute_unprepared(&format!("CREATE DATABASE {}", quoted(&name))).await;
    close(connection).await;
    match created {
        Err(error) if is_duplicate_database(&error) => Ok(()),
        Err(error) => {
            Err(Error::unavailable(format!("The database {name} does not exist and cannot be made")).caused_by(error))
        }
        _ => Ok(()),
    }
}

/// Whether a SQLite database has lost its file. Opening would make an empty one, and a lost database must not look new.
pub fn file_is_missing(target: &DatabaseUrl) -> bool {
    matches!(target, DatabaseUrl::Sqlite { path } if !path.is_file())
}

/// Whether a database may be taken into use: it is not there, or it holds no table of anyone.
///
/// Fails with `Unavailable` when its server does not answer.
pub async fn is_vacant(target: &DatabaseUrl, limits: Limits) -> Result<bool> {
    let absent = match target {
        DatabaseUrl::Sqlite { .. } => file_is_missing(target),
        DatabaseUrl::Postgres { url } => !database_exists(url).await?,
    };
    if absent {
        return Ok(true);
    }
    let database = connect(target, Limits { max_connections: 1, ..limits }).await?;
    let holds = has_any_table(&database).await;
    database.close().await?;
    Ok(!holds?)
}

async fn database_exists(url: &str) -> Result<bool> {
    let (server, name) = maintenance(url)?;
    let connection = maintenance_connection(&server).await?;
    let sql = "SELECT 1 FROM pg_database WHERE datname = $1";
    let found = connection.query_one_raw(statement(&connection, sql, vec![name.into()])).await;
    close(connection).await;
    Ok(found?.is_some())
}

/// Removes a database and everything in it; one that is not there is fine.
pub async fn drop_database(target: &DatabaseUrl) -> Result<()> {
    match target {
        DatabaseUrl::Sqlite { path } => {
            remove_sqlite_files(&unfinished_copy(path))?;
            remove_sqlite_files(path)
        }
        DatabaseUrl::Postgres { url } => {
            let (server, name) = maintenance(url)?;
            let connection = maintenance_connection(&server).await?;
            let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&name));
            let dropped = connection.execute_unprepared(&sql).await;
            close(connection).await;
            dropped?;
            Ok(())
        }
    }
}

pub(super) fn remove_sqlite_files(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::internal("A database file cannot be removed").caused_by(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The server's maintenance database and the name of the one meant. `postgres` exists on every server and is not ours.
pub(super) fn maintenance(url: &str) -> Result<(String, String)> {
    let mut server = Url::parse(url).map_err(|error| Error::config("A database URL is not a URL").caused_by(error))?;
    let name = server.path().trim_start_matches('/').to_owned();
    if name.is_empty() {
        return Err(Error::config("A PostgreSQL URL needs a database name: postgresql://user:password@host:5432/NAME"));
    }
    server.set_path("/postgres");
    Ok((server.to_string(), name))
}

pub(super) async fn maintenance_connection(server: &str) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(server);
    options.max_connections(1).sqlx_logging_level(LevelFilter::Trace).acquire_timeout(Duration::from_secs(10));
    Ok(Database::connect(options).await?)
}

/// The answer is in hand already; a failure to say goodbye changes nothing.
pub(super) async fn close(connection: DatabaseConnection) {
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "closing a maintenance connection failed");
    }
}

pub(super) fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// Somebody else made a database of that name first.
pub(super) fn is_duplicate_database(error: &DbErr) -> bool {
    has_code(error, &DUPLICATE_DATABASE)
}

fn has_code(error: &DbErr, codes: &[&str]) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))) = error
    else {
        return false;
    };
    let SqlxError::Database(database) = inner.as_ref() else { return false };
    database.code().is_some_and(|code| codes.contains(&code.as_ref()))
}
