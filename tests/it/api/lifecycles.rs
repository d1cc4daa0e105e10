//! Lifecycles over the API: states, transitions, guards, and the way that items take.

use serde_json::{Value, json};

use super::permissions::part_state;
use crate::support::client::{Client, Reply};
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_lifecycle_is_made_copied_changed_and_deleted,
    what_would_break_a_lifecycle_is_refused,
    a_state_with_items_keeps_its_name_and_its_place,
    guards_name_each_condition_that_is_not_met,
    the_history_says_who_when_from_where_to_where_and_why,
    locked_items_and_their_lines_stay_until_they_are_resumed,
    of_two_who_promote_at_once_one_does,
    items_added_while_their_start_state_is_renamed_bear_one_of_its_names,
    only_administrators_change_lifecycles,
);

const MAPS: &str = "/meta/lifecycles";

async fn promote(client: &Client, part: &str, values: Value) -> Reply {
    client.post("/aml/apply", &json!({"type": "Part", "action": "promote", "id": part, "properties": values})).await
}

async fn release(admin: &Client, part: &str) {
    for state in ["Review", "Released"] {
        promote(admin, part, json!({"state": state})).await.expect(200);
    }
}

/// Gives a transition of parts these guards.
async fn guard(admin: &Client, action: &str, guards: Value) {
    let (map, _) = part_state(admin, "Draft").await;
    let lifecycle = admin.get(&format!("{MAPS}/{map}")).await.expect(200);
    let step = lifecycle["transitions"].as_array().unwrap().iter().find(|step| step["action"] == action).unwrap();
    let path = format!("{MAPS}/{map}/transitions/{}", id(step));
    admin.patch(&path, &json!({"guards": guards})).await.expect(200);
}

async fn a_lifecycle_is_made_copied_changed_and_deleted(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let made = admin.post(MAPS, &json!({"name": "试制"})).await.expect(200);
    let map = format!("{MAPS}/{}", id(&made));
    assert_eq!((&made["states"][0]["name"], &made["states"][0]["is_start"]), (&json!("Draft"), &json!(true)));
    let draft = id(&made["states"][0]);
    let done = json!({"name": "Done", "is_locked": true, "is_released": true, "permission_id": "Default"});
    let done = admin.post(&format!("{map}/states"), &done).await.expect(200);
    assert_eq!((&done["position"], &done["is_start"]), (&json!(1), &json!(false)));
    let warned = admin.get(&map).await.expect(200);
    assert_eq!(warned["warnings"][0]["code"], "UNREACHABLE_STATE");
    assert_eq!(warned["warnings"][0]["state_id"], done["id"]);
    let guards = json!({"requires": ["name"], "condition": {"property": "cost", "op": "lte", "value": 5}});
    let step = json!({
        "action": "finish", "from_state_id": draft, "to_state_id": done["id"], "role": "chief", "guards": guards,
    });
    let step = admin.post(&format!("{map}/transitions"), &step).await.expect(200);
    assert_eq!(step["guards"]["requires"], json!(["name"]));
    assert_eq!(step["guards"]["condition"], guards["condition"]);
    assert_eq!(admin.get(&map).await.expect(200)["warnings"], json!([]));

    // A copy has everything under ids of its own.
    let copy = admin.post(MAPS, &json!({"name": "Copy", "copy_of": made["id"]})).await.expect(200);
    assert_eq!(copy["states"][1]["name"], "Done");
    assert_ne!(copy["states"][1]["id"], done["id"]);
    assert_eq!(copy["transitions"][0]["to_state_id"], copy["states"][1]["id"]);
    assert_eq!(copy["transitions"][0]["guards"], step["guards"]);

    // Another start takes the place of the one that was.
    let change = json!({"is_start": true, "permission_id": null});
    let start = admin.patch(&format!("{map}/states/{}", id(&done)), &change).await.expect(200);
    assert_eq!((&start["is_start"], &start["permission_id"]), (&json!(true), &Value::Null));
    let starts = admin.get(&map).await.expect(200)["states"].as_array().unwrap().clone();
    assert_eq!(starts.iter().filter(|state| state["is_start"] == true).count(), 1);
    let path = format!("{map}/transitions/{}", id(&step));
    let changed = admin.patch(&path, &json!({"action": "complete", "role": null, "guards": null})).await.expect(200);
    assert_eq!((&changed["action"], &changed["role"]), (&json!("complete"), &Value::Null));
    assert_eq!(changed["guards"]["requires"], json!([]));
    // A state goes with its steps.
    admin.delete(&format!("{map}/states/{draft}")).await.expect(200);
    let left = admin.get(&map).await.expect(200);
    assert_eq!((left["states"].as_array().unwrap().len(), &left["transitions"]), (1, &json!([])));
    assert_eq!(admin.patch(&map, &json!({"name": "Trial"})).await.expect(200)["name"], "Trial");
    admin.delete(&map).await.expect(200);
    assert_eq!(admin.get(&map).await.expect(404), json!({"detail": "Lifecycle not found"}));
}

