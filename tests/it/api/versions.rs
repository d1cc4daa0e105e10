//! Versions of items: the current one, check-outs and what they forbid to others.

use futures::future::join_all;
use serde_json::{Value, json};

use super::permissions::{make_set, part_state, put_under};
use crate::support::client::{Client, Reply};
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    every_item_has_a_current_version_as_of_its_creation,
    twenty_who_need_the_first_version_at_once_make_one,
    a_version_is_checked_out_and_in_as_clients_know_it,
    what_is_checked_out_is_changed_by_its_holder_alone,
    a_check_in_changes_the_item_as_an_update_does_or_not_at_all,
    of_twenty_who_check_out_at_once_one_does,
    of_a_check_in_and_an_undo_at_once_one_succeeds,
    a_change_and_a_check_out_at_once_do_not_mix,
    a_check_out_ends_by_its_holder_or_an_administrator,
    a_release_seals_the_version,
    who_may_not_see_an_item_sees_none_of_its_versions,
    what_makes_no_sense_is_refused_by_field,
    versions_go_with_their_item,
);

pub async fn version(client: &Client, item: &str) -> Value {
    client.post(&format!("/versions/items/{item}/init"), &json!({})).await.expect(200)
}

pub async fn check_out(client: &Client, item: &str) -> Reply {
    client.post(&format!("/versions/items/{item}/checkout"), &json!({})).await
}

pub async fn check_in(client: &Client, item: &str, body: Value) -> Reply {
    client.post(&format!("/versions/items/{item}/checkin"), &body).await
}

async fn undo(client: &Client, item: &str, body: Value) -> Reply {
    client.post(&format!("/versions/items/{item}/undo-checkout"), &body).await
}

pub async fn history(client: &Client, item: &str) -> Vec<Value> {
    let history = client.get(&format!("/versions/items/{item}/history")).await.expect(200);
    history.as_array().unwrap().clone()
}

