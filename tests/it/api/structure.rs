//! BOMs as lists: exploded, and where an item is used.

use serde_json::{Value, json};

use crate::support::client::Client;
use crate::support::database::hide;
use crate::support::world::{World, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_bom_is_exploded_with_exact_quantities,
    an_explosion_shows_nothing_below_what_is_hidden,
    uses_are_found_level_by_level,
    uses_above_what_is_hidden_are_not_shown,
    levels_and_ids_are_checked,
);

/// TABLE -4-> LEG -0.1 KG-> GLUE; TABLE -3-> GLUE; SET -2-> TABLE.
struct Furniture {
    set: String,
    table: String,
    leg: String,
    glue: String,
}

async fn furniture(client: &Client) -> Furniture {
    let mut parts = Vec::new();
    for number in ["SET", "TABLE", "LEG", "GLUE"] {
        parts.push(add_part(client, number).await);
    }
    let [set, table, leg, glue] = <[String; 4]>::try_from(parts).unwrap();
    let lines = [
        (&table, &leg, json!(3), "EA"),
        (&leg, &glue, json!("0.1"), "KG"),
        (&table, &glue, json!(1.5), "KG"),
        (&set, &table, json!(2), "EA"),
    ];
    for (parent, child, quantity, uom) in lines {
        let values =
            json!({"source_id": parent, "related_id": child, "quantity": quantity, "uom": uom, "find_num": "10"});
        client
            .post("/aml/apply", &json!({"type": "Part BOM", "action": "add", "properties": values}))
            .await
            .expect(200);
    }
    Furniture { set, table, leg, glue }
}

async fn explode(client: &Client, item: &str, more: &str) -> Value {
    client.post(&format!("/aml/bom/explode?item_id={item}{more}"), &json!({})).await.expect(200)
}

fn list(exploded: &Value) -> Value {
    let item = |item: &Value| {
        json!([item["level"], item["item_number"], item["quantity"], item["total_quantity"], item["uom"]])
    };
    exploded["items"].as_array().unwrap().iter().map(item).collect()
}

async fn a_bom_is_exploded_with_exact_quantities(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Furniture { set, table, leg, glue } = furniture(admin).await;
    let exploded = explode(admin, &set, "").await;
    let expected = json!([
        [1, "TABLE", "2", "2", "EA"],
        [2, "LEG", "3", "6", "EA"],
        [3, "GLUE", "0.1", "0.6", "KG"],
        [2, "GLUE", "1.5", "3", "KG"],
    ]);
    assert_eq!(list(&exploded), expected);
    assert_eq!(
        (&exploded["count"], &exploded["max_level"], &exploded["item_number"]),
        (&json!(4), &json!(10), &json!("SET"))
    );
    let deepest = &exploded["items"][2];
    assert_eq!(deepest["path"], json!([set, table, leg, glue]));
    assert_eq!(
        (&deepest["parent_id"], &deepest["find_num"], deepest.get("properties")),
        (&json!(leg), &json!("10"), None)
    );
    let tree = admin.get(&format!("/bom/{set}/tree")).await.expect(200);
    assert_eq!(exploded["tree"], tree);
    let one = explode(admin, &set, "&max_level=1&include_properties=true").await;
    assert_eq!(list(&one), json!([[1, "TABLE", "2", "2", "EA"]]));
    assert_eq!(one["items"][0]["properties"]["name"], "TABLE");
    assert_eq!(one["items"][0]["relationship_properties"]["quantity"], 2.0);
    assert_eq!(list(&explode(admin, &glue, "").await), json!([]));
}

async fn an_explosion_shows_nothing_below_what_is_hidden(at: Installation) {
    let world = World::start(at).await;
    let Furniture { set, leg, .. } = furniture(&world.admin).await;
    let viewer = world.user("vera", &["viewer"]).await;
    hide(&world.at, &[&leg]).await;
    let seen = explode(&viewer, &set, "").await;
    assert_eq!(list(&seen), json!([[1, "TABLE", "2", "2", "EA"], [2, "GLUE", "1.5", "3", "KG"]]));
    viewer.post(&format!("/aml/bom/explode?item_id={leg}"), &json!({})).await.expect(404);
}

async fn uses(client: &Client, item: &str, more: &str) -> Value {
    let found = client.post(&format!("/aml/where-used?item_id={item}{more}"), &json!({})).await.expect(200);
    assert_eq!(found["truncated"], false);
    let mut uses: Vec<Value> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| json!([found["level"], found["parent"]["number"], found["quantity"], found["is_top"]]))
        .collect();
    uses.sort_by_key(|found| (found[0].as_u64(), found[1].as_str().map(str::to_owned)));
    json!(uses)
}

async fn uses_are_found_level_by_level(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Furniture { set, glue, leg, .. } = furniture(admin).await;
    let expected = json!([
        [1, "LEG", 0.1, false],
        [1, "TABLE", 1.5, false],
        [2, "SET", 2.0, true],
        [2, "TABLE", 3.0, false],
        [3, "SET", 2.0, true],
    ]);
    assert_eq!(uses(admin, &glue, "").await, expected);
    assert_eq!(uses(admin, &glue, "&max_level=1").await, json!([[1, "LEG", 0.1, false], [1, "TABLE", 1.5, false]]));
    assert_eq!(uses(admin, &leg, "").await, json!([[1, "TABLE", 3.0, false], [2, "SET", 2.0, true]]));
    assert_eq!(uses(admin, &set, "").await, json!([]));
}

async fn uses_above_what_is_hidden_are_not_shown(at: Installation) {
    let world = World::start(at).await;
    let Furniture { table, glue, leg, .. } = furniture(&world.admin).await;
    let viewer = world.user("vera", &["viewer"]).await;
    hide(&world.at, &[&table]).await;
    assert_eq!(uses(&viewer, &glue, "").await, json!([[1, "LEG", 0.1, true]]));
    assert_eq!(uses(&viewer, &leg, "").await, json!([]));
    viewer.post(&format!("/aml/where-used?item_id={table}"), &json!({})).await.expect(404);
}

async fn levels_and_ids_are_checked(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    for path in ["bom/explode", "where-used"] {
        let missing = admin.post(&format!("/aml/{path}"), &json!({})).await.expect(422);
        assert_eq!(missing["detail"][0]["loc"], json!(["query", "item_id"]));
        for level in ["0", "101", "-1", "x"] {
            let refused =
                admin.post(&format!("/aml/{path}?item_id={part}&max_level={level}"), &json!({})).await.expect(422);
            assert_eq!(refused["detail"][0]["loc"], json!(["query", "max_level"]), "{path} {level}");
        }
        admin.post(&format!("/aml/{path}?item_id=x"), &json!({})).await.expect(404);
    }
}
