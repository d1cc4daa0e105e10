//! Baselines: what a product consisted of, kept whatever happens afterwards.

use futures::future::join_all;
use serde_json::{Value, json};

use super::revisions::release;
use crate::support::client::Client;
use crate::support::database::hide;
use crate::support::files::bring;
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_baseline_keeps_what_there_was,
    a_shared_part_is_listed_by_each_line_and_counted_once,
    only_lines_that_hold_are_taken,
    a_version_is_kept_as_it_was_released,
    a_baseline_is_checked_and_released_once,
    released_baselines_are_found_by_their_date,
    two_baselines_are_compared_member_by_member,
    a_baseline_is_compared_with_what_became_of_it,
    lists_are_filtered_and_paged,
    documents_and_relationships_are_listed_on_demand,
    what_may_not_be_read_is_left_out,
    a_number_is_given_once,
    bad_requests_name_what_is_wrong,
);

/// TOP -2-> MID -3-> LEAF, TOP -1-> LEAF.
struct Product {
    top: String,
    mid: String,
    leaf: String,
}

async fn product(client: &Client) -> Product {
    let (top, mid, leaf) =
        (add_part(client, "TOP").await, add_part(client, "MID").await, add_part(client, "LEAF").await);
    for (parent, child, quantity) in [(&top, &mid, 2), (&mid, &leaf, 3), (&top, &leaf, 1)] {
        let line = json!({"child_id": child, "quantity": quantity});
        client.post(&format!("/bom/{parent}/children"), &line).await.expect(200);
    }
    Product { top, mid, leaf }
}

/// The same as ids.
pub async fn product_of_three(client: &Client) -> [String; 3] {
    let Product { top, mid, leaf } = product(client).await;
    [top, mid, leaf]
}

async fn make(client: &Client, body: Value) -> Value {
    client.post("/baselines", &body).await.expect(200)
}

fn outline(tree: &Value) -> Value {
    let lines = tree["children"].as_array().into_iter().flatten();
    let lines: Vec<Value> =
        lines.map(|line| json!([line["relationship"]["quantity"], outline(&line["child"])])).collect();
    json!([tree["item_number"], tree["name"], lines])
}

async fn a_baseline_keeps_what_there_was(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { top, mid, leaf } = product(admin).await;
    let made = make(admin, json!({"name": " First ", "root_item_id": top})).await;
    assert_eq!(made["name"], "First");
    assert_eq!((&made["item_count"], &made["relationship_count"]), (&json!(3), &json!(3)));
    assert_eq!(
        (&made["state"], &made["is_locked"], &made["line_key"]),
        (&json!("draft"), &json!(false), &json!("child_config"))
    );
    assert!(made["baseline_number"].as_str().unwrap().starts_with("BL-20"), "{made}");
    let leaf_row = json!(["LEAF", "LEAF", []]);
    let expected = json!(["TOP", "TOP", [[2.0, ["MID", "MID", [[3.0, leaf_row]]]], [1.0, leaf_row]]]);
    assert_eq!(outline(&made["snapshot"]), expected);

    let rename = json!({"type": "Part", "action": "update", "id": leaf, "properties": {"name": "renamed"}});
    admin.post("/aml/apply", &rename).await.expect(200);
    admin.delete(&format!("/bom/{mid}/children/{leaf}")).await.expect(200);
    let path = format!("/baselines/{}", id(&made));
    let now = admin.get(&path).await.expect(200);
    assert_eq!(now["snapshot"], made["snapshot"]);
    let bare = admin.get(&format!("{path}?include_snapshot=false")).await.expect(200);
    assert_eq!((&bare["snapshot"], &bare["item_count"]), (&Value::Null, &json!(3)));

    let second = make(admin, json!({"name": "Second", "root_item_id": top, "max_levels": 1})).await;
    let expected = json!(["TOP", "TOP", [[2.0, ["MID", "MID", []]], [1.0, ["LEAF", "renamed", []]]]]);
    assert_eq!(outline(&second["snapshot"]), expected);
    let empty = make(admin, json!({"name": "Empty", "root_item_id": top, "auto_populate": false})).await;
    assert_eq!((&empty["item_count"], &empty["snapshot"]), (&json!(0), &Value::Null));
    let alone = make(admin, json!({"name": "Alone", "root_item_id": top, "include_bom": false})).await;
    assert_eq!(outline(&alone["snapshot"]), json!(["TOP", "TOP", []]));
}