async fn what_would_break_a_lifecycle_is_refused(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (map, draft) = part_state(admin, "Draft").await;
    let (_, review) = part_state(admin, "Review").await;
    let path = format!("{MAPS}/{map}");
    let code = |reply: Reply| reply.expect(409)["detail"]["code"].as_str().unwrap().to_owned();
    assert_eq!(code(admin.post(MAPS, &json!({"name": "Part Lifecycle"})).await), "LIFECYCLE_EXISTS");
    assert_eq!(code(admin.post(&format!("{path}/states"), &json!({"name": "DRAFT"})).await), "STATE_EXISTS");
    assert_eq!(code(admin.delete(&format!("{path}/states/{draft}")).await), "START_STATE");
    assert_eq!(code(admin.delete(&path).await), "LIFECYCLE_IN_USE");
    let step = |action: &str, to: &str| json!({"action": action, "from_state_id": draft, "to_state_id": to});
    let steps = format!("{path}/transitions");
    assert_eq!(code(admin.post(&steps, &step("Submit", &review)).await), "TRANSITION_EXISTS");
    let with = |field: &str, value: Value| {
        let mut step = step("go", &review);
        step[field] = value;
        step
    };
    let elsewhere = admin.post(MAPS, &json!({"name": "Other"})).await.expect(200)["states"][0]["id"].clone();
    for (body, loc) in [
        (step("", &review), json!(["body", "action"])),
        (step("go", &draft), json!(["body", "to_state_id"])),
        (step("go", "nothing"), json!(["body", "to_state_id"])),
        (with("to_state_id", elsewhere), json!(["body", "to_state_id"])),
        (with("role", json!("Owner")), json!(["body", "role"])),
        (with("guards", json!({"requires": [""]})), json!(["body", "guards", "requires"])),
        (with("guards", json!({"condition": {"property": "a", "op": "~"}})), json!(["body", "guards", "condition"])),
        (with("guards", json!({"signatures": 2})), json!(["body", "guards", "signatures"])),
    ] {
        let refused = admin.post(&steps, &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], loc, "{body}");
    }
    let state = format!("{path}/states/{draft}");
    for (body, field) in [
        (json!({"is_start": false}), "is_start"),
        (json!({"permission_id": "Nothing"}), "permission_id"),
        (json!({"position": -1}), "position"),
        (json!({"name": "a\u{7}"}), "name"),
    ] {
        assert_eq!(admin.patch(&state, &body).await.expect(422)["detail"][0]["loc"], json!(["body", field]), "{body}");
    }
    admin.post(MAPS, &json!({"name": "x", "copy_of": draft})).await.expect(422);
    admin.get(&format!("{MAPS}/nothing")).await.expect(404);
    admin.delete(&format!("{path}/states/{map}")).await.expect(404);
    admin.delete(&format!("{path}/transitions/nothing")).await.expect(404);
}

