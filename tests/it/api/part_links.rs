//! Substitutes of BOM lines, equivalents and spare parts.

use serde_json::{Value, json};

use super::revisions::{release, revise};
use super::versions::{code, version};
use crate::support::client::Client;
use crate::support::database::{change_model, hide, texts};
use crate::support::world::{World, add_line, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    substitutes_of_a_line_are_added_listed_and_removed,
    substitutes_of_what_is_released_stay_as_they_are_and_are_sealed_with_it,
    substitutes_go_with_their_line,
    equivalents_are_seen_from_both_ends,
    equivalents_that_two_name_at_once_are_there_once,
    spares_are_exploded_once_each_though_they_go_round,
    substitutes_and_equivalents_that_are_hidden_are_not_shown,
);

/// A part of one, the line between, and two more parts.
async fn parts(client: &Client) -> [String; 4] {
    let mut ids = Vec::new();
    for number in ["TABLE", "LEG", "POLE", "STICK"] {
        ids.push(add_part(client, number).await);
    }
    ids.try_into().unwrap()
}

async fn line_between(client: &Client, parent: &str, child: &str) -> String {
    add_line(client, parent, child).await["relationship_id"].as_str().unwrap().to_owned()
}

fn numbers(found: &Value, list: &str, part: &str) -> Vec<String> {
    let of = |link: &Value| link[part]["number"].as_str().unwrap().to_owned();
    found[list].as_array().unwrap().iter().map(of).collect()
}

async fn substitutes_of_a_line_are_added_listed_and_removed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [table, leg, pole, stick] = parts(admin).await;
    let line = line_between(admin, &table, &leg).await;
    let path = format!("/bom/{line}/substitutes");
    let empty = admin.get(&path).await.expect(200);
    assert_eq!(empty, json!({"bom_line_id": line, "count": 0, "substitutes": []}));

    let second = admin.post(&path, &json!({"substitute_item_id": stick, "properties": {"rank": 2}})).await.expect(200);
    let first = json!({"substitute_item_id": pole, "properties": {"rank": 1, "note": "thicker"}});
    let first = admin.post(&path, &first).await.expect(200);
    let id = first["substitute_id"].clone();
    let expected = json!({"ok": true, "substitute_id": id, "bom_line_id": line, "substitute_item_id": pole});
    assert_eq!(first, expected);
    let again = admin.post(&path, &json!({"substitute_item_id": pole})).await.expect(400);
    assert_eq!(again, json!({"detail": "Substitute already exists for this BOM line and item"}));
    for own in [&leg, &table] {
        admin.post(&path, &json!({"substitute_item_id": own})).await.expect(400);
    }
    let wrong = json!({"substitute_item_id": pole, "properties": {"rank": "high"}});
    admin.post(&path, &wrong).await.expect(422);

    let found = admin.get(&path).await.expect(200);
    assert_eq!(numbers(&found, "substitutes", "part"), ["POLE", "STICK"]);
    let shown = &found["substitutes"][0];
    assert_eq!((&shown["id"], &shown["rank"]), (&id, &json!(1)));
    assert_eq!((&shown["substitute_number"], &shown["substitute_name"]), (&json!("POLE"), &json!("POLE")));
    assert_eq!(shown["part"], shown["substitute_part"]);
    assert_eq!((&shown["part"]["id"], &shown["part"]["item_type_id"]), (&json!(pole), &json!("Part")));
    let relationship = &shown["relationship"];
    assert_eq!(relationship["item_type_id"], "Part BOM Substitute");
    assert_eq!(relationship["properties"], json!({"rank": 1, "note": "thicker"}));
    assert_eq!((&relationship["source_id"], &relationship["rank"]), (&json!(line), &json!(1)));

    let removed = admin.delete(&format!("{path}/{}", second["substitute_id"].as_str().unwrap())).await.expect(200);
    assert_eq!(removed, json!({"ok": true, "substitute_id": second["substitute_id"]}));
    admin.delete(&format!("{path}/{}", second["substitute_id"].as_str().unwrap())).await.expect(404);
    assert_eq!(admin.get(&path).await.expect(200)["count"], 1);
    for nothing in [&table, "no-uuid"] {
        let missing = admin.get(&format!("/bom/{nothing}/substitutes")).await.expect(404);
        assert_eq!(missing["detail"], format!("BOM line {nothing} not found"));
    }
}

