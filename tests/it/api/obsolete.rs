//! What structures still use although it is obsolete, and what takes its place.

use serde_json::{Value, json};

use super::revisions::release;
use super::versions::aml;
use crate::support::client::Client;
use crate::support::world::{World, add_line, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    obsolete_children_are_found_with_their_replacements,
    obsolete_lines_are_updated_in_place_or_renewed,
    obsolete_lines_that_cannot_change_are_passed_over,
    a_line_that_is_passed_over_is_as_it_was,
);

async fn obsolete_part(client: &Client, number: &str, replacement: Value) -> String {
    let id = add_part(client, number).await;
    aml(client, "update", &id, json!({"obsolete": true, "superseded_by": replacement})).await.expect(200);
    id
}

async fn scan(client: &Client, root: &str, query: &str) -> Value {
    client.get(&format!("/bom/{root}/obsolete{query}")).await.expect(200)
}

async fn resolve(client: &Client, root: &str, body: Value) -> Value {
    client.post(&format!("/bom/{root}/obsolete/resolve"), &body).await.expect(200)
}

fn children(tree: &Value) -> Vec<&str> {
    tree["children"].as_array().unwrap().iter().map(|line| line["child"]["number"].as_str().unwrap()).collect()
}

async fn obsolete_children_are_found_with_their_replacements(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (root, sub, new) = (add_part(admin, "ROOT").await, add_part(admin, "SUB").await, add_part(admin, "NEW").await);
    let old = obsolete_part(admin, "OLD", json!(new)).await;
    let older = obsolete_part(admin, "OLDER", json!("NEW")).await;
    let gone = add_part(admin, "GONE").await;
    for state in ["Review", "Released", "Obsolete"] {
        aml(admin, "promote", &gone, json!({"state": state})).await.expect(200);
    }
    let line = add_line(admin, &root, &old).await;
    add_line(admin, &root, &sub).await;
    add_line(admin, &sub, &older).await;
    add_line(admin, &sub, &gone).await;
    let found = scan(admin, &root, "").await;
    assert_eq!((&found["root_id"], &found["count"]), (&json!(root), &json!(3)));
    let expected = json!({
        "relationship_id": line["relationship_id"], "relationship_type": "Part BOM", "parent_id": root,
        "parent_number": "ROOT", "parent_name": "ROOT", "child_id": old, "child_number": "OLD", "child_name": "OLD",
        "child_state": "Draft", "child_is_current": true, "replacement_id": new, "replacement_number": "NEW",
        "replacement_name": "NEW", "level": 1, "reasons": ["obsolete_flag"],
    });
    assert_eq!(found["entries"][0], expected);
    let row =
        |entry: &Value| json!([entry["child_number"], entry["level"], entry["replacement_number"], entry["reasons"]]);
    let mut below: Vec<Value> = found["entries"].as_array().unwrap()[1..].iter().map(row).collect();
    below.sort_by_key(ToString::to_string);
    assert_eq!(below, [json!(["GONE", 2, null, ["obsolete_state"]]), json!(["OLDER", 2, "NEW", ["obsolete_flag"]])]);
    for query in ["?recursive=false", "?levels=1", "?recursive=false&relationship_types=Part%20BOM"] {
        assert_eq!(scan(admin, &root, query).await["count"], 1, "{query}");
    }
    assert_eq!(scan(admin, &root, "?relationship_types=Manufacturing%20BOM").await["count"], 0);
    for bad in ["levels=0", "levels=101", "relationship_types=Part"] {
        admin.get(&format!("/bom/{root}/obsolete?{bad}")).await.expect(422);
    }
    admin.get("/bom/no-uuid/obsolete").await.expect(404);
}

