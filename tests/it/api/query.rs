//! Finding items by conditions.

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::database::{declare, hide};
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    every_operator_works_on_every_data_type,
    fields_of_every_item_are_looked_at,
    names_of_properties_are_names_whatever_they_contain,
    a_condition_that_makes_no_sense_names_its_place,
    an_order_puts_numbers_before_texts_and_the_missing_last,
    pages_and_totals_hold_what_the_caller_may_read,
    items_are_expanded_without_what_is_hidden,
    an_expansion_is_bounded,
    what_is_referred_to_is_not_deleted,
    of_a_deletion_and_a_reference_at_once_one_stands,
);

async fn add(client: &Client, kind: &str, properties: Value) -> String {
    id(&client.post("/aml/apply", &json!({"type": kind, "action": "add", "properties": properties})).await.expect(200))
}

/// The numbers of the parts that conditions find, in the order of their ids.
async fn found(client: &Client, conditions: &Value) -> Value {
    let found = client.post("/aml/query", &json!({"type": "Part", "where": conditions})).await.expect(200);
    assert_eq!(found["total"], found["count"], "{conditions}");
    numbers(&found)
}

fn numbers(found: &Value) -> Value {
    found["items"].as_array().unwrap().iter().map(|item| item["number"].clone()).collect()
}

async fn every_operator_works_on_every_data_type(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let types = [
        ("count", "integer"),
        ("critical", "boolean"),
        ("due", "date"),
        ("at", "datetime"),
        ("drawing", "item"),
        ("unit", "unit"),
        ("length", "quantity"),
        ("tags", "json"),
    ];
    declare(&world.at, "Part", &types).await;
    let drawing = add(admin, "Document", json!({"doc_number": "D"})).await;
    let a = json!({
        "item_number": "A", "name": "Leg 腿", "cost": 1.5, "count": 9, "critical": true, "due": "2026-02-01",
        "at": "2026-02-01T08:00:00Z", "drawing": drawing, "unit": "kg", "length": 0.3, "tags": ["x", 1, true], "free": 10,
    });
    let b = json!({
        "item_number": "B", "name": "leg 10%_", "cost": 10, "count": 10, "critical": false, "due": "2026-10-01",
        "at": "2026-02-01T08:00:00.5Z", "unit": "M", "length": 3, "tags": {"x": 1}, "free": "10",
    });
    for properties in [a, b, json!({"item_number": "C"})] {
        add(admin, "Part", properties).await;
    }
    let (one, two, none, all) = (json!(["A"]), json!(["B"]), json!([]), json!(["A", "B", "C"]));
    let (both, not_one, not_two, third) = (json!(["A", "B"]), json!(["B", "C"]), json!(["A", "C"]), json!(["C"]));
    let table = [
        // Texts.
        (json!({"name": "Leg 腿"}), &one),
        (json!({"name": "leg 腿"}), &none),
        (json!({"name": {"ne": "Leg 腿"}}), &not_one),
        (json!({"name": {"gt": "Leg"}}), &both),
        (json!({"name": {"gt": "a"}}), &two),
        (json!({"name": {"le": "Leg 腿"}}), &one),
        (json!({"name": {"in": ["leg 10%_", "x"]}}), &two),
        (json!({"name": {"nin": ["leg 10%_", "x"]}}), &not_two),
        (json!({"name": {"in": []}}), &none),
        (json!({"name": {"nin": []}}), &all),
        (json!({"name": {"in": [null, "Leg 腿"]}}), &not_two),
        (json!({"name": {"like": "leg*"}}), &both),
        (json!({"name": {"like": "%10\\%_"}}), &two),
        (json!({"name": {"like": "LEG ?"}}), &one),
        (json!({"name": {"contains": "EG "}}), &both),
        (json!({"name": {"contains": "%_"}}), &two),
        (json!({"name": {"contains": "*"}}), &none),
        (json!({"name": {"starts_with": "LEG 1"}}), &two),
        (json!({"name": {"null": true}}), &third),
        (json!({"name": {"null": false}}), &both),
        (json!({"name": null}), &third),
        (json!({"name": {"ne": null}}), &both),
        (json!({"name": {"between": ["Leg", "Leh"]}}), &one),
        // Numbers.
        (json!({"cost": 1.5}), &one),
        (json!({"cost": "10"}), &two),
        (json!({"cost": {"gt": 5}}), &two),
        (json!({"cost": {"ge": "1.5"}}), &both),
        (json!({"cost": {"lt": 10, "gt": 1}}), &one),
        (json!({"cost": {"between": [1.5, 9.99]}}), &one),
        (json!({"cost": {"in": [10.0, 3]}}), &two),
        (json!({"cost": {"ne": 10}}), &not_two),
        (json!({"count": {"gt": 9}}), &two),
        (json!({"count": {"ge": 9.5}}), &two),
        (json!({"count": {"lt": "10"}}), &one),
        (json!({"length": 0.3}), &one),
        (json!({"length": {"between": [0.3, 3]}}), &both),
        // true and false.
        (json!({"critical": true}), &one),
        (json!({"critical": "false"}), &two),
        (json!({"critical": {"ne": true}}), &not_one),
        (json!({"critical": {"in": [true, null]}}), &not_two),
        // Days, times, references, units.
        (json!({"due": {"lt": "2026-03-01"}}), &one),
        (json!({"due": {"between": ["2026-02-01", "2026-10-01"]}}), &both),
        (json!({"at": "2026-02-01T09:00:00+01:00"}), &one),
        (json!({"at": {"gt": "2026-02-01T08:00:00Z"}}), &two),
        (json!({"at": {"le": "2026-02-01T08:00:00.499Z"}}), &one),
        (json!({"at": {"ge": "2026-02-01T08:00:00.500Z"}}), &two),
        (json!({"drawing": drawing.to_uppercase()}), &one),
        (json!({"drawing": {"ne": drawing}}), &not_one),
        (json!({"unit": "KG"}), &one),
        (json!({"unit": {"in": ["kg", "m"]}}), &both),
        // Lists and objects.
        (json!({"tags": ["x", 1.0, true]}), &one),
        (json!({"tags": ["x", true, 1]}), &none),
        (json!({"tags": {"eq": {"x": 1.0}}}), &two),
        (json!({"tags": {"contains": "x"}}), &one),
        (json!({"tags": {"contains": 1}}), &one),
        (json!({"tags": {"contains": true}}), &one),
        (json!({"tags": {"contains": false}}), &none),
        // What is not declared: by the kind of the value.
        (json!({"free": 10.0}), &one),
        (json!({"free": "10"}), &two),
        (json!({"free": {"ge": 2}}), &one),
        (json!({"free": {"ge": "0"}}), &two),
        (json!({"free": {"in": [10, "10", true]}}), &both),
        (json!({"free": {"contains": "1"}}), &two),
        // Together.
        (json!({}), &all),
        (json!({"and": [{"cost": {"gt": 1}}, {"cost": {"lt": 5}}]}), &one),
        (json!({"or": [{"cost": 10}, {"name": null}]}), &not_one),
        (json!({"or": []}), &none),
        (json!({"not": {"cost": {"gt": 5}}}), &not_two),
        (json!({"not": {"not": {"cost": {"gt": 5}}}}), &two),
        (json!({"not": {}}), &none),
        (json!({"cost": {"gt": 1}, "not": {"name": {"starts_with": "leg"}, "critical": true}}), &two),
    ];
    for (conditions, expected) in table {
        assert_eq!(found(admin, &conditions).await, *expected, "{conditions}");
    }
}

