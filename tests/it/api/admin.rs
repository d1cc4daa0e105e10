//! Organisations, users, memberships, and all tenants for the platform.

use serde_json::json;

use crate::support::server::Server;
use crate::support::world::{PASSWORD, World, create_tenant};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    organisations_are_created_with_a_database_of_their_own,
    users_and_members_are_managed_by_administrators_only,
    only_a_superuser_makes_or_touches_one,
    an_administrator_of_one_org_has_no_say_in_another,
    the_last_superuser_stays_one,
    what_users_are_called_and_numbered_is_checked,
    the_platform_creates_a_tenant_in_one_call_and_repeats_it_safely,
    the_same_tenant_asked_for_many_times_at_once_is_made_once,
    a_platform_administrator_is_a_superuser_of_the_platforms_tenant_where_enabled,
);

async fn organisations_are_created_with_a_database_of_their_own(at: Installation) {
    let world = World::start(at).await;
    let made =
        world.admin.post("/admin/orgs", &json!({"id": "org-2", "name": "Zweite Organisation"})).await.expect(200);
    assert_eq!((&made["tenant_id"], &made["is_active"]), (&json!("acme"), &json!(true)));
    world.admin.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(409);
    for bad in ["Org", "org_2", "-org", "a/b", ""] {
        world.admin.post("/admin/orgs", &json!({"id": bad})).await.expect(422);
    }
    let listed = world.admin.get("/admin/orgs").await.expect(200);
    assert_eq!(listed["total"], 2);

    world.admin.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(200);
    let there = world.server.client().login("acme", "org-2", "admin", PASSWORD).await;
    let parts = there.post("/aml/apply", &json!({"type": "Part"})).await.expect(200);
    assert_eq!(parts["count"], 0, "org-2 does not see org-1's parts");

    world.admin.patch("/admin/orgs/org-2", &json!({"is_active": false})).await.expect(200);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    there.get("/aml/metadata/Part").await.expect(403);
}

async fn users_and_members_are_managed_by_administrators_only(at: Installation) {
    let world = World::start(at).await;
    let viewer = world.user("viewer", &["viewer"]).await;
    for path in ["/admin/users", "/admin/orgs", "/admin/orgs/org-1", "/admin/orgs/org-1/members", "/admin/tenant"] {
        viewer.get(path).await.expect(403);
    }
    viewer.post("/admin/users", &json!({"username": "x", "password": "x"})).await.expect(403);

    let user = json!({"username": "erin", "password": "secret-1", "email": "e@example.com", "user_id": 4711});
    let user = world.admin.post("/admin/users", &user).await.expect(200);
    assert_eq!((&user["id"], &user["is_superuser"]), (&json!(4711), &json!(false)));
    assert!(user.get("password_hash").is_none());
    world.admin.post("/admin/users", &json!({"username": "erin", "password": "x"})).await.expect(409);
    world.admin.post("/admin/users", &json!({"username": "other", "password": "x", "user_id": 4711})).await.expect(409);

    let members = "/admin/orgs/org-1/members";
    let member = world.admin.post(members, &json!({"username": "erin", "roles": ["engineer"]})).await.expect(200);
    assert_eq!(member["roles"], json!(["engineer"]));
    let changed = world.admin.patch(&format!("{members}/4711"), &json!({"roles": ["viewer"]})).await.expect(200);
    assert_eq!(changed["roles"], json!(["viewer"]));
    world.admin.post(members, &json!({"username": "nobody", "roles": []})).await.expect(404);
    world.admin.post(members, &json!({"roles": []})).await.expect(422);
    assert_eq!(world.admin.get(members).await.expect(200)["total"], 3);

    let reset =
        world.admin.post("/admin/users/4711/reset-password", &json!({"password": "secret-2"})).await.expect(200);
    assert_eq!(reset, json!({"ok": true, "user_id": 4711}));
    world.server.client().login("acme", "org-1", "erin", "secret-2").await;
    let old = json!({"tenant_id": "acme", "username": "erin", "password": "secret-1"});
    world.server.client().post("/auth/login", &old).await.expect(401);
}

async fn only_a_superuser_makes_or_touches_one(at: Installation) {
    let world = World::start(at).await;
    let org_admin = world.user("olga", &["admin"]).await;
    org_admin.get("/admin/users").await.expect(200);
    let wanted = json!({"username": "root", "password": "x", "is_superuser": true});
    org_admin.post("/admin/users", &wanted).await.expect(403);
    org_admin.post("/admin/users/1/reset-password", &json!({"password": "mine"})).await.expect(403);
    org_admin.patch("/admin/users/1", &json!({"is_active": false})).await.expect(403);
    let own = org_admin.get("/auth/me").await.expect(200)["user_id"].clone();
    org_admin.patch(&format!("/admin/users/{own}"), &json!({"is_superuser": true})).await.expect(403);
    world.admin.post("/admin/users", &wanted).await.expect(200);
}