pub fn actions(history: &[Value]) -> Vec<&str> {
    history.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

pub async fn aml(client: &Client, action: &str, item: &str, properties: Value) -> Reply {
    client.post("/aml/apply", &json!({"type": "Part", "action": action, "id": item, "properties": properties})).await
}

pub fn code(reply: Reply) -> String {
    let body = reply.expect(409);
    body["detail"]["code"].as_str().unwrap_or_else(|| panic!("no code in {body}")).to_owned()
}

async fn every_item_has_a_current_version_as_of_its_creation(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P-1").await;
    let item = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    // Whoever reads first brings it about.
    let list = admin.get(&format!("/versions/items/{part}/versions")).await.expect(200);
    let made = version(admin, &part).await;
    let expected = json!({
        "item_id": part, "generation": 1, "revision": "A", "version_label": "1.A", "state": "Draft", "is_current": true,
        "is_released": false, "is_superseded": false, "branch_name": "main", "file_count": 0, "created_by_id": 1,
        "properties": {"item_number": "P-1", "name": "P-1", "number": "P-1", "state": "Draft"},
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!(made["created_at"], item["created_at"]);
    assert_eq!(version(admin, &part).await, made, "once is enough");
    assert_eq!(
        admin.get(&format!("/aml/Part/{part}")).await.expect(200)["etag"],
        item["etag"],
        "the item did not change"
    );

    let summary = &list["versions"][0];
    assert_eq!((&list["item_id"], &list["is_under_modification"]), (&json!(part), &json!(false)));
    assert_eq!((&summary["version_id"], &summary["lifecycle_status"]), (&made["id"], &json!("draft")));
    let tree = admin.get(&format!("/versions/items/{part}/tree")).await.expect(200);
    assert_eq!((&tree[0]["id"], &tree[0]["label"], &tree[0]["branch"]), (&made["id"], &json!("1.A"), &json!("main")));
    assert_eq!(tree[0]["predecessor_id"], Value::Null);
    let entries = history(admin, &part).await;
    assert_eq!(actions(&entries), ["create"]);
    assert_eq!((&entries[0]["user_id"], &entries[0]["created_at"]), (&json!(1), &item["created_at"]));

    // Unreleased, it is what the item is.
    aml(admin, "update", &part, json!({"name": "腿"})).await.expect(200);
    let detail = admin.get(&format!("/versions/{}/detail", id(&made))).await.expect(200);
    assert_eq!(detail["properties"]["name"], "腿");

    let numbered = json!({"id": "Mould", "label": "Mould", "revision_scheme": "number"});
    admin.post("/meta/item-types", &numbered).await.expect(200);
    let mould = id(&admin.post("/aml/apply", &json!({"type": "Mould", "action": "add"})).await.expect(200));
    assert_eq!(version(admin, &mould).await["version_label"], "1.1");
}

async fn twenty_who_need_the_first_version_at_once_make_one(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P-1").await;
    let paths = ["init", "versions", "tree", "history"].map(|end| format!("/versions/items/{part}/{end}"));
    let calls = (0..20).map(|caller| {
        let path = &paths[caller % 4];
        async move { if caller % 4 == 0 { admin.post(path, &json!({})).await } else { admin.get(path).await } }
    });
    for reply in join_all(calls).await {
        reply.expect(200);
    }
    let list = admin.get(&paths[1]).await.expect(200);
    assert_eq!(list["versions"].as_array().unwrap().len(), 1);
    assert_eq!(actions(&history(admin, &part).await), ["create"]);
}

async fn a_version_is_checked_out_and_in_as_clients_know_it(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P-1").await;
    let path = format!("/versions/items/{part}/checkout");
    // Clients send no body, too.
    let out = crate::support::client::reply(admin.request(reqwest::Method::POST, &path)).await.expect(200);
    let lock = json!({"client_host": null, "workspace_path": null, "client_info": null});
    assert_eq!((&out["checked_out_by_id"], &out["lock_context"]), (&json!(1), &lock));
    assert!(out["checked_out_at"].as_str().unwrap().ends_with('Z') && out.get("ignored_fields").is_none());
    assert_eq!(out["checked_out_by"], "admin");
    let listed = admin.get(&format!("/versions/items/{part}/versions")).await.expect(200);
    assert_eq!(listed["is_under_modification"], true);

    // Once more renews where it is; what a client asks of synchronised sites is not done, and said.
    let again = json!({
        "client_host": "ws-7", "client_workspace_path": "D:\\工作\\P-1", "client_info": {"cad": "x", "v": 3},
        "doc_sync_site_id": "site-1", "doc_sync_gate_mode": "block", "doc_sync_window_days": 7,
    });
    let again = admin.post(&path, &again).await.expect(200);
    assert_eq!(again["checked_out_at"], out["checked_out_at"]);
    assert_eq!(again["lock_context"]["client_info"], json!({"cad": "x", "v": 3}));
    assert_eq!(again["checkout_workspace_path"], "D:\\工作\\P-1");
    assert_eq!(again["ignored_fields"], json!(["doc_sync_site_id"]));

    let version_id = id(&out);
    let body = json!({"comment": " first ", "version_id": version_id});
    let back = check_in(admin, &part, body).await.expect(200);
    for field in ["checked_out_by_id", "checked_out_at", "checkout_client_host", "checkout_client_info"] {
        assert_eq!(back[field], Value::Null, "{field}");
    }
    assert!(back.get("lock_context").is_none() && back["id"] == out["id"]);
    let entries = history(admin, &part).await;
    assert_eq!(actions(&entries), ["checkin", "checkout", "checkout", "create"]);
    assert_eq!((&entries[0]["comment"], &entries[0]["changes"]), (&json!("first"), &Value::Null));
    assert_eq!(entries[2]["changes"], json!({"lock_context": lock}));
    assert_eq!(
        check_in(admin, &part, json!({})).await.expect(409),
        json!({"detail": "Version is not checked out by you"})
    );
    let page = admin.get(&format!("/versions/items/{part}/history?limit=1&offset=3")).await.expect(200);
    assert_eq!(actions(page.as_array().unwrap()), ["create"]);
}

async fn what_is_checked_out_is_changed_by_its_holder_alone(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["engineer"]).await);
    let (part, child, other) =
        (add_part(admin, "P-1").await, add_part(admin, "P-2").await, add_part(admin, "P-3").await);
    let line = id(&json!({"id": add_line(admin, &part, &child).await["relationship_id"]}));
    let out = check_out(anna, &part).await.expect(200);
    let line_change =
        |action: &str| json!({"type": "Part BOM", "action": action, "id": line, "properties": {"quantity": 7}});

    let refused = aml(admin, "update", &part, json!({"name": "x"})).await.expect(409);
    let detail = &refused["detail"];
    assert_eq!(detail["message"], format!("Version {} is checked out by another user", id(&out)));
    assert!(detail["user_message"].as_str().unwrap().contains("anna"), "{detail}");
    assert_eq!(detail["details"]["checked_out_at"], out["checked_out_at"]);
    let mut others = Vec::new();
    for action in ["promote", "delete"] {
        others.push(aml(admin, action, &part, json!({"state": "Review"})).await);
    }
    for action in ["update", "delete"] {
        others.push(admin.post("/aml/apply", &line_change(action)).await);
    }
    others.push(admin.post(&format!("/bom/{part}/children"), &json!({"child_id": other})).await);
    others.push(admin.delete(&format!("/bom/{part}/children/{child}")).await);
    others.push(check_out(admin, &part).await);
    let nested = json!({"type": "Part", "action": "dummy", "id": part, "relationships": [line_change("update")]});
    others.push(admin.post("/aml/apply", &nested).await);
    let many = json!({"items": [{"type": "Part", "action": "update", "id": part, "properties": {"name": "y"}}]});
    others.push(admin.post("/aml/apply/bulk", &many).await);
    for reply in others {
        assert_eq!(code(reply), "VERSION_CHECKED_OUT");
    }
    // A dry run says so too, of the parent as a whole and of a part by its row.
    for (parent, sheet, status) in
        [("P-1", "Part Number,Qty\nP-3,1\n", 409), ("P-3", "Part Number,Name,Qty\nP-1,other,1\n", 200)]
    {
        let file = reqwest::multipart::Part::bytes(sheet.as_bytes().to_vec()).file_name("s.csv");
        let form = reqwest::multipart::Form::new().part("file", file).text("parent", parent).text("dry_run", "true");
        let form = form.text("existing", "update");
        let reply = crate::support::client::reply(admin.request(reqwest::Method::POST, "/imports/bom").multipart(form));
        let text = reply.await.expect(status).to_string();
        assert!(text.contains("checked out by"), "{text}");
    }
    let steps = admin.get(&format!("/aml/Part/{part}/next-states")).await;
    let steps = steps.expect(200).to_string();
    assert!(steps.contains("checkout") && steps.contains("anna"), "{steps}");

    // Using it elsewhere does not change it, and its holder goes on.
    add_line(admin, &other, &part).await;
    aml(anna, "update", &part, json!({"name": "mine"})).await.expect(200);
    anna.post("/aml/apply", &line_change("update")).await.expect(200);
    aml(anna, "promote", &part, json!({"state": "Review"})).await.expect(200);
    check_in(anna, &part, json!({})).await.expect(200);
    aml(admin, "update", &part, json!({"name": "free"})).await.expect(200);
}

async fn a_check_in_changes_the_item_as_an_update_does_or_not_at_all(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, _) = (add_part(admin, "P-1").await, add_part(admin, "P-2").await);
    check_out(admin, &part).await.expect(200);
    let wrong = check_in(admin, &part, json!({"properties": {"cost": "much"}})).await.expect(422);
    assert_eq!(wrong["detail"][0]["loc"], json!(["body", "properties", "cost"]));
    let taken = check_in(admin, &part, json!({"properties": {"name": "z", "item_number": "P-2"}})).await.expect(409);
    assert_eq!(taken["detail"]["code"], "DUPLICATE_NUMBER");
    let state = version(admin, &part).await;
    assert_eq!((&state["checked_out_by_id"], &state["properties"]["name"]), (&json!(1), &json!("P-1")), "as it was");

    let changes = json!({"comment": "lighter", "properties": {"name": "Leg", "weight": 1.5, "state": "Draft"}});
    let back = check_in(admin, &part, changes).await.expect(200);
    assert_eq!((&back["properties"]["name"], &back["properties"]["weight"]), (&json!("Leg"), &json!(1.5)));
    let item = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    assert_eq!((&item["name"], &item["modified_by_id"]), (&json!("Leg"), &json!(1)));
    let entries = history(admin, &part).await;
    assert_eq!(entries[0]["changes"], json!({"properties": ["name", "weight"]}));
}

