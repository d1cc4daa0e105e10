//! Tenants that live elsewhere than the template says.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::types::{OrgId, TenantId};

use crate::support::server::Server;
use crate::support::world::{PASSWORD, create_tenant};
use crate::support::{Backend, Installation, on_every_backend, postgres, s3};

on_every_backend!(
    a_placed_tenant_lives_there_and_its_password_is_shown_nowhere,
    no_two_tenants_are_placed_on_one_database,
    a_database_that_is_made_is_not_placed_elsewhere,
    objects_are_kept_where_the_place_says,
    places_that_lead_out_are_refused,
);

/// A database of this installation outside of the template's pattern.
fn elsewhere(at: &Installation, name: &str) -> String {
    match at.backend {
        Backend::SqliteLocal => format!("sqlite:///{}/elsewhere/{name}.db", at.folder().display()),
        Backend::PostgresS3 => postgres::url(&format!("{}_{name}", at.name)),
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

#[track_caller]
fn refused(output: &Output, because: &str) {
    assert!(!output.status.success() && text(output).contains(because), "{}", text(output));
}

async fn exists(at: &Installation, name: &str) -> bool {
    match at.backend {
        Backend::SqliteLocal => at.folder().join(format!("elsewhere/{name}.db")).is_file(),
        Backend::PostgresS3 => !postgres::databases(&format!("{}_{name}", at.name)).await.unwrap().is_empty(),
    }
}

async fn a_placed_tenant_lives_there_and_its_password_is_shown_nowhere(at: Installation) {
    let url = elsewhere(&at, "big");
    let mut child = at
        .command(&["tenant", "place", "acme", "--database-url", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(url.as_bytes()).unwrap();
    let mut seen = ok(&child.wait_with_output().unwrap());
    assert!(!exists(&at, "big").await, "choosing makes nothing");
    seen += &ok(&at.cli(&["tenant", "create", "acme", "--name", "Acme AG", "--admin-password", PASSWORD]));
    assert!(exists(&at, "big").await);
    create_tenant(&at, "umbra");
    let shown = ok(&at.cli(&["tenant", "show", "acme", "--json"]));
    let json: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&json["name"], &json["orgs"][0]["database"]), (&json!("Acme AG"), &json!("ready")));
    assert!(json["orgs"][0]["database_url"].as_str().unwrap().contains("big"));
    seen += &shown;
    seen += &ok(&at.cli(&["tenant", "show", "acme"]));
    seen += &ok(&at.cli(&["tenant", "list", "--json"]));
    seen += &text(&at.cli(&["tenant", "place", "acme", "--database-url", &url]));
    seen += &text(&at.cli(&["tenant", "delete", "acme"]));
    let server = Server::start(&at).await;
    for tenant in ["acme", "umbra"] {
        let admin = server.client().login(tenant, "org-1", "admin", PASSWORD).await;
        let part = admin.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(200);
        assert_eq!(part["items"][0]["properties"]["number"], "P-000001", "{tenant}");
    }
    seen += &server.log();
    if let Some(password) = url::Url::parse(&url).unwrap().password() {
        assert!(!seen.contains(password), "{seen}");
    }
}

async fn no_two_tenants_are_placed_on_one_database(at: Installation) {
    create_tenant(&at, "acme");
    let own = at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap().to_owned();
    let own = own.replace("{tenant_id}", "acme").replace("{org_id}", "org-1");
    refused(&at.cli(&["tenant", "place", "umbra", "--database-url", &own]), "holds tables already");
    let control = at.setting("YUANTUS_IDENTITY_DATABASE_URL").unwrap().to_owned();
    refused(&at.cli(&["tenant", "place", "umbra", "--database-url", &control]), "holds tables already");
    // Not made yet, and taken all the same; by another spelling too.
    let url = elsewhere(&at, "shared");
    ok(&at.cli(&["tenant", "place", "umbra", "--database-url", &url]));
    refused(&at.cli(&["tenant", "place", "globex", "--database-url", &url]), "belongs to");
    let spelled = match at.backend {
        Backend::SqliteLocal => url.replace("/elsewhere/", "/./elsewhere//"),
        Backend::PostgresS3 => url.replace("127.0.0.1", "localhost").replace("postgresql:", "postgresql+psycopg:"),
    };
    refused(&at.cli(&["tenant", "place", "globex", "--database-url", &spelled]), "belongs to");
    // The choice can be changed until it is made, and frees the database for another.
    ok(&at.cli(&["tenant", "place", "umbra", "--database-url", &elsewhere(&at, "other")]));
    ok(&at.cli(&["tenant", "place", "globex", "--database-url", &url]));
}

async fn a_database_that_is_made_is_not_placed_elsewhere(at: Installation) {
    create_tenant(&at, "acme");
    let url = elsewhere(&at, "late");
    refused(&at.cli(&["tenant", "place", "acme", "--database-url", &url]), "restore it at its new place");
    refused(&at.cli(&["tenant", "place", "acme", "--prefix", "eu"]), "restore it at its new place");
    // A second organisation of the tenant has its own choice.
    ok(&at.cli(&["tenant", "place", "acme", "--org", "org-2", "--database-url", &url]));
    ok(&at.cli(&["seed-meta", "--tenant", "acme", "--org", "org-2"]));
    assert!(exists(&at, "late").await);
}

/// How many files are below a folder; the S3 server of the tests leaves empty folders behind.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

async fn objects_are_kept_where_the_place_says(at: Installation) {
    let bucket = format!("{}-second", at.name.replace('_', "-"));
    let mut place = vec!["tenant", "place", "acme", "--prefix", "eu/west"];
    if at.backend == Backend::PostgresS3 {
        s3::create_bucket(&bucket).unwrap();
        place.extend(["--bucket", &bucket]);
    } else {
        refused(&at.cli(&["tenant", "place", "acme", "--bucket", &bucket]), "storage.kind is s3");
    }
    ok(&at.cli(&place));
    ok(&at.cli(&["tenant", "create", "acme", "--admin-password", PASSWORD]));
    let config = Config::load_from(None, at.environment.clone()).unwrap().config;
    let app = App::build(config, ControlSchema::AsConfigured).await.unwrap();
    let (tenant, org) = (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap());
    let store = app.tenancy.store(&tenant, &org).await.unwrap();
    store.put(&b"drawing"[..], 100).await.unwrap();
    app.close().await;
    let kept = match at.backend {
        Backend::SqliteLocal => at.blobs(),
        Backend::PostgresS3 => s3::folder(&bucket),
    };
    let own = kept.join("eu/west/tenants/acme/org-1");
    assert_eq!(files(&own), 1);
    ok(&at.cli(&["tenant", "delete", "acme", "--yes"]));
    assert_eq!(files(&own), 0);
    if at.backend == Backend::PostgresS3 {
        s3::drop_bucket(&bucket).unwrap();
    }
}

async fn places_that_lead_out_are_refused(at: Installation) {
    for prefix in ["../up", "/etc", "tenants/umbra/org-1", "a/../b", "A"] {
        refused(&at.cli(&["tenant", "place", "acme", "--prefix", prefix]), "A prefix is");
    }
    for bucket in ["../x", "a/b", "UPPER"] {
        refused(&at.cli(&["tenant", "place", "acme", "--bucket", bucket]), "A bucket's name is");
    }
    for url in ["mysql://u:hunter2@h/x", "postgresql://u:hunter2@h/a%2Fb", "sqlite:////tmp/../x.db"] {
        let output = at.cli(&["tenant", "place", "acme", "--database-url", url]);
        assert!(!output.status.success() && !text(&output).contains("hunter2"), "{}", text(&output));
    }
    let nowhere = at.cli(&["tenant", "place", "acme", "--database-url", "postgresql://u:hunter2@127.0.0.1:1/x"]);
    assert!(!nowhere.status.success() && !text(&nowhere).contains("hunter2"), "{}", text(&nowhere));
    refused(&at.cli(&["tenant", "place", "acme"]), "Give --database-url");
    refused(&at.cli(&["tenant", "show", "acme"]), "not found");
}