async fn fields_of_every_item_are_looked_at(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (a, b) = (add_part(admin, "A").await, add_part(admin, "B").await);
    let line = add_line(admin, &a, &b).await["relationship_id"].clone();
    let promote = json!({"type": "Part", "action": "promote", "id": b, "properties": {"state": "Review"}});
    admin.post("/aml/apply", &promote).await.expect(200);
    let created = admin.get(&format!("/aml/Part/{a}")).await.expect(200)["created_at"].clone();
    let (one, two, none, both) = (json!(["A"]), json!(["B"]), json!([]), json!(["A", "B"]));
    let table = [
        (json!({"id": a}), &one),
        (json!({"id": {"in": [a, b]}}), &both),
        (json!({"id": {"ne": a}}), &two),
        (json!({"number": "A"}), &one),
        (json!({"item_number": {"gt": "A"}}), &two),
        (json!({"number": {"like": "?"}}), &both),
        (json!({"state": "Review"}), &two),
        (json!({"state": {"in": ["Draft", "Released"]}}), &one),
        (json!({"state": {"like": "dr*"}}), &one),
        (json!({"state": {"gt": "Draft"}}), &two),
        (json!({"generation": 1}), &both),
        (json!({"generation": {"gt": "1"}}), &none),
        (json!({"is_current": true}), &both),
        (json!({"created_at": created}), &one),
        (json!({"created_on": {"gt": created}}), &two),
        (json!({"created_at": {"between": ["2000-01-01", "2999-01-01"]}}), &both),
        (json!({"updated_at": null}), &one),
        (json!({"modified_on": {"null": false}}), &two),
        (json!({"created_by_id": 1}), &both),
        (json!({"modified_by_id": {"ne": null}}), &two),
        (json!({"owner_id": {"null": false}}), &none),
        (json!({"source_id": {"null": true}}), &both),
        (json!({"properties.state": {"null": true}}), &both),
        (json!({"properties.item_number": "A"}), &one),
    ];
    for (conditions, expected) in table {
        assert_eq!(found(admin, &conditions).await, *expected, "{conditions}");
    }
    for conditions in [json!({"source_id": a}), json!({"related_id": {"in": [b]}}), json!({"quantity": {"le": 1}})] {
        let lines = admin.post("/aml/query", &json!({"type": "Part BOM", "where": conditions})).await.expect(200);
        assert_eq!((&lines["total"], &lines["items"][0]["id"]), (&json!(1), &line), "{conditions}");
        assert_eq!(lines["items"][0]["source_id"], json!(a));
    }
    let by_ends = json!({"type": "Part BOM", "properties": {"source_id": a, "related_id": b}});
    assert_eq!(admin.post("/aml/apply", &by_ends).await.expect(200)["count"], 1);
    let by_id = admin.post("/aml/query", &json!({"type": "Part", "id": a, "select": ["name"]})).await.expect(200);
    assert_eq!((&by_id["total"], &by_id["items"][0]["properties"]), (&json!(1), &json!({"name": "A"})));
}

