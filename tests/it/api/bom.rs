//! Bills of materials: lines, trees, effectivity, cycles.

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::world::{World, add_line, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    lines_are_added_read_and_removed,
    there_is_one_line_per_child_and_unit,
    a_cycle_is_refused_with_its_path,
    two_lines_that_close_a_cycle_together_do_not_both_pass,
    a_tree_has_the_depth_and_the_order_asked_for,
    quantities_are_exact_and_positive,
    lines_hold_from_and_until_their_dates,
    lines_hold_for_the_configuration_they_name,
    a_line_is_checked_alike_on_every_path,
    a_line_holds_by_the_dates_it_has_now,
    a_line_is_removed_by_its_unit_and_only_where_its_parent_is_seen,
    a_tree_names_the_set_that_governs_each_item,
    an_unknown_item_has_no_tree,
    eight_writers_build_one_bom_without_a_stall,
);

fn children(tree: &Value) -> Vec<&str> {
    tree["children"].as_array().unwrap().iter().map(|line| line["child"]["number"].as_str().unwrap()).collect()
}

async fn tree(client: &Client, id: &str, query: &str) -> Value {
    client.get(&format!("/bom/{id}/tree{query}")).await.expect(200)
}

async fn lines_are_added_read_and_removed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (table, leg) = (add_part(admin, "TABLE").await, add_part(admin, "LEG").await);
    let line = json!({"child_id": leg, "quantity": 4, "uom": "ea", "find_num": "010", "refdes": "L1,L2", "extra_properties": {"torque": 5}});
    let added = admin.post(&format!("/bom/{table}/children"), &line).await.expect(200);
    assert_eq!((&added["ok"], &added["parent_id"], &added["child_id"]), (&json!(true), &json!(table), &json!(leg)));
    assert_eq!(added["effectivity_id"], Value::Null);

    let tree = tree(admin, &table, "").await;
    assert_eq!((&tree["id"], &tree["item_type_id"], &tree["number"]), (&json!(table), &json!("Part"), &json!("TABLE")));
    let line = &tree["children"][0]["relationship"];
    let properties = json!({"quantity": 4.0, "uom": "EA", "find_num": "010", "refdes": "L1,L2", "torque": 5});
    assert_eq!(line["properties"], properties);
    assert_eq!((&line["quantity"], &line["uom"], &line["torque"]), (&json!(4.0), &json!("EA"), &json!(5)));
    assert_eq!((&line["item_type_id"], &line["state"]), (&json!("Part BOM"), &json!("Active")));
    assert_eq!((&line["source_id"], &line["related_id"]), (&json!(table), &json!(leg)));
    assert_eq!(tree["children"][0]["child"]["children"], json!([]));

    let path = format!("/bom/{table}/children/{leg}");
    let removed = admin.delete(&path).await.expect(200);
    assert_eq!(removed, json!({"ok": true, "relationship_id": added["relationship_id"]}));
    let missing = admin.delete(&path).await.expect(404);
    assert_eq!(missing, json!({"detail": format!("BOM relationship not found: {table} -> {leg}")}));
}

async fn there_is_one_line_per_child_and_unit(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (cable, wire) = (add_part(admin, "CABLE").await, add_part(admin, "WIRE").await);
    let path = format!("/bom/{cable}/children");
    add_line(admin, &cable, &wire).await;
    let again = admin.post(&path, &json!({"child_id": wire, "quantity": 2})).await.expect(400);
    assert_eq!(again, json!({"detail": format!("BOM relationship already exists: {cable} -> {wire} (uom=EA)")}));
    admin.post(&path, &json!({"child_id": wire, "uom": "m", "quantity": 0.5})).await.expect(200);
    // Ten at once: one wins.
    let line = json!({"child_id": wire, "uom": "KG"});
    let racers = futures::future::join_all((0..10).map(|_| admin.post(&path, &line))).await;
    assert_eq!(racers.iter().filter(|reply| reply.status == 200).count(), 1);
    assert!(racers.iter().all(|reply| reply.status == 200 || reply.status == 400));

    admin.delete(&format!("{path}/{wire}")).await.expect(400);
    admin.delete(&format!("{path}/{wire}?uom=m")).await.expect(200);
    let units: Vec<_> = tree(admin, &cable, "").await["children"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["relationship"]["uom"].clone())
        .collect();
    assert_eq!(units, ["EA", "KG"]);
}

