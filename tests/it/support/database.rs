//! The database of `acme`'s organisation `org-1` seen from inside: what no operation makes.

use std::time::Duration;

use sea_orm::{ConnectionTrait, Statement, Value};
use uuid::Uuid;
use yuantus::config::DatabaseUrl;
use yuantus::db::{self, Db, Limits};

use super::Installation;

const LIMITS: Limits = Limits {
    max_connections: 1,
    acquire_timeout: Duration::from_secs(10),
    idle_timeout: Duration::from_secs(60),
    statement_timeout: Duration::from_secs(10),
};

/// Changes the model by statements with `$1`-style parameters.
pub async fn change_model(at: &Installation, statements: &[(&str, Vec<Value>)]) {
    let db = open(at).await;
    let raised = ("UPDATE model_revision SET value = value + 1", Vec::new());
    for (sql, values) in statements.iter().chain([&raised]) {
        let statement = Statement::from_sql_and_values(db.get_database_backend(), *sql, values.clone());
        db.execute_raw(statement).await.unwrap();
    }
    db.close().await.unwrap();
}

/// The first column of what a query finds.
pub async fn texts(at: &Installation, sql: &str) -> Vec<String> {
    let db = open(at).await;
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    db.close().await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn open(at: &Installation) -> Db {
    let template = at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap();
    let url = template.replace("{tenant_id}", "acme").replace("{org_id}", "org-1");
    db::connect(&DatabaseUrl::parse(&url).unwrap(), LIMITS).await.unwrap()
}

/// Puts items under a set that grants nothing: only administrators see them.
pub async fn hide(at: &Installation, items: &[&str]) {
    let mut statements: Vec<(&str, Vec<Value>)> =
        vec![("INSERT INTO permissions (id, name) VALUES ('Hidden', 'Hidden') ON CONFLICT DO NOTHING", Vec::new())];
    for item in items {
        let id = Uuid::parse_str(item).unwrap();
        statements.push(("UPDATE items SET permission_id = 'Hidden' WHERE id = $1", vec![id.into()]));
    }
    change_model(at, &statements).await;
}

/// Lets everyone read items of a type, and only administrators change them.
pub async fn freeze(at: &Installation, kind: &str) {
    let entry = "INSERT INTO permission_entries (id, permission_id, identity_id, can_get, can_discover) \
                 VALUES ('Frozen:world', 'Frozen', 'world', TRUE, TRUE) ON CONFLICT DO NOTHING";
    let statements = [
        ("INSERT INTO permissions (id, name) VALUES ('Frozen', 'Frozen') ON CONFLICT DO NOTHING", Vec::new()),
        (entry, Vec::new()),
        ("UPDATE item_types SET permission_id = 'Frozen' WHERE id = $1", vec![kind.into()]),
    ];
    change_model(at, &statements).await;
}

/// Declares properties of a type: name and data type.
pub async fn declare(at: &Installation, kind: &str, properties: &[(&str, &str)]) {
    let sql = "INSERT INTO properties (id, item_type_id, name, label, data_type, is_required, ui_type, position) \
               VALUES ($1, $2, $3, $3, $4, FALSE, 'text', 100)";
    let row = |(name, data_type): &(&str, &str)| {
        (sql, vec![Uuid::new_v4().into(), kind.into(), (*name).into(), (*data_type).into()])
    };
    change_model(at, &properties.iter().map(row).collect::<Vec<_>>()).await;
}
