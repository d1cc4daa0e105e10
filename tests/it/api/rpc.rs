//! Methods by name.

use serde_json::{Value, json};

use crate::support::client::{Client, Reply};
use crate::support::database::{freeze, hide};
use crate::support::world::{World, add_line, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    the_structure_of_a_bom_is_its_tree,
    items_live_by_methods,
    arguments_that_do_not_fit_are_named,
    a_viewer_reads_and_does_not_write,
    the_methods_are_listed,
);

async fn call(client: &Client, name: &str, args: Value, kwargs: Value) -> Reply {
    let (model, method) = name.split_once('.').unwrap();
    client.post("/rpc/", &json!({"model": model, "method": method, "args": args, "kwargs": kwargs})).await
}

async fn the_structure_of_a_bom_is_its_tree(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (table, leg, screw) = (add_part(admin, "T").await, add_part(admin, "L").await, add_part(admin, "S").await);
    add_line(admin, &table, &leg).await;
    add_line(admin, &leg, &screw).await;
    let tree = admin.get(&format!("/bom/{table}/tree")).await.expect(200);
    let called = call(admin, "BOM.get_structure", json!([table]), json!({})).await.expect(200);
    assert_eq!(called, json!({"result": tree}));
    let root = &called["result"];
    for field in [
        "item_type_id",
        "config_id",
        "generation",
        "is_current",
        "current_state",
        "created_on",
        "permission_id",
        "number",
    ] {
        assert!(root.get(field).is_some(), "{field}");
    }
    assert_eq!(root["children"][0]["relationship"]["properties"]["uom"], "EA");
    // Without the final slash, without args and kwargs.
    let body = json!({"model": "BOM", "method": "get_structure", "kwargs": {"item_id": table, "levels": 1}});
    let one = admin.post("/rpc", &body).await.expect(200);
    assert_eq!(one["result"]["children"][0]["child"]["children"], json!([]));
    let unknown = call(admin, "Nope.x", json!([]), json!({})).await.expect(404);
    assert_eq!(unknown, json!({"detail": "RPC method 'Nope.x' not found."}));
    let exploded = call(admin, "BOM.explode", json!([table]), json!({})).await.expect(200);
    assert_eq!(
        exploded["result"],
        admin.post(&format!("/aml/bom/explode?item_id={table}"), &json!({})).await.expect(200)
    );
    let uses = call(admin, "BOM.where_used", json!([screw, 1]), json!({})).await.expect(200);
    assert_eq!(
        uses["result"],
        admin.post(&format!("/aml/where-used?item_id={screw}&max_level=1"), &json!({})).await.expect(200)
    );
}

async fn items_live_by_methods(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let made =
        call(admin, "Item.create", json!(["Part", {"item_number": "P", "cost": "2"}]), json!({})).await.expect(200);
    let (id, etag) = (made["result"]["id"].clone(), made["result"]["items"][0]["etag"].clone());
    let change = json!({"type": "Part", "id": id, "properties": {"cost": 3}, "if_match": etag});
    call(admin, "Item.update", json!([]), change.clone()).await.expect(200);
    let stale = call(admin, "Item.update", json!([]), change).await.expect(409);
    assert_eq!(stale["detail"]["code"], "STALE_ITEM");
    call(admin, "Item.promote", json!(["Part", id, "Review"]), json!({})).await.expect(200);
    let got = call(admin, "Item.get", json!(["Part", id]), json!({"expand": ["Part BOM"]})).await.expect(200);
    assert_eq!((&got["result"]["state"], &got["result"]["properties"]["cost"]), (&json!("Review"), &json!(3.0)));
    assert_eq!(got["result"]["relationships"], json!({"Part BOM": []}));
    let found =
        call(admin, "Item.query", json!(["Part", {"cost": {"gt": 2}}]), json!({"select": ["cost"]})).await.expect(200);
    assert_eq!(
        (&found["result"]["total"], &found["result"]["items"][0]["properties"]),
        (&json!(1), &json!({"cost": 3.0}))
    );
    let item = json!({"type": "Part", "action": "add", "id": "@x"});
    call(admin, "Item.apply", json!([item]), json!({})).await.expect(200);
    let bulk = call(admin, "Item.apply_bulk", json!([[item]]), json!({})).await.expect(200);
    assert_eq!(bulk["result"]["items"][0]["id"], bulk["result"]["labels"]["@x"]);
    call(admin, "Item.delete", json!(["Part", id]), json!({})).await.expect(200);
    call(admin, "Item.get", json!(["Part", id]), json!({})).await.expect(404);
    let kind = call(admin, "ItemType.get", json!(["Part"]), json!({})).await.expect(200);
    assert_eq!(kind["result"], admin.get("/aml/metadata/Part").await.expect(200));
    let kinds = call(admin, "ItemType.list", json!([]), json!({})).await.expect(200);
    assert!(kinds["result"].as_array().unwrap().contains(&kind["result"]));
}

