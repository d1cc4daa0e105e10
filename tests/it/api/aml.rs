//! Items through AML.

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    an_item_is_added_got_changed_and_deleted,
    numbers_are_drawn_and_a_taken_one_is_refused,
    sixty_four_writers_draw_no_number_twice,
    relationships_nest_in_one_transaction,
    a_failure_in_a_nested_relationship_leaves_nothing,
    values_that_do_not_fit_name_their_field,
    items_are_found_by_their_properties,
    properties_are_equal_in_kind_and_content,
    a_get_is_bounded_and_says_so,
    a_filter_that_makes_no_sense_is_refused,
    a_number_is_the_same_however_it_is_typed,
    an_update_that_changes_nothing_leaves_no_trace,
    a_line_of_another_item_is_not_touched,
    given_and_drawn_numbers_do_not_wait_for_each_other,
    what_is_used_elsewhere_is_not_deleted,
    items_are_promoted_and_released_ones_are_locked,
    concurrent_changes_of_different_properties_are_all_kept,
    metadata_describes_a_type,
);

async fn apply(client: &Client, body: Value) -> Value {
    client.post("/aml/apply", &body).await.expect(200)
}

async fn an_item_is_added_got_changed_and_deleted(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let properties = json!({"item_number": "腿-1", "name": "Leg 腿", "cost": "12.5", "colour": {"ral": 9005}});
    let added = apply(admin, json!({"type": "Part", "action": "add", "properties": properties})).await;
    assert_eq!((&added["status"], &added["type"], &added["count"]), (&json!("created"), &json!("Part"), &json!(1)));
    let id = id(&added);

    let got = apply(admin, json!({"type": "Part", "action": "get", "id": id})).await;
    let expected = json!({
        "item_number": "腿-1", "name": "Leg 腿", "cost": 12.5, "colour": {"ral": 9005}, "number": "腿-1", "state": "Draft",
    });
    let etag = format!("\"{id}-0\"");
    let item = json!({"id": id, "type": "Part", "state": "Draft", "properties": expected, "etag": etag});
    assert_eq!(got["items"][0], item);
    assert!(got.get("status").is_none());

    // What an answer says can be sent back.
    apply(admin, json!({"type": "Part", "action": "update", "id": id, "properties": expected})).await;
    let change = json!({"name": "Leg", "colour": null, "weight": 2});
    let changed = apply(admin, json!({"type": "Part", "action": "update", "id": id, "properties": change})).await;
    assert_eq!(changed["status"], "updated");
    let item = admin.get(&format!("/aml/Part/{id}")).await.expect(200);
    assert_eq!((&item["name"], &item["number"], &item["generation"]), (&json!("Leg"), &json!("腿-1"), &json!(1)));
    assert_eq!(item["properties"].get("colour"), None);
    assert_eq!(item["properties"]["weight"], 2.0);
    assert!(item["created_at"].as_str().unwrap().ends_with('Z') && item["updated_at"].is_string());
    assert_eq!((&item["created_by_id"], &item["modified_by_id"]), (&json!(1), &json!(1)));
    let selected = admin.get(&format!("/aml/Part/{id}?select=name,weight")).await.expect(200);
    assert_eq!(selected["properties"], json!({"name": "Leg", "weight": 2.0}));

    apply(admin, json!({"type": "Part", "action": "delete", "id": id})).await;
    admin.get(&format!("/aml/Part/{id}")).await.expect(404);
    admin.post("/aml/apply", &json!({"type": "Part", "action": "delete", "id": id})).await.expect(404);
}

async fn numbers_are_drawn_and_a_taken_one_is_refused(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    add_part(admin, "P-000002").await;
    let mut drawn = Vec::new();
    for _ in 0..2 {
        let part = apply(admin, json!({"type": "Part", "action": "add", "properties": {"name": "x"}})).await;
        drawn.push(part["items"][0]["properties"]["number"].clone());
    }
    assert_eq!(drawn, ["P-000001", "P-000003"], "a number given by hand is passed over");
    let taken = json!({"type": "Part", "action": "add", "properties": {"item_number": "P-000002"}});
    let refused = admin.post("/aml/apply", &taken).await.expect(409);
    assert_eq!(refused["detail"]["code"], "DUPLICATE_NUMBER");
    assert_eq!(refused["detail"]["details"], json!({"resource": "Part", "number": "P-000002"}));
    // The same number in another type is another thing.
    apply(admin, json!({"type": "Document", "action": "add", "properties": {"doc_number": "P-000002"}})).await;
}

