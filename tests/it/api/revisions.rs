//! Releases and revisions: what is released stays as it was, whatever happens afterwards.

use futures::future::join_all;
use serde_json::{Value, json};

use super::versions::{actions, aml, code, history, version};
use crate::support::client::Client;
use crate::support::files::bring;
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    what_is_released_stays_as_it_was_on_every_level,
    a_released_version_is_opened_by_a_revision_alone,
    of_twenty_who_revise_at_once_one_does,
    a_moment_is_read_as_it_stood_released,
    a_child_of_a_released_version_stays,
    files_of_a_released_version_stay,
    a_step_back_to_draft_is_a_revision,
    a_release_takes_what_is_released_of_its_children,
    a_policy_keeps_what_is_not_released_out,
    what_was_released_is_not_deleted_with_its_draft,
    a_release_holds_no_cycle,
);

/// Promotes a part to Released.
pub async fn release(client: &Client, part: &str) {
    for state in ["Review", "Released"] {
        aml(client, "promote", part, json!({"state": state})).await.expect(200);
    }
}

pub async fn revise(client: &Client, part: &str) -> Value {
    client.post(&format!("/versions/items/{part}/revise"), &json!({})).await.expect(200)
}

async fn released_tree(client: &Client, version: &Value) -> Value {
    client.get(&format!("/bom/version/{}", version["id"].as_str().unwrap())).await.expect(200)
}

/// What engineers see of a tree: numbers, names, quantities.
fn outline(tree: &Value) -> Value {
    let children: Vec<Value> = tree["children"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|line| json!([line["relationship"]["quantity"], line["relationship"]["refdes"], outline(&line["child"])]))
        .collect();
    json!([tree["item_number"], tree["name"], tree["state"], children])
}

async fn line(client: &Client, parent: &str, child: &str, quantity: &str) -> String {
    let body = format!(r#"{{"child_id": "{child}", "quantity": {quantity}, "refdes": "R1"}}"#);
    let body: Value = serde_json::from_str(&body).unwrap();
    let added = client.post(&format!("/bom/{parent}/children"), &body).await.expect(200);
    added["relationship_id"].as_str().unwrap().to_owned()
}

async fn change_line(client: &Client, line: &str, values: Value) {
    let body = json!({"type": "Part BOM", "action": "update", "id": line, "properties": values});
    client.post("/aml/apply", &body).await.expect(200);
}

async fn what_is_released_stays_as_it_was_on_every_level(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, middle, leaf) =
        (add_part(admin, "TOP").await, add_part(admin, "MID").await, add_part(admin, "LEAF").await);
    let upper = line(admin, &top, &middle, "2").await;
    let lower = line(admin, &middle, &leaf, "0.3").await;
    for part in [&leaf, &middle, &top] {
        release(admin, part).await;
    }
    let sealed = version(admin, &top).await;
    assert_eq!(sealed["version_label"], "1.A");
    let before = released_tree(admin, &sealed).await;
    assert_eq!(
        outline(&before),
        json!([
            "TOP",
            "TOP",
            "Released",
            [[2.0, "R1", ["MID", "MID", "Released", [[0.3, "R1", ["LEAF", "LEAF", "Released", []]]]]]]
        ])
    );
    // All that can change below, changes.
    for part in [&top, &middle, &leaf] {
        assert_eq!(revise(admin, part).await["version_label"], "1.B");
    }
    change_line(admin, &upper, json!({"quantity": 7, "refdes": "R1,R2"})).await;
    let gone = json!({"type": "Part BOM", "action": "delete", "id": lower});
    admin.post("/aml/apply", &gone).await.expect(200);
    let other = add_part(admin, "OTHER").await;
    add_line(admin, &middle, &other).await;
    aml(admin, "update", &leaf, json!({"name": "renamed"})).await.expect(200);
    assert_eq!(released_tree(admin, &sealed).await, before, "to the last byte");
    release(admin, &other).await;
    for part in [&leaf, &middle, &top] {
        release(admin, part).await;
    }
    assert_eq!(released_tree(admin, &sealed).await, before, "and after the next release");
    let now = released_tree(admin, &version(admin, &top).await).await;
    assert_eq!(
        outline(&now),
        json!([
            "TOP",
            "TOP",
            "Released",
            [[7.0, "R1,R2", ["MID", "MID", "Released", [[1.0, null, ["OTHER", "OTHER", "Released", []]]]]]]
        ])
    );
    let list = admin.get(&format!("/versions/items/{top}/versions")).await.expect(200);
    let shown = |at: usize| {
        let one = &list["versions"][at];
        json!([one["version_label"], one["is_current"], one["is_released"], one["is_superseded"]])
    };
    assert_eq!((shown(0), shown(1)), (json!(["1.A", false, true, true]), json!(["1.B", true, true, false])));
}

