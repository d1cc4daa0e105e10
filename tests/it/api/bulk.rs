//! Many items in one call.

use serde_json::{Value, json};

use crate::support::client::{Client, Reply};
use crate::support::world::{World, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_thousand_items_are_added_at_once,
    items_refer_to_each_other_by_labels,
    a_failure_leaves_nothing_and_names_the_item,
    changes_and_additions_are_applied_in_order,
    drawn_numbers_pass_over_given_ones,
    two_who_change_the_same_items_in_opposite_orders_both_do,
);

async fn bulk(client: &Client, items: Value) -> Reply {
    client.post("/aml/apply/bulk", &json!({"items": items})).await
}

fn part(number: &str) -> Value {
    json!({"type": "Part", "action": "add", "properties": {"item_number": number}})
}

async fn count(client: &Client, kind: &str) -> Value {
    client.post("/aml/query", &json!({"type": kind, "page_size": 1})).await.expect(200)["total"].clone()
}

async fn a_thousand_items_are_added_at_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let items: Vec<Value> = (0..1000).map(|index| part(&format!("P-{index:04}"))).collect();
    let added = bulk(admin, json!(items)).await.expect(200);
    assert_eq!(added["count"], 1000);
    for index in [0, 499, 500, 999] {
        let item = &added["items"][index];
        assert_eq!(
            (&item["status"], &item["properties"]["number"]),
            (&json!("created"), &json!(format!("P-{index:04}")))
        );
    }
    assert_eq!(count(admin, "Part").await, 1000);
    let drawn: Vec<Value> = (0..1000).map(|_| json!({"type": "Document", "action": "add"})).collect();
    let drawn = bulk(admin, json!(drawn)).await.expect(200);
    assert_eq!(drawn["items"][999]["properties"]["number"], "D-001000");
    // Nested ones count.
    let mut items: Vec<Value> = (0..1000).map(|index| part(&format!("Q-{index:04}"))).collect();
    items[0]["relationships"] = json!([{"type": "Part BOM", "action": "add"}]);
    let refused = bulk(admin, json!(items)).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "items"]));
    bulk(admin, json!([])).await.expect(422);
}

async fn items_refer_to_each_other_by_labels(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let line = |ends: Value| json!({"type": "Part BOM", "action": "add", "properties": ends});
    let items = json!([
        {"type": "Part", "action": "add", "id": "@leg", "properties": {"item_number": "LEG"}},
        {"type": "Part", "action": "add", "id": "@table", "properties": {"item_number": "TABLE"}, "relationships": [
            {"type": "Part BOM", "action": "add", "id": "@line", "properties": {"related_id": "@leg", "quantity": 4}},
        ]},
        {"type": "Part", "action": "add", "id": "@screw", "properties": {"item_number": "SCREW", "name": "@leg"}},
        line(json!({"source_id": "@leg", "related_id": "@screw"})),
        {"type": "Part", "action": "update", "id": "@screw", "properties": {"weight": 1}},
        {"type": "Part", "action": "update", "id": "@table", "relationships": [
            {"type": "Part BOM", "action": "update", "id": "@line", "properties": {"quantity": 3}},
        ]},
    ]);
    let added = bulk(admin, items).await.expect(200);
    let statuses: Vec<&str> =
        added["items"].as_array().unwrap().iter().map(|item| item["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["created", "created", "created", "created", "updated", "updated"]);
    let table = added["labels"]["@table"].as_str().unwrap();
    assert_eq!(added["items"][1]["id"], json!(table));
    let tree = admin.get(&format!("/bom/{table}/tree")).await.expect(200);
    let leg = &tree["children"][0];
    assert_eq!((&leg["relationship"]["quantity"], &leg["child"]["item_number"]), (&json!(3.0), &json!("LEG")));
    let screw = &leg["child"]["children"][0]["child"];
    assert_eq!((&screw["weight"], &screw["name"]), (&json!(1.0), &json!("@leg")), "a text is a text");
    // One item with its lines may use them too.
    let nested = json!({"type": "Part", "action": "add", "id": "@top", "relationships": [
        {"type": "Part BOM", "action": "add", "properties": {"source_id": "@top", "related_id": table}},
    ]});
    admin.post("/aml/apply", &nested).await.expect(200);

    for (items, loc) in [
        (
            json!([line(json!({"source_id": "@a", "related_id": table}))]),
            json!(["body", "items", "0", "properties", "source_id"]),
        ),
        (
            json!([
                line(json!({"source_id": table, "related_id": "@late"})),
                {"type": "Part", "action": "add", "id": "@late"},
            ]),
            json!(["body", "items", "0", "properties", "related_id"]),
        ),
        (
            json!([{"type": "Part", "action": "add", "id": "@x"}, {"type": "Part", "action": "add", "id": "@x"}]),
            json!(["body", "items", "1", "id"]),
        ),
        (json!([{"type": "Part", "action": "add", "id": "@"}]), json!(["body", "items", "0", "id"])),
        (json!([{"type": "Part", "action": "delete", "id": "@x"}]), json!(["body", "items", "0", "id"])),
    ] {
        let refused = bulk(admin, items.clone()).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], loc, "{items}");
    }
}