async fn sixty_four_writers_draw_no_number_twice(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = json!({"type": "Part", "action": "add"});
    let parts = futures::future::join_all((0..64).map(|_| admin.post("/aml/apply", &part))).await;
    let mut numbers: Vec<String> = parts
        .into_iter()
        .map(|reply| reply.expect(200)["items"][0]["properties"]["number"].as_str().unwrap().to_owned())
        .collect();
    numbers.sort();
    let expected: Vec<String> = (1..=64).map(|value| format!("P-{value:06}")).collect();
    assert_eq!(numbers, expected);
}

async fn relationships_nest_in_one_transaction(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (leg, top) = (add_part(admin, "LEG").await, add_part(admin, "TOP").await);
    let line = |related: &str, quantity: Value| json!({"type": "Part BOM", "action": "add", "properties": {"related_id": related, "quantity": quantity}});
    let table = json!({
        "type": "Part", "action": "add", "properties": {"item_number": "TABLE"},
        "relationships": [line(&leg, json!("4")), line(&top, json!(1))],
    });
    let table = id(&apply(admin, table).await);
    let tree = admin.get(&format!("/bom/{table}/tree")).await.expect(200);
    let quantities: Vec<_> =
        tree["children"].as_array().unwrap().iter().map(|line| line["relationship"]["quantity"].clone()).collect();
    assert_eq!(quantities, [json!(4.0), json!(1.0)]);

    // A nested change and a nested delete.
    let line_id = |index: usize| tree["children"][index]["relationship"]["id"].clone();
    let change = json!({
        "type": "Part", "action": "update", "id": table, "relationships": [
            {"type": "Part BOM", "action": "update", "id": line_id(0), "properties": {"quantity": 3}},
            {"type": "Part BOM", "action": "delete", "id": line_id(1)},
        ],
    });
    apply(admin, change).await;
    let tree = admin.get(&format!("/bom/{table}/tree")).await.expect(200);
    assert_eq!(tree["children"].as_array().unwrap().len(), 1);
    assert_eq!(tree["children"][0]["relationship"]["properties"]["quantity"], 3.0);
}

async fn a_failure_in_a_nested_relationship_leaves_nothing(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let leg = add_part(admin, "LEG").await;
    let table = |bad: Value| {
        json!({
            "type": "Part", "action": "add", "properties": {"item_number": "TABLE"}, "relationships": [
                {"type": "Part BOM", "action": "add", "properties": {"related_id": leg, "quantity": 4}}, bad,
            ],
        })
    };
    let missing = "00000000-0000-4000-8000-000000000000";
    let cases = [
        (json!({"type": "Part BOM", "action": "add", "properties": {"related_id": missing}}), 404),
        (json!({"type": "Part BOM", "action": "add", "properties": {"related_id": leg}}), 409),
        (
            json!({"type": "Part BOM", "action": "add", "properties": {"related_id": leg, "uom": "M", "quantity": -1}}),
            422,
        ),
        (json!({"type": "Part BOM", "action": "add", "properties": {}}), 422),
        (json!({"type": "Part", "action": "add", "properties": {}}), 422),
        (json!({"type": "Nothing", "action": "add"}), 404),
    ];
    for (bad, status) in cases {
        admin.post("/aml/apply", &table(bad)).await.expect(status);
        let found = apply(admin, json!({"type": "Part", "properties": {"item_number": "TABLE"}})).await;
        assert_eq!(found["count"], 0);
    }
}

async fn values_that_do_not_fit_name_their_field(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let cases = [
        (json!({"cost": "cheap"}), "cost"),
        (json!({"item_number": "x".repeat(33)}), "item_number"),
        (json!({"name": "x".repeat(129)}), "name"),
        (json!({"name": ["list"]}), "name"),
        (json!({"note": "a\u{0}b"}), "note"),
        (json!({"state": "Released"}), "state"),
    ];
    for (properties, field) in cases {
        let body = json!({"type": "Part", "action": "add", "properties": properties});
        let refused = admin.post("/aml/apply", &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "properties", field]), "{refused}");
    }
    let unknown = admin.post("/aml/apply", &json!({"type": "Part", "action": "explode"})).await.expect(422);
    assert_eq!(
        (&unknown["detail"][0]["type"], &unknown["detail"][0]["loc"]),
        (&json!("enum"), &json!(["body", "action"]))
    );
    let missing = admin.post("/aml/apply", &json!({})).await.expect(422);
    assert_eq!(missing["detail"][0], json!({"type": "missing", "loc": ["body", "type"], "msg": "Field required"}));
    let untyped = admin.post("/aml/apply", &json!({"type": "Nothing"})).await.expect(404);
    assert_eq!(untyped, json!({"detail": "ItemType not found"}));
}