async fn a_released_version_is_opened_by_a_revision_alone(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    let unreleased = admin.post(&format!("/versions/items/{part}/revise"), &json!({})).await.expect(400);
    assert_eq!(
        unreleased["detail"],
        "Cannot revise an unreleased (in-work) version; release or discard the open draft first"
    );
    release(admin, &part).await;
    assert_eq!(code(aml(admin, "update", &part, json!({"name": "x"})).await), "STATE_LOCKED");
    let body = json!({"comment": "Kunde möchte 更多"});
    let opened = admin.post(&format!("/versions/items/{part}/revise"), &body).await.expect(200);
    assert_eq!(
        (&opened["version_label"], &opened["is_current"], &opened["state"]),
        (&json!("1.B"), &json!(true), &json!("Draft"))
    );
    aml(admin, "update", &part, json!({"name": "x"})).await.expect(200);
    add_line(admin, &part, &child).await;
    let history = history(admin, &part).await;
    assert_eq!(actions(&history), ["revise", "release", "create"]);
    assert_eq!(
        (&history[0]["comment"], &history[0]["changes"]),
        (&body["comment"], &json!({"from": "1.A", "to": "1.B"}))
    );
    let steps = admin.get(&format!("/meta/items/Part/{part}/history")).await;
    assert!(steps.status.as_u16() == 404 || steps.text.contains("revise"), "{steps:?}");
    for (wrong, status) in [("00000000-0000-0000-0000-000000000000", 404), ("x", 404)] {
        assert_eq!(admin.post(&format!("/versions/items/{wrong}/revise"), &json!({})).await.status, status);
    }
}

async fn of_twenty_who_revise_at_once_one_does(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    release(admin, &part).await;
    let path = format!("/versions/items/{part}/revise");
    let body = json!({});
    let replies = join_all((0..20).map(|_| admin.post(&path, &body))).await;
    let opened = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!((opened, replies.iter().filter(|reply| reply.status == 400).count()), (1, 19));
    let list = admin.get(&format!("/versions/items/{part}/versions")).await.expect(200);
    assert_eq!(list["versions"].as_array().unwrap().len(), 2);
}

async fn a_moment_is_read_as_it_stood_released(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, child) = (add_part(admin, "TOP").await, add_part(admin, "C").await);
    let upper = line(admin, &top, &child, "1").await;
    release(admin, &child).await;
    release(admin, &top).await;
    let released_at = version(admin, &top).await["released_at"].as_str().unwrap().to_owned();
    revise(admin, &child).await;
    revise(admin, &top).await;
    aml(admin, "update", &child, json!({"name": "later"})).await.expect(200);
    change_line(admin, &upper, json!({"quantity": 9})).await;
    let as_of = |moment: &str| format!("/bom/{top}/tree?as_of={}", moment.replace('+', "%2B"));
    let then = admin.get(&as_of(&released_at)).await.expect(200);
    assert_eq!(outline(&then), json!(["TOP", "TOP", "Released", [[1.0, "R1", ["C", "C", "Released", []]]]]));
    let long_before = admin.get(&as_of("2001-01-01")).await.expect(200);
    assert_eq!(outline(&long_before), json!(["TOP", "TOP", "Draft", [[9.0, "R1", ["C", "later", "Draft", []]]]]));
    assert_eq!(admin.get(&as_of("soon")).await.expect(422)["detail"][0]["loc"], json!(["query", "as_of"]));
}