async fn a_state_with_items_keeps_its_name_and_its_place(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    promote(admin, &part, json!({"state": "Review"})).await.expect(200);
    let (map, review) = part_state(admin, "Review").await;
    let path = format!("{MAPS}/{map}/states/{review}");
    for refused in [admin.delete(&path).await, admin.patch(&path, &json!({"name": "Check"})).await] {
        let refused = refused.expect(409);
        assert_eq!(refused["detail"]["code"], "STATE_IN_USE");
        assert_eq!(refused["detail"]["details"], json!({"state": "Review", "items": {"count": 1}}));
    }
    admin.patch(&path, &json!({"is_locked": true})).await.expect(200);
    let update = json!({"type": "Part", "action": "update", "id": part, "properties": {"name": "x"}});
    assert_eq!(admin.post("/aml/apply", &update).await.expect(409)["detail"]["code"], "STATE_LOCKED");
    promote(admin, &part, json!({"state": "Draft"})).await.expect(200);
    admin.patch(&path, &json!({"name": "Check"})).await.expect(200);
    let promoted = promote(admin, &part, json!({"state": "Check"})).await.expect(200);
    assert_eq!(promoted["items"][0]["state"], "Check");
    // While some are promoted into a state, others rename it: every item bears the name that its state has.
    promote(admin, &part, json!({"state": "Draft"})).await.expect(200);
    for round in 0..4 {
        let renamed = json!({"name": format!("Check {round}")});
        let (_, moved) =
            futures::join!(admin.patch(&path, &renamed), promote(admin, &part, json!({"action": "submit"})));
        assert!([200, 409].contains(&moved.status.as_u16()), "{moved:?}");
        let lifecycle = admin.get(&format!("{MAPS}/{map}")).await.expect(200);
        let name =
            &lifecycle["states"].as_array().unwrap().iter().find(|state| state["id"] == *review).unwrap()["name"];
        let item = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
        assert!(item["state"] == *name || item["state"] == "Draft", "{item} but {name}");
        promote(admin, &part, json!({"state": "Draft"})).await;
    }
}

async fn guards_name_each_condition_that_is_not_met(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let engineer = world.user("erin", &["engineer"]).await;
    let (table, leg) = (add_part(admin, "TABLE").await, add_part(admin, "LEG").await);
    add_line(admin, &table, &leg).await;
    let guards = json!({
        "requires": ["description", "weight"], "condition": {"property": "weight", "op": "lte", "value": 20},
        "children_released": true, "relationship": "Part BOM", "roles": ["checker"], "comment_required": true,
    });
    guard(admin, "submit", guards).await;
    let names = |unmet: &Value| -> Vec<String> {
        unmet.as_array().unwrap().iter().map(|one| one["guard"].as_str().unwrap().to_owned()).collect()
    };
    let refused = promote(&engineer, &table, json!({"state": "Review"})).await.expect(409);
    assert_eq!(refused["detail"]["code"], "GUARD_FAILED");
    let unmet = &refused["detail"]["details"]["unmet"];
    assert_eq!(names(unmet), ["requires", "condition", "children_released", "roles", "comment_required"]);
    assert_eq!(unmet[0]["details"], json!({"properties": ["description", "weight"]}));
    let child = json!({"count": 1, "children": [{"id": leg, "number": "LEG", "state": "Draft"}]});
    assert_eq!(unmet[2]["details"], child);
    let next = engineer.get(&format!("/aml/Part/{table}/next-states")).await.expect(200);
    let step = &next["items"][0];
    assert_eq!((&next["state"], &step["state"], &step["allowed"]), (&json!("Draft"), &json!("Review"), &json!(false)));
    assert_eq!(step["comment_required"], true);
    assert_eq!(names(&step["reasons"]), ["requires", "condition", "children_released", "roles"]);

    let filled = json!({"description": "four legs", "weight": 12});
    let update = json!({"type": "Part", "action": "update", "id": table, "properties": filled});
    admin.post("/aml/apply", &update).await.expect(200);
    // The leg has no lines, so that it only lacks values.
    let update =
        json!({"type": "Part", "action": "update", "id": leg, "properties": {"description": "x", "weight": 1}});
    admin.post("/aml/apply", &update).await.expect(200);
    promote(admin, &leg, json!({"state": "Review", "comment": "ok"})).await.expect(200);
    promote(admin, &leg, json!({"state": "Released"})).await.expect(200);
    let checker = world.user("chen", &["checker"]).await;
    let next = checker.get(&format!("/aml/Part/{table}/next-states")).await.expect(200);
    assert_eq!((&next["items"][0]["allowed"], &next["items"][0]["reasons"]), (&json!(true), &json!([])));
    let silent = promote(&checker, &table, json!({"state": "Review", "comment": "  "})).await.expect(409);
    assert_eq!(names(&silent["detail"]["details"]["unmet"]), ["comment_required"]);
    promote(&checker, &table, json!({"state": "Review", "comment": "checked"})).await.expect(200);
    // Who may not take a step is told who may.
    let next = checker.get(&format!("/aml/Part/{table}/next-states")).await.expect(200);
    let reasons: Vec<(&Value, &Value)> =
        next["items"].as_array().unwrap().iter().map(|step| (&step["state"], &step["allowed"])).collect();
    assert_eq!(reasons, [(&json!("Draft"), &json!(true)), (&json!("Released"), &json!(false))]);
    assert_eq!(names(&next["items"][1]["reasons"]), ["permission"]);
}

