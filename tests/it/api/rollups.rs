//! What structures weigh, cost and need; designators and changes of lines.

use serde_json::{Value, json};

use super::revisions::release;
use super::versions::{aml, check_out, code};
use crate::support::client::{Client, reply};
use crate::support::database::{change_model, hide};
use crate::support::world::{World, add_line, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    rollup_answers_as_recorded_and_writes_back,
    rollup_passes_over_what_may_not_change,
    rollup_names_what_is_missing,
    rollup_of_costs_and_of_a_date,
    rollup_shows_nothing_that_is_hidden,
    explode_flat_adds_up_each_part_once,
    refdes_that_are_not_as_many_as_the_quantity_are_warned_of,
    lines_are_changed_in_place_and_units_stay_unique,
    unit_and_quantity_of_none_only_where_the_type_allows_it,
);

async fn part(client: &Client, number: &str, properties: Value) -> String {
    let id = add_part(client, number).await;
    aml(client, "update", &id, properties).await.expect(200);
    id
}

async fn line(client: &Client, parent: &str, child: &str, quantity: f64, uom: &str) -> Value {
    let given = json!({"child_id": child, "quantity": quantity, "uom": uom});
    client.post(&format!("/bom/{parent}/children"), &given).await.expect(200)
}

async fn rollup(client: &Client, item: &str, body: Value) -> Value {
    client.post(&format!("/bom/{item}/rollup/weight"), &body).await.expect(200)
}

async fn rollup_answers_as_recorded_and_writes_back(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let root = add_part(admin, "ROOT").await;
    let one = part(admin, "ONE", json!({"weight": 2.5})).await;
    let two = part(admin, "TWO", json!({"weight": 1.0})).await;
    let lines = [line(admin, &root, &one, 2.0, "EA").await, line(admin, &root, &two, 3.0, "EA").await];
    let body =
        json!({"write_back": true, "write_back_field": "weight_rollup", "write_back_mode": "missing", "rounding": 3});
    let rolled = rollup(admin, &root, body.clone()).await;
    let expected = json!({
        "root_id": root, "weight_key": "weight", "total_weight": 8.0, "own_weight": null, "computed_weight": 8.0,
        "missing_items": [], "missing_count": 0, "is_partial": false,
    });
    assert_eq!(rolled["summary"], expected);
    let child = json!({
        "item_id": one, "item_number": "ONE", "item_name": "ONE", "own_weight": 2.5, "computed_weight": null,
        "total_weight": 2.5, "children": [], "missing_items": [], "is_partial": false,
        "relationship_id": lines[0]["relationship_id"], "quantity": 2.0, "uom": "EA", "line_weight": 5.0,
    });
    assert_eq!(rolled["tree"]["children"][0], child);
    assert_eq!(rolled["tree"]["children"][1]["line_weight"], 3.0);
    let update = |value: f64, status: &str| {
        json!([{"item_id": root, "field": "weight_rollup", "value": value, "status": status, "own_weight": null,
            "computed_weight": value}])
    };
    assert_eq!(rolled["updates"], update(8.0, "updated"));
    let stored = admin.get(&format!("/aml/Part/{root}")).await.expect(200);
    assert_eq!(stored["properties"]["weight_rollup"], 8.0);

    assert_eq!(rollup(admin, &root, body).await["updates"], update(8.0, "skipped_existing"));
    aml(admin, "update", &two, json!({"weight": 1.00049})).await.expect(200);
    let overwrite = |rounding: Value| json!({"write_back": true, "write_back_mode": "overwrite", "rounding": rounding});
    assert_eq!(rollup(admin, &root, overwrite(json!(3))).await["updates"], update(8.001, "updated"));
    assert_eq!(rollup(admin, &root, overwrite(json!(3))).await["updates"], update(8.001, "unchanged"));
    assert_eq!(rollup(admin, &root, json!({"rounding": null})).await["summary"]["total_weight"], 8.00147);
    let bare = rollup(admin, &root, json!({"include_tree": false})).await;
    assert_eq!((&bare["tree"]["children"], &bare["updates"]), (&json!([]), &json!([])));
    for bad in [
        json!({"levels": 0}),
        json!({"rounding": 11}),
        json!({"write_back_mode": "always"}),
        json!({"write_back": true, "write_back_field": "state"}),
        json!({"write_back": true, "write_back_field": "id"}),
        json!({"effective_date": "soon"}),
        json!({"weight_uom": "M"}),
    ] {
        admin.post(&format!("/bom/{root}/rollup/weight"), &bad).await.expect(422);
    }
    admin.post("/bom/no-uuid/rollup/weight", &json!({})).await.expect(404);
}

