//! Numbering over the API: templates, counters, gaps, and many writers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::server::Server;
use crate::support::world::{PASSWORD, World, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_numbering_is_read_changed_and_previewed,
    a_numbering_that_makes_no_sense_is_refused_by_field,
    each_rendered_prefix_has_its_own_counter,
    writers_who_may_leave_gaps_draw_from_reserved_blocks,
    two_processes_draw_no_number_twice,
    a_number_comes_back_where_gaps_are_not_allowed,
    a_number_that_outgrows_its_property_is_refused,
    a_change_makes_void_what_was_reserved,
);

const PART: &str = "/meta/item-types/Part/numbering";

async fn draw(client: &Client, values: Value) -> String {
    let added = client.post("/aml/apply", &json!({"type": "Part", "action": "add", "properties": values})).await;
    added.expect(200)["items"][0]["properties"]["number"].as_str().unwrap().to_owned()
}

async fn a_numbering_is_read_changed_and_previewed(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let expected = json!({
        "item_type_id": "Part", "number_property": "item_number", "prefix": "P-", "padding": 6, "next_value": 1,
        "scope": "type", "gap_free": true, "counters": [],
    });
    assert_eq!(admin.get(PART).await.expect(200), expected);
    let preview = format!("{PART}/preview");
    let next = json!({"number": "P-000001", "prefix": "P-", "value": 1});
    assert_eq!(admin.get(&preview).await.expect(200), next);
    assert_eq!(admin.get(&preview).await.expect(200), next, "a preview draws nothing");
    assert_eq!(draw(admin, json!({})).await, "P-000001");
    let changed = admin.put(PART, &json!({"prefix": "零件-", "padding": 3, "next_value": 7})).await.expect(200);
    assert_eq!(
        (&changed["prefix"], &changed["next_value"], &changed["gap_free"]),
        (&json!("零件-"), &json!(7), &json!(true))
    );
    add_part(admin, "零件-007").await;
    assert_eq!(admin.get(&preview).await.expect(200)["number"], "零件-008", "what is taken is passed over");
    assert_eq!(draw(admin, json!({})).await, "零件-008");
    // More digits than the padding; below what is used, what is used is passed over.
    admin.put(PART, &json!({"next_value": 999})).await.expect(200);
    assert_eq!([draw(admin, json!({})).await, draw(admin, json!({})).await], ["零件-999", "零件-1000"]);
    admin.put(PART, &json!({"next_value": 7})).await.expect(200);
    assert_eq!(draw(admin, json!({})).await, "零件-009");

    let viewer = world.user("vera", &["viewer"]).await;
    admin.put(PART, &json!({"counters": [{"prefix": "SECRET-", "next_value": 3}]})).await.expect(200);
    let seen = viewer.get(PART).await.expect(200);
    assert_eq!((&seen["next_value"], &seen["counters"]), (&Value::Null, &json!([])), "they tell of hidden items");
    admin.post("/meta/permissions", &json!({"id": "Read", "name": "Read"})).await.expect(200);
    let access = json!({"identity_id": "viewer", "can_get": true});
    admin.post("/meta/permissions/Read/accesses", &access).await.expect(200);
    viewer.get(&preview).await.expect(200);
    admin.patch("/meta/item-types/Part/permission", &json!({"permission_id": "Read"})).await.expect(200);
    viewer.get(&preview).await.expect(403);
    let denied = viewer.put(PART, &json!({"padding": 4})).await.expect(403);
    assert_eq!(denied["detail"]["details"], json!({"action": "update", "resource": "Numbering"}));
    admin.get("/meta/item-types/Nothing/numbering").await.expect(404);
    let none = admin.get("/meta/item-types/Part%20BOM/numbering").await.expect(409);
    assert_eq!(none["detail"]["code"], "NO_NUMBERING");
}

async fn a_numbering_that_makes_no_sense_is_refused_by_field(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for (body, field) in [
        (json!({"prefix": "P{"}), "prefix"),
        (json!({"prefix": "{colour}-"}), "prefix"),
        (json!({"prefix": "{item_number}-"}), "prefix"),
        (json!({"prefix": "P\n"}), "prefix"),
        (json!({"prefix": "P\u{200b}"}), "prefix"),
        (json!({"prefix": " P-"}), "prefix"),
        (json!({"prefix": "x".repeat(27)}), "prefix"),
        (json!({"padding": 19}), "padding"),
        (json!({"next_value": 0}), "next_value"),
        (json!({"next_value": 1_000_000_000_000_000_000_i64}), "next_value"),
        (json!({"scope": "month"}), "scope"),
        (json!({"counters": [{"prefix": "P-", "next_value": 0}]}), "counters"),
    ] {
        let refused = admin.put(PART, &body).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", field]), "{body}");
    }
    assert_eq!(admin.get(PART).await.expect(200)["prefix"], "P-");
    admin.get(&format!("{PART}/preview?properties=7")).await.expect(422);
}