async fn a_failure_leaves_nothing_and_names_the_item(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "TAKEN").await;
    let missing = "00000000-0000-4000-8000-000000000000";
    let good: Vec<Value> = (0..4).map(|index| part(&format!("G{index}"))).collect();
    let with = |bad: Value| {
        let mut items = good.clone();
        items.insert(3, bad);
        json!(items)
    };
    let nested = json!({"type": "Part", "action": "add", "relationships": [
        {"type": "Part BOM", "action": "add", "properties": {"related_id": missing, "quantity": 0}},
    ]});
    let problems = [
        (
            json!({"type": "Part", "action": "add", "properties": {"cost": "cheap"}}),
            json!(["body", "items", "3", "properties", "cost"]),
        ),
        (json!({"type": "Part", "action": "update", "properties": {}}), json!(["body", "items", "3", "id"])),
        (json!({"type": "Part", "action": "get"}), json!(["body", "items", "3", "action"])),
        (json!({"type": "Part", "action": "explode"}), json!(["body", "items", "3", "action"])),
        (json!({"action": "add"}), json!(["body", "items", "3", "type"])),
        (
            json!({"type": "Part", "action": "update", "id": missing, "if_match": "x"}),
            json!(["body", "items", "3", "if_match"]),
        ),
    ];
    for (bad, loc) in problems {
        let refused = bulk(admin, with(bad.clone())).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], loc, "{bad} {refused}");
    }
    let taken = bulk(admin, with(part("TAKEN"))).await.expect(409);
    let details = json!({"resource": "Part", "number": "TAKEN", "index": 3});
    assert_eq!((&taken["detail"]["code"], &taken["detail"]["details"]), (&json!("DUPLICATE_NUMBER"), &details));
    let twice = bulk(admin, with(part("G1"))).await.expect(409);
    assert_eq!(twice["detail"]["details"], json!({"resource": "Part", "number": "G1", "index": 3}));
    let gone = bulk(admin, with(json!({"type": "Part", "action": "delete", "id": missing}))).await.expect(404);
    assert_eq!(gone["detail"], json!(format!("Item {missing} not found (index: 3)")));
    bulk(admin, with(nested)).await.expect(404);
    bulk(admin, with(json!({"type": "Nothing", "action": "add"}))).await.expect(404);
    assert_eq!(count(admin, "Part").await, 1, "all or nothing");
    // The transaction goes on after the many were refused and the one was found.
    bulk(admin, json!(good)).await.expect(200);
    assert_eq!(count(admin, "Part").await, 5);
}

async fn changes_and_additions_are_applied_in_order(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let old = add_part(admin, "OLD").await;
    let items = json!([
        part("A"),
        {"type": "Part", "action": "update", "id": old, "properties": {"item_number": "NEW"}},
        part("OLD"),
        {"type": "Part", "action": "promote", "id": old, "properties": {"state": "Review"}},
        {"type": "Part", "action": "add", "id": "@gone", "properties": {"item_number": "GONE"}},
        {"type": "Part", "action": "delete", "id": "@gone"},
        part("GONE"),
    ]);
    let applied = bulk(admin, items).await.expect(200);
    let done: Vec<Value> = applied["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| json!([item["status"], item["properties"]["number"]]))
        .collect();
    let expected = json!([
        ["created", "A"],
        ["updated", "NEW"],
        ["created", "OLD"],
        ["promoted", "NEW"],
        ["created", "GONE"],
        ["deleted", "GONE"],
        ["created", "GONE"],
    ]);
    assert_eq!(json!(done), expected);
}

async fn drawn_numbers_pass_over_given_ones(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let draw = json!({"type": "Part", "action": "add"});
    let items = json!([part("P-000001"), draw, draw, part("P-000004"), draw]);
    let added = bulk(admin, items).await.expect(200);
    let numbers: Vec<&Value> =
        added["items"].as_array().unwrap().iter().map(|item| &item["properties"]["number"]).collect();
    assert_eq!(json!(numbers), json!(["P-000001", "P-000002", "P-000003", "P-000004", "P-000005"]));
}

async fn two_who_change_the_same_items_in_opposite_orders_both_do(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let items: Vec<Value> = (0..40).map(|index| part(&format!("P-{index:02}"))).collect();
    let added = bulk(admin, json!(items)).await.expect(200);
    let ids: Vec<&Value> = added["items"].as_array().unwrap().iter().map(|item| &item["id"]).collect();
    for round in 0..5 {
        let change = |id: &&Value, who: &str| {
            let properties = json!({"name": format!("{who} {round}")});
            json!({"type": "Part", "action": "update", "id": id, "properties": properties})
        };
        let down: Vec<Value> = ids.iter().map(|id| change(id, "one")).collect();
        let up: Vec<Value> = ids.iter().rev().map(|id| change(id, "other")).collect();
        let (one, other) = futures::join!(bulk(admin, json!(down)), bulk(admin, json!(up)));
        one.expect(200);
        other.expect(200);
    }
}
