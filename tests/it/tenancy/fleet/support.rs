//! An installation seen from inside: its tenancy and its databases, for lists of changes that the program does not know.

use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait;
use serde_json::Value;
use yuantus::config::{DatabaseUrl, SchemaMode, TenancyMode};
use yuantus::db::{self, Db, Limits};
use yuantus::storage::{Storage, StorageTarget};
use yuantus::tenancy::{PlacementRules, Plan, PoolLimits, Report, Settings, Tenancy, database_key};
use yuantus::types::TenantId;

use crate::support::Installation;

/// Without a canary, one after the other, and never stopped by failures.
pub fn plan() -> Plan {
    Plan { parallel: 1, canary: None, tenant: None, max_failures: 100 }
}

pub fn limits() -> Limits {
    Limits {
        max_connections: 2,
        acquire_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(60),
        statement_timeout: Duration::from_secs(10),
    }
}

pub async fn tenancy(at: &Installation) -> Tenancy {
    let setting = |key: &str| at.setting(key).unwrap().to_owned();
    inside(&setting("YUANTUS_IDENTITY_DATABASE_URL"), &setting("YUANTUS_DATABASE_URL_TEMPLATE")).await
}

pub async fn inside(control: &str, template: &str) -> Tenancy {
    let installation = database_key(&DatabaseUrl::parse(control).unwrap()).unwrap();
    let control = open(control).await;
    let rules = PlacementRules::new(TenancyMode::DbPerTenantOrg, template);
    let settings = Settings {
        mode: TenancyMode::DbPerTenantOrg,
        schema_mode: SchemaMode::Migrations,
        single_tenant: None,
        platform_tenant: TenantId::new("platform").unwrap(),
        database_limits: limits(),
        pool_limits: PoolLimits { max_open: 8, wait: Duration::from_secs(1), idle: Duration::from_secs(60) },
        // Nothing is made here.
        template_folder: std::env::temp_dir(),
        installation,
    };
    let storage = Storage::connect(&StorageTarget::Memory).unwrap();
    Tenancy::new(settings, rules, control, storage, Arc::new(|_, _| Box::pin(async { Ok(()) })))
}

pub async fn open(url: &str) -> Db {
    db::connect(&DatabaseUrl::parse(url).unwrap(), limits()).await.unwrap()
}

pub fn product_url(at: &Installation, tenant: &str) -> String {
    let template = at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap();
    template.replace("{tenant_id}", tenant).replace("{org_id}", "org-1")
}

pub async fn product(at: &Installation, tenant: &str) -> Db {
    open(&product_url(at, tenant)).await
}

/// Runs one statement in a tenant's database.
pub async fn run(at: &Installation, tenant: &str, sql: &str) {
    let db = product(at, tenant).await;
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}

pub async fn run_in_control(at: &Installation, sql: &str) {
    let db = open(at.setting("YUANTUS_IDENTITY_DATABASE_URL").unwrap()).await;
    db.execute_unprepared(sql).await.unwrap();
    db.close().await.unwrap();
}

/// What a tenant's database consists of, its latest change included.
pub async fn state(at: &Installation, tenant: &str) -> (db::Inspected, Vec<String>) {
    let db = product(at, tenant).await;
    let state = (db::real_schema(&db).await.unwrap(), db::applied::<migration::tenant::Migrator>(&db).await.unwrap());
    db.close().await.unwrap();
    state
}

/// Takes a tenant's database away.
pub async fn lose(at: &Installation, tenant: &str) {
    match product_url(at, tenant).strip_prefix("sqlite:///") {
        Some(path) => std::fs::remove_file(path).unwrap(),
        None => crate::support::postgres::drop_databases(&format!("{}__{tenant}", at.name)).await.unwrap(),
    }
}

/// Database and result of each, in order.
pub fn results(report: &Report) -> Vec<(&str, yuantus::tenancy::Outcome)> {
    report.databases.iter().map(|one| (one.database.as_str(), one.result)).collect()
}

pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

pub fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}