async fn of_twenty_who_check_out_at_once_one_does(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["engineer"]).await);
    let part = add_part(admin, "P-1").await;
    let replies = join_all((0..20).map(|n| check_out(if n % 2 == 0 { admin } else { anna }, &part))).await;
    let (done, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 200);
    let holders: std::collections::BTreeSet<_> =
        done.into_iter().map(|reply| reply.json()["checked_out_by_id"].as_i64().unwrap()).collect();
    assert_eq!((holders.len(), refused.len()), (1, 10));
    assert!(refused.into_iter().all(|reply| code(reply) == "VERSION_CHECKED_OUT"));
    assert_eq!(actions(&history(admin, &part).await), ["checkout", "create"]);
}

async fn of_a_check_in_and_an_undo_at_once_one_succeeds(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["engineer"]).await);
    let part = add_part(admin, "P-1").await;
    for _ in 0..5 {
        check_out(anna, &part).await.expect(200);
        let given = json!({"properties": {"name": "checked in"}});
        let (back, broken) = tokio::join!(check_in(anna, &part, given), undo(admin, &part, json!({"force": true})));
        let name = version(admin, &part).await["properties"]["name"].clone();
        match (back.status.as_u16(), broken.status.as_u16()) {
            (200, 409) => {
                assert_eq!((code(broken).as_str(), &name), ("NOT_CHECKED_OUT", &json!("checked in")));
                aml(admin, "update", &part, json!({"name": "P-1"})).await.expect(200);
            }
            (409, 200) => assert_eq!(name, "P-1"),
            other => panic!("{other:?}"),
        }
    }
}