async fn items_are_found_by_their_properties(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for (number, cost, critical) in [("A", 1.5, true), ("B", 2.0, false), ("C", 1.5, false)] {
        let properties = json!({"item_number": number, "cost": cost, "critical": critical, "note": "O'Brien \"x\" %_"});
        apply(admin, json!({"type": "Part", "action": "add", "properties": properties})).await;
    }
    let cases = [
        (json!({"item_number": "B"}), vec!["B"]),
        (json!({"number": "B"}), vec!["B"]),
        (json!({"cost": 1.5}), vec!["A", "C"]),
        (json!({"cost": "1.5", "critical": false}), vec!["C"]),
        (json!({"critical": true}), vec!["A"]),
        (json!({"note": "O'Brien \"x\" %_"}), vec!["A", "B", "C"]),
        (json!({"note": "%"}), vec![]),
        (json!({"state": "Draft", "cost": 2}), vec!["B"]),
        (json!({"state": "Released"}), vec![]),
        (json!({"no\"such'property": 1}), vec![]),
        (json!({}), vec!["A", "B", "C"]),
    ];
    for (properties, expected) in cases {
        let found = apply(admin, json!({"type": "Part", "properties": properties})).await;
        let numbers: Vec<_> =
            found["items"].as_array().unwrap().iter().map(|item| item["properties"]["number"].clone()).collect();
        assert_eq!(json!(numbers), json!(expected), "{properties}");
    }
}

/// The numbers of the parts whose properties equal these.
async fn found(client: &Client, properties: &Value) -> Value {
    let found = apply(client, json!({"type": "Part", "properties": properties})).await;
    found["items"].as_array().unwrap().iter().map(|item| item["properties"]["number"].clone()).collect()
}

async fn properties_are_equal_in_kind_and_content(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let values = [
        json!(true),
        json!(1),
        json!("1"),
        json!(null),
        json!("null"),
        json!([1]),
        json!([1, 2]),
        json!("[1]"),
        json!({}),
        json!({"a": 2}),
        json!({"a": [2, {"b": 1}]}),
        json!(1.5),
        json!(9_007_199_254_740_993_i64),
        json!(9_007_199_254_740_992_i64),
        json!(1e17),
        json!(u64::MAX),
        json!(-0.0),
        json!("true"),
    ];
    for (index, value) in values.iter().enumerate() {
        let properties = json!({"item_number": format!("P{index:02}"), "v": value, "k\\\"'.$[0] ?": value});
        apply(admin, json!({"type": "Part", "action": "add", "properties": properties})).await;
    }
    add_part(admin, "ABSENT").await;
    let table = [
        (json!(true), json!(["P00"])),
        (json!(false), json!([])),
        (json!(1), json!(["P01"])),
        (json!(1.0), json!(["P01"])),
        (json!("1"), json!(["P02"])),
        (json!(null), json!(["P03", "ABSENT"])),
        (json!("null"), json!(["P04"])),
        (json!([1]), json!(["P05"])),
        (json!([1.0, 2]), json!(["P06"])),
        (json!([2, 1]), json!([])),
        (json!("[1]"), json!(["P07"])),
        (json!({}), json!(["P08"])),
        (json!({"a": 2.0}), json!(["P09"])),
        (json!({"a": [2, {"b": 1.0}]}), json!(["P10"])),
        (json!(1.5), json!(["P11"])),
        (json!(9_007_199_254_740_993_i64), json!(["P12"])),
        (json!(9_007_199_254_740_992.0), json!(["P13"])),
        (json!(100_000_000_000_000_000_i64), json!(["P14"])),
        (json!(u64::MAX), json!(["P15"])),
        (json!(u64::MAX - 1), json!([])),
        (json!(0), json!(["P16"])),
        (json!("true"), json!(["P17"])),
        (json!([]), json!([])),
    ];
    for (value, expected) in table {
        assert_eq!(found(admin, &json!({"v": value})).await, expected, "{value}");
        assert_eq!(found(admin, &json!({"k\\\"'.$[0] ?": value})).await, expected, "{value} under an odd name");
    }
}

