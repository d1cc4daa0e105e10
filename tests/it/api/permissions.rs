//! Permission sets over the API, and what they let whom do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    sets_and_their_accesses_are_managed,
    what_does_not_fit_is_refused_by_field,
    a_set_in_use_is_not_deleted,
    members_read_the_sets_and_only_administrators_change_them,
    an_owner_hands_an_item_over,
    everyone_sees_and_does_exactly_what_the_sets_say,
    a_change_is_seen_by_every_process_with_its_next_request,
    administrators_repair_whatever_the_sets_say,
    two_who_make_the_same_set_make_one,
);

const SETS: &str = "/meta/permissions";

/// Makes a set; grants are `(identity, letters)` of create, get, update, delete and discover (x).
pub async fn make_set(admin: &Client, id: &str, grants: &[(&str, &str)]) {
    admin.post(SETS, &json!({"id": id, "name": id})).await.expect(200);
    for (identity, letters) in grants {
        grant(admin, id, identity, letters).await;
    }
}

async fn grant(admin: &Client, set: &str, identity: &str, letters: &str) {
    let can = |letter| letters.contains(letter);
    let access = json!({
        "identity_id": identity, "can_create": can('c'), "can_get": can('g'), "can_update": can('u'),
        "can_delete": can('d'), "can_discover": can('x'),
    });
    admin.post(&format!("{SETS}/{set}/accesses"), &access).await.expect(200);
}

pub async fn put_under(admin: &Client, part: &str, set: Value) -> Value {
    admin.patch(&format!("/aml/Part/{part}/access"), &json!({"permission_id": set})).await.expect(200)
}

/// The id of the state of parts that is called so, and of their lifecycle.
pub async fn part_state(admin: &Client, name: &str) -> (String, String) {
    let all = admin.get("/meta/lifecycles").await.expect(200);
    let of_parts = |map: &&Value| map["item_types"].as_array().unwrap().contains(&json!("Part"));
    let map = id(all["items"].as_array().unwrap().iter().find(of_parts).unwrap());
    let lifecycle = admin.get(&format!("/meta/lifecycles/{map}")).await.expect(200);
    let states = lifecycle["states"].as_array().unwrap();
    (map, id(states.iter().find(|state| state["name"] == name).unwrap()))
}

async fn sets_and_their_accesses_are_managed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let made = admin.post(SETS, &json!({"id": "Read Only", "name": "只读"})).await.expect(200);
    assert_eq!(made, json!({"id": "Read Only", "name": "只读", "accesses": []}));
    let access = json!({"identity_id": "viewer", "can_get": true, "can_discover": true});
    let path = format!("{SETS}/Read%20Only");
    let added = admin.post(&format!("{path}/accesses"), &access).await.expect(200);
    let expected = json!({
        "id": "Read Only:viewer", "permission_id": "Read Only", "identity_id": "viewer", "can_create": false,
        "can_get": true, "can_update": false, "can_delete": false, "can_discover": true,
    });
    assert_eq!(added, expected);
    let list = admin.get(SETS).await.expect(200);
    let summaries = json!([
        {"id": "Default", "name": "Default", "access_count": 1}, {"id": "Read Only", "name": "只读", "access_count": 1},
    ]);
    assert_eq!(list, json!({"total": 2, "items": summaries}));

    let access = format!("{path}/accesses/Read%20Only:viewer");
    let changed = admin.patch(&access, &json!({"can_update": true, "can_get": null})).await.expect(200);
    assert_eq!((&changed["can_update"], &changed["can_get"]), (&json!(true), &json!(true)), "what is left out stays");
    assert_eq!(admin.patch(&path, &json!({"name": "Readers"})).await.expect(200)["name"], "Readers");
    let got = admin.get(&path).await.expect(200);
    assert_eq!((&got["name"], &got["accesses"]), (&json!("Readers"), &json!([changed])));

    let removed = admin.delete(&access).await.expect(200);
    assert_eq!(removed, json!({"ok": true, "permission_id": "Read Only", "access_id": "Read Only:viewer"}));
    admin.delete(&access).await.expect(404);
    assert_eq!(admin.delete(&path).await.expect(200), json!({"ok": true, "permission_id": "Read Only"}));
    assert_eq!(admin.get(&path).await.expect(404), json!({"detail": "Permission not found"}));
}

