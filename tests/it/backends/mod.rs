//! The ground of the other tests: which backends this run covers, and that each gives a clean installation.

mod file_faults;
mod jobs;
mod locks;
mod parts;
mod property_index;
mod search;
mod server;
mod storage;
mod storage_copy;
mod storage_gc;
mod storage_init;
mod storage_race;
mod storage_verify;
mod workers;

use std::io::Write;

use sea_orm::{ConnectOptions, ConnectionTrait, Database};

use crate::support::servers::Servers;
use crate::support::{Backend, Installation, on_every_backend, postgres, s3};

on_every_backend!(a_fresh_installation_has_its_own_storage_and_databases);

async fn a_fresh_installation_has_its_own_storage_and_databases(at: Installation) {
    let other = Installation::new(at.backend).await;
    for key in ["YUANTUS_IDENTITY_DATABASE_URL", "YUANTUS_DATABASE_URL_TEMPLATE", "YUANTUS_JWT_SECRET_KEY"] {
        assert_ne!(at.setting(key).unwrap(), other.setting(key).unwrap(), "{key}");
    }
    assert_ne!(at.blobs(), other.blobs());
    assert_eq!(std::fs::read_dir(at.blobs()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL and S3: scripts/test.sh, or cargo nextest run --run-ignored all"]
async fn an_installation_removes_its_databases_and_its_bucket() {
    let at = Installation::new(Backend::PostgresS3).await;
    let (name, bucket) = (at.name.clone(), at.blobs());
    postgres::create_database(&format!("{name}__acme__org-1")).await.unwrap();
    assert_eq!(postgres::databases(&name).await.unwrap().len(), 3);
    // A connection that is still open must not keep its database alive.
    let mut options = ConnectOptions::new(at.setting("YUANTUS_IDENTITY_DATABASE_URL").unwrap());
    options.max_connections(1);
    let open = Database::connect(options).await.unwrap();
    open.execute_unprepared("SELECT 1").await.unwrap();

    drop(at);

    assert_eq!(postgres::databases(&name).await.unwrap(), Vec::<String>::new());
    assert!(!bucket.exists());
}

/// Writes past the test runner's capture, so that a short run never looks like a whole one.
#[test]
fn the_backends_of_this_run_are_named() {
    let asked = std::env::var("YUANTUS_TEST_BACKENDS").unwrap_or_else(|_| "sqlite".to_owned());
    let mut text = "SQLite with local files: always tested.\n".to_owned();
    for backend in asked.split(',').map(str::trim) {
        match backend {
            "sqlite" => {}
            "postgres" => {
                let servers = Servers::get();
                assert!(s3::folder("").is_dir(), "the S3 server's folder {} is missing", servers.s3_root);
                text.push_str(&format!("PostgreSQL with S3: asked for, S3 at {}.\n", servers.s3_endpoint));
            }
            other => panic!("YUANTUS_TEST_BACKENDS names {other}; it is a list of sqlite, postgres"),
        }
    }
    text.push_str(
        "Tests on PostgreSQL with S3 count as skipped (ignored) unless they are run by scripts/test.sh, by\n\
         cargo nextest run --run-ignored all, or by cargo test -- --include-ignored.\n",
    );
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}
