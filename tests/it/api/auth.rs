//! Login, tokens, and which tenant and organisation a request speaks for.

use std::time::Duration;

use serde_json::json;

use crate::support::server::Server;
use crate::support::world::{PASSWORD, World, create_tenant};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_login_answers_with_a_token_that_says_who_one_is,
    a_wrong_password_an_unknown_user_and_an_unknown_tenant_look_alike,
    failed_logins_are_limited_per_account_and_a_success_forgives,
    parallel_logins_with_the_right_password_all_succeed,
    failed_logins_are_limited_per_address_as_trusted_proxies_tell_it,
    a_new_password_ends_the_sessions_of_the_old_one,
    a_token_without_an_org_picks_one,
    header_and_token_must_agree,
    a_deactivated_user_membership_or_tenant_is_out_within_a_second,
    a_tenant_context_is_demanded_where_nobody_logs_in,
);

async fn a_login_answers_with_a_token_that_says_who_one_is(at: Installation) {
    let world = World::start(at).await;
    let login = json!({"tenant_id": "acme", "username": "admin", "password": PASSWORD, "org_id": "org-1"});
    let token = world.server.client().post("/auth/login", &login).await.expect(200);
    assert_eq!(token["token_type"], "bearer");
    assert_eq!(token["expires_in"], 3600);
    assert_eq!((&token["tenant_id"], &token["user_id"]), (&json!("acme"), &json!(1)));

    let me = world.admin.get("/auth/me").await.expect(200);
    let expected = json!({
        "tenant_id": "acme", "org_id": "org-1", "user_id": 1, "username": "admin", "email": null,
        "roles": ["admin", "superuser"],
    });
    assert_eq!(me, expected);
    let orgs = world.admin.get("/auth/orgs").await.expect(200);
    assert_eq!(orgs["orgs"], json!([{"id": "org-1", "name": "org-1", "is_active": true}]));
}

async fn a_wrong_password_an_unknown_user_and_an_unknown_tenant_look_alike(at: Installation) {
    let world = World::start(at).await;
    for (tenant, user) in [("acme", "admin"), ("acme", "nobody"), ("nowhere", "admin"), ("../acme", "admin")] {
        let login = json!({"tenant_id": tenant, "username": user, "password": "wrong"});
        let refused = world.server.client().post("/auth/login", &login).await.expect(401);
        assert_eq!(refused, json!({"detail": "Invalid credentials"}), "{tenant}/{user}");
    }
}

async fn failed_logins_are_limited_per_account_and_a_success_forgives(mut at: Installation) {
    at.set("YUANTUS_AUTH__LOGIN_MAX_FAILURES_PER_ACCOUNT", "3");
    let world = World::start(at).await;
    let attempt = |user: &'static str, password: &'static str| {
        let client = world.server.client();
        async move {
            let login = json!({"tenant_id": "acme", "username": user, "password": password});
            client.post("/auth/login", &login).await
        }
    };
    attempt("admin", "wrong").await.expect(401);
    attempt("admin", PASSWORD).await.expect(200);
    // Parallel guesses are counted one by one: no more than the limit is ever compared.
    let guesses = futures::future::join_all((0..12).map(|_| attempt("admin", "wrong"))).await;
    assert_eq!(guesses.iter().filter(|reply| reply.status == 401).count(), 3);
    let limited = attempt("admin", PASSWORD).await;
    assert!(limited.headers.contains_key("retry-after"));
    assert_eq!(limited.expect(429)["detail"]["code"], "LOGIN_LIMITED");
    attempt("somebody-else", "wrong").await.expect(401);
}

async fn a_token_without_an_org_picks_one(at: Installation) {
    let world = World::start(at).await;
    let login = json!({"tenant_id": "acme", "username": "admin", "password": PASSWORD});
    let token = world.server.client().post("/auth/login", &login).await.expect(200);
    let caller = world.server.client().with_token(token["access_token"].as_str().unwrap());
    caller.get("/auth/me").await.expect(200);
    let missing = caller.get("/aml/metadata/Part").await.expect(401);
    assert_eq!(missing, json!({"detail": "Missing org id"}));
    caller.in_org("org-1").get("/aml/metadata/Part").await.expect(200);

    let switched = caller.post("/auth/switch-org", &json!({"org_id": "org-1"})).await.expect(200);
    let caller = world.server.client().with_token(switched["access_token"].as_str().unwrap());
    caller.get("/aml/metadata/Part").await.expect(200);
    for org in ["nope", "NOPE", "../org-1"] {
        let refused = caller.post("/auth/switch-org", &json!({"org_id": org})).await.expect(403);
        assert_eq!(refused, json!({"detail": "Not a member of this org"}));
    }
}

async fn header_and_token_must_agree(at: Installation) {
    create_tenant(&at, "other");
    let world = World::start(at).await;
    let refused = world.admin.in_tenant("other").get("/auth/me").await.expect(401);
    assert_eq!(refused, json!({"detail": "Tenant mismatch"}));
    world.admin.in_org("org-2").get("/aml/metadata/Part").await.expect(401);
    let missing = world.server.client().in_tenant("acme").in_org("org-1").get("/auth/me").await;
    assert_eq!(missing.headers["www-authenticate"], "Bearer");
    assert_eq!(missing.expect(401), json!({"detail": "Missing bearer token"}));
    for token in ["", "x", "x.y.z"] {
        world.server.client().with_token(token).get("/auth/me").await.expect(401);
    }
}