async fn rollup_passes_over_what_may_not_change(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let root = add_part(admin, "ROOT").await;
    let (locked, held, free) =
        (add_part(admin, "LOCKED").await, add_part(admin, "HELD").await, add_part(admin, "FREE").await);
    let leaf = part(admin, "LEAF", json!({"weight": 1.5})).await;
    for assembly in [&locked, &held, &free] {
        line(admin, &root, assembly, 1.0, "EA").await;
        line(admin, assembly, &leaf, 2.0, "EA").await;
    }
    release(admin, &locked).await;
    let other = world.user("erik", &["engineer"]).await;
    check_out(&other, &held).await.expect(200);
    let rolled = rollup(admin, &root, json!({"write_back": true})).await;
    let mut statuses: Vec<(String, String)> = rolled["updates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|update| (update["item_id"].as_str().unwrap().to_owned(), update["status"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(statuses[0], (root.clone(), "updated".to_owned()), "the root first");
    statuses.sort();
    let mut expected = [
        (root.clone(), "updated".to_owned()),
        (locked, "skipped_locked".to_owned()),
        (held, "skipped_checked_out".to_owned()),
        (free, "updated".to_owned()),
    ];
    expected.sort();
    assert_eq!(statuses, expected);
}

async fn rollup_names_what_is_missing(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (root, sub) = (add_part(admin, "ROOT").await, add_part(admin, "SUB").await);
    let (none, roll) = (add_part(admin, "NONE").await, part(admin, "ROLL", json!({"weight": 3.0})).await);
    let glue = add_part(admin, "GLUE").await;
    line(admin, &root, &sub, 1.0, "EA").await;
    line(admin, &sub, &none, 1.0, "EA").await;
    line(admin, &root, &none, 1.0, "EA").await;
    let by_roll = line(admin, &root, &roll, 2.0, "ROLL").await;
    line(admin, &root, &glue, 250.0, "G").await;
    let rolled = rollup(admin, &root, json!({"write_back": true})).await;
    assert_eq!((&rolled["summary"]["total_weight"], &rolled["summary"]["is_partial"]), (&json!(0.25), &json!(true)));
    let mut missing: Vec<Value> = rolled["summary"]["missing_items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|missing| json!([missing["item_number"], missing["reason"], missing["relationship_id"]]))
        .collect();
    missing.sort_by_key(ToString::to_string);
    assert_eq!(missing, [json!(["NONE", "no_value", null]), json!(["ROLL", "unit", by_roll["relationship_id"]])]);
    assert_eq!(rolled["summary"]["missing_count"], 2);
    assert_eq!(rolled["updates"][0]["status"], "skipped_partial");
}

async fn rollup_of_costs_and_of_a_date(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let root = add_part(admin, "ROOT").await;
    let bolt = part(admin, "BOLT", json!({"cost": 0.1})).await;
    let wire = part(admin, "WIRE", json!({"cost": 2.0, "uom": "M"})).await;
    line(admin, &root, &bolt, 3.0, "EA").await;
    let later = json!({"child_id": wire, "quantity": 50, "uom": "CM", "effectivity_from": "2030-01-01"});
    admin.post(&format!("/bom/{root}/children"), &later).await.expect(200);
    let path = format!("/bom/{root}/rollup/cost");
    let rolled = admin.post(&path, &json!({"write_back": true})).await.expect(200);
    assert_eq!((&rolled["summary"]["cost_key"], &rolled["summary"]["total_cost"]), (&json!("cost"), &json!(1.3)));
    assert_eq!(rolled["tree"]["children"][1]["line_cost"], 1.0);
    assert_eq!((&rolled["updates"][0]["field"], &rolled["updates"][0]["value"]), (&json!("cost_rollup"), &json!(1.3)));
    let now = admin.post(&path, &json!({"effective_date": "2029-01-01"})).await.expect(200);
    assert_eq!(now["summary"]["total_cost"], 0.3);
}

async fn rollup_shows_nothing_that_is_hidden(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let root = add_part(admin, "ROOT").await;
    let seen = part(admin, "SEEN", json!({"weight": 1.0})).await;
    let unseen = part(admin, "UNSEEN", json!({"weight": 5.0})).await;
    line(admin, &root, &seen, 1.0, "EA").await;
    line(admin, &root, &unseen, 1.0, "EA").await;
    let viewer = world.user("vera", &["viewer"]).await;
    hide(&world.at, &[&unseen]).await;
    assert_eq!(rollup(&viewer, &root, json!({})).await["summary"]["total_weight"], 1.0);
    assert_eq!(viewer.get(&format!("/bom/{root}/explode")).await.expect(200)["count"], 1);
    viewer.post(&format!("/bom/{unseen}/rollup/weight"), &json!({})).await.expect(404);
}

async fn explode_flat_adds_up_each_part_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (set, table) = (add_part(admin, "SET").await, add_part(admin, "TABLE").await);
    let (leg, glue) = (add_part(admin, "LEG").await, add_part(admin, "GLUE").await);
    line(admin, &set, &table, 2.0, "EA").await;
    line(admin, &table, &leg, 4.0, "EA").await;
    line(admin, &leg, &glue, 50.0, "G").await;
    line(admin, &table, &glue, 0.1, "KG").await;
    line(admin, &set, &leg, 1.0, "ROLL").await;
    let list = admin.get(&format!("/bom/{set}/explode")).await.expect(200);
    let row = |part: &Value| {
        json!([part["item_number"], part["quantity"], part["uom"], part["occurrences"], part["is_partial"]])
    };
    let rows: Vec<Value> = list["items"].as_array().unwrap().iter().map(row).collect();
    // The leg that comes by the roll cannot be added, nor can the glue on it.
    let expected = [
        json!(["LEG", "8", "EA", 2, true]),
        json!(["TABLE", "2", "EA", 1, false]),
        json!(["GLUE", "0.6", "KG", 3, true]),
    ];
    assert_eq!(rows, expected);
    assert_eq!((&list["count"], &list["levels"], &list["is_partial"]), (&json!(3), &json!(10), &json!(true)));
    let gap = &list["unconverted"][0];
    assert_eq!((&gap["uom"], &gap["wanted_uom"], &gap["reason"]), (&json!("ROLL"), &json!("EA"), &json!("unit")));
    assert_eq!((&gap["parent_id"], &gap["child_id"]), (&json!(set), &json!(leg)));
    let one = admin.get(&format!("/bom/{set}/explode?levels=1")).await.expect(200);
    assert_eq!(one["count"], 2);
    for bad in ["levels=0", "levels=101", "effective_date=soon", "config=red"] {
        admin.get(&format!("/bom/{set}/explode?{bad}")).await.expect(422);
    }
    admin.get("/bom/no-uuid/explode").await.expect(404);
}

async fn refdes_that_are_not_as_many_as_the_quantity_are_warned_of(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (board, resistor) = (add_part(admin, "BOARD").await, add_part(admin, "R").await);
    let path = format!("/bom/{board}/children");
    let given = json!({"child_id": resistor, "quantity": 5, "refdes": "R1-R5, R7"});
    let added = admin.post(&path, &given).await.expect(200);
    assert_eq!(added["warnings"], json!(["There are 6 reference designators, and the quantity is 5"]));
    let line = format!("{path}/{resistor}");
    let changed = admin.patch(&line, &json!({"quantity": 6})).await.expect(200);
    assert_eq!((&changed["warnings"], &changed["properties"]["quantity"]), (&json!([]), &json!(6.0)));
    let changed = admin.patch(&line, &json!({"refdes": "R1-R5 R5"})).await.expect(200);
    assert_eq!(changed["warnings"].as_array().unwrap().len(), 2);
    let changed = admin.patch(&line, &json!({"refdes": "R5-R1"})).await.expect(200);
    assert!(changed["warnings"][0].as_str().unwrap().contains("not understood"), "{changed}");
    let changed = admin.patch(&line, &json!({"refdes": null})).await.expect(200);
    assert_eq!((&changed["warnings"], changed["properties"].get("refdes")), (&json!([]), None));
}

async fn lines_are_changed_in_place_and_units_stay_unique(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (board, wire) = (add_part(admin, "BOARD").await, add_part(admin, "WIRE").await);
    let added = line(admin, &board, &wire, 1.0, "M").await;
    let path = format!("/bom/{board}/children/{wire}");
    let given = json!({"quantity": 2.5, "find_num": "10", "effectivity_from": "2026-01-01", "extra_properties": {"color": "red"}});
    let changed = admin.patch(&path, &given).await.expect(200);
    assert_eq!((&changed["relationship_id"], &changed["child_id"]), (&added["relationship_id"], &json!(wire)));
    assert!(changed["effectivity_id"].is_string(), "{changed}");
    let expected = json!({"quantity": 2.5, "uom": "M", "find_num": "10", "effectivity_from": "2026-01-01T00:00:00Z", "color": "red"});
    assert_eq!(changed["properties"], expected);

    let with =
        |tag: &str| admin.request(reqwest::Method::PATCH, &path).header("If-Match", tag).json(&json!({"quantity": 3}));
    reply(with(changed["etag"].as_str().unwrap())).await.expect(200);
    assert_eq!(code(reply(with(changed["etag"].as_str().unwrap())).await), "STALE_ITEM");
    reply(with("nonsense")).await.expect(422);

    line(admin, &board, &wire, 1.0, "EA").await;
    admin.patch(&path, &json!({"quantity": 1})).await.expect(400);
    let taken = admin.patch(&format!("{path}?uom=m"), &json!({"uom": "EA"})).await.expect(400);
    assert_eq!(taken, json!({"detail": format!("BOM relationship already exists: {board} -> {wire} (uom=EA)")}));
    admin.patch(&format!("{path}?uom=m"), &json!({"uom": "CM", "find_num": null})).await.expect(200);
    admin.patch(&format!("{path}?uom=m"), &json!({"quantity": 1})).await.expect(404);
    for bad in [json!({"quantity": 0}), json!({"quantity": null}), json!({"quantity": "many"}), json!({"uom": ""})] {
        admin.patch(&format!("{path}?uom=cm"), &bad).await.expect(422);
    }
    release(admin, &board).await;
    let locked = admin.patch(&format!("{path}?uom=cm"), &json!({"quantity": 1})).await.expect(409);
    assert_eq!(locked, json!({"detail": "Item is locked in state 'Released'"}));
    admin.patch(&format!("/bom/{board}/children/no-uuid"), &json!({"quantity": 1})).await.expect(404);
}

async fn unit_and_quantity_of_none_only_where_the_type_allows_it(at: Installation) {
    let World { admin, at, .. } = &World::start(at).await;
    let (kit, manual) = (add_part(admin, "KIT").await, add_part(admin, "MANUAL").await);
    let none = json!({"child_id": manual, "quantity": 0});
    admin.post(&format!("/bom/{kit}/children"), &none).await.expect(422);
    let allow = "UPDATE properties SET minimum = 0 WHERE item_type_id = 'Part BOM' AND name = 'quantity'";
    change_model(at, &[(allow, Vec::new())]).await;
    admin.post(&format!("/bom/{kit}/children"), &none).await.expect(200);
    let less = json!({"child_id": manual, "quantity": -1, "uom": "KG"});
    admin.post(&format!("/bom/{kit}/children"), &less).await.expect(422);
    let list = admin.get(&format!("/bom/{kit}/explode")).await.expect(200);
    assert_eq!(list["items"][0]["quantity"], "0");
    add_line(admin, &manual, &add_part(admin, "PAGE").await).await;
}