async fn substitutes_of_what_is_released_stay_as_they_are_and_are_sealed_with_it(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let [table, leg, pole, stick] = parts(admin).await;
    let line = line_between(admin, &table, &leg).await;
    let path = format!("/bom/{line}/substitutes");
    let added = admin.post(&path, &json!({"substitute_item_id": pole, "properties": {"rank": 1}})).await.expect(200);
    let substitute = added["substitute_id"].as_str().unwrap().to_owned();
    release(admin, &table).await;
    let released = version(admin, &table).await;

    let more = json!({"substitute_item_id": stick});
    assert_eq!(code(admin.post(&path, &more).await), "STATE_LOCKED");
    assert_eq!(code(admin.delete(&format!("{path}/{substitute}")).await), "STATE_LOCKED");
    // Also where the state itself locks nothing.
    let unlock = "UPDATE lifecycle_states SET is_locked = FALSE WHERE name = 'Released'";
    change_model(&world.at, &[(unlock, Vec::new())]).await;
    assert_eq!(code(admin.post(&path, &more).await), "VERSION_RELEASED");
    assert_eq!(code(admin.delete(&format!("{path}/{substitute}")).await), "VERSION_RELEASED");

    // The next revision has its own; what was released keeps what it had.
    revise(admin, &table).await;
    admin.post(&path, &more).await.expect(200);
    admin.delete(&format!("{path}/{substitute}")).await.expect(200);
    let sealed = "SELECT CAST(l.unique_key AS TEXT) FROM version_lines l JOIN item_versions v ON v.id = l.version_id \
                  WHERE l.item_type_id = 'Part BOM Substitute' AND v.is_released";
    let sealed = texts(&world.at, sealed).await;
    assert_eq!(sealed, [format!("{line}|{pole}")], "{released}");
    assert_eq!(numbers(&admin.get(&path).await.expect(200), "substitutes", "part"), ["STICK"]);
}

async fn substitutes_go_with_their_line(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [table, leg, pole, _] = parts(admin).await;
    let line = line_between(admin, &table, &leg).await;
    let path = format!("/bom/{line}/substitutes");
    admin.post(&path, &json!({"substitute_item_id": pole})).await.expect(200);
    admin.delete(&format!("/bom/{table}/children/{leg}")).await.expect(200);
    admin.get(&path).await.expect(404);
    admin.post("/aml/apply", &json!({"type": "Part", "action": "delete", "id": pole})).await.expect(200);
}

async fn equivalents_are_seen_from_both_ends(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [table, leg, pole, _] = parts(admin).await;
    let path = format!("/items/{table}/equivalents");
    let given = json!({"equivalent_item_id": leg, "properties": {"rank": 2, "note": "secondary"}});
    let added = admin.post(&path, &given).await.expect(200);
    assert_eq!(added["properties"], given["properties"]);
    assert_eq!((&added["ok"], &added["item_id"]), (&json!(true), &json!(table)));
    assert_eq!(added["equivalent_item_id"], json!(leg));
    admin.post(&path, &json!({"equivalent_item_id": pole, "properties": {"rank": 1}})).await.expect(200);

    let exists = json!({"detail": "Equivalent relationship already exists"});
    let back = format!("/items/{leg}/equivalents");
    assert_eq!(admin.post(&path, &json!({"equivalent_item_id": leg})).await.expect(400), exists);
    assert_eq!(admin.post(&back, &json!({"equivalent_item_id": table})).await.expect(400), exists);
    admin.post(&path, &json!({"equivalent_item_id": table})).await.expect(400);

    let found = admin.get(&path).await.expect(200);
    assert_eq!((&found["item_id"], &found["count"]), (&json!(table), &json!(2)));
    assert_eq!(numbers(&found, "equivalents", "equivalent_part"), ["POLE", "LEG"]);
    assert_eq!(found["equivalents"][1]["relationship"]["note"], "secondary");
    let found = admin.get(&back).await.expect(200);
    assert_eq!(numbers(&found, "equivalents", "equivalent_part"), ["TABLE"]);
    assert_eq!(found["equivalents"][0]["equivalent_item_id"], json!(table));

    let id = added["equivalent_id"].as_str().unwrap();
    admin.delete(&format!("/items/{pole}/equivalents/{id}")).await.expect(404);
    let removed = admin.delete(&format!("{back}/{id}")).await.expect(200);
    assert_eq!(removed, json!({"ok": true, "equivalent_id": id}));
    assert_eq!(admin.get(&path).await.expect(200)["count"], 1);
    admin.get("/items/no-uuid/equivalents").await.expect(404);
}