async fn a_cycle_is_refused_with_its_path(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (a, b, c) = (add_part(admin, "A").await, add_part(admin, "B").await, add_part(admin, "C").await);
    add_line(admin, &a, &b).await;
    add_line(admin, &b, &c).await;
    let refused = admin.post(&format!("/bom/{c}/children"), &json!({"child_id": a})).await.expect(409);
    assert_eq!(refused["error"], "CYCLE_DETECTED");
    assert_eq!(refused["message"], format!("Cycle detected: {c} -> {a} -> {b} -> {c}"));
    assert_eq!((&refused["parent_id"], &refused["child_id"]), (&json!(c), &json!(a)));
    assert_eq!(refused["cycle_path"], json!([c, a, b, c]));
    assert_eq!(refused["detail"]["code"], "CYCLE_DETECTED");
    let own = admin.post(&format!("/bom/{a}/children"), &json!({"child_id": a})).await.expect(409);
    assert_eq!(own["cycle_path"], json!([a, a]));
    // AML goes the same way.
    let line = json!({"type": "Part BOM", "action": "add", "properties": {"source_id": c, "related_id": a}});
    admin.post("/aml/apply", &line).await.expect(409);
}

async fn two_lines_that_close_a_cycle_together_do_not_both_pass(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for round in 0..8 {
        let (a, b) = (add_part(admin, &format!("A{round}")).await, add_part(admin, &format!("B{round}")).await);
        let (down, up) = (format!("/bom/{a}/children"), format!("/bom/{b}/children"));
        let (to_b, to_a) = (json!({"child_id": b}), json!({"child_id": a}));
        let (one, two) = futures::join!(admin.post(&down, &to_b), admin.post(&up, &to_a));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
    }
}

async fn a_tree_has_the_depth_and_the_order_asked_for(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let mut ids = Vec::new();
    for level in 0..4 {
        ids.push(add_part(admin, &format!("LEVEL-{level}")).await);
    }
    for pair in ids.windows(2) {
        add_line(admin, &pair[0], &pair[1]).await;
    }
    let depth = |tree: &Value| {
        let (mut node, mut depth) = (tree, 0);
        while let Some(line) = node["children"].get(0) {
            (node, depth) = (&line["child"], depth + 1);
        }
        depth
    };
    for (query, expected) in [("", 3), ("?depth=2", 2), ("?depth=0", 0), ("?depth=100", 3)] {
        assert_eq!(depth(&tree(admin, &ids[0], query).await), expected, "{query}");
    }
    for bad in ["?depth=-1", "?depth=101", "?depth=x", "?effective_date=soon", "?config=red"] {
        admin.get(&format!("/bom/{}/tree{bad}", ids[0])).await.expect(422);
    }
    let root = add_part(admin, "ROOT").await;
    for (number, find_num) in [("X", Some("100")), ("Y", Some("20")), ("Z", None), ("W", Some("9"))] {
        let child = add_part(admin, number).await;
        admin
            .post(&format!("/bom/{root}/children"), &json!({"child_id": child, "find_num": find_num}))
            .await
            .expect(200);
    }
    assert_eq!(children(&tree(admin, &root, "").await), ["W", "Y", "X", "Z"]);
}