async fn names_of_properties_are_names_whatever_they_contain(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let names = [
        "a'b",
        "a\"b",
        "a\\b",
        "a.b",
        "a[0]",
        "$",
        "$.a",
        "腿",
        "a b",
        "a--",
        "') OR (1=1",
        "a:b",
        "{a}",
        "a?",
        "$1",
        "0",
        "#-1",
        "é",
        "a\\\"b",
        "%",
        "or'; DROP TABLE items; --",
        "properties.x",
    ];
    for (index, name) in names.iter().enumerate() {
        add(admin, "Part", json!({"item_number": format!("P{index:02}"), *name: index, "other": name})).await;
    }
    for (index, name) in names.iter().enumerate() {
        let expected = json!([format!("P{index:02}")]);
        let path = format!("properties.{name}");
        for conditions in [
            json!({&path: index}),
            json!({&path: {"ge": index}}),
            json!({&path: {"in": [index]}}),
            json!({&path: {"null": false}}),
            json!({"other": name}),
            json!({"other": {"contains": name}, &path: {"lt": index + 1}}),
        ] {
            assert_eq!(found(admin, &conditions).await, expected, "{conditions}");
        }
        let ordered = json!({"type": "Part", "order_by": [format!("{path} desc")], "page_size": 1});
        assert_eq!(numbers(&admin.post("/aml/query", &ordered).await.expect(200)), expected, "{name}");
    }
    assert_eq!(found(admin, &json!({})).await.as_array().unwrap().len(), names.len());
}