async fn a_shared_part_is_listed_by_each_line_and_counted_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { top, mid, leaf } = product(admin).await;
    let made = make(admin, json!({"name": "B", "root_item_id": top, "max_levels": -1})).await;
    let listed = admin.get(&format!("/baselines/{}/members", id(&made))).await.expect(200);
    let rows: Vec<Value> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["level"], row["item_number"], row["quantity"], row["path"], row["item_state"]]))
        .collect();
    let expected = json!([
        [0, "TOP", null, "", "Draft"],
        [1, "MID", "2.0", format!("{top}/{mid}"), "Draft"],
        [1, "LEAF", "1.0", format!("{top}/{leaf}"), "Draft"],
        [2, "LEAF", "3.0", format!("{top}/{mid}/{leaf}"), "Draft"],
    ]);
    assert_eq!(json!(rows), expected);
    assert_eq!(listed["total"], 4);
    let page = admin.get(&format!("/baselines/{}/members?limit=2&offset=1", id(&made))).await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    assert_eq!(page["items"][0]["item_number"], "MID");
}

async fn only_lines_that_hold_are_taken(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, old, new) = (add_part(admin, "TOP").await, add_part(admin, "OLD").await, add_part(admin, "NEW").await);
    let until = json!({"child_id": old, "effectivity_to": "2026-06-30T00:00:00Z"});
    let from = json!({"child_id": new, "effectivity_from": "2026-07-01T00:00:00Z"});
    for line in [until, from] {
        admin.post(&format!("/bom/{top}/children"), &line).await.expect(200);
    }
    for (at, expected) in [("2026-06-01T00:00:00Z", "OLD"), ("2026-08-01T00:00:00Z", "NEW")] {
        let made = make(admin, json!({"name": at, "root_item_id": top, "effective_at": at})).await;
        assert_eq!(made["effective_date"], at);
        assert_eq!(made["item_count"], 2, "{made}");
        assert_eq!(made["snapshot"]["children"][0]["child"]["item_number"], expected);
    }
}

async fn a_version_is_kept_as_it_was_released(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { top, mid, leaf } = product(admin).await;
    for part in [&leaf, &mid, &top] {
        release(admin, part).await;
    }
    let versions = admin.get(&format!("/versions/items/{top}/versions")).await.expect(200);
    let version = versions["versions"][0]["version_id"].as_str().unwrap().to_owned();
    admin.post(&format!("/versions/items/{top}/revise"), &json!({})).await.expect(200);
    admin.delete(&format!("/bom/{top}/children/{mid}")).await.expect(200);
    let made = make(admin, json!({"name": "Released", "root_version_id": version})).await;
    assert_eq!((&made["root_item_id"], &made["root_version_id"]), (&json!(top), &json!(version)));
    assert_eq!(made["item_count"], 3);
    let listed = admin.get(&format!("/baselines/{}/members", id(&made))).await.expect(200);
    assert_eq!(listed["items"][0]["item_revision"], "A");
    let verdict =
        admin.get(&format!("/baselines/{}/release-diagnostics?ruleset_id=strict", id(&made))).await.expect(200);
    assert_eq!(verdict["ok"], true, "{verdict}");
    let other = json!({"name": "No", "root_item_id": mid, "root_version_id": version});
    admin.post("/baselines", &other).await.expect(400);
}

