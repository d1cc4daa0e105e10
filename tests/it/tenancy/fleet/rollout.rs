//! The program beside databases that a later release has migrated.

use serde_json::json;
use yuantus::db;

use super::lists::{Contracted, ContractedControl, Expanded, ExpandedControl};
use super::support::{json, lose, open, plan, tenancy, text};
use crate::support::server::Server;
use crate::support::world::{PASSWORD, create_tenant};
use crate::support::{Backend, Installation, on_every_backend, postgres};

on_every_backend!(
    an_older_binary_serves_what_was_expanded_and_refuses_what_was_contracted,
    an_older_binary_works_with_an_expanded_control_database_and_refuses_a_contracted_one,
    why_a_database_cannot_be_made_is_told,
);

async fn an_older_binary_serves_what_was_expanded_and_refuses_what_was_contracted(mut at: Installation) {
    create_tenant(&at, "acme");
    at.set("YUANTUS_SCHEMA_MODE", "migrations");
    let fleet = tenancy(&at).await;
    fleet.upgrade_fleet::<Expanded>(&plan(), &|_| {}).await.unwrap();
    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    admin.get("/aml/metadata/Part").await.expect(200);
    let status = json(&at.cli(&["db", "status", "--all", "--json"]));
    assert_eq!((&status["newer_served"], &status["behind"]), (&json!(1), &json!(0)));
    assert_eq!(status["databases"][0]["state"], "newer, served");
    assert!(at.cli(&["db", "upgrade", "--all"]).status.success(), "there is nothing to do");
    assert!(server.stop().success());

    fleet.upgrade_fleet::<Contracted>(&plan(), &|_| {}).await.unwrap();
    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    let refused = admin.get("/aml/metadata/Part").await.expect(503);
    assert_eq!(refused["detail"]["code"], "SCHEMA_NEWER");
    let status = text(&at.cli(&["db", "status", "--all"]).stdout);
    assert!(status.contains("newer, refused"), "{status}");
    // Refused without a look at the database.
    lose(&at, "acme").await;
    let upgrade = at.cli(&["db", "upgrade", "--all"]);
    assert_eq!(upgrade.status.code(), Some(1));
    assert!(text(&upgrade.stderr).contains("run the newer yuantus"), "{}", text(&upgrade.stderr));
}

async fn an_older_binary_works_with_an_expanded_control_database_and_refuses_a_contracted_one(mut at: Installation) {
    create_tenant(&at, "acme");
    let control = open(at.setting("YUANTUS_IDENTITY_DATABASE_URL").unwrap()).await;
    db::upgrade::<ExpandedControl>(&control).await.unwrap();
    for mode in ["create_all", "migrations"] {
        at.set("YUANTUS_SCHEMA_MODE", mode);
        assert!(at.cli(&["tenant", "list"]).status.success(), "{mode}");
    }
    let status = text(&at.cli(&["db", "status"]).stdout);
    assert!(status.contains("newer, served"), "{status}");
    assert!(at.cli(&["db", "upgrade", "--all"]).status.success());

    db::upgrade::<ContractedControl>(&control).await.unwrap();
    for mode in ["create_all", "migrations"] {
        at.set("YUANTUS_SCHEMA_MODE", mode);
        let refused = at.cli(&["tenant", "list"]);
        assert!(!refused.status.success(), "{mode}");
        assert!(text(&refused.stderr).contains("run the newer yuantus"), "{mode}: {}", text(&refused.stderr));
    }
    let status = text(&at.cli(&["db", "status", "--all"]).stdout);
    assert!(status.contains("newer, refused; run the newer yuantus"), "{status}");
    assert_eq!(at.cli(&["db", "upgrade"]).status.code(), Some(1));
}

async fn why_a_database_cannot_be_made_is_told(mut at: Installation) {
    if at.backend == Backend::SqliteLocal {
        return;
    }
    // Stands for a role without the right: the server refuses this session's CREATE DATABASE as well.
    let url =
        format!("{}?options=-c%20default_transaction_read_only%3Don", postgres::url(&format!("{}__new", at.name)));
    at.set("YUANTUS_IDENTITY_DATABASE_URL", url);
    let refused = at.cli(&["db", "upgrade"]);
    let message = text(&refused.stderr);
    assert!(message.contains("does not exist and cannot be made"), "{message}");
    assert!(message.contains("read-only transaction"), "{message}");
}