async fn a_condition_that_makes_no_sense_names_its_place(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let deep = (0..12).fold(json!({"name": "x"}), |inner, _| json!({"not": inner}));
    let many: Value = (0..101).map(|index| (format!("p{index}"), json!(1))).collect();
    let values: Vec<Value> = (0..1001).map(Value::from).collect();
    let table = [
        (json!({"where": {"cost": {"gt": "cheap"}}}), json!(["body", "where", "cost", "gt"])),
        (json!({"where": {"cost": "cheap"}}), json!(["body", "where", "cost"])),
        (json!({"where": {"name": {"like": 5}}}), json!(["body", "where", "name", "like"])),
        (json!({"where": {"name": {"like": "a\\"}}}), json!(["body", "where", "name", "like"])),
        (json!({"where": {"cost": {"like": "5"}}}), json!(["body", "where", "cost", "like"])),
        (json!({"where": {"name": {"greater": 5}}}), json!(["body", "where", "name", "greater"])),
        (json!({"where": {"name": {}}}), json!(["body", "where", "name"])),
        (
            json!({"where": {"or": [{"name": "x"}, {"cost": {"in": 5}}]}}),
            json!(["body", "where", "or", "1", "cost", "in"]),
        ),
        (json!({"where": {"or": {"name": "x"}}}), json!(["body", "where", "or"])),
        (json!({"where": {"or": ["x"]}}), json!(["body", "where", "or", "0"])),
        (json!({"where": {"not": [1]}}), json!(["body", "where", "not"])),
        (json!({"where": {"cost": {"between": [1]}}}), json!(["body", "where", "cost", "between"])),
        (json!({"where": {"cost": {"between": [1, "x"]}}}), json!(["body", "where", "cost", "between", "1"])),
        (json!({"where": {"cost": {"in": [1, [2]]}}}), json!(["body", "where", "cost", "in", "1"])),
        (json!({"where": {"free": {"gt": true}}}), json!(["body", "where", "free", "gt"])),
        (json!({"where": {"free": {"gt": null}}}), json!(["body", "where", "free", "gt"])),
        (json!({"where": {"id": "x"}}), json!(["body", "where", "id"])),
        (json!({"where": {"id": {"gt": "x"}}}), json!(["body", "where", "id", "gt"])),
        (json!({"where": {"created_at": "soon"}}), json!(["body", "where", "created_at"])),
        (json!({"where": {"is_current": {"gt": true}}}), json!(["body", "where", "is_current", "gt"])),
        (json!({"where": {"generation": 1.5}}), json!(["body", "where", "generation"])),
        (json!({"where": {"name": {"null": 1}}}), json!(["body", "where", "name", "null"])),
        (json!({"where": {"name": "a\u{0}"}}), json!(["body", "where", "name"])),
        (json!({"where": {"": 1}}), json!(["body", "where", ""])),
        (json!({"where": {"cost": {"in": values}}}), json!(["body", "where", "cost", "in"])),
        (json!({"where": []}), json!(["body", "where"])),
        (json!({"order_by": ["name", ""]}), json!(["body", "order_by", "1"])),
        (json!({"order_by": vec!["name"; 9]}), json!(["body", "order_by"])),
        (json!({"page": 0}), json!(["body", "page"])),
        (json!({"page_size": 0}), json!(["body", "page_size"])),
        (json!({"page_size": 1001}), json!(["body", "page_size"])),
        (json!({"expand": ["Part"]}), json!(["body", "expand"])),
        (json!({"expand": ["Part BOM"], "depth": 11}), json!(["body", "depth"])),
        (json!({"action": "update"}), json!(["body", "action"])),
    ];
    for (mut body, loc) in table {
        body["type"] = json!("Part");
        let refused = admin.post("/aml/query", &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], loc, "{body} {refused}");
    }
    for conditions in [deep, many] {
        admin.post("/aml/query", &json!({"type": "Part", "where": conditions})).await.expect(422);
    }
    admin.post("/aml/query", &json!({"type": "Nothing"})).await.expect(404);
    let far = json!({"type": "Part", "page": i64::MAX, "page_size": 1000});
    assert_eq!(admin.post("/aml/query", &far).await.expect(200)["count"], 0);
}

async fn an_order_puts_numbers_before_texts_and_the_missing_last(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let values = [
        json!("b"),
        json!(10),
        json!(null),
        json!(9.5),
        json!("B"),
        json!(true),
        json!("腿"),
        json!([1]),
        json!("é"),
        json!(false),
    ];
    for (index, value) in values.iter().enumerate() {
        let cost = if index % 3 == 0 { Value::Null } else { json!(index % 2) };
        add(admin, "Part", json!({"item_number": format!("{index}"), "v": value, "cost": cost})).await;
    }
    let table = [
        (json!(["v"]), "3,1,4,0,8,6,9,5,2,7"),
        (json!(["-v"]), "1,3,6,8,0,4,5,9,2,7"),
        (json!(["v desc"]), "1,3,6,8,0,4,5,9,2,7"),
        (json!(["cost", "number desc"]), "8,4,2,7,5,1,9,6,3,0"),
        (json!(["-cost"]), "1,5,7,2,4,8,0,3,6,9"),
        (json!(["-created_at"]), "9,8,7,6,5,4,3,2,1,0"),
        (json!(["-number"]), "9,8,7,6,5,4,3,2,1,0"),
        (json!([]), "0,1,2,3,4,5,6,7,8,9"),
        (json!(["state", "updated_at", "id"]), "0,1,2,3,4,5,6,7,8,9"),
    ];
    for (order, expected) in table {
        let expected: Vec<&str> = expected.split(',').collect();
        let whole = admin.post("/aml/query", &json!({"type": "Part", "order_by": order})).await.expect(200);
        assert_eq!(numbers(&whole), json!(expected), "{order}");
        let mut paged = Vec::new();
        for page in 1..=4 {
            let body = json!({"type": "Part", "order_by": order, "page": page, "page_size": 3});
            let page = admin.post("/aml/query", &body).await.expect(200);
            assert_eq!(page["total"], 10);
            paged.extend(numbers(&page).as_array().cloned().unwrap());
        }
        assert_eq!(json!(paged), json!(expected), "{order} by pages");
    }
}