async fn a_child_of_a_released_version_stays(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, child) = (add_part(admin, "TOP").await, add_part(admin, "C").await);
    add_line(admin, &top, &child).await;
    release(admin, &top).await;
    revise(admin, &top).await;
    admin.delete(&format!("/bom/{top}/children/{child}")).await.expect(200);
    let refused = aml(admin, "delete", &child, json!({})).await.expect(409);
    assert_eq!(refused["detail"]["code"], "ITEM_IN_USE");
    assert_eq!(refused["detail"]["details"]["used_by"][0]["number"], "TOP");
}

async fn files_of_a_released_version_stay(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let (drawing, model) = (bring(admin, "d.txt", b"drawing").await, bring(admin, "m.txt", b"model").await);
    let attach = json!({"item_id": part, "file_id": drawing, "file_role": "drawing"});
    let attached = admin.post("/file/attach", &attach).await.expect(200);
    let draft = id(&version(admin, &part).await);
    admin.post(&format!("/versions/items/{part}/checkout"), &json!({})).await.expect(200);
    let bind = json!({"file_id": model, "file_role": "native_cad", "is_primary": true});
    admin.post(&format!("/versions/{draft}/files"), &bind).await.expect(200);
    admin.post(&format!("/versions/items/{part}/checkin"), &json!({})).await.expect(200);
    release(admin, &part).await;
    let names = async |version: &str| {
        let files = admin.get(&format!("/versions/{version}/files")).await.expect(200);
        let mut names: Vec<String> =
            files.as_array().unwrap().iter().map(|file| file["filename"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&draft).await, ["d.txt", "m.txt"]);
    let next = id(&revise(admin, &part).await);
    assert_eq!(names(&next).await, ["m.txt"], "the drawing hangs on the item");
    admin.delete(&format!("/file/attachment/{}", id(&attached))).await.expect(200);
    assert_eq!(names(&draft).await, ["d.txt", "m.txt"]);
    let refused = admin.delete(&format!("/file/{drawing}")).await.expect(409);
    assert_eq!(refused["detail"]["code"], "FILE_IN_USE");
}

async fn a_step_back_to_draft_is_a_revision(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let maps = admin.get("/meta/lifecycles").await.expect(200);
    let maps = maps["items"].as_array().unwrap();
    let map = maps.iter().find(|map| map["name"] == "Part Lifecycle").unwrap();
    let map = admin.get(&format!("/meta/lifecycles/{}", id(map))).await.expect(200);
    let state = |name: &str| {
        let states = map["states"].as_array().unwrap();
        states.iter().find(|state| state["name"] == name).unwrap()["id"].clone()
    };
    let step = json!({"action": "reopen", "from_state_id": state("Released"), "to_state_id": state("Draft")});
    admin.post(&format!("/meta/lifecycles/{}/transitions", id(&map)), &step).await.expect(200);
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    add_line(admin, &part, &child).await;
    release(admin, &part).await;
    let sealed = version(admin, &part).await;
    aml(admin, "promote", &part, json!({"state": "Draft"})).await.expect(200);
    assert_eq!(version(admin, &part).await["version_label"], "1.B");
    admin.delete(&format!("/bom/{part}/children/{child}")).await.expect(200);
    assert_eq!(released_tree(admin, &sealed).await["children"].as_array().unwrap().len(), 1);
    release(admin, &part).await;
    assert_eq!(version(admin, &part).await["is_released"], true);
}

async fn a_release_takes_what_is_released_of_its_children(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, child) = (add_part(admin, "TOP").await, add_part(admin, "C").await);
    line(admin, &top, &child, "1").await;
    release(admin, &child).await;
    revise(admin, &child).await;
    aml(admin, "update", &child, json!({"name": "in work"})).await.expect(200);
    release(admin, &top).await;
    let sealed = released_tree(admin, &version(admin, &top).await).await;
    assert_eq!(outline(&sealed), json!(["TOP", "TOP", "Released", [[1.0, "R1", ["C", "C", "Released", []]]]]));
}