async fn what_does_not_fit_is_refused_by_field(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    make_set(admin, "Set", &[("viewer", "g"), ("0042", "u")]).await;
    for (body, field) in [
        (json!({"id": "", "name": "x"}), "id"),
        (json!({"id": "a/b", "name": "x"}), "id"),
        (json!({"id": "a:b", "name": "x"}), "id"),
        (json!({"id": "a\u{0}b", "name": "x"}), "id"),
        (json!({"id": "x".repeat(101), "name": "x"}), "id"),
        (json!({"id": "a", "name": "\u{200b}"}), "name"),
        (json!({"id": "a"}), "name"),
    ] {
        let refused = admin.post(SETS, &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", field]), "{body}");
    }
    for identity in ["", "World", "creator", "superuser", "0", "a\nb"] {
        let refused = admin.post(&format!("{SETS}/Set/accesses"), &json!({"identity_id": identity})).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "identity_id"]), "{identity:?}");
    }
    let taken = admin.post(SETS, &json!({"id": "Set", "name": "x"})).await.expect(409);
    assert_eq!(taken["detail"]["code"], "PERMISSION_EXISTS");
    for identity in ["viewer", " viewer ", "42"] {
        let taken = admin.post(&format!("{SETS}/Set/accesses"), &json!({"identity_id": identity})).await.expect(409);
        assert_eq!(taken["detail"]["code"], "ACCESS_EXISTS", "{identity:?}");
    }
    admin.post(&format!("{SETS}/Nothing/accesses"), &json!({"identity_id": "viewer"})).await.expect(404);
    admin.patch(&format!("{SETS}/Set/accesses/Set:nobody"), &json!({"can_get": true})).await.expect(404);
    admin.get(&format!("{SETS}/a%00b")).await.expect(404);
    let part = add_part(admin, "P").await;
    let path = format!("/aml/Part/{part}/access");
    for (body, field) in [(json!({"permission_id": "Nothing"}), "permission_id"), (json!({"owner_id": 0}), "owner_id")]
    {
        assert_eq!(admin.patch(&path, &body).await.expect(422)["detail"][0]["loc"], json!(["body", field]));
    }
}

async fn a_set_in_use_is_not_deleted(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    make_set(admin, "Used", &[]).await;
    let (map, draft) = part_state(admin, "Draft").await;
    let state = format!("/meta/lifecycles/{map}/states/{draft}");
    admin.patch(&state, &json!({"permission_id": "Used"})).await.expect(200);
    for number in ["A", "B"] {
        put_under(admin, &add_part(admin, number).await, json!("Used")).await;
    }
    let refused = admin.delete(&format!("{SETS}/Used")).await.expect(409);
    assert_eq!(refused["detail"]["code"], "PERMISSION_IN_USE");
    let details = json!({
        "permission_id": "Used", "item_types": {"count": 0, "ids": []},
        "states": {"count": 1, "names": ["Part Lifecycle / Draft"]}, "items": {"count": 2},
    });
    assert_eq!(refused["detail"]["details"], details);
    let default = admin.delete(&format!("{SETS}/Default")).await.expect(409);
    assert_eq!(default["detail"]["code"], "PERMISSION_BUILT_IN");
}

async fn members_read_the_sets_and_only_administrators_change_them(at: Installation) {
    let world = World::start(at).await;
    make_set(&world.admin, "Set", &[("viewer", "g")]).await;
    let part = add_part(&world.admin, "P").await;
    let viewer = world.user("vera", &["viewer"]).await;
    assert_eq!(viewer.get(SETS).await.expect(200)["total"], 2);
    viewer.get(&format!("{SETS}/Set")).await.expect(200);
    let denied = viewer.post(SETS, &json!({"id": "Mine", "name": "Mine"})).await.expect(403);
    assert_eq!(denied["detail"]["code"], "PERMISSION_DENIED");
    assert_eq!(denied["detail"]["details"], json!({"action": "create", "resource": "Permission"}));
    viewer.patch(&format!("{SETS}/Set"), &json!({"name": "x"})).await.expect(403);
    viewer.delete(&format!("{SETS}/Set")).await.expect(403);
    viewer.post(&format!("{SETS}/Set/accesses"), &json!({"identity_id": "world"})).await.expect(403);
    viewer.patch(&format!("{SETS}/Set/accesses/Set:viewer"), &json!({"can_delete": true})).await.expect(403);
    viewer.delete(&format!("{SETS}/Set/accesses/Set:viewer")).await.expect(403);
    viewer.patch(&format!("/aml/Part/{part}/access"), &json!({"permission_id": "Set"})).await.expect(403);
    viewer.patch(&format!("/aml/Part/{part}/access"), &json!({"owner_id": 1})).await.expect(403);
}