async fn the_history_says_who_when_from_where_to_where_and_why(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let engineer = world.user("erin", &["engineer"]).await;
    let part = add_part(&engineer, "P").await;
    let path = format!("/aml/Part/{part}/transitions");
    assert_eq!(engineer.get(&path).await.expect(200)["total"], 0);
    promote(&engineer, &part, json!({"state": "Review", "comment": " 请审查 "})).await.expect(200);
    promote(&engineer, &part, json!({"state": "Released"})).await.expect(403);
    promote(admin, &part, json!({"action": "release"})).await.expect(200);
    let history = engineer.get(&path).await.expect(200);
    let steps: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (step["action"].clone(), step["from_state"].clone(), step["to_state"].clone(), step["comment"].clone())
        })
        .collect();
    let expected = [
        (json!("release"), json!("Review"), json!("Released"), Value::Null),
        (json!("submit"), json!("Draft"), json!("Review"), json!("请审查")),
    ];
    assert_eq!(steps, expected, "the newest first, and nothing of what was refused");
    assert_eq!(history["items"][0]["actor_id"], 1);
    assert_ne!(history["items"][1]["actor_id"], 1);
    assert!(history["items"][0]["occurred_at"].as_str().unwrap().ends_with('Z'));
    let second = engineer.get(&format!("{path}?page=2&page_size=1")).await.expect(200);
    assert_eq!((&second["total"], &second["items"][0]["action"]), (&json!(2), &json!("submit")));
    for query in ["page=0", "page_size=0", "page_size=201"] {
        engineer.get(&format!("{path}?{query}")).await.expect(422);
    }
    for comment in [json!(7), json!("x".repeat(2001)), json!("a\u{0}b")] {
        let refused = promote(admin, &part, json!({"state": "Suspended", "comment": comment})).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "properties", "comment"]));
    }
    // Who may not read the item reads nothing of its way, and a deleted item leaves none.
    admin.post("/meta/permissions", &json!({"id": "Hidden", "name": "Hidden"})).await.expect(200);
    admin.patch(&format!("/aml/Part/{part}/access"), &json!({"permission_id": "Hidden"})).await.expect(200);
    engineer.get(&path).await.expect(404);
    engineer.get(&format!("/aml/Part/{part}/next-states")).await.expect(404);
    promote(&engineer, &part, json!({"state": "Nowhere"})).await.expect(404);
    let draft = add_part(admin, "DRAFT").await;
    promote(admin, &draft, json!({"state": "Review"})).await.expect(200);
    admin.post("/aml/apply", &json!({"type": "Part", "action": "delete", "id": draft})).await.expect(200);
}