async fn a_policy_keeps_what_is_not_released_out(at: Installation) {
    let world = &World::start(at).await;
    let (admin, path) = (&world.admin, "/meta/policies");
    assert_eq!(admin.get(path).await.expect(200), json!({"release_policy": "off"}));
    let set = async |policy: &str| admin.put(path, &json!({"release_policy": policy})).await;
    let engineer = world.user("lin", &["engineer"]).await;
    assert_eq!(engineer.put(path, &json!({"release_policy": "at_entry"})).await.status, 403);
    assert_eq!(set("sometimes").await.status, 422);
    let (top, child, other) = (add_part(admin, "TOP").await, add_part(admin, "C").await, add_part(admin, "O").await);
    add_line(admin, &top, &child).await;
    set("at_release").await.expect(200);
    aml(admin, "promote", &top, json!({"state": "Review"})).await.expect(200);
    let refused = aml(admin, "promote", &top, json!({"state": "Released"})).await.expect(409);
    let unmet = &refused["detail"]["details"]["unmet"][0];
    assert_eq!((&refused["detail"]["code"], &unmet["guard"]), (&json!("GUARD_FAILED"), &json!("release_policy")));
    assert_eq!((&unmet["details"]["count"], &unmet["details"]["children"][0]["number"]), (&json!(1), &json!("C")));
    release(admin, &child).await;
    // What is being revised has been released.
    revise(admin, &child).await;
    aml(admin, "promote", &top, json!({"state": "Released"})).await.expect(200);
    set("at_entry").await.expect(200);
    revise(admin, &top).await;
    let entry = json!({"child_id": other});
    let refused = admin.post(&format!("/bom/{top}/children"), &entry).await.expect(409);
    assert_eq!(
        (&refused["detail"]["code"], &refused["detail"]["details"]["number"]),
        (&json!("CHILD_NOT_RELEASED"), &json!("O"))
    );
    release(admin, &other).await;
    admin.post(&format!("/bom/{top}/children"), &entry).await.expect(200);
}

async fn what_was_released_is_not_deleted_with_its_draft(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, leaf) = (add_part(admin, "TOP").await, add_part(admin, "LEAF").await);
    add_line(admin, &top, &leaf).await;
    release(admin, &top).await;
    let sealed = version(admin, &top).await;
    let before = released_tree(admin, &sealed).await;
    revise(admin, &top).await;
    let refused = aml(admin, "delete", &top, json!({})).await;
    assert_eq!(code(refused), "RELEASED_VERSIONS");
    assert_eq!(released_tree(admin, &sealed).await, before);
}

async fn a_release_holds_no_cycle(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (one, two) = (add_part(admin, "ONE").await, add_part(admin, "TWO").await);
    add_line(admin, &one, &two).await;
    release(admin, &one).await;
    revise(admin, &one).await;
    admin.delete(&format!("/bom/{one}/children/{two}")).await.expect(200);
    // As the parts are now this is no cycle, but what was released of ONE holds TWO.
    add_line(admin, &two, &one).await;
    aml(admin, "promote", &two, json!({"state": "Review"})).await.expect(200);
    let refused = aml(admin, "promote", &two, json!({"state": "Released"})).await;
    assert_eq!(code(refused), "CYCLE_DETECTED");
    release(admin, &one).await;
    aml(admin, "promote", &two, json!({"state": "Released"})).await.expect(200);
}