async fn a_get_is_bounded_and_says_so(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let rows: String = (0..1000).map(|row| format!("P-{row:04},Part,1\n")).collect();
    super::imports::import(admin, &format!("PN,Name,Qty\n{rows}"), &[("parent", "ROOT"), ("create_parent", "Root")])
        .await
        .expect(200);
    let all = apply(admin, json!({"type": "Part"})).await;
    assert_eq!((&all["count"], &all["truncated"]), (&json!(1000), &json!(true)));
    let exactly = apply(admin, json!({"type": "Part", "properties": {"name": "Part"}})).await;
    assert_eq!((&exactly["count"], exactly.get("truncated")), (&json!(1000), None));
}

async fn a_filter_that_makes_no_sense_is_refused(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let many = |count: usize| (0..count).map(|index| (format!("p{index}"), json!(1))).collect::<Value>();
    for (properties, field) in [
        (many(51), None),
        (many(2000), None),
        (json!({"state": "Dra\u{0}ft"}), Some("state")),
        (json!({"state": 1}), Some("state")),
        (json!({"state": null}), Some("state")),
        (json!({"note": "a\u{0}"}), Some("note")),
    ] {
        let refused = admin.post("/aml/apply", &json!({"type": "Part", "properties": properties})).await.expect(422);
        let loc: Vec<&str> = ["body", "properties"].into_iter().chain(field).collect();
        assert_eq!(refused["detail"][0]["loc"], json!(loc));
    }
    assert_eq!(found(admin, &many(50)).await, json!([]));
}

async fn a_number_is_the_same_however_it_is_typed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (one, two) = (add_part(admin, " P-1\u{a0}").await, add_part(admin, "P-2").await);
    let update =
        |number: &str| json!({"type": "Part", "action": "update", "id": two, "properties": {"number": number}});
    admin.post("/aml/apply", &update("P-1 ")).await.expect(409);
    let changed = apply(admin, update(" P-3 ")).await;
    assert_eq!(changed["items"][0]["properties"]["item_number"], "P-3");
    for (hidden, action, id) in
        [("P\u{200b}-1", "add", None), ("P-1\u{feff}", "update", Some(&one)), ("P\t1", "add", None)]
    {
        let body = json!({"type": "Part", "action": action, "id": id, "properties": {"item_number": hidden}});
        let refused = admin.post("/aml/apply", &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "properties", "item_number"]));
    }
    assert_eq!(found(admin, &json!({"number": "P-3 "})).await, json!(["P-3"]));
}

async fn an_update_that_changes_nothing_leaves_no_trace(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let properties = json!({"item_number": "P", "cost": 1e17, "weight": -0.0, "note": [-0.0, 2.0, 1e20]});
    let id = id(&apply(admin, json!({"type": "Part", "action": "add", "properties": properties})).await);
    for properties in [properties, json!({"cost": "100000000000000000", "weight": 0, "note": [0, 2, 1e20]})] {
        apply(admin, json!({"type": "Part", "action": "update", "id": id, "properties": properties})).await;
        assert_eq!(admin.get(&format!("/aml/Part/{id}")).await.expect(200)["updated_at"], Value::Null);
    }
}

async fn a_line_of_another_item_is_not_touched(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (table, chair, leg) = (add_part(admin, "T").await, add_part(admin, "C").await, add_part(admin, "L").await);
    let line = add_line(admin, &table, &leg).await["relationship_id"].clone();
    let path = format!("/aml/Part%20BOM/{}", line.as_str().unwrap());
    for nested in [
        json!({"type": "Part BOM", "action": "update", "id": line, "properties": {"quantity": 9}}),
        json!({"type": "Part BOM", "action": "delete", "id": line}),
        json!({"type": "Part BOM", "action": "dummy", "id": line}),
    ] {
        let body = json!({"type": "Part", "action": "update", "id": chair, "properties": {"name": "x"}, "relationships": [nested]});
        let refused = admin.post("/aml/apply", &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "relationships", "0", "id"]));
        assert_eq!(admin.get(&path).await.expect(200)["properties"]["quantity"], 1.0);
    }
    // Each with the other's line, at once: neither waits for the other.
    let other = add_line(admin, &chair, &leg).await["relationship_id"].clone();
    let cross = |item: &str, line: &Value| {
        let nested = json!({"type": "Part BOM", "action": "update", "id": line, "properties": {"quantity": 9}});
        json!({"type": "Part", "action": "update", "id": item, "relationships": [nested]})
    };
    let (one, two) = (cross(&table, &other), cross(&chair, &line));
    for _ in 0..5 {
        let (one, two) = futures::join!(admin.post("/aml/apply", &one), admin.post("/aml/apply", &two));
        assert_eq!((one.status.as_u16(), two.status.as_u16()), (422, 422));
    }
}