async fn quantities_are_exact_and_positive(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (parent, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    let path = format!("/bom/{parent}/children");
    for bad in [json!(0), json!(-1), json!(0.12345678901), json!("many"), json!(null)] {
        admin.post(&path, &json!({"child_id": child, "quantity": bad})).await.expect(422);
    }
    for (unit, quantity) in [("A", 0.1), ("B", 0.0000000001), ("C", 12345.6789)] {
        admin.post(&path, &json!({"child_id": child, "uom": unit, "quantity": quantity})).await.expect(200);
    }
    let read: Vec<_> = tree(admin, &parent, "").await["children"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["relationship"]["quantity"].as_f64().unwrap())
        .collect();
    assert_eq!(read, [0.1, 0.0000000001, 12345.6789]);
}

async fn lines_hold_from_and_until_their_dates(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let parent = add_part(admin, "P").await;
    for (number, from, to) in [
        ("OLD", None, Some("2026-06-30T00:00:00Z")),
        ("NEW", Some("2026-07-01T02:00:00+02:00"), None),
        ("ALWAYS", None, None),
    ] {
        let child = add_part(admin, number).await;
        let line = json!({"child_id": child, "effectivity_from": from, "effectivity_to": to});
        let added = admin.post(&format!("/bom/{parent}/children"), &line).await.expect(200);
        assert_eq!(added["effectivity_id"].is_string(), from.is_some() || to.is_some());
    }
    let at_date = |date: &'static str| {
        let path = format!("/bom/{parent}/effective?date={date}");
        async move { admin.get(&path).await.expect(200) }
    };
    assert_eq!(children(&at_date("2026-01-01T00:00:00Z").await), ["OLD", "ALWAYS"]);
    assert_eq!(children(&at_date("2026-07-01T00:00:00Z").await), ["NEW", "ALWAYS"]);
    assert_eq!(children(&at_date("2026-07-01T02:00:00+02:00").await), ["NEW", "ALWAYS"]);
    assert_eq!(children(&admin.get(&format!("/bom/{parent}/effective")).await.expect(200)), ["NEW", "ALWAYS"]);
    assert_eq!(children(&tree(admin, &parent, "").await), ["OLD", "NEW", "ALWAYS"]);
    assert_eq!(children(&tree(admin, &parent, "?effective_date=2026-01-01").await), ["OLD", "ALWAYS"]);
    let child = add_part(admin, "BACKWARDS").await;
    let backwards = json!({"child_id": child, "effectivity_from": "2026-02-01", "effectivity_to": "2026-01-01"});
    admin.post(&format!("/bom/{parent}/children"), &backwards).await.expect(422);
}

async fn lines_hold_for_the_configuration_they_name(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let parent = add_part(admin, "P").await;
    for (number, condition) in [
        ("RED", json!({"option": "Color", "value": "Red"})),
        ("BLUE", json!({"option": "Color", "value": "Blue"})),
        ("HV", json!({"option": "Voltage", "op": "gte", "value": 200})),
    ] {
        let child = add_part(admin, number).await;
        let line = json!({"child_id": child, "config_condition": condition});
        admin.post(&format!("/bom/{parent}/children"), &line).await.expect(200);
    }
    let selected = tree(admin, &parent, "?config=%7B%22Color%22%3A%22Red%22%2C%22Voltage%22%3A%22220%22%7D").await;
    assert_eq!(children(&selected), ["RED", "HV"]);
    assert_eq!(children(&tree(admin, &parent, "").await), ["RED", "BLUE", "HV"]);
    let child = add_part(admin, "X").await;
    let bad = json!({"child_id": child, "config_condition": "Color = Red"});
    admin.post(&format!("/bom/{parent}/children"), &bad).await.expect(422);
}

async fn a_line_is_checked_alike_on_every_path(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (parent, child, other) = (add_part(admin, "P").await, add_part(admin, "C").await, add_part(admin, "O").await);
    let line = add_line(admin, &parent, &child).await["relationship_id"].clone();
    let cases = [
        ("config_condition", json!({"config_condition": "Color = Red"})),
        ("config_condition", json!({"config_condition": {"option": "Color", "op": "like", "value": "R"}})),
        ("effectivity_to", json!({"effectivity_from": "2026-02-01", "effectivity_to": "2026-01-01"})),
        ("effectivity_from", json!({"effectivity_from": "+10000-01-01T00:00:00Z"})),
        ("effectivity_from", json!({"effectivity_from": "0000-01-01"})),
        ("quantity", json!({"quantity": "1_000"})),
        ("quantity", json!({"quantity": 9_007_199_254_740_993_i64})),
    ];
    for (field, properties) in cases {
        let mut added = properties.clone();
        added["related_id"] = json!(other);
        let nested = json!({"type": "Part BOM", "action": "add", "properties": added});
        added["source_id"] = json!(parent);
        for body in [
            json!({"type": "Part BOM", "action": "update", "id": line, "properties": properties}),
            json!({"type": "Part BOM", "action": "add", "properties": added}),
            json!({"type": "Part", "action": "dummy", "id": parent, "relationships": [nested]}),
        ] {
            let refused = admin.post("/aml/apply", &body).await.expect(422);
            let mut loc = vec!["body", "properties", field];
            if body["action"] == "dummy" {
                loc.splice(1..1, ["relationships", "0"]);
            }
            assert_eq!(refused["detail"][0]["loc"], json!(loc), "{body}");
        }
        if field != "quantity" {
            let mut body = properties;
            body["child_id"] = json!(other);
            admin.post(&format!("/bom/{parent}/children"), &body).await.expect(422);
        }
    }
    assert_eq!(tree(admin, &parent, "").await["children"].as_array().unwrap().len(), 1);
    // The end that is there and the one that comes must agree as well.
    let update = |properties: Value| {
        let body = json!({"type": "Part BOM", "action": "update", "id": line, "properties": properties});
        async move { admin.post("/aml/apply", &body).await }
    };
    update(json!({"effectivity_from": "2026-02-01"})).await.expect(200);
    update(json!({"effectivity_to": "2026-01-31"})).await.expect(422);
}

