//! Tenants beside each other: nothing of one reaches another.

mod delete;
mod fleet;
mod isolation;
mod placement;
mod pools;
mod provision;
mod structure_types;

pub use fleet::support::run as run_in_product;
use serde_json::json;

use crate::support::server::Server;
use crate::support::world::{PASSWORD, World, add_line, add_part, create_tenant};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    two_tenants_with_the_same_names_and_numbers_do_not_meet,
    another_tenants_ids_are_not_found,
    single_mode_belongs_to_one_tenant,
    organisations_share_a_database_per_tenant_where_configured,
    a_database_is_made_when_first_used_or_refused_as_configured,
    a_tenant_whose_making_failed_is_finished_by_asking_again,
    a_lost_database_is_not_replaced_by_an_empty_one,
);

async fn two_tenants_with_the_same_names_and_numbers_do_not_meet(at: Installation) {
    create_tenant(&at, "umbra");
    let world = World::start(at).await;
    let umbra = world.server.client().login("umbra", "org-1", "admin", PASSWORD).await;
    for (client, name) in [(&world.admin, "of acme"), (&umbra, "of umbra")] {
        let part = json!({"type": "Part", "action": "add", "properties": {"item_number": "P-1", "name": name}});
        client.post("/aml/apply", &part).await.expect(200);
    }
    for (client, name) in [(&world.admin, "of acme"), (&umbra, "of umbra")] {
        let found = client.post("/aml/apply", &json!({"type": "Part"})).await.expect(200);
        assert_eq!((&found["count"], &found["items"][0]["properties"]["name"]), (&json!(1), &json!(name)));
    }
    let users = umbra.get("/admin/users").await.expect(200);
    assert!(users["items"].as_array().unwrap().iter().all(|user| user["tenant_id"] == "umbra"));
}

async fn another_tenants_ids_are_not_found(at: Installation) {
    create_tenant(&at, "umbra");
    let world = World::start(at).await;
    let (parent, child) = (add_part(&world.admin, "A").await, add_part(&world.admin, "B").await);
    let line = add_line(&world.admin, &parent, &child).await["relationship_id"].as_str().unwrap().to_owned();
    let umbra = world.server.client().login("umbra", "org-1", "admin", PASSWORD).await;
    let own = add_part(&umbra, "OWN").await;
    for path in [format!("/aml/Part/{parent}"), format!("/bom/{parent}/tree"), format!("/bom/{parent}/effective")] {
        umbra.get(&path).await.expect(404);
    }
    umbra.post(&format!("/bom/{parent}/children"), &json!({"child_id": own})).await.expect(404);
    umbra.post(&format!("/bom/{own}/children"), &json!({"child_id": child})).await.expect(404);
    umbra.delete(&format!("/bom/{parent}/children/{child}")).await.expect(404);
    for (kind, id) in [("Part", &parent), ("Part BOM", &line)] {
        for action in ["get", "update", "delete", "promote", "dummy"] {
            let body = json!({"type": kind, "action": action, "id": id, "properties": {"state": "Review"}});
            let answer = umbra.post("/aml/apply", &body).await;
            assert!(answer.status == 404 || answer.status == 422, "{action}: {answer:?}");
        }
    }
    world.admin.get(&format!("/bom/{parent}/tree")).await.expect(200);
}

async fn single_mode_belongs_to_one_tenant(mut at: Installation) {
    at.set("YUANTUS_TENANCY_MODE", "single");
    at.environment.retain(|(key, _)| key != "YUANTUS_DATABASE_URL_TEMPLATE");
    assert!(at.cli(&["seed-meta"]).status.success(), "no tenant is needed");
    for tenant in ["acme", "umbra"] {
        assert!(at.cli(&["seed-identity", "--tenant", tenant, "--password", PASSWORD]).status.success());
    }
    let server = Server::start(&at).await;
    let acme = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    acme.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(200);
    let umbra = server.client().login("umbra", "org-1", "admin", PASSWORD).await;
    umbra.get("/auth/me").await.expect(200);
    let refused = umbra.post("/aml/apply", &json!({"type": "Part"})).await.expect(403);
    assert_eq!(refused["detail"]["code"], "SINGLE_TENANT");
    acme.post("/aml/apply", &json!({"type": "Part"})).await.expect(200);
}