async fn a_baseline_is_checked_and_released_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { top, leaf, mid } = product(admin).await;
    let made = make(admin, json!({"name": "B", "root_item_id": top})).await;
    let path = format!("/baselines/{}", id(&made));
    let checked = admin.post(&format!("{path}/validate"), &json!({})).await.expect(200);
    assert_eq!((&checked["is_valid"], &checked["errors"]), (&json!(true), &json!([])));
    assert_eq!(checked["warnings"].as_array().unwrap().len(), 3);
    let warning = &checked["warnings"][0];
    assert_eq!(warning["type"], "unreleased_item");
    assert_eq!(warning["message"], format!("Item {top} is not released (state: Draft)"));
    let verdict = admin.get(&format!("{path}/release-diagnostics")).await.expect(200);
    assert_eq!((&verdict["ok"], &verdict["warnings"][0]["code"]), (&json!(true), &json!("baseline_item_not_released")));
    let strict = admin.get(&format!("{path}/release-diagnostics?ruleset_id=strict")).await.expect(200);
    assert_eq!(strict["ok"], false);
    let refused = admin.post(&format!("{path}/release?ruleset_id=strict"), &json!({})).await.expect(409);
    assert_eq!(refused["detail"]["code"], "BASELINE_INVALID", "{refused}");
    admin.get(&format!("{path}/release-diagnostics?ruleset_id=none")).await.expect(400);

    for (parent, child) in [(&mid, &leaf), (&top, &leaf)] {
        admin.delete(&format!("/bom/{parent}/children/{child}")).await.expect(200);
    }
    let gone = json!({"type": "Part", "action": "delete", "id": leaf});
    admin.post("/aml/apply", &gone).await.expect(200);
    let refused = admin.post(&format!("{path}/release"), &json!({})).await.expect(409);
    assert_eq!(refused["detail"]["code"], "BASELINE_INVALID", "{refused}");

    let force = json!({"force": true});
    let url = format!("{path}/release");
    let tries = join_all((0..6).map(|_| admin.post(&url, &force))).await;
    let count = |status: u16| tries.iter().filter(|reply| reply.status.as_u16() == status).count();
    assert_eq!((count(200), count(409)), (1, 5), "{tries:?}");
    let now = admin.get(&path).await.expect(200);
    assert_eq!((&now["state"], &now["is_locked"]), (&json!("released"), &json!(true)));
    assert_eq!(now["validation_errors"]["errors"][0]["type"], "missing_item");
    assert_eq!(now["snapshot"], made["snapshot"], "what is deleted stays in the baseline");
    let again = admin.post(&format!("{path}/validate"), &json!({})).await.expect(200);
    assert_eq!(again["validated_at"], now["validated_at"], "nothing of a released one changes");
}

async fn released_baselines_are_found_by_their_date(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let top = add_part(admin, "TOP").await;
    for (name, date) in [("spring", "2026-03-01T00:00:00Z"), ("summer", "2026-06-01T00:00:00Z")] {
        let body = json!({"name": name, "root_item_id": top, "effective_at": date, "state": "released"});
        assert_eq!(make(admin, body).await["is_locked"], true);
    }
    make(admin, json!({"name": "draft", "root_item_id": top, "effective_at": "2026-04-01T00:00:00Z"})).await;
    let find =
        async |date: &str| admin.get(&format!("/baselines/effective?root_item_id={top}&target_date={date}")).await;
    assert_eq!(find("2026-05-01").await.expect(200)["name"], "spring");
    assert_eq!(find("2026-06-01T00:00:00Z").await.expect(200)["name"], "summer");
    find("2026-02-28").await.expect(404);
    find("yesterday").await.expect(422);
    admin.get(&format!("/baselines/effective?item_id={top}")).await.expect(422);
}

async fn two_baselines_are_compared_member_by_member(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { top, mid, leaf } = product(admin).await;
    let a = make(admin, json!({"name": "A", "root_item_id": top})).await;
    let same = make(admin, json!({"name": "Same", "root_item_id": top})).await;
    let extra = add_part(admin, "EXTRA").await;
    add_line(admin, &mid, &extra).await;
    admin.delete(&format!("/bom/{top}/children/{leaf}")).await.expect(200);
    let tree = admin.get(&format!("/bom/{mid}/tree")).await.expect(200);
    let line = tree["children"].as_array().unwrap().iter().find(|line| line["child"]["id"] == json!(leaf)).unwrap();
    let update = json!({"type": "Part BOM", "action": "update", "id": line["relationship"]["id"], "properties": {"quantity": 9}});
    admin.post("/aml/apply", &update).await.expect(200);
    let b = make(admin, json!({"name": "B", "root_item_id": top})).await;

    let compare = async |a: &Value, b: &Value| {
        let body = json!({"baseline_a_id": id(a), "baseline_b_id": id(b)});
        admin.post("/baselines/compare-baselines", &body).await.expect(200)
    };
    let equal = compare(&a, &same).await;
    assert_eq!(equal["summary"], json!({"added": 0, "removed": 0, "changed": 0, "unchanged": 4}));
    let found = compare(&a, &b).await;
    assert_eq!(found["summary"], json!({"added": 1, "removed": 1, "changed": 1, "unchanged": 2}));
    assert_eq!(found["details"]["added"][0]["item_number"], "EXTRA");
    assert_eq!(found["details"]["removed"][0]["item_number"], "LEAF");
    let changed = &found["details"]["changed"][0];
    assert_eq!(changed["changed_fields"], json!(["quantity"]));
    assert_eq!((&changed["before"]["quantity"], &changed["after"]["quantity"]), (&json!("3.0"), &json!("9.0")));

    let path = format!("/baselines/comparisons/{}", found["comparison_id"].as_str().unwrap());
    let details = admin.get(&format!("{path}/details?limit=1&offset=1")).await.expect(200);
    assert_eq!((&details["total"], details["items"].as_array().unwrap().len()), (&json!(3), 1));
    let removed = admin.get(&format!("{path}/details?change_type=removed")).await.expect(200);
    assert_eq!(removed["total"], 1);
    admin.get(&format!("{path}/details?change_type=lost")).await.expect(400);
    let sheet = admin.get(&format!("{path}/export")).await;
    assert!(sheet.text.lines().count() == 4 && sheet.text.starts_with("change_type,level"), "{sheet:?}");
    admin.get(&format!("{path}/export?export_format=doc")).await.expect(400);
    admin.get("/baselines/comparisons/none/details").await.expect(404);
}