async fn locked_items_and_their_lines_stay_until_they_are_resumed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (table, leg) = (add_part(admin, "TABLE").await, add_part(admin, "LEG").await);
    let line = add_line(admin, &table, &leg).await["relationship_id"].clone();
    release(admin, &table).await;
    let frozen = || async {
        let line =
            |action: &str| json!({"type": "Part BOM", "action": action, "id": line, "properties": {"quantity": 2}});
        for body in [
            json!({"type": "Part", "action": "update", "id": table, "properties": {"name": "x"}}),
            json!({"type": "Part", "action": "delete", "id": table}),
            line("update"),
            line("delete"),
        ] {
            let refused = admin.post("/aml/apply", &body).await.expect(409);
            assert_eq!(refused["detail"]["code"], "STATE_LOCKED", "{body}");
        }
    };
    frozen().await;
    for (action, state) in [("suspend", "Suspended"), ("resume", "Released"), ("obsolete", "Obsolete")] {
        let promoted = promote(admin, &table, json!({"action": action})).await.expect(200);
        assert_eq!(promoted["items"][0]["state"], state);
        frozen().await;
    }
    let end = promote(admin, &table, json!({"state": "Released"})).await.expect(409);
    assert_eq!(
        (&end["detail"]["code"], &end["detail"]["details"]["next_states"]),
        (&json!("INVALID_TRANSITION"), &json!([]))
    );
    assert_eq!(admin.get(&format!("/aml/Part/{table}/next-states")).await.expect(200)["items"], json!([]));
}

async fn of_two_who_promote_at_once_one_does(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let replies = futures::future::join_all((0..8).map(|_| promote(admin, &part, json!({"state": "Review"})))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
    assert!(replies.iter().all(|reply| [200, 409].contains(&reply.status.as_u16())));
    assert_eq!(admin.get(&format!("/aml/Part/{part}/transitions")).await.expect(200)["total"], 1);
}

async fn only_administrators_change_lifecycles(at: Installation) {
    let world = World::start(at).await;
    let viewer = world.user("vera", &["viewer"]).await;
    let (map, draft) = part_state(&viewer, "Draft").await;
    let path = format!("{MAPS}/{map}");
    let denied = viewer.post(MAPS, &json!({"name": "Mine"})).await.expect(403);
    assert_eq!(denied["detail"]["details"], json!({"action": "create", "resource": "Lifecycle"}));
    viewer.patch(&path, &json!({"name": "x"})).await.expect(403);
    viewer.delete(&path).await.expect(403);
    viewer.post(&format!("{path}/states"), &json!({"name": "x"})).await.expect(403);
    viewer.patch(&format!("{path}/states/{draft}"), &json!({"is_locked": true})).await.expect(403);
    viewer.delete(&format!("{path}/states/{draft}")).await.expect(403);
    let step = json!({"action": "x", "from_state_id": draft, "to_state_id": draft});
    viewer.post(&format!("{path}/transitions"), &step).await.expect(403);
    viewer.patch(&format!("{path}/transitions/{draft}"), &json!({"role": "viewer"})).await.expect(403);
    viewer.delete(&format!("{path}/transitions/{draft}")).await.expect(403);
}

async fn items_added_while_their_start_state_is_renamed_bear_one_of_its_names(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (map, draft) = part_state(admin, "Draft").await;
    let path = format!("{MAPS}/{map}/states/{draft}");
    let mut name = "Draft".to_owned();
    for round in 0..8 {
        let wanted = format!("Draft {round}");
        let change = json!({"name": wanted});
        let rename = admin.patch(&path, &change);
        let add = json!({"type": "Part", "action": "add", "properties": {"item_number": format!("P-{round}")}});
        let adds = admin.post("/aml/apply", &add);
        let (renamed, added) = futures::future::join(rename, adds).await;
        // Renamed first, or refused because the item is in it; whichever it was, the item bears the name that the state has.
        match renamed.status.as_u16() {
            200 => name = wanted,
            _ => assert_eq!(renamed.expect(409)["detail"]["code"], "STATE_IN_USE"),
        }
        let added = added.expect(200)["items"][0].clone();
        assert_eq!(added["state"], json!(name), "{added}");
        let id = id(&added).to_owned();
        admin.post("/aml/apply", &json!({"type": "Part", "action": "delete", "id": id})).await.expect(200);
    }
}