async fn organisations_share_a_database_per_tenant_where_configured(mut at: Installation) {
    at.set("YUANTUS_TENANCY_MODE", "db-per-tenant");
    let template = at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap().replace("__{org_id}", "");
    at.set("YUANTUS_DATABASE_URL_TEMPLATE", template);
    let world = World::start(at).await;
    world.admin.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(200);
    add_part(&world.admin, "SHARED").await;
    let there = world.server.client().login("acme", "org-2", "admin", PASSWORD).await;
    let found = there.post("/aml/apply", &json!({"type": "Part"})).await.expect(200);
    assert_eq!(found["items"][0]["properties"]["number"], "SHARED");
}

async fn a_database_is_made_when_first_used_or_refused_as_configured(mut at: Installation) {
    assert!(at.cli(&["seed-identity", "--tenant", "acme", "--password", PASSWORD]).status.success());
    at.set("YUANTUS_SCHEMA_MODE", "migrations");
    let strict = Server::start(&at).await;
    let caller = strict.client().login("acme", "org-1", "admin", PASSWORD).await;
    let refused = caller.get("/aml/metadata/Part").await;
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.expect(503)["detail"]["code"], "TENANT_NOT_READY");
    assert!(strict.stop().success());
    at.set("YUANTUS_SCHEMA_MODE", "create_all");
    let server = Server::start(&at).await;
    let caller = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    // Twenty at once find it made once.
    let calls = futures::future::join_all((0..20).map(|_| caller.get("/aml/metadata/Part"))).await;
    for call in calls {
        call.expect(200);
    }
}

async fn a_tenant_whose_making_failed_is_finished_by_asking_again(mut at: Installation) {
    let template = at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap().to_owned();
    // A server that is not there, or a folder that cannot be made.
    let broken = if template.starts_with("sqlite") {
        let file = at.folder().join("file");
        std::fs::write(&file, "").unwrap();
        format!("sqlite:///{}/{{tenant_id}}__{{org_id}}.db", file.display())
    } else {
        "postgresql://nobody@127.0.0.1:1/x__{tenant_id}__{org_id}".to_owned()
    };
    at.set("YUANTUS_DATABASE_URL_TEMPLATE", broken);
    let failed = at.cli(&["tenant", "create", "acme"]);
    assert!(!failed.status.success());
    let printed = String::from_utf8_lossy(&failed.stdout).into_owned();
    let password =
        printed.split("password ").nth(1).and_then(|rest| rest.split(' ').next()).expect(&printed).to_owned();

    at.set("YUANTUS_DATABASE_URL_TEMPLATE", template);
    let finished = at.cli(&["tenant", "create", "acme"]);
    assert!(finished.status.success(), "{}", String::from_utf8_lossy(&finished.stderr));
    assert!(!String::from_utf8_lossy(&finished.stdout).contains("generated"), "the first password stays");
    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", &password).await;
    admin.get("/aml/metadata/Part").await.expect(200);
}

async fn a_lost_database_is_not_replaced_by_an_empty_one(at: Installation) {
    create_tenant(&at, "acme");
    let template = at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap().to_owned();
    let url = template.replace("{tenant_id}", "acme").replace("{org_id}", "org-1");
    match url.strip_prefix("sqlite:///") {
        Some(path) => std::fs::remove_file(path).unwrap(),
        None => crate::support::postgres::drop_databases(&format!("{}__acme", at.name)).await.unwrap(),
    }
    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    admin.get("/aml/metadata/Part").await.expect(503);
    at.cli(&["db", "upgrade", "--all"]);
    admin.get("/aml/metadata/Part").await.expect(503);
}