async fn lists_are_filtered_and_paged(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (one, two) = (add_part(admin, "ONE").await, add_part(admin, "TWO").await);
    for (name, root, kind) in [("a", &one, "design"), ("b", &one, "bom"), ("c", &two, "design")] {
        make(admin, json!({"name": name, "root_item_id": root, "baseline_type": kind})).await;
    }
    let names = async |query: &str| {
        let found = admin.get(&format!("/baselines?{query}")).await.expect(200);
        let names: Vec<Value> = found["items"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
        json!([found["total"], names])
    };
    assert_eq!(names("").await, json!([3, ["c", "b", "a"]]));
    assert_eq!(names("baseline_type=design").await, json!([2, ["c", "a"]]));
    assert_eq!(names(&format!("root_item_id={one}&limit=1&offset=1")).await, json!([2, ["a"]]));
    assert_eq!(names("state=released").await, json!([0, []]));
    assert_eq!(names("root_item_id=nothing").await, json!([0, []]));
    let shown = admin.get("/baselines?include_snapshot=true&limit=1").await.expect(200);
    assert_eq!(shown["items"][0]["snapshot"]["item_number"], "TWO");
    admin.get("/baselines?limit=501").await.expect(422);
    admin.get("/baselines?effective_from=x").await.expect(422);
}

async fn documents_and_relationships_are_listed_on_demand(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { top, .. } = product(admin).await;
    let file = bring(admin, "drawing.txt", b"lines").await;
    let attach = json!({"item_id": top, "file_id": file, "file_role": "drawing"});
    admin.post("/file/attach", &attach).await.expect(200);
    let body = json!({"name": "B", "root_item_id": top, "include_documents": true, "include_relationships": true});
    let made = make(admin, body).await;
    let listed = admin.get(&format!("/baselines/{}/members", id(&made))).await.expect(200);
    let kinds: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|row| row["member_type"].as_str().unwrap()).collect();
    let count = |kind: &str| kinds.iter().filter(|one| **one == kind).count();
    assert_eq!((count("item"), count("relationship"), count("document")), (4, 3, 1), "{kinds:?}");
    assert_eq!(listed["items"][1]["document_id"], json!(file));
}

async fn what_may_not_be_read_is_left_out(at: Installation) {
    let world = World::start(at).await;
    let Product { top, mid, .. } = product(&world.admin).await;
    let made = make(&world.admin, json!({"name": "B", "root_item_id": top})).await;
    let reader = world.user("reader", &["engineer"]).await;
    hide(&world.at, &[&mid]).await;
    let path = format!("/baselines/{}", id(&made));
    let seen = reader.get(&path).await.expect(200);
    assert_eq!(outline(&seen["snapshot"]), json!(["TOP", "TOP", [[1.0, ["LEAF", "LEAF", []]]]]));
    let listed = reader.get(&format!("{path}/members")).await.expect(200);
    assert!(!listed.to_string().contains(&format!("\"item_id\":\"{mid}\"")), "{listed}");
    hide(&world.at, &[&top]).await;
    reader.get(&path).await.expect(404);
    assert_eq!(reader.get("/baselines").await.expect(200)["total"], 0);
    reader.post("/baselines", &json!({"name": "C", "root_item_id": top})).await.expect(404);
    assert_eq!(outline(&world.admin.get(&path).await.expect(200)["snapshot"])[2].as_array().unwrap().len(), 2);
}