async fn each_rendered_prefix_has_its_own_counter(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let change = json!({"prefix": "{description}-{yyyy}-", "padding": 2, "scope": "prefix", "next_value": 1});
    for gap_free in [true, false] {
        let mut change = change.clone();
        change["gap_free"] = json!(gap_free);
        admin.put(PART, &change).await.expect(200);
        let mut drawn = Vec::new();
        for kind in ["BR", "BR", "螺钉", "BR"] {
            let number = draw(admin, json!({"description": format!("{kind}{gap_free}")})).await;
            let (prefix, rest) = number.split_once('-').unwrap();
            drawn.push(format!("{prefix}:{}", rest.split_once('-').unwrap().1));
        }
        let expected = ["BR:01", "BR:02", "螺钉:01", "BR:03"];
        assert_eq!(drawn, expected.map(|text| text.replace(':', &format!("{gap_free}:"))));
    }
    let missing = admin.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(422);
    assert_eq!(missing["detail"][0]["loc"], json!(["body", "properties", "description"]));
    // A number that is given needs no prefix.
    add_part(admin, "BY-HAND").await;
    let query = "properties=%7B%22description%22%3A%22BRtrue%22%7D";
    let preview = admin.get(&format!("{PART}/preview?{query}")).await.expect(200);
    let prefix = preview["prefix"].as_str().unwrap().to_owned();
    assert_eq!(preview["value"], 4, "{preview}");
    let counters = admin.get(PART).await.expect(200)["counters"].as_array().unwrap().clone();
    assert_eq!(counters.len(), 4);
    let change = json!({"counters": [{"prefix": prefix, "next_value": 50}], "gap_free": true});
    admin.put(PART, &change).await.expect(200);
    assert!(draw(admin, json!({"description": "BRtrue"})).await.ends_with("-50"));
}

async fn writers_who_may_leave_gaps_draw_from_reserved_blocks(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    admin.put(PART, &json!({"gap_free": false})).await.expect(200);
    // By hand, in the midst of what is drawn.
    add_part(admin, "P-000005").await;
    let numbers = futures::future::join_all((0..64).map(|_| draw(admin, json!({})))).await;
    let numbers: BTreeSet<String> = numbers.into_iter().collect();
    assert_eq!(numbers.len(), 64, "a number was drawn twice");
    assert!(!numbers.contains("P-000005"));
    // 64 numbers in two blocks of 32, and another value for the one that was passed over: of a third block, or alone.
    let next = admin.get(PART).await.expect(200)["next_value"].as_i64().unwrap();
    assert!([66, 97].contains(&next), "{next}: each reservation takes a whole block");
}

async fn two_processes_draw_no_number_twice(at: Installation) {
    let world = World::start(at).await;
    let second = Server::start(&world.at).await;
    let elsewhere = second.client().login("acme", "org-1", "admin", PASSWORD).await;
    for gap_free in [false, true] {
        world.admin.put(PART, &json!({"gap_free": gap_free, "prefix": format!("{gap_free}-")})).await.expect(200);
        let clients = (0..64).map(|index| if index % 2 == 0 { &world.admin } else { &elsewhere });
        let numbers = futures::future::join_all(clients.map(|client| draw(client, json!({})))).await;
        assert_eq!(numbers.into_iter().collect::<BTreeSet<_>>().len(), 64, "gap_free {gap_free}");
    }
}

async fn a_number_comes_back_where_gaps_are_not_allowed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let missing = json!({"type": "Part BOM", "action": "add", "properties": {"related_id": "00000000-0000-4000-8000-000000000000"}});
    let failing = json!({"type": "Part", "action": "add", "relationships": [missing]});
    admin.post("/aml/apply", &failing).await.expect(404);
    assert_eq!(draw(admin, json!({})).await, "P-000001");
    admin.put(PART, &json!({"gap_free": false})).await.expect(200);
    admin.post("/aml/apply", &failing).await.expect(404);
    assert_eq!(draw(admin, json!({})).await, "P-000003", "it left a gap");
}

async fn a_number_that_outgrows_its_property_is_refused(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for gap_free in [true, false] {
        let prefix = format!("{}{}", "x".repeat(25), u8::from(gap_free));
        let change = json!({"prefix": prefix, "padding": 6, "next_value": 999_999, "gap_free": gap_free});
        admin.put(PART, &change).await.expect(200);
        assert_eq!(draw(admin, json!({})).await, format!("{prefix}999999"));
        let refused = admin.post("/aml/apply", &json!({"type": "Part", "action": "add"})).await.expect(409);
        assert_eq!(refused["detail"]["code"], "NUMBERING_EXHAUSTED");
        assert_eq!(admin.get(&format!("{PART}/preview")).await.expect(409)["detail"]["code"], "NUMBERING_EXHAUSTED");
    }
    add_part(admin, "BY-HAND").await;
}

async fn a_change_makes_void_what_was_reserved(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    admin.put(PART, &json!({"gap_free": false})).await.expect(200);
    assert_eq!(draw(admin, json!({})).await, "P-000001");
    assert_eq!(admin.get(&format!("{PART}/preview")).await.expect(200)["number"], "P-000002");
    admin.put(PART, &json!({"next_value": 500})).await.expect(200);
    assert_eq!(admin.get(&format!("{PART}/preview")).await.expect(200)["number"], "P-000500");
    assert_eq!(draw(admin, json!({})).await, "P-000500");
    // Many at once in one write.
    let lines: String = (0..40).map(|index| format!("Part {index},1\n")).collect();
    let fields = [("parent", "ROOT"), ("create_parent", "Root")];
    let imported = super::imports::import(admin, &format!("Name,Qty\n{lines}"), &fields).await;
    assert_eq!(imported.status, 200, "{imported:?}");
    assert_eq!(draw(admin, json!({})).await, "P-000541");
}