async fn equivalents_that_two_name_at_once_are_there_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for round in 0..6 {
        let (a, b) = (add_part(admin, &format!("A{round}")).await, add_part(admin, &format!("B{round}")).await);
        let (of_a, of_b) = (format!("/items/{a}/equivalents"), format!("/items/{b}/equivalents"));
        let (to_b, to_a) = (json!({"equivalent_item_id": b}), json!({"equivalent_item_id": a}));
        let (one, two) = futures::join!(admin.post(&of_a, &to_b), admin.post(&of_b, &to_a));
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
    }
}

async fn spares_are_exploded_once_each_though_they_go_round(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [table, leg, pole, stick] = parts(admin).await;
    let empty = admin.get(&format!("/items/{table}/spares")).await.expect(200);
    assert_eq!(empty, json!({"item_id": table, "count": 0, "spares": []}));
    for (item, spare, rank) in
        [(&table, &leg, 2), (&table, &pole, 1), (&leg, &stick, 1), (&stick, &table, 1), (&pole, &leg, 1)]
    {
        let given = json!({"spare_item_id": spare, "properties": {"rank": rank, "quantity": 2, "uom": "ea"}});
        let added = admin.post(&format!("/items/{item}/spares"), &given).await.expect(200);
        assert_eq!((&added["ok"], &added["spare_item_id"]), (&json!(true), &json!(spare)));
        assert_eq!(added["properties"]["uom"], "EA");
    }
    let again = admin.post(&format!("/items/{table}/spares"), &json!({"spare_item_id": leg})).await.expect(400);
    assert_eq!(again, json!({"detail": "Spare relationship already exists"}));
    admin.post(&format!("/items/{table}/spares"), &json!({"spare_item_id": table})).await.expect(400);
    let found = admin.get(&format!("/items/{table}/spares")).await.expect(200);
    assert_eq!(numbers(&found, "spares", "spare_part"), ["POLE", "LEG"]);

    let path = format!("/items/{table}/spares/explode");
    let row = |spare: &Value| json!([spare["level"], spare["spare_part"]["number"], spare["repeated"]]);
    let rows = |found: &Value| found["spares"].as_array().unwrap().iter().map(row).collect::<Vec<_>>();
    let all = admin.get(&path).await.expect(200);
    let expected = [
        json!([1, "POLE", false]),
        json!([1, "LEG", false]),
        json!([2, "LEG", true]),
        json!([2, "STICK", false]),
        json!([3, "TABLE", true]),
    ];
    assert_eq!(rows(&all), expected);
    assert_eq!((&all["count"], &all["levels"]), (&json!(5), &json!(10)));
    assert_eq!(rows(&admin.get(&format!("{path}?levels=1")).await.expect(200)), expected[..2]);
    for levels in ["0", "51", "x"] {
        admin.get(&format!("{path}?levels={levels}")).await.expect(422);
    }
    let id = found["spares"][0]["id"].as_str().unwrap();
    let removed = admin.delete(&format!("/items/{table}/spares/{id}")).await.expect(200);
    assert_eq!(removed, json!({"ok": true, "spare_id": id}));
}

async fn substitutes_and_equivalents_that_are_hidden_are_not_shown(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let [table, leg, pole, stick] = parts(admin).await;
    let line = line_between(admin, &table, &leg).await;
    for part in [&pole, &stick] {
        let given = json!({"substitute_item_id": part});
        admin.post(&format!("/bom/{line}/substitutes"), &given).await.expect(200);
        admin.post(&format!("/items/{table}/equivalents"), &json!({"equivalent_item_id": part})).await.expect(200);
    }
    admin.post(&format!("/items/{table}/spares"), &json!({"spare_item_id": pole})).await.expect(200);
    admin.post(&format!("/items/{pole}/spares"), &json!({"spare_item_id": stick})).await.expect(200);
    let viewer = world.user("vera", &["viewer"]).await;
    hide(&world.at, &[&pole]).await;
    let found = viewer.get(&format!("/bom/{line}/substitutes")).await.expect(200);
    assert_eq!(numbers(&found, "substitutes", "part"), ["STICK"]);
    let found = viewer.get(&format!("/items/{table}/equivalents")).await.expect(200);
    assert_eq!(numbers(&found, "equivalents", "equivalent_part"), ["STICK"]);
    assert_eq!(viewer.get(&format!("/items/{table}/spares/explode")).await.expect(200)["count"], 0);
    viewer.get(&format!("/items/{pole}/spares")).await.expect(404);
    viewer.post(&format!("/bom/{line}/substitutes"), &json!({"substitute_item_id": pole})).await.expect(404);
}