async fn obsolete_lines_are_updated_in_place_or_renewed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for (mode, created) in [("update", 0), ("new_bom", 1)] {
        let name = |name: &str| format!("{name}-{mode}");
        let (root, new) = (add_part(admin, &name("ROOT")).await, add_part(admin, &name("NEW")).await);
        let (other, top) = (add_part(admin, &name("OTHER")).await, add_part(admin, &name("TOP")).await);
        let old = obsolete_part(admin, &name("OLD"), json!(new)).await;
        add_line(admin, &top, &root).await;
        let line = json!({"child_id": old, "quantity": 4, "find_num": "10", "refdes": "A1-A4"});
        let line = admin.post(&format!("/bom/{root}/children"), &line).await.expect(200);
        let line = line["relationship_id"].as_str().unwrap();
        for substitute in [&other, &new] {
            let given = json!({"substitute_item_id": substitute});
            admin.post(&format!("/bom/{line}/substitutes"), &given).await.expect(200);
        }
        let summary = json!({
            "entries": 1, "updated_lines": 1, "created_lines": created, "skipped_locked": 0, "unresolved": 0,
            "parents_touched": 1,
        });
        let dry = resolve(admin, &top, json!({"mode": mode, "dry_run": true})).await;
        assert_eq!((&dry["summary"], &dry["dry_run"]), (&summary, &json!(true)));
        assert_eq!(scan(admin, &top, "").await["count"], 1, "nothing has changed");
        let done = resolve(admin, &top, json!({"mode": mode})).await;
        assert_eq!((&done["ok"], &done["mode"], &done["root_id"]), (&json!(true), &json!(mode), &json!(top)));
        assert_eq!(done["summary"], summary);
        assert_eq!((&done["entries"][0]["status"], &done["entries"][0]["level"]), (&json!("updated"), &json!(2)));
        assert_eq!(scan(admin, &top, "").await["count"], 0);
        let tree = admin.get(&format!("/bom/{root}/tree")).await.expect(200);
        let now = &tree["children"][0];
        assert_eq!(now["child"]["id"], json!(new));
        let values = json!({"quantity": 4.0, "uom": "EA", "find_num": "10", "refdes": "A1-A4"});
        assert_eq!(now["relationship"]["properties"], values);
        let id = now["relationship"]["id"].as_str().unwrap();
        assert_eq!(id == line, mode == "update");
        let substitutes = admin.get(&format!("/bom/{id}/substitutes")).await.expect(200);
        assert_eq!((&substitutes["count"], &substitutes["substitutes"][0]["part"]["id"]), (&json!(1), &json!(other)));
        assert_eq!(admin.get(&format!("/bom/{new}/where-used")).await.expect(200)["count"], 1);
        // One line per parent, child and unit, as before.
        admin.post(&format!("/bom/{root}/children"), &json!({"child_id": new})).await.expect(400);
        admin.post(&format!("/bom/{root}/children"), &json!({"child_id": old})).await.expect(200);
    }
}

async fn obsolete_lines_that_cannot_change_are_passed_over(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let top = add_part(admin, "TOP").await;
    let (locked, both, round) =
        (add_part(admin, "LOCKED").await, add_part(admin, "BOTH").await, add_part(admin, "ROUND").await);
    let new = add_part(admin, "NEW").await;
    let old = obsolete_part(admin, "OLD", json!(new)).await;
    let lost = obsolete_part(admin, "LOST", json!("NOWHERE")).await;
    let looping = obsolete_part(admin, "LOOPING", json!(top)).await;
    for assembly in [&locked, &both, &round] {
        add_line(admin, &top, assembly).await;
    }
    add_line(admin, &locked, &old).await;
    add_line(admin, &both, &old).await;
    add_line(admin, &both, &new).await;
    add_line(admin, &both, &lost).await;
    add_line(admin, &round, &looping).await;
    add_line(admin, &round, &old).await;
    release(admin, &locked).await;
    for mode in ["update", "new_bom"] {
        let done = resolve(admin, &top, json!({"mode": mode, "dry_run": mode == "update"})).await;
        let mut statuses: Vec<(&str, &str, &str)> = done["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| {
                let text = |name: &str| entry[name].as_str().unwrap();
                (text("parent_number"), text("child_number"), text("status"))
            })
            .collect();
        statuses.sort_unstable();
        let expected = [
            ("BOTH", "LOST", "unresolved"),
            ("BOTH", "OLD", "skipped_exists"),
            ("LOCKED", "OLD", "skipped_locked"),
            ("ROUND", "LOOPING", "skipped_cycle"),
            ("ROUND", "OLD", "updated"),
        ];
        assert_eq!(statuses, expected, "{mode}");
        let summary = &done["summary"];
        assert_eq!((&summary["skipped_locked"], &summary["unresolved"]), (&json!(1), &json!(3)));
    }
    let tree = admin.get(&format!("/bom/{round}/tree")).await.expect(200);
    let mut now = children(&tree);
    now.sort_unstable();
    assert_eq!(now, ["LOOPING", "NEW"]);
    admin.post(&format!("/bom/{top}/obsolete/resolve"), &json!({"mode": "delete"})).await.expect(422);
}

async fn a_line_that_is_passed_over_is_as_it_was(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let (root, new, sub) = (add_part(admin, "ROOT").await, add_part(admin, "NEW").await, add_part(admin, "SUB").await);
    let old = obsolete_part(admin, "OLD", json!(new)).await;
    let line = add_line(admin, &root, &old).await;
    let line = line["relationship_id"].as_str().unwrap();
    admin.post(&format!("/bom/{line}/substitutes"), &json!({"substitute_item_id": sub})).await.expect(200);
    let user = world.user("ben", &["engineer"]).await;
    crate::support::database::hide(&world.at, &[&sub]).await;
    let done = resolve(&user, &root, json!({"mode": "new_bom"})).await;
    assert_eq!(done["summary"]["created_lines"], 0, "{done}");
    let tree = admin.get(&format!("/bom/{root}/tree")).await.expect(200);
    assert_eq!(children(&tree), ["OLD"]);
}