async fn a_line_holds_by_the_dates_it_has_now(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (parent, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    let dated = json!({"child_id": child, "effectivity_from": "2026-02-01"});
    let added = admin.post(&format!("/bom/{parent}/children"), &dated).await.expect(200);
    assert!(added["effectivity_id"].is_string());
    let january = format!("/bom/{parent}/effective?date=2026-01-15");
    let update = |properties: Value| {
        let line = added["relationship_id"].clone();
        let body = json!({"type": "Part BOM", "action": "update", "id": line, "properties": properties});
        async move { admin.post("/aml/apply", &body).await.expect(200) }
    };
    let count = |tree: Value| tree["children"].as_array().unwrap().len();
    assert_eq!(count(admin.get(&january).await.expect(200)), 0);
    for (dates, expected) in [
        (json!({"effectivity_from": "2026-01-01"}), 1),
        (json!({"effectivity_to": "2026-01-10"}), 0),
        (json!({"effectivity_from": null, "effectivity_to": null}), 1),
        (json!({"effectivity_to": "2026-01-10"}), 0),
    ] {
        update(dates.clone()).await;
        assert_eq!(count(admin.get(&january).await.expect(200)), expected, "{dates}");
    }
    let line = added["relationship_id"].clone();
    admin.post("/aml/apply", &json!({"type": "Part BOM", "action": "delete", "id": line})).await.expect(200);
    add_line(admin, &parent, &child).await;
    assert_eq!(count(admin.get(&january).await.expect(200)), 1);
}

async fn a_line_is_removed_by_its_unit_and_only_where_its_parent_is_seen(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (parent, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    add_line(admin, &parent, &child).await;
    let removed = admin.delete(&format!("/bom/{parent}/children/{child}?uom=%20ea%20")).await.expect(200);
    assert_eq!(removed["ok"], true);
    let nowhere = "00000000-0000-4000-8000-000000000000";
    for (parent, child) in [(nowhere, child.as_str()), (parent.as_str(), nowhere), ("x", "y")] {
        let missing = admin.delete(&format!("/bom/{parent}/children/{child}")).await.expect(404);
        assert_eq!(missing, json!({"detail": format!("BOM relationship not found: {parent} -> {child}")}));
    }
}

async fn a_tree_names_the_set_that_governs_each_item(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (parent, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    add_line(admin, &parent, &child).await;
    let tree = tree(admin, &parent, "").await;
    let line = &tree["children"][0];
    for item in [&tree, &line["relationship"], &line["child"]] {
        assert_eq!(item["permission_id"], "Default");
    }
}

async fn an_unknown_item_has_no_tree(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let missing = admin.get("/bom/non-existent-id/tree").await.expect(404);
    assert_eq!(missing, json!({"detail": "Item non-existent-id not found"}));
    let part = add_part(admin, "P").await;
    let unknown = json!({"child_id": "00000000-0000-4000-8000-000000000000"});
    admin.post(&format!("/bom/{part}/children"), &unknown).await.expect(404);
    let document = json!({"type": "Document", "action": "add"});
    let document = admin.post("/aml/apply", &document).await.expect(200)["id"].clone();
    admin.post(&format!("/bom/{part}/children"), &json!({"child_id": document})).await.expect(422);
}

async fn eight_writers_build_one_bom_without_a_stall(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let root = add_part(admin, "ROOT").await;
    let writer = |writer: usize| {
        let root = &root;
        async move {
            for index in 0..6 {
                let part = add_part(admin, &format!("W{writer}-{index}")).await;
                add_line(admin, root, &part).await;
            }
        }
    };
    futures::future::join_all((0..8).map(writer)).await;
    assert_eq!(tree(admin, &root, "").await["children"].as_array().unwrap().len(), 48);
}
