//! Limits of tenants: who sees and sets them, and what happens at them.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::client::{Client, Reply};
use crate::support::server::Server;
use crate::support::world::{PASSWORD, World, create_tenant, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    limits_and_usage_are_answered_as_clients_know_them,
    administrators_look_and_superusers_change,
    the_platform_sets_limits_and_lists_them,
    an_installation_may_keep_limits_to_the_platform,
    users_and_organisations_beyond_a_limit_are_refused,
    of_twenty_clients_at_the_last_user_one_wins,
    of_twenty_clients_at_the_last_job_one_wins_over_two_servers_and_two_organisations,
    jobs_make_room_when_they_end_and_a_known_one_takes_none,
    a_soft_limit_warns_in_a_header,
    where_quotas_are_disabled_nothing_is_counted,
    jobs_wait_for_their_turn,
    operators_limit_by_command,
    a_deleted_tenant_leaves_no_limits,
);

fn enforced(mut at: Installation) -> Installation {
    at.set("YUANTUS_QUOTA_MODE", "enforce");
    at
}

/// One job of a type that nobody runs.
fn job(note: &str) -> Value {
    json!({"task_type": "quota_test", "payload": {"ts": note}, "dedupe": false})
}

fn statuses(replies: &[Reply]) -> (usize, usize) {
    let count = |status: u16| replies.iter().filter(|reply| reply.status.as_u16() == status).count();
    (count(200), count(429))
}