async fn pages_and_totals_hold_what_the_caller_may_read(at: Installation) {
    let world = World::start(at).await;
    let viewer = world.user("vera", &["viewer"]).await;
    let mut parts = Vec::new();
    for index in 0..20 {
        parts.push(add_part(&world.admin, &format!("P{index:02}")).await);
    }
    let hidden: Vec<&str> = parts.iter().step_by(2).map(String::as_str).collect();
    hide(&world.at, &hidden).await;
    let body = |page: usize| json!({"type": "Part", "order_by": ["number"], "page": page, "page_size": 4});
    let mut seen = Vec::new();
    for page in 1..=4 {
        let page = viewer.post("/aml/query", &body(page)).await.expect(200);
        assert_eq!(page["total"], 10, "what is hidden is not counted");
        seen.extend(numbers(&page).as_array().cloned().unwrap());
    }
    let expected: Vec<String> = (1..20).step_by(2).map(|index| format!("P{index:02}")).collect();
    assert_eq!(json!(seen), json!(expected));
    assert_eq!(world.admin.post("/aml/query", &body(1)).await.expect(200)["total"], 20);
    assert_eq!(found(&viewer, &json!({"id": hidden[0]})).await, json!([]));
    assert_eq!(viewer.post("/aml/apply", &json!({"type": "Part"})).await.expect(200)["count"], 10);
}

async fn items_are_expanded_without_what_is_hidden(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let viewer = world.user("vera", &["viewer"]).await;
    declare(&world.at, "Part", &[("drawing", "item")]).await;
    declare(&world.at, "Part BOM", &[("instruction", "item")]).await;
    let drawing = add(admin, "Document", json!({"doc_number": "D"})).await;
    let table = add(admin, "Part", json!({"item_number": "TABLE", "drawing": drawing})).await;
    let leg = add(admin, "Part", json!({"item_number": "LEG", "drawing": drawing})).await;
    let secret = add_part(admin, "SECRET").await;
    let screw = add_part(admin, "SCREW").await;
    let line = json!({"source_id": table, "related_id": leg, "quantity": 4, "instruction": drawing});
    add(admin, "Part BOM", line).await;
    for (parent, child) in [(&table, &secret), (&leg, &screw), (&secret, &screw)] {
        add_line(admin, parent, child).await;
    }
    hide(&world.at, &[&secret]).await;
    let get = |client: &Client, query: &str| {
        let (client, path) = (client.clone(), format!("/aml/Part/{table}?{query}"));
        async move { client.get(&path).await.expect(200) }
    };
    let children = |item: &Value| -> Value {
        item["relationships"]["Part BOM"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line["related"]["number"].clone())
            .collect()
    };
    let one = get(&viewer, "expand=Part%20BOM,drawing,instruction").await;
    assert_eq!(children(&one), json!(["LEG"]));
    assert_eq!(one["references"]["drawing"]["number"], "D");
    let line = &one["relationships"]["Part BOM"][0];
    assert_eq!(
        (&line["properties"]["quantity"], &line["source_id"], &line["related_id"]),
        (&json!(4.0), &json!(table), &json!(leg))
    );
    assert_eq!(line["related"].get("relationships"), None, "one level");
    let two = get(admin, "expand=Part%20BOM,drawing,instruction&depth=2").await;
    assert_eq!(children(&two), json!(["LEG", "SECRET"]));
    let lines = &two["relationships"]["Part BOM"];
    assert_eq!((children(&lines[0]["related"]), children(&lines[1]["related"])), (json!(["SCREW"]), json!(["SCREW"])));
    assert_eq!(lines[0]["references"]["instruction"]["number"], "D");
    assert_eq!(lines[0]["related"]["references"]["drawing"]["number"], "D");
    // What is shown is hidden again with the drawing.
    hide(&world.at, &[&drawing]).await;
    let hidden = get(&viewer, "expand=drawing").await;
    assert_eq!((hidden.get("references"), &hidden["properties"]["drawing"]), (None, &json!(drawing)));
    let lines = json!({"type": "Part BOM", "where": {"related_id": screw}, "expand": ["source_id", "related_id"]});
    let lines = viewer.post("/aml/query", &lines).await.expect(200);
    assert_eq!((&lines["total"], &lines["items"][0]["source"]["number"]), (&json!(1), &json!("LEG")));
    assert_eq!(lines["items"][0]["related"]["number"], "SCREW");
    let bare = get(&viewer, "expand=Part%20BOM&depth=10").await;
    let screw = &bare["relationships"]["Part BOM"][0]["related"]["relationships"]["Part BOM"][0]["related"];
    assert_eq!(screw["relationships"]["Part BOM"], json!([]));
    viewer.get(&format!("/aml/Part/{table}?expand=Nothing")).await.expect(422);
    viewer.get(&format!("/aml/Part/{table}?expand=drawing&depth=0")).await.expect(422);
}

