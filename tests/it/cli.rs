//! The command line.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::{Installation, on_every_backend};

on_every_backend!(
    seeding_can_be_repeated_and_makes_what_is_missing,
    tenants_are_created_listed_shown_suspended_and_resumed,
    databases_tell_their_version_and_are_upgraded,
    a_wrong_setting_stops_the_start_with_one_line,
    the_demonstration_prints_a_login_that_works_and_starts_again_with_it,
    sample_data_can_be_seeded_twice,
    looking_at_nothing_makes_nothing,
);

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", text(output), String::from_utf8_lossy(&output.stderr));
    text(output)
}

async fn seeding_can_be_repeated_and_makes_what_is_missing(at: Installation) {
    let first = ok(&at.cli(&["seed-identity"]));
    assert_eq!(first, "tenant tenant-1 created, org org-1 created, user admin created, membership created\n");
    let again = ok(&at.cli(&["seed-identity", "--password", "other"]));
    assert_eq!(again, "tenant tenant-1 exists, org org-1 exists, user admin exists, membership exists\n");
    let viewer = ["seed-identity", "--username", "viewer", "--user-id", "7", "--roles", "viewer,qa", "--no-superuser"];
    assert!(ok(&at.cli(&viewer)).contains("user viewer created"));
    for _ in 0..2 {
        ok(&at.cli(&["seed-meta", "--tenant", "tenant-1", "--org", "org-1"]));
    }
    let server = crate::support::server::Server::start(&at).await;
    let admin = server.client().login("tenant-1", "org-1", "admin", "admin").await;
    let users = admin.get("/admin/users").await.expect(200);
    assert_eq!(users["items"][1]["is_superuser"], false);
    let members = admin.get("/admin/orgs/org-1/members").await.expect(200);
    assert_eq!(members["items"][1]["roles"], json!(["viewer", "qa"]));
    assert!(!at.cli(&["seed-meta"]).status.success(), "outside single mode a tenant is needed");
}

async fn tenants_are_created_listed_shown_suspended_and_resumed(at: Installation) {
    let made: Value = serde_json::from_str(&ok(&at.cli(&["tenant", "create", "acme", "--json"]))).unwrap();
    assert!(made["generated_password"].as_str().unwrap().len() >= 20);
    assert!(ok(&at.cli(&["tenant", "create", "acme"])).contains("exists already"));
    assert!(!at.cli(&["tenant", "create", "A_B"]).status.success());
    ok(&at.cli(&["tenant", "suspend", "acme", "--reason", "unpaid"]));
    let shown: Value = serde_json::from_str(&ok(&at.cli(&["tenant", "show", "acme", "--json"]))).unwrap();
    assert_eq!((&shown["state"], &shown["state_reason"]), (&json!("suspended"), &json!("unpaid")));
    ok(&at.cli(&["tenant", "resume", "acme"]));
    let listed: Value = serde_json::from_str(&ok(&at.cli(&["tenant", "list", "--json"]))).unwrap();
    assert_eq!((&listed[0]["state"], &listed[0]["orgs"][0]["database"]), (&json!("active"), &json!("ready")));
    let reset = ok(&at.cli(&["tenant", "reset-password", "acme", "--password", "another"]));
    assert!(reset.contains("replaced"), "{reset}");
    let missing = at.cli(&["tenant", "show", "nobody"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("yuantus tenant list"));
}

async fn databases_tell_their_version_and_are_upgraded(mut at: Installation) {
    ok(&at.cli(&["tenant", "create", "acme"]));
    let status: Value = serde_json::from_str(&ok(&at.cli(&["db", "status", "--all", "--json"]))).unwrap();
    assert_eq!((&status["up_to_date"], &status["behind"]), (&json!(1), &json!(0)));
    assert_eq!(status["databases"][0]["database"], "acme/org-1");
    assert!(ok(&at.cli(&["db", "upgrade", "--all"])).contains("up to date"));
    // A control database that is behind stops a server that may not upgrade it.
    let fresh = Installation::new(at.backend).await;
    let control = fresh.setting("YUANTUS_IDENTITY_DATABASE_URL").unwrap().to_owned();
    at.set("YUANTUS_IDENTITY_DATABASE_URL", control);
    at.set("YUANTUS_SCHEMA_MODE", "migrations");
    let refused = at.cli(&["tenant", "list"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("yuantus db upgrade"));
    ok(&at.cli(&["db", "upgrade"]));
    ok(&at.cli(&["tenant", "list"]));
}

async fn a_wrong_setting_stops_the_start_with_one_line(mut at: Installation) {
    at.set("YUANTUS_PORT", "many");
    let stopped = at.cli(&["start"]);
    assert_eq!(stopped.status.code(), Some(2));
    let message = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert_eq!(message.lines().count(), 1, "{message}");
    for part in ["server.port", "many", "YUANTUS_PORT"] {
        assert!(message.contains(part), "{message}");
    }
    at.set("YUANTUS_PORT", "0");
    at.set("YUANTUS_ENVIRONMENT", "production");
    at.set("YUANTUS_JWT_SECRET_KEY", "change-me");
    let refused = at.cli(&["start"]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("auth.jwt_secret_key") && !message.contains("change-me"), "{message}");
}

async fn the_demonstration_prints_a_login_that_works_and_starts_again_with_it(at: Installation) {
    let mut passwords = Vec::new();
    for _ in 0..2 {
        let server = crate::support::server::Server::start_with(&at, &["start", "--demo"]).await;
        let log = server.log();
        let printed = |name: &str| {
            let line = log.lines().find(|line| line.trim_start().starts_with(name));
            line.and_then(|line| line.split_whitespace().last())
                .unwrap_or_else(|| panic!("no {name} in {log}"))
                .to_owned()
        };
        let demo =
            server.client().login(&printed("tenant"), &printed("org"), &printed("user"), &printed("password")).await;
        let root = json!({"type": "Part", "properties": {"item_number": "WB-1000"}});
        let root = demo.post("/aml/apply", &root).await.expect(200)["items"][0]["id"].as_str().unwrap().to_owned();
        let tree = demo.get(&format!("/bom/{root}/tree")).await.expect(200);
        let levels = |node: &Value| {
            node["children"].as_array().unwrap().iter().map(|line| line["child"].clone()).collect::<Vec<_>>()
        };
        let third: Vec<Value> = levels(&tree).iter().flat_map(levels).collect();
        assert!(third.iter().any(|node| !levels(node).is_empty()), "the sample has three levels of lines");
        passwords.push(printed("password"));
        assert!(server.stop().success());
    }
    assert_eq!(passwords[0], passwords[1]);
}

async fn sample_data_can_be_seeded_twice(at: Installation) {
    ok(&at.cli(&["seed-identity"]));
    assert!(!ok(&at.cli(&["seed-data"])).contains(" 0 parts"));
    assert!(ok(&at.cli(&["seed-data"])).contains(" 0 parts and 0 lines"));
}

async fn looking_at_nothing_makes_nothing(mut at: Installation) {
    let empty = at.folder().join("empty");
    std::fs::create_dir(&empty).unwrap();
    at.set("YUANTUS_DATA_DIR", empty.display().to_string());
    at.set("YUANTUS_IDENTITY_DATABASE_URL", format!("sqlite:///{}", empty.join("control.db").display()));
    assert!(!at.cli(&["db", "status"]).status.success());
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
}