async fn a_deactivated_user_membership_or_tenant_is_out_within_a_second(at: Installation) {
    let world = World::start(at).await;
    let second = Server::start(&world.at).await;
    let user = world.user("erin", &["engineer"]).await;
    let there = second.client().login("acme", "org-1", "erin", PASSWORD).await;
    let id = user.get("/auth/me").await.expect(200)["user_id"].clone();
    let second_later = || tokio::time::sleep(Duration::from_secs(1));

    let member = format!("/admin/orgs/org-1/members/{id}");
    world.admin.patch(&member, &json!({"is_active": false})).await.expect(200);
    second_later().await;
    for client in [&user, &there] {
        client.get("/aml/metadata/Part").await.expect(403);
    }
    world.admin.patch(&member, &json!({"is_active": true})).await.expect(200);
    world.admin.patch(&format!("/admin/users/{id}"), &json!({"is_active": false})).await.expect(200);
    second_later().await;
    for client in [&user, &there] {
        client.get("/auth/me").await.expect(401);
    }
    assert!(world.at.cli(&["tenant", "suspend", "acme", "--reason", "unpaid"]).status.success());
    second_later().await;
    let suspended = world.admin.get("/aml/metadata/Part").await.expect(403);
    assert_eq!(suspended["detail"]["code"], "TENANT_SUSPENDED");
    assert_eq!(suspended["detail"]["user_message"], "This tenant is suspended: unpaid");
    let login = |password: &str| json!({"tenant_id": "acme", "username": "admin", "password": password});
    second.client().post("/auth/login", &login(PASSWORD)).await.expect(403);
    // Who has no password there learns nothing.
    second.client().post("/auth/login", &login("wrong")).await.expect(401);
    assert!(world.at.cli(&["tenant", "resume", "acme"]).status.success());
    second_later().await;
    world.admin.get("/aml/metadata/Part").await.expect(200);
}

async fn a_tenant_context_is_demanded_where_nobody_logs_in(mut at: Installation) {
    at.set("YUANTUS_AUTH_MODE", "disabled");
    create_tenant(&at, "acme");
    let server = Server::start(&at).await;
    let missing = server.client().get("/aml/metadata/Part").await.expect(400);
    assert_eq!(missing, json!({"detail": "TENANCY_MODE=db-per-tenant-org requires tenant_id context"}));
    let missing = server.client().in_tenant("acme").get("/aml/metadata/Part").await.expect(400);
    assert_eq!(missing, json!({"detail": "TENANCY_MODE=db-per-tenant-org requires org_id context"}));
    server.client().in_tenant("acme").in_org("org-1").get("/aml/metadata/Part").await.expect(200);
    server.client().in_tenant("acme").in_org("org-9").get("/aml/metadata/Part").await.expect(404);
}

async fn parallel_logins_with_the_right_password_all_succeed(mut at: Installation) {
    at.set("YUANTUS_AUTH__LOGIN_MAX_FAILURES_PER_ACCOUNT", "3");
    let world = World::start(at).await;
    let client = world.server.client();
    futures::future::join_all((0..12).map(|_| client.login("acme", "org-1", "admin", PASSWORD))).await;
}

async fn failed_logins_are_limited_per_address_as_trusted_proxies_tell_it(mut at: Installation) {
    at.set("YUANTUS_AUTH__LOGIN_MAX_FAILURES_PER_ADDRESS", "2");
    at.set("YUANTUS_SERVER__TRUSTED_PROXIES", "127.0.0.1");
    let world = World::start(at).await;
    let client = world.server.client();
    let attempt = |user: usize, from: &'static str, password: &'static str| {
        let name = if password == PASSWORD { "admin".to_owned() } else { format!("user-{user}") };
        let body = json!({"tenant_id": "acme", "username": name, "password": password});
        let request = client.request(reqwest::Method::POST, "/auth/login").header("x-forwarded-for", from).json(&body);
        crate::support::client::reply(request)
    };
    for user in 0..2 {
        attempt(user, "198.51.100.7", "wrong").await.expect(401);
    }
    attempt(2, "198.51.100.7", PASSWORD).await.expect(429);
    attempt(3, "198.51.100.8", PASSWORD).await.expect(200);
    // One customer's IPv6 addresses count together.
    attempt(4, "2001:db8:1:2::1", "wrong").await.expect(401);
    attempt(5, "2001:db8:1:2::2", "wrong").await.expect(401);
    attempt(6, "2001:db8:1:2::3", PASSWORD).await.expect(429);
}

async fn a_new_password_ends_the_sessions_of_the_old_one(at: Installation) {
    let world = World::start(at).await;
    let erin = world.user("erin", &["engineer"]).await;
    let id = erin.get("/auth/me").await.expect(200)["user_id"].clone();
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.admin.post(&format!("/admin/users/{id}/reset-password"), &json!({"password": "new one"})).await.expect(200);
    tokio::time::sleep(Duration::from_secs(1)).await;
    erin.get("/auth/me").await.expect(401);
    world.server.client().login("acme", "org-1", "erin", "new one").await.get("/auth/me").await.expect(200);
}