async fn a_change_and_a_check_out_at_once_do_not_mix(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["engineer"]).await);
    for round in 0..5 {
        let part = add_part(admin, &format!("P-{round}")).await;
        let (out, changed) = tokio::join!(check_out(anna, &part), aml(admin, "update", &part, json!({"name": "late"})));
        let seen = out.expect(200)["properties"]["name"].clone();
        // Either the holder saw the change, or it was refused.
        match changed.status.as_u16() {
            200 => assert_eq!(seen, "late"),
            _ => {
                assert_eq!((code(changed).as_str(), seen), ("VERSION_CHECKED_OUT", json!(format!("P-{round}"))));
            }
        }
    }
}

async fn a_check_out_ends_by_its_holder_or_an_administrator(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna, ben) =
        (&world.admin, &world.user("anna", &["engineer"]).await, &world.user("ben", &["engineer"]).await);
    let part = add_part(admin, "P-1").await;
    assert_eq!(code(undo(anna, &part, json!({})).await), "NOT_CHECKED_OUT");
    check_out(anna, &part).await.expect(200);
    let own = undo(anna, &part, json!({"comment": "not needed"})).await.expect(200);
    assert_eq!(own["checked_out_at"], Value::Null);
    let out = check_out(anna, &part).await.expect(200);
    assert_eq!(code(undo(ben, &part, json!({})).await), "VERSION_CHECKED_OUT");
    undo(ben, &part, json!({"force": true})).await.expect(403);
    assert_eq!(
        check_in(ben, &part, json!({})).await.expect(409),
        json!({"detail": "Version is not checked out by you"})
    );
    assert_eq!(code(undo(admin, &part, json!({})).await), "VERSION_CHECKED_OUT");
    undo(admin, &part, json!({"force": true, "comment": "on leave"})).await.expect(200);
    let entries = history(admin, &part).await;
    assert_eq!(actions(&entries), ["undo_checkout", "checkout", "undo_checkout", "checkout", "create"]);
    let (broken, own) = (&entries[0], &entries[2]);
    assert_eq!((&broken["user_id"], &broken["comment"]), (&json!(1), &json!("on leave")));
    assert_eq!((&broken["changes"]["forced"], &broken["changes"]["checked_out_by"]), (&json!(true), &json!("anna")));
    assert_eq!(broken["changes"]["checked_out_by_id"], out["checked_out_by_id"]);
    assert_eq!(own["changes"], Value::Null);
    check_in(anna, &part, json!({})).await.expect(409);
}

async fn a_release_seals_the_version(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P-1").await;
    check_out(admin, &part).await.expect(200);
    aml(admin, "promote", &part, json!({"state": "Review"})).await.expect(200);
    assert_eq!(code(aml(admin, "promote", &part, json!({"state": "Released"})).await), "CHECK_IN_FIRST");
    check_in(admin, &part, json!({})).await.expect(200);
    aml(admin, "promote", &part, json!({"state": "Released"})).await.expect(200);
    let sealed = version(admin, &part).await;
    assert_eq!((&sealed["is_released"], &sealed["state"]), (&json!(true), &json!("Released")));
    assert_eq!(sealed["released_by_id"], 1);
    assert_eq!(code(check_out(admin, &part).await), "VERSION_RELEASED");
    let list = admin.get(&format!("/versions/items/{part}/versions")).await.expect(200);
    assert_eq!(list["versions"][0]["lifecycle_status"], "released");
    assert_eq!(actions(&history(admin, &part).await), ["release", "checkin", "checkout", "create"]);

    // Where a lifecycle leads back, the item may change; what was released is still what it was.
    let ((map, released), (_, draft)) = (part_state(admin, "Released").await, part_state(admin, "Draft").await);
    let step = json!({"action": "reopen", "from_state_id": released, "to_state_id": draft});
    admin.post(&format!("/meta/lifecycles/{map}/transitions"), &step).await.expect(200);
    aml(admin, "promote", &part, json!({"action": "reopen"})).await.expect(200);
    aml(admin, "update", &part, json!({"name": "other"})).await.expect(200);
    let detail = admin.get(&format!("/versions/{}/detail", id(&sealed))).await.expect(200);
    assert_eq!((&detail["properties"]["name"], &detail["is_released"]), (&json!("P-1"), &json!(true)));

    // One that nobody had looked at is released all the same.
    let unseen = add_part(admin, "P-2").await;
    for state in ["Review", "Released", "Suspended"] {
        aml(admin, "promote", &unseen, json!({"state": state})).await.expect(200);
    }
    let unseen = version(admin, &unseen).await;
    assert_eq!((&unseen["is_released"], &unseen["state"]), (&json!(true), &json!("Suspended")));
}