async fn arguments_that_do_not_fit_are_named(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let table = [
        ("BOM.get_structure", json!([]), json!({}), json!(["body", "kwargs", "item_id"])),
        ("BOM.get_structure", json!([7]), json!({}), json!(["body", "args", "0"])),
        ("BOM.get_structure", json!([part]), json!({"depth": 1}), json!(["body", "kwargs", "depth"])),
        ("BOM.get_structure", json!([part, 101]), json!({}), json!(["body", "kwargs", "depth"])),
        ("BOM.explode", json!([part, 0]), json!({}), json!(["body", "kwargs", "max_level"])),
        ("BOM.where_used", json!([part, 1, 2]), json!({}), json!(["body", "args", "2"])),
        (
            "Item.create",
            json!(["Part"]),
            json!({"properties": {"cost": "cheap"}}),
            json!(["body", "kwargs", "properties", "cost"]),
        ),
        (
            "Item.create",
            json!(["Part", {}, [{"action": "add"}]]),
            json!({}),
            json!(["body", "kwargs", "relationships", "0", "type"]),
        ),
        (
            "Item.query",
            json!(["Part"]),
            json!({"where": {"cost": {"gt": "x"}}}),
            json!(["body", "kwargs", "where", "cost", "gt"]),
        ),
        ("Item.query", json!(["Part"]), json!({"select": [1]}), json!(["body", "kwargs", "select", "0"])),
        ("Item.get", json!(["Part", part, [1]]), json!({}), json!(["body", "kwargs", "expand", "0"])),
        (
            "Item.apply",
            json!([{"type": "Part", "action": "explode"}]),
            json!({}),
            json!(["body", "kwargs", "item", "action"]),
        ),
        (
            "Item.apply_bulk",
            json!([[{"type": "Part", "action": "get"}]]),
            json!({}),
            json!(["body", "kwargs", "items", "0", "action"]),
        ),
    ];
    for (name, args, kwargs, loc) in table {
        let refused = call(admin, name, args.clone(), kwargs.clone()).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], loc, "{name} {args} {kwargs} {refused}");
    }
    admin.post("/rpc/", &json!({"model": "BOM"})).await.expect(422);
    admin.post("/rpc/", &json!({"model": "BOM", "method": "x", "args": {}})).await.expect(422);
}

async fn a_viewer_reads_and_does_not_write(at: Installation) {
    let world = World::start(at).await;
    let viewer = world.user("vera", &["viewer"]).await;
    let (part, hidden) = (add_part(&world.admin, "P").await, add_part(&world.admin, "H").await);
    freeze(&world.at, "Part").await;
    hide(&world.at, &[&hidden]).await;
    call(&viewer, "Item.get", json!(["Part", part]), json!({})).await.expect(200);
    call(&viewer, "BOM.get_structure", json!([part]), json!({})).await.expect(200);
    for (name, args) in [
        ("Item.create", json!(["Part"])),
        ("Item.update", json!(["Part", part, {"name": "x"}])),
        ("Item.delete", json!(["Part", part])),
        ("Item.promote", json!(["Part", part, "Review"])),
        ("Item.apply", json!([{"type": "Part", "action": "add"}])),
        ("Item.apply_bulk", json!([[{"type": "Part", "action": "add"}]])),
    ] {
        let refused = call(&viewer, name, args, json!({})).await.expect(403);
        assert_eq!(refused["detail"]["code"], "PERMISSION_DENIED", "{name}");
    }
    let names = ["BOM.get_structure", "BOM.explode", "BOM.where_used"];
    for (name, args) in
        names.map(|name| (name, json!([hidden]))).into_iter().chain([("Item.get", json!(["Part", hidden]))])
    {
        call(&viewer, name, args, json!({})).await.expect(404);
    }
    let found = call(&viewer, "Item.query", json!(["Part"]), json!({})).await.expect(200);
    assert_eq!(found["result"]["total"], 1);
}

async fn the_methods_are_listed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let listed = admin.get("/rpc/").await.expect(200);
    let structure = json!({
        "name": "BOM.get_structure", "model": "BOM", "method": "get_structure", "description": "The tree below an item.",
        "parameters": [
            {"name": "item_id", "type": "string", "required": true, "default": null},
            {"name": "levels", "type": "integer", "required": false, "default": 10},
        ],
    });
    assert_eq!(listed["items"][0], structure);
    assert_eq!(listed["total"], json!(listed["items"].as_array().unwrap().len()));
    assert_eq!(admin.get("/rpc").await.expect(200), listed);
}