/// A server whose platform administration is on, and its administrator.
async fn platform(at: &mut Installation) -> (Server, crate::support::client::Client) {
    at.set("YUANTUS_PLATFORM_ADMIN_ENABLED", "true");
    let seeded = at.cli(&["seed-identity", "--tenant", "platform", "--password", PASSWORD]);
    assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
    let server = Server::start(at).await;
    let root = server.client().login("platform", "org-1", "admin", PASSWORD).await;
    (server, root)
}

async fn the_platform_creates_a_tenant_in_one_call_and_repeats_it_safely(mut at: Installation) {
    let (server, root) = platform(&mut at).await;
    let acme = json!({
        "id": "acme", "name": "Acme", "default_org_id": "acme-org", "admin_username": "ada", "admin_password": "pw-1",
    });
    let made = root.post("/admin/tenants", &acme).await.expect(200);
    assert_eq!((&made["id"], &made["name"], &made["is_active"]), (&json!("acme"), &json!("Acme"), &json!(true)));
    let again = root.post("/admin/tenants", &acme).await.expect(409);
    assert_eq!(again, json!({"detail": "Tenant already exists"}));
    // The other form of the body.
    let short = json!({"tenant_id": "umbra", "org_id": "o", "admin_username": "ada", "admin_password": "pw-1"});
    root.post("/admin/tenants", &short).await.expect(200);
    for (tenant, org) in [("acme", "acme-org"), ("umbra", "o")] {
        let ada = server.client().login(tenant, org, "ada", "pw-1").await;
        let part = json!({"type": "Part", "action": "add", "properties": {"item_number": "P-1", "name": tenant}});
        ada.post("/aml/apply", &part).await.expect(200);
    }
    assert_eq!(root.get("/admin/tenants").await.expect(200)["total"], 3);
    assert_eq!(root.get("/admin/tenants/acme/orgs").await.expect(200)["items"][0]["id"], "acme-org");
    root.get("/admin/tenants/nope").await.expect(404);
    // A complete tenant is not touched by asking for it again with something else.
    let intruder = json!({"id": "acme", "default_org_id": "other", "admin_username": "spy", "admin_password": "spy"});
    root.post("/admin/tenants", &intruder).await.expect(409);
    let ada = server.client().login("acme", "acme-org", "ada", "pw-1").await;
    assert_eq!(ada.get("/admin/users").await.expect(200)["total"], 1);
    assert_eq!(ada.get("/admin/orgs").await.expect(200)["total"], 1);
    root.post("/admin/tenants", &json!({"name": "nameless"})).await.expect(422);
    root.post("/admin/tenants", &json!({"id": "x", "admin_username": "a"})).await.expect(422);
    root.patch("/admin/tenants/acme", &json!({"name": "Acme AG"})).await.expect(200);
    root.post("/admin/tenants/acme/orgs", &json!({"id": "second"})).await.expect(200);
}

async fn the_same_tenant_asked_for_many_times_at_once_is_made_once(mut at: Installation) {
    let (server, root) = platform(&mut at).await;
    let body = json!({"id": "acme", "admin_username": "ada", "admin_password": "pw-1"});
    let calls = futures::future::join_all((0..20).map(|_| root.post("/admin/tenants", &body))).await;
    for call in &calls {
        assert!(call.status == 200 || call.status == 409, "{call:?}");
    }
    assert!(calls.iter().any(|call| call.status == 200));
    let ada = server.client().login("acme", "org-1", "ada", "pw-1").await;
    assert_eq!(ada.get("/admin/users").await.expect(200)["total"], 1);
    ada.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(200);
}

async fn a_platform_administrator_is_a_superuser_of_the_platforms_tenant_where_enabled(mut at: Installation) {
    create_tenant(&at, "acme");
    let (server, _root) = platform(&mut at).await;
    let refused = json!({"detail": "Platform admin required"});
    let of_acme = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    assert_eq!(of_acme.get("/admin/tenants").await.expect(403), refused);
    at.set("YUANTUS_PLATFORM_ADMIN_ENABLED", "false");
    let disabled = Server::start(&at).await;
    let root = disabled.client().login("platform", "org-1", "admin", PASSWORD).await;
    assert_eq!(root.get("/admin/tenants").await.expect(403), refused);
}