async fn given_and_drawn_numbers_do_not_wait_for_each_other(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for round in 0..3 {
        // The next numbers by hand first, and one that is drawn last.
        let given: String = (1..=40).map(|next| format!("P-{:06},Part,1\n", round * 60 + next)).collect();
        let sheet = format!("PN,Name,Qty\n{given},Drawn,1\n");
        let parent = format!("ROOT-{round}");
        let fields = [("parent", parent.as_str()), ("create_parent", "Root")];
        let draw = json!({"type": "Part", "action": "add"});
        let draws = futures::future::join_all((0..8).map(|_| admin.post("/aml/apply", &draw)));
        let (imported, drawn) = futures::join!(super::imports::import(admin, &sheet, &fields), draws);
        // A number that was drawn before the sheet gives it is a part that is there.
        assert!([200, 422].contains(&imported.status.as_u16()), "{imported:?}");
        drawn.into_iter().for_each(|reply| drop(reply.expect(200)));
    }
}

async fn what_is_used_elsewhere_is_not_deleted(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (table, leg) = (add_part(admin, "TABLE").await, add_part(admin, "LEG").await);
    add_line(admin, &table, &leg).await;
    let delete = |id: &str| json!({"type": "Part", "action": "delete", "id": id});
    let refused = admin.post("/aml/apply", &delete(&leg)).await.expect(409);
    assert_eq!(refused["detail"]["code"], "ITEM_IN_USE");
    assert_eq!(refused["detail"]["details"]["used_by"][0]["number"], "TABLE");
    apply(admin, delete(&table)).await;
    apply(admin, delete(&leg)).await;
}

async fn items_are_promoted_and_released_ones_are_locked(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let engineer = world.user("erin", &["engineer"]).await;
    let (table, leg) = (add_part(&engineer, "TABLE").await, add_part(&engineer, "LEG").await);
    let promote = |wanted: Value| json!({"type": "Part", "action": "promote", "id": table, "properties": wanted});
    let skipped = engineer.post("/aml/apply", &promote(json!({"state": "Released"}))).await.expect(409);
    assert_eq!(skipped["detail"]["details"]["next_states"], json!(["Review"]));
    apply(&engineer, promote(json!({"state": "Review"}))).await;
    // Releasing is the role's of the transition.
    engineer.post("/aml/apply", &promote(json!({"action": "release"}))).await.expect(403);
    let released = apply(admin, promote(json!({"action": "release"}))).await;
    assert_eq!(released["items"][0]["state"], "Released");

    let update = json!({"type": "Part", "action": "update", "id": table, "properties": {"name": "late"}});
    let locked = admin.post("/aml/apply", &update).await.expect(409);
    assert_eq!(locked["detail"]["code"], "STATE_LOCKED");
    assert_eq!(locked["detail"]["message"], "Item is locked in state: Released");
    assert_eq!(locked["detail"]["details"], json!({"state": "Released", "resource": "Part"}));
    admin.post(&format!("/bom/{table}/children"), &json!({"child_id": leg})).await.expect(409);
    admin.post("/aml/apply", &json!({"type": "Part", "action": "delete", "id": table})).await.expect(409);
}

async fn concurrent_changes_of_different_properties_are_all_kept(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let changes = (0..32).map(|index| {
        let change =
            json!({"type": "Part", "action": "update", "id": part, "properties": {format!("p{index}"): index}});
        async move { admin.post("/aml/apply", &change).await.expect(200) }
    });
    futures::future::join_all(changes).await;
    let item = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    for index in 0..32 {
        assert_eq!(item["properties"][format!("p{index}")], index, "a change was overwritten");
    }
}

async fn metadata_describes_a_type(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = admin.get("/aml/metadata/Part").await.expect(200);
    assert_eq!(
        (&part["id"], &part["label"], &part["is_relationship"]),
        (&json!("Part"), &json!("Part"), &json!(false))
    );
    let number = json!({
        "name": "item_number", "label": "Part Number", "type": "string", "required": true, "length": 32, "default": null,
    });
    for (field, expected) in number.as_object().unwrap() {
        assert_eq!(&part["properties"][0][field], expected, "{field}");
    }
    assert_eq!((&part["number_property"], &part["accepts_undeclared"]), (&json!("item_number"), &json!(true)));
    assert_eq!(part["properties"].as_array().unwrap().len(), 8);
    let line = admin.get("/aml/metadata/Part%20BOM").await.expect(200);
    assert_eq!(line["is_relationship"], true);
    assert_eq!(admin.get("/aml/metadata/Nothing").await.expect(404), json!({"detail": "ItemType not found"}));
}
