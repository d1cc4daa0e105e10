//! Making databases: from one template, whole or not at all, whenever the process dies.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use serde_json::json;
use yuantus::app::{App, ControlSchema};
use yuantus::config::Config;
use yuantus::domain::identity::{self, NewTenant};

use crate::support::server::Server;
use crate::support::world::{PASSWORD, create_tenant};
use crate::support::{Backend, Installation, on_every_backend, postgres};

on_every_backend!(
    tenants_are_copied_from_one_template,
    a_tenant_whose_creation_is_killed_at_any_time_is_completed_by_repeating_it,
    provisioning_abandoned_at_any_point_is_completed_by_repeating_it,
    a_hundred_tenants_asked_for_at_once_are_all_made,
);

/// The names of templates and of databases that are not whole.
async fn templates_and_unfinished(at: &Installation) -> (Vec<String>, Vec<String>) {
    let names = match at.backend {
        Backend::SqliteLocal => [at.folder().join("databases"), at.folder().join("templates")]
            .iter()
            .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten())
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect(),
        Backend::PostgresS3 => postgres::databases(&at.name).await.unwrap(),
    };
    let is_template = |name: &String| name.starts_with("product_") || name.contains("_template_");
    let (unfinished, whole): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.contains("_new"));
    (whole.into_iter().filter(is_template).collect(), unfinished)
}

async fn remove_templates(at: &Installation) {
    match at.backend {
        Backend::SqliteLocal => std::fs::remove_dir_all(at.folder().join("templates")).unwrap(),
        Backend::PostgresS3 => {
            postgres::drop_databases(&format!("{}___template_", at.name)).await.unwrap();
        }
    }
}

/// Each tenant has its administrator, its item types, and numbers that begin anew.
async fn assert_complete(server: &Server, tenants: &[String]) {
    for tenant in tenants {
        let admin = server.client().login(tenant, "org-1", "admin", PASSWORD).await;
        assert_eq!(admin.get("/admin/users").await.expect(200)["total"], 1);
        assert_eq!(admin.get("/admin/orgs").await.expect(200)["total"], 1);
        let part = admin.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(200);
        assert_eq!(part["items"][0]["properties"]["number"], "P-000001", "{tenant}");
    }
}

async fn tenants_are_copied_from_one_template(at: Installation) {
    create_tenant(&at, "acme");
    let (made, _) = templates_and_unfinished(&at).await;
    assert_eq!(made.len(), 1);
    create_tenant(&at, "umbra");
    // Without its template a tenant is made all the same.
    remove_templates(&at).await;
    create_tenant(&at, "globex");
    assert_eq!(templates_and_unfinished(&at).await, (made, Vec::new()));
    let server = Server::start(&at).await;
    assert_complete(&server, &["acme", "umbra", "globex"].map(str::to_owned)).await;
}

async fn a_tenant_whose_creation_is_killed_at_any_time_is_completed_by_repeating_it(at: Installation) {
    let began = Instant::now();
    create_tenant(&at, "t0");
    let whole = began.elapsed();
    let mut tenants = vec!["t0".to_owned()];
    for round in 1..=20 {
        let tenant = format!("t{round}");
        if round % 4 == 0 {
            remove_templates(&at).await;
        }
        let mut child = at
            .command(&["tenant", "create", &tenant, "--admin-password", PASSWORD])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let share = f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0;
        tokio::time::sleep(whole.mul_f64(share)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        create_tenant(&at, &tenant);
        tenants.push(tenant);
    }
    let (templates, unfinished) = templates_and_unfinished(&at).await;
    assert_eq!((templates.len(), unfinished), (1, Vec::new()));
    if at.backend == Backend::PostgresS3 {
        let expected = tenants.len() + ["control", "product", "template"].len();
        assert_eq!(postgres::databases(&at.name).await.unwrap().len(), expected);
        assert_eq!(postgres::connections(&format!("{}___template_", at.name)).await.unwrap(), 0);
    }
    let server = Server::start(&at).await;
    assert_complete(&server, &tenants).await;
}

/// Drops the work after it was polled so many times, and says how many it had.
async fn abandoned_after(polls: usize, work: impl Future) -> usize {
    let mut work = pin!(work);
    let mut done = 0;
    poll_fn(|context| {
        if work.as_mut().poll(context).is_ready() || done == polls {
            return Poll::Ready(done);
        }
        done += 1;
        Poll::Pending
    })
    .await
}

async fn provisioning_abandoned_at_any_point_is_completed_by_repeating_it(at: Installation) {
    const POINTS: usize = 20;
    let config = Config::load_from(None, at.environment.clone()).unwrap().config;
    let app = App::build(config, ControlSchema::AsConfigured).await.unwrap();
    let ctx = app.platform("test");
    let new = |id: String| NewTenant { id, name: None, is_active: true, org_id: Some("org-1".to_owned()), admin: None };
    let first = identity::register_tenant(&ctx, new("first".to_owned())).await.unwrap();
    let polls = abandoned_after(usize::MAX, identity::complete_tenant(&ctx, &first)).await;
    assert!(polls > POINTS, "{polls}");
    for point in 0..POINTS {
        let new = new(format!("t{point}"));
        let registered = identity::register_tenant(&ctx, new.clone()).await.unwrap();
        abandoned_after(polls * point / POINTS, identity::complete_tenant(&ctx, &registered)).await;
        match identity::create_tenant(&ctx, new).await {
            Ok(tenant) => assert_eq!(tenant.state, "active"),
            // It took fewer steps than the first, and none was left.
            Err(error) => assert_eq!(error.message(), "Tenant already exists"),
        }
        let org = registered.org.unwrap();
        app.tenancy.open(&registered.tenant, &org).await.unwrap().ping().await.unwrap();
        assert!(app.tenancy.is_ready(&registered.tenant, &org).await.unwrap());
    }
    app.close().await;
    assert_eq!(templates_and_unfinished(&at).await.1, Vec::<String>::new());
}

async fn a_hundred_tenants_asked_for_at_once_are_all_made(mut at: Installation) {
    at.set("YUANTUS_PLATFORM_ADMIN_ENABLED", "true");
    create_tenant(&at, "platform");
    let server = Server::start(&at).await;
    let root = server.client().login("platform", "org-1", "admin", PASSWORD).await;
    let tenants: Vec<String> = (0..100).map(|number| format!("t{number}")).collect();
    let asked = tenants.iter().map(|tenant| {
        let body = json!({"id": tenant, "admin_username": "admin", "admin_password": PASSWORD});
        let root = &root;
        async move { root.post("/admin/tenants", &body).await.expect(200) }
    });
    let began = Instant::now();
    futures::future::join_all(asked).await;
    assert!(began.elapsed() < Duration::from_secs(60));
    assert_eq!(root.get("/admin/tenants").await.expect(200)["total"], 101);
    assert_complete(&server, &tenants[90..]).await;
}