async fn who_may_not_see_an_item_sees_none_of_its_versions(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["viewer"]).await);
    let (hidden, read) = (add_part(admin, "P-1").await, add_part(admin, "P-2").await);
    make_set(admin, "Hidden", &[]).await;
    make_set(admin, "Read", &[("viewer", "gx")]).await;
    let version_id = id(&version(admin, &hidden).await);
    put_under(admin, &hidden, json!("Hidden")).await;
    put_under(admin, &read, json!("Read")).await;
    let detail = |id: &str| format!("/versions/{id}/detail");
    let nothing = uuid::Uuid::now_v7().to_string();
    let unknown = anna.get(&detail(&nothing)).await.expect(404).to_string();
    let refused = anna.get(&detail(&version_id)).await.expect(404).to_string();
    assert_eq!(refused, unknown.replace(&nothing, &version_id));
    for item in [&hidden, &nothing] {
        for end in ["history", "tree", "versions"] {
            anna.get(&format!("/versions/items/{item}/{end}")).await.expect(404);
        }
        for end in ["init", "checkout", "checkin", "undo-checkout"] {
            anna.post(&format!("/versions/items/{item}/{end}"), &json!({})).await.expect(404);
        }
    }
    // Who may read it may read its versions, and nothing more.
    version(anna, &read).await;
    check_out(anna, &read).await.expect(403);
    assert_eq!(actions(&history(anna, &read).await), ["create"]);
    // A version of another item is none of this one.
    let body = json!({"version_id": version_id});
    admin.post(&format!("/versions/items/{read}/checkout"), &body).await.expect(404);
}

async fn what_makes_no_sense_is_refused_by_field(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child) = (add_part(admin, "P-1").await, add_part(admin, "P-2").await);
    let path = format!("/versions/items/{part}/checkout");
    for (body, field) in [
        (json!({"comment": "x".repeat(2001)}), "comment"),
        (json!({"comment": "a\u{0}b"}), "comment"),
        (json!({"comment": 1}), "comment"),
        (json!({"client_host": "x".repeat(300)}), "client_host"),
        (json!({"client_info": {"a": "\u{0}"}}), "client_info"),
        (json!({"client_info": []}), "client_info"),
    ] {
        let refused = admin.post(&path, &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", field]), "{body}");
    }
    admin.post(&path, &json!({"version_id": "x"})).await.expect(404);
    admin.post("/versions/items/x/checkout", &json!({})).await.expect(404);
    admin.get("/versions/x/detail").await.expect(404);
    let line = add_line(admin, &part, &child).await["relationship_id"].as_str().unwrap().to_owned();
    assert_eq!(code(check_out(admin, &line).await), "NOT_VERSIONABLE");
    assert_eq!(code(admin.get(&format!("/versions/items/{line}/versions")).await), "NOT_VERSIONABLE");
    let request = admin.request(reqwest::Method::POST, &path).body("{}");
    assert_eq!(crate::support::client::reply(request).await.status, 415, "a body says what it is");
    assert_eq!(version(admin, &part).await["checked_out_at"], Value::Null);
}

async fn versions_go_with_their_item(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P-1").await;
    let version_id = id(&check_out(admin, &part).await.expect(200));
    aml(admin, "delete", &part, json!({})).await.expect(200);
    admin.get(&format!("/versions/{version_id}/detail")).await.expect(404);
    admin.get(&format!("/versions/items/{part}/history")).await.expect(404);
}
