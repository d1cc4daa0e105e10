//! Locks by name on each database.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::timeout;
use yuantus::config::DatabaseUrl;
use yuantus::db::{self, Db, Limits};

use crate::support::{Installation, on_every_backend};

on_every_backend!(who_waits_for_a_lock_holds_no_connection, locks_are_taken_in_one_order);

async fn open(at: &Installation) -> Db {
    let url = DatabaseUrl::parse(at.setting("YUANTUS_DATABASE_URL").unwrap()).unwrap();
    let limits = Limits {
        max_connections: 4,
        acquire_timeout: Duration::from_secs(2),
        idle_timeout: Duration::from_secs(60),
        statement_timeout: Duration::from_secs(10),
    };
    db::connect_or_create(&url, limits).await.unwrap()
}

fn locks(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn who_waits_for_a_lock_holds_no_connection(at: Installation) {
    let db = open(&at).await;
    let holder = db.begin_holding(&locks(&["structure"])).await.unwrap();
    let waiters: Vec<_> = (0..8)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move { db.begin_holding(&locks(&["structure"])).await.unwrap().commit().await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..20 {
        timeout(Duration::from_secs(1), db.ping()).await.expect("a reader is served").unwrap();
    }
    assert!(waiters.iter().all(|waiter| !waiter.is_finished()));
    holder.commit().await.unwrap();
    for waiter in waiters {
        waiter.await.unwrap().unwrap();
    }
    db.close().await.unwrap();
}

async fn locks_are_taken_in_one_order(at: Installation) {
    let db = open(&at).await;
    let takers = (0..40).map(|taker| {
        let db = db.clone();
        let names = [&["a", "b"][..], &["b", "c"], &["c", "a"], &["a"]][taker % 4];
        async move { db.begin_holding(&locks(names)).await.unwrap().commit().await.unwrap() }
    });
    timeout(Duration::from_secs(20), futures::future::join_all(takers)).await.expect("nobody waits in a circle");
    db.close().await.unwrap();
}
