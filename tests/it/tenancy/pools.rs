//! Many tenants through few connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support::server::Server;
use crate::support::world::PASSWORD;
use crate::support::{Backend, Installation, on_every_backend, postgres};

on_every_backend!(many_tenants_are_served_through_few_connections, idle_tenants_cost_nothing);

const TENANTS: usize = 24;
const CAP: i64 = 12;

async fn many_tenants_are_served_through_few_connections(mut at: Installation) {
    at.set("YUANTUS_DATABASE__MAX_CONNECTIONS_TOTAL", CAP.to_string());
    at.set("YUANTUS_DATABASE__MAX_CONNECTIONS_PER_DATABASE", "2");
    at.set("YUANTUS_DATABASE__ACQUIRE_TIMEOUT_SECONDS", "20");
    at.set("YUANTUS_TENANCY__MAX_OPEN_DATABASES", "5");
    at.set("YUANTUS_PLATFORM_ADMIN_ENABLED", "true");
    assert!(at.cli(&["seed-identity", "--tenant", "platform", "--password", PASSWORD]).status.success());
    let server = Server::start(&at).await;
    let root = server.client().login("platform", "org-1", "admin", PASSWORD).await;
    let (most, watching) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicBool::new(true)));
    let watcher = watch(&at, most.clone(), watching.clone());

    // All are made at once, and then all work at once.
    let make = |tenant: usize| {
        let body = json!({"id": format!("t{tenant}"), "admin_username": "a", "admin_password": "pw"});
        let root = &root;
        async move { root.post("/admin/tenants", &body).await.expect(200) }
    };
    futures::future::join_all((0..TENANTS).map(make)).await;
    let work = |tenant: usize| {
        let client = server.client();
        async move {
            let caller = client.login(&format!("t{tenant}"), "org-1", "a", "pw").await;
            for _ in 0..4 {
                caller.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(200);
            }
            caller.post("/aml/apply", &json!({"type": "Part"})).await.expect(200)["count"].clone()
        }
    };
    let counts = futures::future::join_all((0..TENANTS).map(work)).await;
    assert!(counts.iter().all(|count| *count == 4), "{counts:?}");
    watching.store(false, Ordering::Relaxed);
    watcher.await.unwrap();
    let seen = most.load(Ordering::Relaxed);
    assert!(seen <= CAP, "{seen} connections at once");

    let metrics = server.client().get("/metrics").await;
    let value = |name: &str| {
        let line = metrics.text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{metrics:?}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(value("yuantus_databases_open") <= 5.0);
    assert!(value("yuantus_database_opens_total") >= TENANTS as f64);
    assert!(value("yuantus_database_evictions_total") > 0.0);
}

/// Counts the connections of the installation again and again; on SQLite there are none to count.
fn watch(at: &Installation, most: Arc<AtomicI64>, watching: Arc<AtomicBool>) -> tokio::task::JoinHandle<()> {
    let (backend, name) = (at.backend, at.name.clone());
    tokio::spawn(async move {
        while backend == Backend::PostgresS3 && watching.load(Ordering::Relaxed) {
            most.fetch_max(postgres::connections(&name).await.unwrap(), Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
}

async fn idle_tenants_cost_nothing(mut at: Installation) {
    at.set("YUANTUS_TENANCY__IDLE_SECONDS", "1");
    crate::support::world::create_tenant(&at, "acme");
    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    admin.get("/aml/metadata/Part").await.expect(200);
    let open = || async {
        let text = server.client().get("/metrics").await.text;
        text.lines().find(|line| line.starts_with("yuantus_databases_open ")).map(|line| line.ends_with(" 0"))
    };
    let mut closed = false;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        closed = open().await == Some(true);
        if closed {
            break;
        }
    }
    assert!(closed, "the database stays open");
    if at.backend == Backend::PostgresS3 {
        assert_eq!(postgres::connections(&format!("{}__acme", at.name)).await.unwrap(), 0);
    }
    admin.get("/aml/metadata/Part").await.expect(200);
}
