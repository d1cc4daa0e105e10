//! Databases on the test run's PostgreSQL server.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement};

use super::servers::Servers;

pub fn url(database: &str) -> String {
    format!("{}/{database}", Servers::get().postgres_url)
}

pub async fn create_database(name: &str) -> Result<(), DbErr> {
    let server = maintenance().await?;
    server.execute_unprepared(&format!("CREATE DATABASE \"{name}\"")).await?;
    server.close().await
}

pub async fn databases(prefix: &str) -> Result<Vec<String>, DbErr> {
    let server = maintenance().await?;
    let sql = "SELECT datname::text AS name FROM pg_database WHERE starts_with(datname::text, $1) ORDER BY 1";
    let query = Statement::from_sql_and_values(DbBackend::Postgres, sql, [prefix.into()]);
    let rows = server.query_all_raw(query).await?;
    server.close().await?;
    rows.iter().map(|row| row.try_get("", "name")).collect()
}

/// How many connections are open to the databases whose name starts with `prefix`.
pub async fn connections(prefix: &str) -> Result<i64, DbErr> {
    let server = maintenance().await?;
    let sql = "SELECT count(*) AS number FROM pg_stat_activity WHERE starts_with(datname::text, $1)";
    let row = server.query_one_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [prefix.into()])).await?;
    server.close().await?;
    row.map_or(Ok(0), |row| row.try_get("", "number"))
}

/// Drops every database whose name starts with `prefix`, ending what still uses it.
pub async fn drop_databases(prefix: &str) -> Result<(), DbErr> {
    assert!(prefix.len() > 8, "a prefix as short as {prefix} may be another test's");
    let names = databases(prefix).await?;
    let server = maintenance().await?;
    for name in names {
        server.execute_unprepared(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await?;
    }
    server.close().await
}

async fn maintenance() -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url("postgres"));
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await
}
