//! Where items are used, line by line; and the steps that they have taken.

use serde_json::{Value, json};

use super::versions::aml;
use crate::support::client::Client;
use crate::support::database::hide;
use crate::support::world::{World, add_line, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    where_used_names_each_line_once_on_its_nearest_level,
    where_used_stops_at_what_is_hidden,
    where_used_transitions_of_an_item_are_listed,
);

fn rows(found: &Value) -> Vec<Value> {
    let row = |used: &Value| json!([used["level"], used["parent_number"], used["child_number"]]);
    let mut rows: Vec<Value> = found["parents"].as_array().unwrap().iter().map(row).collect();
    rows.sort_by_key(ToString::to_string);
    rows
}

async fn where_used(client: &Client, item: &str, query: &str) -> Value {
    client.get(&format!("/bom/{item}/where-used{query}")).await.expect(200)
}

/// TOP is made of SUB and SCREW, SUB of SCREW.
async fn parts(client: &Client) -> [String; 3] {
    let (top, sub, screw) =
        (add_part(client, "TOP").await, add_part(client, "SUB").await, add_part(client, "SCREW").await);
    add_line(client, &top, &sub).await;
    let line = json!({"child_id": screw, "quantity": 2, "uom": "ea", "find_num": " 10 ", "refdes": "S3, S1-S2"});
    client.post(&format!("/bom/{sub}/children"), &line).await.expect(200);
    add_line(client, &top, &screw).await;
    [top, sub, screw]
}

async fn where_used_names_each_line_once_on_its_nearest_level(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [top, sub, screw] = parts(admin).await;
    let direct = [json!([1, "SUB", "SCREW"]), json!([1, "TOP", "SCREW"])];
    let found = where_used(admin, &screw, "").await;
    assert_eq!((rows(&found), &found["count"], &found["item_id"]), (direct.to_vec(), &json!(2), &json!(screw)));
    let found = where_used(admin, &screw, "?recursive=true&max_levels=5").await;
    assert_eq!(rows(&found), [&direct[..], &[json!([2, "TOP", "SUB"])]].concat());
    assert_eq!(rows(&where_used(admin, &screw, "?recursive=true&max_levels=1").await), direct);
    assert_eq!(where_used(admin, &top, "?recursive=true").await["count"], 0);

    let used = found["parents"].as_array().unwrap().iter().find(|used| used["parent_number"] == "SUB").unwrap();
    assert_eq!((&used["parent"]["id"], &used["child"]["id"]), (&json!(sub), &json!(screw)));
    assert_eq!((&used["parent_name"], &used["child_name"]), (&json!("SUB"), &json!("SCREW")));
    assert_eq!((&used["relationship"]["quantity"], &used["relationship"]["uom"]), (&json!(2.0), &json!("EA")));
    let line = json!({
        "quantity": 2.0, "uom": "EA", "find_num": " 10 ", "refdes": "S3, S1-S2", "effectivity_from": null,
        "effectivity_to": null, "effectivities": null, "substitutes": null, "config_condition": null,
    });
    assert_eq!(used["line"], line);
    assert_eq!(
        (&used["line_normalized"]["find_num"], &used["line_normalized"]["refdes"]),
        (&json!("10"), &json!(["S1", "S2", "S3"]))
    );

    let missing = admin.get("/bom/non-existent-id/where-used").await.expect(404);
    assert_eq!(missing, json!({"detail": "Item non-existent-id not found"}));
    for bad in ["max_levels=0", "max_levels=101", "recursive=maybe"] {
        admin.get(&format!("/bom/{screw}/where-used?{bad}")).await.expect(422);
    }
    let schema = admin.get("/bom/where-used/schema").await.expect(200);
    let fields: Vec<&str> =
        schema["line_fields"].as_array().unwrap().iter().map(|field| field["field"].as_str().unwrap()).collect();
    assert_eq!(fields.len(), 9);
    assert!(fields.iter().all(|field| line.get(field).is_some()), "{fields:?}");
    assert_eq!(schema["line_fields"][0]["normalized"], "float");
}

async fn where_used_stops_at_what_is_hidden(at: Installation) {
    let world = World::start(at).await;
    let [_, sub, screw] = parts(&world.admin).await;
    let viewer = world.user("vera", &["viewer"]).await;
    hide(&world.at, &[&sub]).await;
    assert_eq!(rows(&where_used(&viewer, &screw, "?recursive=true").await), [json!([1, "TOP", "SCREW"])]);
    viewer.get(&format!("/bom/{sub}/where-used")).await.expect(404);
}

async fn where_used_transitions_of_an_item_are_listed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let path = format!("/items/{part}/transition-history");
    assert_eq!(admin.get(&path).await.expect(200), json!({"items": [], "count": 0}));
    for state in ["Review", "Released"] {
        aml(admin, "promote", &part, json!({"state": state})).await.expect(200);
    }
    let taken = admin.get(&path).await.expect(200);
    assert_eq!(taken["count"], 2);
    assert_eq!(
        (&taken["items"][0]["from_state"], &taken["items"][0]["to_state"]),
        (&json!("Review"), &json!("Released"))
    );
    assert_eq!(admin.get(&format!("{path}?limit=1")).await.expect(200)["count"], 1);
    for limit in ["0", "501"] {
        admin.get(&format!("{path}?limit={limit}")).await.expect(422);
    }
    admin.get("/items/no-uuid/transition-history").await.expect(404);
}