async fn limits_and_usage_are_answered_as_clients_know_them(at: Installation) {
    let world = World::start(enforced(at)).await;
    let none = world.admin.get("/admin/quota").await.expect(200);
    let limits = ["max_users", "max_orgs", "max_files", "max_storage_bytes", "max_active_jobs", "max_processing_jobs"];
    for limit in limits {
        assert!(none["quota"][limit].is_null() && none["quota"].get(limit).is_some(), "{limit}");
    }
    assert_eq!(
        (&none["tenant_id"], &none["mode"], &none["updated_at"]),
        (&json!("acme"), &json!("enforce"), &Value::Null)
    );
    let used = json!({"users": 1, "orgs": 1, "files": 0, "storage_bytes": 0, "active_jobs": 0, "processing_jobs": 0});
    assert_eq!(none["usage"], used);

    world.admin.post("/jobs", &job("1")).await.expect(200);
    let all = json!({"max_users": 1000, "max_orgs": 100, "max_files": 1000, "max_storage_bytes": 1_000_000_000,
        "max_active_jobs": 8, "max_processing_jobs": 100});
    let set = world.admin.put("/admin/quota", &all).await.expect(200);
    assert_eq!((&set["quota"], &set["usage"]["active_jobs"]), (&all, &json!(1)));
    assert!(set["updated_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!((&set["usage_percent"]["active_jobs"], &set["usage_percent"]["users"]), (&json!(12.5), &json!(0.1)));
    assert_eq!((&set["orgs"][0]["org_id"], &set["orgs"][0]["active_jobs"]), (&json!("org-1"), &json!(1)));

    // What is not named stays; null takes a limit away.
    let changed = world.admin.put("/admin/quota", &json!({"max_users": 7, "max_files": null})).await.expect(200);
    assert_eq!((&changed["quota"]["max_users"], &changed["quota"]["max_files"]), (&json!(7), &Value::Null));
    assert_eq!(changed["quota"]["max_orgs"], 100);
    for (bad, field) in [
        (json!({"max_users": -1}), "max_users"),
        (json!({"max_files": 1.5}), "max_files"),
        (json!({"max_orgs": "many"}), "max_orgs"),
        (json!({"max_storage_bytes": 9_223_372_036_854_775_808_u64}), "max_storage_bytes"),
    ] {
        let refused = world.admin.put("/admin/quota", &bad).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", field]));
    }
    assert_eq!(world.admin.get("/admin/quota").await.expect(200)["quota"], changed["quota"]);
}

async fn administrators_look_and_superusers_change(at: Installation) {
    let world = World::start(enforced(at)).await;
    let viewer = world.user("viewer", &["viewer"]).await;
    let olga = world.user("olga", &["admin"]).await;
    let limit = json!({"max_users": 100});
    viewer.get("/admin/quota").await.expect(403);
    viewer.put("/admin/quota", &limit).await.expect(403);
    olga.get("/admin/quota").await.expect(200);
    olga.put("/admin/quota", &limit).await.expect(403);
    for caller in [&viewer, &olga, &world.admin] {
        for path in ["/admin/tenants/quotas", "/admin/tenants/acme/quota", "/admin/tenants/nobody/quota"] {
            assert_eq!(caller.get(path).await.expect(403)["detail"], "Platform admin required");
        }
        caller.put("/admin/tenants/acme/quota", &limit).await.expect(403);
    }
    assert_eq!(world.admin.get("/admin/quota").await.expect(200)["updated_at"], Value::Null);
}

async fn platform(at: &mut Installation) -> (Server, Client) {
    at.set("YUANTUS_PLATFORM_ADMIN_ENABLED", "true");
    create_tenant(at, "platform");
    let server = Server::start(at).await;
    let root = server.client().login("platform", "org-1", "admin", PASSWORD).await;
    (server, root)
}

async fn the_platform_sets_limits_and_lists_them(at: Installation) {
    let mut at = enforced(at);
    create_tenant(&at, "acme");
    let (server, root) = platform(&mut at).await;
    let set = root.put("/admin/tenants/acme/quota", &json!({"max_users": 100, "max_files": 5})).await.expect(200);
    assert_eq!((&set["tenant_id"], &set["quota"]["max_users"]), (&json!("acme"), &json!(100)));
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    admin.post("/jobs", &job("1")).await.expect(200);
    let seen = root.get("/admin/tenants/acme/quota").await.expect(200);
    assert_eq!(seen["usage"]["active_jobs"], 1);
    for (org, status, jobs) in [("org-1", 200, json!(1)), ("org-9", 404, Value::Null), ("A_B", 404, Value::Null)] {
        let path = format!("/admin/tenants/acme/quota?org_id={org}");
        assert_eq!(root.get(&path).await.expect(status)["usage"]["active_jobs"], jobs, "{org}");
        assert_eq!(root.put(&path, &json!({})).await.status, status);
    }
    for missing in ["nobody", "A_B"] {
        root.get(&format!("/admin/tenants/{missing}/quota")).await.expect(404);
        root.put(&format!("/admin/tenants/{missing}/quota"), &json!({"max_users": 1})).await.expect(404);
    }
    let listed = root.get("/admin/tenants/quotas").await.expect(200);
    assert_eq!(listed["total"], 2);
    let tenants: Vec<&Value> = listed["items"].as_array().unwrap().iter().map(|item| &item["tenant_id"]).collect();
    assert_eq!(tenants, ["acme", "platform"]);
    let acme = &listed["items"][0];
    assert_eq!(
        (&acme["quota"]["max_files"], &acme["usage"]["users"], &acme["usage"]["active_jobs"]),
        (&json!(5), &json!(1), &json!(1))
    );
    assert_eq!(
        (&listed["items"][1]["quota"]["max_users"], &listed["items"][1]["updated_at"]),
        (&Value::Null, &Value::Null)
    );
    let page = root.get("/admin/tenants/quotas?limit=1&offset=1").await.expect(200);
    assert_eq!((&page["items"][0]["tenant_id"], &page["total"]), (&json!("platform"), &json!(2)));
    let other = root.get("/admin/tenants/quotas?org_id=org-9").await.expect(200);
    assert_eq!(other["items"][0]["usage"]["active_jobs"], 0);
}

async fn an_installation_may_keep_limits_to_the_platform(at: Installation) {
    let mut at = enforced(at);
    at.set("YUANTUS_QUOTA__SELF_SERVICE", "false");
    create_tenant(&at, "acme");
    let (server, root) = platform(&mut at).await;
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    let refused = admin.put("/admin/quota", &json!({"max_users": 100})).await.expect(403);
    assert_eq!(refused["detail"]["code"], "QUOTA_SET_BY_PLATFORM");
    root.put("/admin/tenants/acme/quota", &json!({"max_users": 1})).await.expect(200);
    admin.get("/admin/quota").await.expect(200);
    admin.post("/admin/users", &json!({"username": "more", "password": "x"})).await.expect(429);
}

async fn users_and_organisations_beyond_a_limit_are_refused(at: Installation) {
    let world = World::start(enforced(at)).await;
    world.admin.put("/admin/quota", &json!({"max_users": 2, "max_orgs": 2})).await.expect(200);
    world.admin.post("/admin/users", &json!({"username": "second", "password": "x"})).await.expect(200);
    let refused = world.admin.post("/admin/users", &json!({"username": "third", "password": "x"})).await.expect(429);
    assert_eq!(
        (&refused["detail"]["code"], &refused["detail"]["tenant_id"]),
        (&json!("QUOTA_EXCEEDED"), &json!("acme"))
    );
    let users = json!([{"resource": "users", "used": 2, "limit": 2, "requested": 1, "remaining": 0}]);
    assert_eq!(refused["detail"]["resources"], users);
    assert!(refused["detail"]["user_message"].is_string() && refused["detail"].get("details").is_none());
    assert_eq!(world.admin.get("/admin/users").await.expect(200)["total"], 2);

    world.admin.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(200);
    let refused = world.admin.post("/admin/orgs", &json!({"id": "org-3"})).await.expect(429);
    let orgs = json!([{"resource": "orgs", "used": 2, "limit": 2, "requested": 1, "remaining": 0}]);
    assert_eq!(refused["detail"]["resources"], orgs);
    world.admin.get("/admin/orgs/org-3").await.expect(404);
    world.admin.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(409);
    // Below what is used nothing is taken away.
    world.admin.put("/admin/quota", &json!({"max_users": 1, "max_orgs": 0})).await.expect(200);
    assert_eq!(world.admin.get("/admin/users").await.expect(200)["total"], 2);
    world.admin.post("/admin/users", &json!({"username": "third", "password": "x"})).await.expect(429);
    world.admin.put("/admin/quota", &json!({"max_users": null})).await.expect(200);
    world.admin.post("/admin/users", &json!({"username": "third", "password": "x"})).await.expect(200);
    let metrics = world.server.client().get("/metrics").await.text;
    assert!(metrics.contains("yuantus_quota_refused_total{resource=\"users\"} 2"), "{metrics}");
}

async fn of_twenty_clients_at_the_last_user_one_wins(at: Installation) {
    let world = World::start(enforced(at)).await;
    let second = Server::start(&world.at).await;
    let there = second.client().login("acme", "org-1", "admin", PASSWORD).await;
    world.admin.put("/admin/quota", &json!({"max_users": 2, "max_orgs": 2})).await.expect(200);
    let replies = join_all((0..20).map(|number| {
        let client = if number % 2 == 0 { &world.admin } else { &there };
        let user = json!({"username": format!("user-{number}"), "password": "x"});
        async move { client.post("/admin/users", &user).await }
    }));
    assert_eq!(statuses(&replies.await), (1, 19));
    let replies = join_all((0..20).map(|number| {
        let client = if number % 2 == 0 { &world.admin } else { &there };
        let org = json!({"id": format!("race-{number}")});
        async move { client.post("/admin/orgs", &org).await }
    }));
    assert_eq!(statuses(&replies.await), (1, 19));
    let usage = world.admin.get("/admin/quota").await.expect(200)["usage"].clone();
    assert_eq!((&usage["users"], &usage["orgs"]), (&json!(2), &json!(2)));
}

async fn of_twenty_clients_at_the_last_job_one_wins_over_two_servers_and_two_organisations(at: Installation) {
    let at = enforced(at);
    create_tenant(&at, "acme");
    // Before they start: a server that knows of no limit learns of one within a second.
    assert!(at.cli(&["tenant", "quota", "acme", "--max-active-jobs", "3"]).status.success());
    let (first, second) = (Server::start(&at).await, Server::start(&at).await);
    let here = first.client().login("acme", "org-1", "admin", PASSWORD).await;
    here.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(200);
    let there = second.client().login("acme", "org-2", "admin", PASSWORD).await;
    here.post("/jobs", &job("a")).await.expect(200);
    there.post("/jobs", &job("b")).await.expect(200);
    let clients = [
        here.clone(),
        there.clone(),
        first.client().login("acme", "org-2", "admin", PASSWORD).await,
        second.client().login("acme", "org-1", "admin", PASSWORD).await,
    ];
    let replies = join_all((0..20).map(|number| {
        let client = &clients[number % clients.len()];
        async move { client.post("/jobs", &job(&number.to_string())).await }
    }));
    let replies = replies.await;
    assert_eq!(statuses(&replies), (1, 19));
    let refused = replies.into_iter().find(|reply| reply.status == 429).unwrap().json();
    let jobs = &refused["detail"]["resources"][0];
    assert_eq!((&jobs["resource"], &jobs["limit"], &jobs["remaining"]), (&json!("active_jobs"), &json!(3), &json!(0)));
    // The winner's may be counted twice while it is under way, right after a start.
    assert!(jobs["used"].as_i64().unwrap() >= 3, "{jobs}");
    let seen = here.get("/admin/quota").await.expect(200);
    assert_eq!((&seen["usage"]["active_jobs"], seen["orgs"].as_array().unwrap().len()), (&json!(3), 2));
}

async fn jobs_make_room_when_they_end_and_a_known_one_takes_none(at: Installation) {
    let world = World::start(enforced(at)).await;
    world.admin.put("/admin/quota", &json!({"max_active_jobs": 2})).await.expect(200);
    let known = json!({"task_type": "quota_test", "dedupe_key": "k"});
    let first = world.admin.post("/jobs", &known).await.expect(200);
    let second = world.admin.post("/jobs", &job("2")).await.expect(200);
    let refused = world.admin.post("/jobs", &job("3")).await.expect(429);
    let jobs = json!([{"resource": "active_jobs", "used": 2, "limit": 2, "requested": 1, "remaining": 0}]);
    assert_eq!(refused["detail"]["resources"], jobs);
    assert_eq!(id(&world.admin.post("/jobs", &known).await.expect(200)), id(&first));
    world.admin.post(&format!("/jobs/{}/cancel", id(&second)), &json!({})).await.expect(200);
    world.admin.post("/jobs", &job("3")).await.expect(200);
    // Putting one back takes room too.
    let back = format!("/jobs/{}/retry", id(&second));
    world.admin.post(&back, &json!({})).await.expect(429);
    world.admin.post(&format!("/jobs/{}/cancel", id(&first)), &json!({})).await.expect(200);
    world.admin.post(&back, &json!({})).await.expect(200);
    world.admin.post("/jobs", &known).await.expect(429);
    // What the program asks for itself is not refused.
    world.admin.put("/admin/quota", &json!({"max_active_jobs": 0})).await.expect(200);
    let hook = json!({"url": "https://hook.invalid/", "name": "hook", "events": ["bom.changed"]});
    let hook = world.admin.post("/webhooks", &hook).await.expect(200)["webhook"]["id"].as_str().unwrap().to_owned();
    world.admin.post(&format!("/webhooks/{hook}/test"), &json!({})).await.expect(200);
}

async fn a_soft_limit_warns_in_a_header(mut at: Installation) {
    at.set("YUANTUS_QUOTA_MODE", "soft");
    let world = World::start(at).await;
    let limits = json!({"max_users": 1, "max_orgs": 1, "max_active_jobs": 1});
    assert_eq!(world.admin.put("/admin/quota", &limits).await.expect(200)["mode"], "soft");
    let warning = |reply: Reply| {
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.headers.get("x-quota-warning").map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(warning(world.admin.post("/jobs", &job("1")).await), None);
    assert_eq!(warning(world.admin.post("/jobs", &job("2")).await).as_deref(), Some("active_jobs 2/1"));
    let user = json!({"username": "second", "password": "x"});
    assert_eq!(warning(world.admin.post("/admin/users", &user).await).as_deref(), Some("users 2/1"));
    assert_eq!(warning(world.admin.post("/admin/orgs", &json!({"id": "org-2"})).await).as_deref(), Some("orgs 2/1"));
    // A request that fails for another reason warns of nothing.
    let failed = world.admin.post("/admin/users", &user).await;
    assert!(failed.status == 409 && !failed.headers.contains_key("x-quota-warning"), "{failed:?}");
}

async fn where_quotas_are_disabled_nothing_is_counted(at: Installation) {
    let world = World::start(at).await;
    let limits = json!({"max_users": 0, "max_orgs": 0, "max_active_jobs": 0, "max_processing_jobs": 0});
    assert_eq!(world.admin.put("/admin/quota", &limits).await.expect(200)["mode"], "disabled");
    let made = world.admin.post("/admin/users", &json!({"username": "second", "password": "x"})).await;
    assert!(made.status == 200 && !made.headers.contains_key("x-quota-warning"), "{made:?}");
    let job = world.admin.post("/jobs", &json!({"task_type": "tenant.check"})).await.expect(200);
    assert_eq!(ended(&world.admin, &job).await["status"], "completed");
}

async fn ended(client: &Client, job: &Value) -> Value {
    for _ in 0..1000 {
        let seen = client.get(&format!("/jobs/{}", id(job))).await.expect(200);
        if seen["completed_at"].is_string() {
            return seen;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the job does not end");
}

async fn jobs_wait_for_their_turn(at: Installation) {
    let at = enforced(at);
    create_tenant(&at, "umbra");
    create_tenant(&at, "acme");
    assert!(at.cli(&["tenant", "quota", "acme", "--max-processing-jobs", "0"]).status.success());
    let server = Server::start(&at).await;
    let acme = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    let umbra = server.client().login("umbra", "org-1", "admin", PASSWORD).await;
    let check = json!({"task_type": "tenant.check"});
    let waiting = acme.post("/jobs", &check).await.expect(200);
    for _ in 0..3 {
        let other = umbra.post("/jobs", &check).await.expect(200);
        assert_eq!(ended(&umbra, &other).await["status"], "completed");
    }
    let seen = acme.get(&format!("/jobs/{}", id(&waiting))).await.expect(200);
    assert_eq!(
        (&seen["status"], &seen["attempt_count"]),
        (&json!("pending"), &json!(0)),
        "it waits, and does not fail"
    );
    acme.put("/admin/quota", &json!({"max_processing_jobs": 1})).await.expect(200);
    let mut jobs = vec![waiting];
    for _ in 0..3 {
        jobs.push(acme.post("/jobs", &check).await.expect(200));
    }
    for job in &jobs {
        assert_eq!(ended(&acme, job).await["status"], "completed");
    }
}

async fn operators_limit_by_command(at: Installation) {
    create_tenant(&at, "acme");
    let text = |output: std::process::Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = text(at.cli(&["tenant", "quota", "acme", "--max-users", "50", "--max-storage-bytes", "2G"]));
    for part in ["users", "50", "2147483648", "none", "2.0 %", "quota.mode is disabled"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let json: Value = serde_json::from_str(&text(at.cli(&["tenant", "quota", "acme", "--json"]))).unwrap();
    assert_eq!((&json["quota"]["max_users"], &json["quota"]["max_files"]), (&json!(50), &Value::Null));
    assert_eq!((&json["usage"]["users"], &json["usage_percent"]["users"]), (&json!(1), &json!(2.0)));
    let json = text(at.cli(&["tenant", "quota", "acme", "--max-users", "none", "--json"]));
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["quota"]["max_users"], Value::Null);
    for bad in ["-1", "many", "1.5"] {
        assert_eq!(at.cli(&["tenant", "quota", "acme", "--max-users", bad]).status.code(), Some(2), "{bad}");
    }
    let missing = at.cli(&["tenant", "quota", "nobody"]);
    assert!(String::from_utf8_lossy(&missing.stderr).contains("Tenant not found"));
}

async fn a_deleted_tenant_leaves_no_limits(at: Installation) {
    let mut at = enforced(at);
    create_tenant(&at, "acme");
    assert!(at.cli(&["tenant", "quota", "acme", "--max-users", "5", "--max-active-jobs", "5"]).status.success());
    assert!(at.cli(&["tenant", "delete", "acme", "--yes"]).status.success());
    assert!(!at.cli(&["tenant", "quota", "acme"]).status.success());
    let (_server, root) = platform(&mut at).await;
    assert_eq!(root.get("/admin/tenants/quotas").await.expect(200)["total"], 1);
}