async fn an_owner_hands_an_item_over(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let (ann, bob) = (world.user("ann", &[]).await, world.user("bob", &[]).await);
    let number_of = |client: Client| async move { client.get("/auth/me").await.expect(200)["user_id"].clone() };
    let (ann_id, bob_id) = (number_of(ann.clone()).await, number_of(bob.clone()).await);
    make_set(admin, "Own", &[("Owner", "gux")]).await;
    let part = add_part(admin, "P").await;
    let path = format!("/aml/Part/{part}/access");
    let given = json!({"permission_id": "Own", "owner_id": ann_id});
    let access = admin.patch(&path, &given).await.expect(200);
    let shown = (&access["owner_id"], &access["effective_permission_id"], &access["governed_by"]);
    assert_eq!(shown, (&ann_id, &json!("Own"), &json!("item")));
    ann.get(&format!("/aml/Part/{part}")).await.expect(200);
    bob.get(&format!("/aml/Part/{part}")).await.expect(404);
    bob.patch(&path, &json!({"owner_id": bob_id})).await.expect(404);
    // The owner names the next one, and nothing else.
    ann.patch(&path, &json!({"owner_id": null})).await.expect(403);
    ann.patch(&path, &json!({"owner_id": bob_id, "permission_id": "Default"})).await.expect(403);
    let handed = ann.patch(&path, &json!({"owner_id": bob_id})).await.expect(200);
    assert_eq!((&handed["owner_id"], &handed["can_get"]), (&bob_id, &json!(false)));
    ann.get(&format!("/aml/Part/{part}")).await.expect(404);
    assert_eq!(bob.get(&path).await.expect(200)["can_update"], true);
    let back = put_under(admin, &part, Value::Null).await;
    assert_eq!((&back["effective_permission_id"], &back["governed_by"]), (&json!("Default"), &json!("type")));
    ann.get(&format!("/aml/Part/{part}")).await.expect(200);
}