async fn a_number_is_given_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let top = add_part(admin, "TOP").await;
    let body = json!({"name": "B", "root_item_id": top, "baseline_number": "BL-1"});
    let tries = join_all((0..8).map(|_| admin.post("/baselines", &body))).await;
    let count = |status: u16| tries.iter().filter(|reply| reply.status.as_u16() == status).count();
    assert_eq!((count(200), count(409)), (1, 7), "{tries:?}");
}

async fn bad_requests_name_what_is_wrong(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let top = add_part(admin, "TOP").await;
    admin.post("/baselines", &json!({"name": "B"})).await.expect(400);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(201))),
        ("max_levels", json!(51)),
        ("max_levels", json!(-2)),
        ("effective_at", json!("soon")),
        ("state", json!("final")),
        ("line_key", json!("")),
    ] {
        let mut body = json!({"name": "B", "root_item_id": top});
        body[field] = value;
        let refused = admin.post("/baselines", &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", field]), "{refused}");
    }
    admin.post("/baselines", &json!({"name": "B", "root_item_id": "none"})).await.expect(404);
    for path in ["", "/members", "/release-diagnostics"] {
        let refused = admin.get(&format!("/baselines/none{path}")).await.expect(404);
        assert_eq!(refused["detail"], "Baseline none not found");
    }
}

async fn a_baseline_is_compared_with_what_became_of_it(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { top, mid, leaf } = product(admin).await;
    let made = make(admin, json!({"name": "B", "root_item_id": top, "include_substitutes": true})).await;
    let path = format!("/baselines/{}/compare", id(&made));
    let compare =
        async |kind: &str, target: &str| admin.post(&path, &json!({"target_type": kind, "target_id": target})).await;
    let none = compare("item", &top).await.expect(200);
    for kind in ["added", "removed", "changed"] {
        assert_eq!(none["summary"][kind], 0, "{none}");
    }

    let extra = add_part(admin, "EXTRA").await;
    add_line(admin, &top, &extra).await;
    admin.delete(&format!("/bom/{mid}/children/{leaf}")).await.expect(200);
    let tree = admin.get(&format!("/bom/{top}/tree?depth=1")).await.expect(200);
    let line = tree["children"].as_array().unwrap().iter().find(|line| line["child"]["id"] == json!(mid)).unwrap();
    let update = json!({"type": "Part BOM", "action": "update", "id": line["relationship"]["id"], "properties": {"quantity": 5}});
    admin.post("/aml/apply", &update).await.expect(200);
    let found = compare("item", &top).await.expect(200);
    assert_eq!(found["summary"]["added"], 1, "{found}");
    assert_eq!(found["added"][0]["child_id"], json!(extra));
    assert_eq!(found["removed"][0]["child_id"], json!(leaf));
    assert_eq!(found["added"][0]["parent_config_id"], tree["config_id"], "the root is named by what it is");
    let changed = &found["changed"][0];
    assert_eq!((&changed["before"]["quantity"], &changed["after"]["quantity"]), (&json!(2.0), &json!(5.0)));
    assert_eq!(changed["severity"], "major");

    let later = make(admin, json!({"name": "Later", "root_item_id": top})).await;
    let kept = compare("baseline", &id(&later)).await.expect(200);
    assert_eq!(kept["summary"], found["summary"]);
    let many = json!({"sides": [
        {"type": "baseline", "id": id(&made)}, {"type": "baseline", "id": id(&later)}, {"type": "item", "id": top},
    ]});
    let many = admin.post("/bom/compare/many", &many).await.expect(200);
    assert!(!many["rows"].as_array().unwrap().is_empty(), "{many}");

    compare("item", "none").await.expect(404);
    compare("baseline", "none").await.expect(404);
    let refused = compare("drawing", &top).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "target_type"]));
    let key = json!({"target_type": "item", "target_id": top, "line_key": "colour"});
    let refused = admin.post(&path, &key).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "line_key"]));
    let empty = make(admin, json!({"name": "E", "root_item_id": top, "auto_populate": false})).await;
    let nothing = json!({"target_type": "item", "target_id": top});
    admin.post(&format!("/baselines/{}/compare", id(&empty)), &nothing).await.expect(400);
}