async fn an_expansion_is_bounded(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    // Fourteen levels, each of two lines to the next: 2^14 ways, few items.
    let mut items = vec![json!({"type": "Part", "action": "add", "id": "@0"})];
    for level in 1..=10 {
        items.push(json!({"type": "Part", "action": "add", "id": format!("@{level}")}));
        for unit in ["EA", "KG", "M"] {
            let (source, related) = (format!("@{}", level - 1), format!("@{level}"));
            let ends = json!({"source_id": source, "related_id": related, "uom": unit});
            items.push(json!({"type": "Part BOM", "action": "add", "properties": ends}));
        }
    }
    let bulk = admin.post("/aml/apply/bulk", &json!({"items": items})).await.expect(200);
    let root = bulk["labels"]["@0"].as_str().unwrap();
    admin.get(&format!("/aml/Part/{root}?expand=Part%20BOM&depth=7")).await.expect(200);
    let refused = admin.get(&format!("/aml/Part/{root}?expand=Part%20BOM&depth=10")).await.expect(400);
    assert_eq!(refused["detail"]["code"], "EXPANSION_TOO_LARGE");
}

async fn what_is_referred_to_is_not_deleted(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    declare(&world.at, "Part", &[("drawing", "item")]).await;
    let drawing = add(admin, "Document", json!({"doc_number": "D"})).await;
    let part = add(admin, "Part", json!({"item_number": "P", "drawing": drawing})).await;
    let delete = json!({"type": "Document", "action": "delete", "id": drawing});
    let refused = admin.post("/aml/apply", &delete).await.expect(409);
    let named = json!({"id": part, "type": "Part", "number": "P", "name": null, "property": "drawing"});
    assert_eq!(refused["detail"]["code"], "ITEM_IN_USE");
    assert_eq!(refused["detail"]["details"], json!({"count": 1, "used_by": [named]}));
    admin.post("/aml/apply", &json!({"type": "Part", "action": "delete", "id": part})).await.expect(200);
    admin.post("/aml/apply", &delete).await.expect(200);
}

async fn of_a_deletion_and_a_reference_at_once_one_stands(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    declare(&world.at, "Part", &[("drawing", "item")]).await;
    let parent = add_part(admin, "PARENT").await;
    for round in 0..8 {
        let drawing = add(admin, "Document", json!({"doc_number": format!("D-{round}")})).await;
        let delete = json!({"type": "Document", "action": "delete", "id": drawing});
        let refer = json!({
            "type": "Part", "action": "add", "properties": {"item_number": format!("P-{round}"), "drawing": drawing},
        });
        let (deleted, referred) = futures::join!(admin.post("/aml/apply", &delete), admin.post("/aml/apply", &refer));
        let both = (deleted.status.as_u16(), referred.status.as_u16());
        assert!([(200, 422), (409, 200)].contains(&both), "{both:?}");

        let child = add_part(admin, &format!("C-{round}")).await;
        let delete = json!({"type": "Part", "action": "delete", "id": child});
        let ends = json!({"source_id": parent, "related_id": child});
        let line = json!({"type": "Part BOM", "action": "add", "properties": ends});
        let (deleted, added) = futures::join!(admin.post("/aml/apply", &delete), admin.post("/aml/apply", &line));
        let both = (deleted.status.as_u16(), added.status.as_u16());
        assert!([(200, 404), (409, 200)].contains(&both), "{both:?} {:?}", added);
        if both.0 == 409 {
            assert_eq!(deleted.expect(409)["detail"]["code"], "ITEM_IN_USE");
        }
    }
}
