//! Deleting a tenant or an organisation: asked for twice, complete, and for good.

use std::process::{Output, Stdio};

use serde_json::json;

use crate::support::client::reply;
use crate::support::contents;
use crate::support::server::Server;
use crate::support::world::{PASSWORD, World, add_part, create_tenant};
use crate::support::{Backend, Installation, on_every_backend, postgres};

on_every_backend!(
    a_deleted_tenant_is_gone_with_its_database_and_tokens,
    deleting_asks_first_and_spares_the_platform,
    a_deletion_killed_at_any_time_is_finished_by_repeating_it,
    an_organisation_is_deleted_alone,
    uploads_in_parts_go_with_their_organisation,
);

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn databases(at: &Installation, tenant: &str) -> Vec<String> {
    let begins = |name: &String| name.contains(&format!("{tenant}__"));
    let names = match at.backend {
        Backend::SqliteLocal => std::fs::read_dir(at.folder().join("databases"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect(),
        Backend::PostgresS3 => postgres::databases(&at.name).await.unwrap(),
    };
    names.into_iter().filter(begins).collect()
}

async fn a_deleted_tenant_is_gone_with_its_database_and_tokens(at: Installation) {
    create_tenant(&at, "umbra");
    let world = World::start(at).await;
    add_part(&world.admin, "P-1").await;
    let deleted = world.at.cli(&["tenant", "delete", "acme", "--yes"]);
    assert!(deleted.status.success(), "{}", text(&deleted));
    // The token is refused by a server that had the tenant open.
    world.admin.get("/aml/metadata/Part").await.expect(401);
    let login = json!({"tenant_id": "acme", "org_id": "org-1", "username": "admin", "password": PASSWORD});
    world.server.client().post("/auth/login", &login).await.expect(401);
    assert_eq!(databases(&world.at, "acme").await, Vec::<String>::new());
    // The id is not used again, by any way of making a tenant.
    let again = world.at.cli(&["tenant", "create", "acme", "--admin-password", PASSWORD]);
    assert!(!again.status.success() && text(&again).contains("not used again"), "{}", text(&again));
    assert!(!world.at.cli(&["seed-identity", "--tenant", "acme", "--password", PASSWORD]).status.success());
    assert!(!world.at.cli(&["seed-meta", "--tenant", "acme", "--org", "org-1"]).status.success());
    assert!(!world.at.cli(&["tenant", "resume", "acme"]).status.success());
    assert!(!text(&world.at.cli(&["tenant", "list"])).contains("acme"));
    world.admin.get("/aml/metadata/Part").await.expect(401);
    let umbra = world.server.client().login("umbra", "org-1", "admin", PASSWORD).await;
    umbra.get("/aml/metadata/Part").await.expect(200);
}

async fn deleting_asks_first_and_spares_the_platform(at: Installation) {
    create_tenant(&at, "platform");
    create_tenant(&at, "acme");
    let asked = at.cli(&["tenant", "delete", "acme"]);
    assert!(!asked.status.success());
    for said in ["acme__org-1", "1 users", "--yes"] {
        assert!(text(&asked).contains(said), "{}", text(&asked));
    }
    assert_eq!(at.cli(&["tenant", "delete", "platform", "--yes"]).status.code(), Some(1));
    assert_eq!(at.cli(&["tenant", "delete", "nobody", "--yes"]).status.code(), Some(1));
    let server = Server::start(&at).await;
    for tenant in ["platform", "acme"] {
        let admin = server.client().login(tenant, "org-1", "admin", PASSWORD).await;
        admin.get("/aml/metadata/Part").await.expect(200);
    }
}

async fn a_deletion_killed_at_any_time_is_finished_by_repeating_it(at: Installation) {
    for round in 0..8 {
        let tenant = format!("t{round}");
        create_tenant(&at, &tenant);
        let mut child = at.command(&["tenant", "delete", &tenant, "--yes"]).stdout(Stdio::null()).spawn().unwrap();
        // All happens about a second after the tenant is refused.
        tokio::time::sleep(std::time::Duration::from_millis(1050 + 30 * round)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let repeated = at.cli(&["tenant", "delete", &tenant, "--yes"]);
        assert!(repeated.status.success() || text(&repeated).contains("not found"), "{}", text(&repeated));
        assert_eq!(databases(&at, &tenant).await, Vec::<String>::new());
        assert!(!text(&at.cli(&["tenant", "list"])).contains(&tenant));
    }
}

async fn an_organisation_is_deleted_alone(at: Installation) {
    let world = World::start(at).await;
    world.admin.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(200);
    let there = world.server.client().login("acme", "org-2", "admin", PASSWORD).await;
    add_part(&there, "P-1").await;
    let deleted = world.at.cli(&["tenant", "delete", "acme", "--org", "org-2", "--yes"]);
    assert!(deleted.status.success(), "{}", text(&deleted));
    there.get("/aml/metadata/Part").await.expect(403);
    world.admin.get("/aml/metadata/Part").await.expect(200);
    assert_eq!(databases(&world.at, "acme").await.iter().filter(|name| name.contains("org-2")).count(), 0);
    let again = world.admin.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(409);
    assert_eq!(again["detail"]["code"], "ORG_DELETED");
    assert_eq!(world.admin.get("/admin/orgs").await.expect(200)["total"], 1);
}

async fn uploads_in_parts_go_with_their_organisation(at: Installation) {
    let world = World::start(at).await;
    let upload = json!({"filename": "a.bin", "size": 5});
    let upload = world.admin.post("/file/uploads", &upload).await.expect(200);
    let url = upload["parts"][0]["url"].as_str().unwrap();
    let multipart = match url.strip_prefix("/api/v1") {
        Some(path) => {
            let put = world.admin.request(reqwest::Method::PUT, path).body("parts");
            assert_eq!(reply(put).await.status, 200);
            None
        }
        None => {
            assert_eq!(reqwest::Client::new().put(url).body("parts").send().await.unwrap().status(), 200);
            let url = reqwest::Url::parse(url).unwrap();
            url.query_pairs().find(|(name, _)| name == "uploadId").map(|(_, value)| value.into_owned())
        }
    };
    assert_eq!(multipart.is_some(), world.at.backend == Backend::PostgresS3);
    if let Some(multipart) = &multipart {
        assert!(contents::parts_of(multipart) > 0);
    }
    let deleted = world.at.cli(&["tenant", "delete", "acme", "--yes"]);
    assert!(deleted.status.success(), "{}", text(&deleted));
    assert_eq!(contents::below(&contents::folder(&world.at)), Vec::<std::path::PathBuf>::new());
    assert_eq!(multipart.as_deref().map_or(0, contents::parts_of), 0);
}