/// Four roles, three items each: governed by the set of their type, by their own, by that of their state.
async fn everyone_sees_and_does_exactly_what_the_sets_say(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let root = add_part(admin, "ROOT").await;
    let mut parts: Vec<[String; 3]> = Vec::new();
    for role in 0..4 {
        let mut three = Vec::new();
        for governed in ["TYPE", "OWN", "STATE"] {
            let part = add_part(admin, &format!("{governed}-{role}")).await;
            add_line(admin, &root, &part).await;
            three.push(part);
        }
        for state in ["Review", "Released"] {
            apply(admin, "promote", &three[2], json!({"state": state})).await.expect(200);
        }
        parts.push(three.try_into().unwrap());
    }
    make_set(admin, "Own", &[("viewer", "x"), ("engineer", "gx")]).await;
    make_set(admin, "Frozen", &[("engineer", "gu")]).await;
    for three in &parts {
        put_under(admin, &three[1], json!("Own")).await;
    }
    let (map, released) = part_state(admin, "Released").await;
    let state = format!("/meta/lifecycles/{map}/states/{released}");
    admin.patch(&state, &json!({"permission_id": "Frozen"})).await.expect(200);
    // The set of the types.
    admin.delete(&format!("{SETS}/Default/accesses/Default:world")).await.expect(200);
    grant(admin, "Default", "viewer", "gx").await;
    grant(admin, "Default", "engineer", "cgudx").await;

    let who = [
        ("viewer", world.user("vera", &["viewer"]).await),
        ("engineer", world.user("erin", &["engineer"]).await),
        ("admin", world.user("adam", &["admin"]).await),
        ("none", world.user("nora", &[]).await),
    ];
    // [get, update, promote, delete] of the three items, and create.
    let table: [([[u16; 4]; 3], u16); 4] = [
        ([[200, 403, 403, 403], [403; 4], [404; 4]], 403),
        ([[200; 4], [200, 403, 403, 403], [200, 409, 403, 403]], 200),
        ([[200; 4], [200; 4], [200, 409, 200, 409]], 200),
        ([[404; 4], [404; 4], [404; 4]], 403),
    ];
    for ((name, client), (expected, _)) in who.iter().zip(&table) {
        let mut seen = BTreeSet::new();
        for three in &parts {
            for (part, statuses) in three.iter().zip(expected) {
                let got = client.get(&format!("/aml/Part/{part}")).await;
                assert_eq!(got.status, statuses[0], "{name} gets {part}: {got:?}");
                if statuses[0] == 200 {
                    seen.insert(part.clone());
                }
            }
        }
        let listed = client.post("/aml/apply", &json!({"type": "Part"})).await.expect(200);
        let mut listed: BTreeSet<String> = listed["items"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(listed.remove(&root), *name != "none", "{name} lists the root");
        assert_eq!(listed, seen, "{name} lists what it gets");
        let lines = client.post("/aml/apply", &json!({"type": "Part BOM"})).await.expect(200);
        assert_eq!(lines["count"], seen.len(), "{name} lists the lines to what it gets");
        let tree = client.get(&format!("/bom/{root}/tree")).await;
        if *name == "none" {
            assert_eq!(tree.status, 404);
            continue;
        }
        let tree = tree.expect(200);
        let children = tree["children"].as_array().unwrap().iter().map(|line| id(&line["child"])).collect();
        assert_eq!(seen, children, "{name} sees in the tree what it gets");
    }
    // The lines would keep the items from being deleted.
    let lines = admin.post("/aml/apply", &json!({"type": "Part BOM"})).await.expect(200);
    for line in lines["items"].as_array().unwrap() {
        let delete = json!({"type": "Part BOM", "action": "delete", "id": line["id"]});
        admin.post("/aml/apply", &delete).await.expect(200);
    }
    for (((name, client), (expected, create)), three) in who.iter().zip(&table).zip(&parts) {
        for (index, (part, statuses)) in three.iter().zip(expected).enumerate() {
            let target = if index == 2 { "Suspended" } else { "Review" };
            let calls =
                [("update", json!({"weight": 1})), ("promote", json!({"state": target})), ("delete", json!({}))];
            for ((action, values), status) in calls.into_iter().zip(&statuses[1..]) {
                let reply = apply(client, action, part, values).await;
                assert_eq!(reply.status, *status, "{name} {action} item {index}: {reply:?}");
                if *status == 403 && statuses[0] == 200 && action != "promote" {
                    let details = json!({"action": action, "resource": "Part"});
                    assert_eq!(reply.json()["detail"]["details"], details);
                }
            }
        }
        let made = json!({"type": "Part", "action": "add", "properties": {"item_number": format!("NEW-{name}")}});
        assert_eq!(client.post("/aml/apply", &made).await.status, *create, "{name} creates");
    }
}

async fn apply(client: &Client, action: &str, part: &str, values: Value) -> crate::support::client::Reply {
    client.post("/aml/apply", &json!({"type": "Part", "action": action, "id": part, "properties": values})).await
}

async fn a_change_is_seen_by_every_process_with_its_next_request(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let viewer = world.user("vera", &["viewer"]).await;
    let second = Server::start(&world.at).await;
    let elsewhere = second.client().login("acme", "org-1", "vera", crate::support::world::PASSWORD).await;
    let part = add_part(admin, "P").await;
    let path = format!("/aml/Part/{part}");
    make_set(admin, "Hidden", &[("viewer", "gx")]).await;
    put_under(admin, &part, json!("Hidden")).await;
    let access = format!("{SETS}/Hidden/accesses/Hidden:viewer");
    for _ in 0..3 {
        for (grants, status) in [(json!({"can_get": false}), 403), (json!({"can_get": true}), 200)] {
            admin.patch(&access, &grants).await.expect(200);
            assert_eq!(viewer.get(&path).await.status, status);
            assert_eq!(elsewhere.get(&path).await.status, status, "another process");
        }
    }
}

async fn administrators_repair_whatever_the_sets_say(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let part = add_part(admin, "P").await;
    let engineer = world.user("erin", &["engineer"]).await;
    admin.delete(&format!("{SETS}/Default/accesses/Default:world")).await.expect(200);
    engineer.get(&format!("/aml/Part/{part}")).await.expect(404);
    admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    grant(admin, "Default", "world", "cgudx").await;
    engineer.get(&format!("/aml/Part/{part}")).await.expect(200);
}

async fn two_who_make_the_same_set_make_one(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let set = json!({"id": "Same", "name": "Same"});
    let replies = futures::future::join_all((0..8).map(|_| admin.post(SETS, &set))).await;
    let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    let access = json!({"identity_id": "viewer"});
    let path = format!("{SETS}/Same/accesses");
    let replies = futures::future::join_all((0..8).map(|_| admin.post(&path, &access))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
}