async fn an_administrator_of_one_org_has_no_say_in_another(at: Installation) {
    let world = World::start(at).await;
    world.admin.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(200);
    let olga = world.user("olga", &["admin"]).await;
    let other = json!({"username": "otto", "password": PASSWORD});
    let otto = world.admin.post("/admin/users", &other).await.expect(200)["id"].clone();
    let member = json!({"user_id": otto, "roles": ["admin"]});
    world.admin.post("/admin/orgs/org-2/members", &member).await.expect(200);

    olga.post(&format!("/admin/users/{otto}/reset-password"), &json!({"password": "mine"})).await.expect(403);
    olga.patch(&format!("/admin/users/{otto}"), &json!({"is_active": false})).await.expect(403);
    olga.patch("/admin/orgs/org-2", &json!({"is_active": false})).await.expect(403);
    olga.post("/admin/orgs/org-2/members", &json!({"username": "olga", "roles": ["admin"]})).await.expect(403);
    olga.post("/admin/orgs", &json!({"id": "org-3"})).await.expect(403);
    // Who may make it a member could reset its password, and enter wherever it is placed later.
    let unplaced = json!({"username": "pia", "password": PASSWORD});
    let unplaced = world.admin.post("/admin/users", &unplaced).await.expect(200)["id"].clone();
    for user in [&unplaced, &otto] {
        olga.post("/admin/orgs/org-1/members", &json!({"user_id": user, "roles": []})).await.expect(403);
    }
    let member = json!({"user_id": unplaced, "roles": ["admin"]});
    world.admin.post("/admin/orgs/org-2/members", &member).await.expect(200);
    olga.post(&format!("/admin/users/{unplaced}/reset-password"), &json!({"password": "mine"})).await.expect(403);
    // Her own organisation is hers.
    let new = olga.post("/admin/users", &json!({"username": "nina", "password": "x"})).await.expect(200)["id"].clone();
    olga.post("/admin/orgs/org-1/members", &json!({"user_id": new, "roles": ["viewer"]})).await.expect(200);
    olga.post(&format!("/admin/users/{new}/reset-password"), &json!({"password": "y"})).await.expect(200);
    olga.patch("/admin/orgs/org-1", &json!({"name": "Ours"})).await.expect(200);
}

async fn the_last_superuser_stays_one(at: Installation) {
    let world = World::start(at).await;
    for change in [json!({"is_superuser": false}), json!({"is_active": false})] {
        let refused = world.admin.patch("/admin/users/1", &change).await.expect(409);
        assert_eq!(refused["detail"]["code"], "LAST_SUPERUSER");
    }
    let second = json!({"username": "second", "password": PASSWORD, "is_superuser": true});
    let second = world.admin.post("/admin/users", &second).await.expect(200)["id"].clone();
    let there = world.server.client().login("acme", "org-1", "second", PASSWORD).await;
    // Each takes the other's right at the same moment: one of them keeps it.
    let demote = json!({"is_superuser": false});
    let (paths, caller) = (["/admin/users/1".to_owned(), format!("/admin/users/{second}")], [&there, &world.admin]);
    let both = futures::join!(caller[0].patch(&paths[0], &demote), caller[1].patch(&paths[1], &demote));
    let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses[0], 200);
    assert!(statuses[1] == 409 || statuses[1] == 403, "{statuses:?}");
}

async fn what_users_are_called_and_numbered_is_checked(at: Installation) {
    let world = World::start(at).await;
    let bad_users = [
        json!({"username": "a\u{0}b", "password": "x"}),
        json!({"username": "", "password": "x"}),
        json!({"username": "x", "password": ""}),
        json!({"username": "x", "password": "x", "user_id": 0}),
        json!({"username": "x", "password": "x", "user_id": i64::MAX}),
        json!({"username": "x".repeat(101), "password": "x"}),
    ];
    for bad in bad_users {
        world.admin.post("/admin/users", &bad).await.expect(422);
    }
    // A large number of one user leaves the small ones to others.
    let large = json!({"username": "large", "password": "x", "user_id": 9_007_199_254_740_991_i64});
    world.admin.post("/admin/users", &large).await.expect(200);
    let next = world.admin.post("/admin/users", &json!({"username": "next", "password": "x"})).await.expect(200);
    assert_eq!(next["id"], 2);
    let bad_members = [
        json!({"username": "a\u{0}b", "roles": []}),
        json!({"user_id": 2, "roles": ["superuser"]}),
        json!({"user_id": 2, "roles": ["1"]}),
        json!({"user_id": 2, "roles": ["world"]}),
    ];
    for bad in bad_members {
        world.admin.post("/admin/orgs/org-1/members", &bad).await.expect(422);
    }
}
