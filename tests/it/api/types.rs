//! Item types and properties, as administrators make and change them.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::client::{Client, Reply};
use crate::support::server::Server;
use crate::support::world::{World, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_type_is_made_listed_changed_and_deleted,
    a_type_that_makes_no_sense_is_refused_by_field,
    properties_are_added_changed_and_deleted,
    values_are_checked_by_what_a_property_says,
    two_who_make_one_type_make_it_once,
    a_unique_property_lets_one_of_sixteen_writers_pass,
    a_property_that_cannot_be_unique_says_why,
    references_lead_to_items_of_their_type,
    every_process_sees_a_change_with_its_next_request,
    members_read_the_model_and_administrators_change_it,
    asked_for_indexes_belong_to_a_database,
);

async fn make(client: &Client, body: Value) -> Value {
    client.post("/meta/item-types", &body).await.expect(200)
}

async fn property(client: &Client, kind: &str, body: Value) -> Value {
    client.post(&format!("/meta/item-types/{kind}/properties"), &body).await.expect(200)
}

async fn add(client: &Client, kind: &str, properties: Value) -> Reply {
    client.post("/aml/apply", &json!({"type": kind, "action": "add", "properties": properties})).await
}

/// The property of a type once its index is no longer being made.
pub async fn settled(client: &Client, kind: &str, name: &str) -> Value {
    for _ in 0..600 {
        let found = client.get(&format!("/meta/item-types/{kind}")).await.expect(200);
        let property =
            found["properties"].as_array().unwrap().iter().find(|property| property["name"] == name).unwrap();
        if property["index_status"] != "building" {
            return property.clone();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the index of {kind}.{name} is not made");
}

fn problems(refused: &Value) -> Vec<String> {
    let places = refused["detail"].as_array().unwrap().iter().map(|problem| problem["loc"].as_array().unwrap());
    places.map(|loc| loc[1..].iter().map(|part| part.as_str().unwrap()).collect::<Vec<_>>().join(".")).collect()
}

async fn a_type_is_made_listed_changed_and_deleted(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let given = json!({
        "id": "Document Part", "label": "Document Part", "is_relationship": true, "is_versionable": false,
        "source_item_type_id": "Part", "related_item_type_id": "Document",
    });
    let made = make(admin, given.clone()).await;
    let expected = json!({
        "id": "Document Part", "label": "Document Part", "description": null, "is_relationship": true,
        "is_versionable": false, "revision_scheme": "A-Z", "permission_id": null, "lifecycle_map_id": null,
        "source_item_type_id": "Part", "related_item_type_id": "Document", "property_count": 0,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&made[field], value, "{field}");
    }
    let again = admin.post("/meta/item-types", &given).await.expect(409);
    assert_eq!(again["detail"]["code"], "ITEM_TYPE_EXISTS");
    let list = admin.get("/meta/item-types").await.expect(200);
    assert_eq!((&list["total"], &list["items"][1]), (&json!(9), &made));

    // A name in any script, numbers of its own, and properties at once.
    let tool = make(admin, json!({
        "id": "零件", "label": "Teil", "number_property": "编号", "revision_scheme": "1-9", "accepts_undeclared": false,
        "properties": [{"name": "编号", "is_required": true, "length": 20}, {"name": "size", "data_type": "float"}],
    })).await;
    assert_eq!((&tool["property_count"], &tool["number_property"]), (&json!(2), &json!("编号")));
    let path = "/meta/item-types/零件";
    let detail = admin.get(path).await.expect(200);
    assert_eq!(detail["properties"][1]["data_type"], "float");
    let drawn = add(admin, "零件", json!({"size": 2})).await.expect(200);
    assert_eq!(drawn["items"][0]["properties"]["number"], "零件-000001");
    let schema = admin.get(&format!("{path}/schema")).await.expect(200);
    assert_eq!((&schema["required"], &schema["additionalProperties"]), (&json!(["编号"]), &json!(false)));
    let changed = admin.patch(path, &json!({"label": "Werkzeug", "description": "x"})).await.expect(200);
    assert_eq!((&changed["label"], &changed["description"]), (&json!("Werkzeug"), &json!("x")));
    let cleared = admin.patch(path, &json!({"description": null})).await.expect(200);
    assert_eq!((&cleared["label"], &cleared["description"]), (&json!("Werkzeug"), &json!(null)));
    let permission = admin.patch(&format!("{path}/permission"), &json!({"permission_id": "Default"})).await.expect(200);
    assert_eq!(permission, json!({"ok": true, "item_type_id": "零件", "permission_id": "Default"}));
    assert_eq!(admin.delete(path).await.expect(409)["detail"]["code"], "ITEMS_EXIST");
    admin.post("/aml/apply", &json!({"type": "零件", "action": "delete", "id": id(&drawn)})).await.expect(200);
    admin.delete(path).await.expect(200);
    assert_eq!(admin.get(path).await.expect(404), json!({"detail": "ItemType not found"}));
    assert_eq!(admin.delete("/meta/item-types/Part").await.expect(409)["detail"]["code"], "SEEDED_TYPE");
}

async fn a_type_that_makes_no_sense_is_refused_by_field(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let long = "x".repeat(101);
    for (given, fields) in [
        (json!({"id": ""}), vec!["id"]),
        (json!({"id": long}), vec!["id"]),
        (json!({"id": " Tool"}), vec!["id"]),
        (json!({"id": "To\u{0}ol"}), vec!["id"]),
        (json!({"id": "a/b"}), vec!["id"]),
        (json!({"id": "T", "revision_scheme": "α-ω"}), vec!["revision_scheme"]),
        (json!({"id": "T", "permission_id": "None"}), vec!["permission_id"]),
        (json!({"id": "T", "lifecycle_map_id": "x"}), vec!["lifecycle_map_id"]),
        (json!({"id": "T", "lifecycle_map_id": uuid::Uuid::nil()}), vec!["lifecycle_map_id"]),
        (json!({"id": "T", "is_relationship": true}), vec!["source_item_type_id", "related_item_type_id"]),
        (
            json!({"id": "T", "is_relationship": true, "source_item_type_id": "Part", "related_item_type_id": "X"}),
            vec!["related_item_type_id"],
        ),
        (json!({"id": "T", "source_item_type_id": "Part"}), vec!["source_item_type_id"]),
        (json!({"id": "T", "is_acyclic": true}), vec!["is_acyclic"]),
        (json!({"id": "T", "key_properties": ["a"]}), vec!["key_properties", "key_properties"]),
        (json!({"id": "T", "label": "a\u{202e}b"}), vec!["label"]),
        (json!({"id": "T", "properties": [{"name": "a"}, {"name": "a"}]}), vec!["properties.1.name"]),
        (json!({"id": "T", "properties": [{"name": "a", "data_type": "x"}]}), vec!["properties.0.data_type"]),
        (
            json!({"id": "T", "number_property": "n", "properties": [{"name": "n"}]}),
            vec!["number_property", "properties.0.is_required"],
        ),
    ] {
        let refused = admin.post("/meta/item-types", &given).await.expect(422);
        assert_eq!(problems(&refused), fields, "{given}");
    }
    assert_eq!(admin.get("/meta/item-types").await.expect(200)["total"], 8);
}

async fn properties_are_added_changed_and_deleted(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    make(admin, json!({"id": "Tool"})).await;
    let options = json!({"choices": [{"label": "Red", "value": "red"}, "blue"]});
    let colour = property(
        admin,
        "Tool",
        json!({"name": "colour", "label": "Colour", "ui_type": "select", "ui_options": options}),
    )
    .await;
    assert_eq!((&colour["choices"], &colour["ui_options"]), (&json!(["red", "blue"]), &options));
    assert_eq!(
        (&colour["item_type_id"], &colour["data_type"], &colour["position"]),
        (&json!("Tool"), &json!("string"), &json!(0))
    );
    let size = property(admin, "Tool", json!({"name": "size", "data_type": "integer", "position": 0})).await;
    let order = |detail: &Value| -> Vec<String> {
        detail["properties"]
            .as_array()
            .unwrap()
            .iter()
            .map(|property| property["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(order(&admin.get("/meta/item-types/Tool").await.expect(200)), ["size", "colour"]);
    let twice = admin.post("/meta/item-types/Tool/properties", &json!({"name": "size"})).await.expect(409);
    assert_eq!(twice["detail"]["code"], "PROPERTY_EXISTS");

    let added = add(admin, "Tool", json!({"colour": "red", "size": 3})).await.expect(200);
    let path = format!("/meta/item-types/Tool/properties/{}", id(&colour));
    let refused = admin.patch(&path, &json!({"choices": ["blue"]})).await.expect(409);
    assert_eq!(refused["detail"]["code"], "VALUES_DO_NOT_FIT");
    let in_the_way = &refused["detail"]["details"]["items"][0];
    assert_eq!((&in_the_way["id"], &in_the_way["value"]), (&added["id"], &json!("red")));
    let changed = admin.patch(&path, &json!({"label": "Farbe", "choices": null, "position": 0})).await.expect(200);
    assert_eq!(
        (&changed["label"], &changed["choices"], &changed["position"]),
        (&json!("Farbe"), &json!(null), &json!(0))
    );
    let text = admin
        .patch(&format!("/meta/item-types/Tool/properties/{}", id(&size)), &json!({"data_type": "string"}))
        .await
        .expect(200);
    assert_eq!(text["data_type"], "string");
    let item = admin.get(&format!("/aml/Tool/{}", id(&added))).await.expect(200);
    assert_eq!(item["properties"]["size"], "3", "rewritten in the new type");

    admin.delete(&path).await.expect(200);
    admin.delete(&path).await.expect(404);
    admin.patch("/meta/item-types/Tool/properties/nonsense", &json!({})).await.expect(404);
    let item = admin.get(&format!("/aml/Tool/{}", id(&added))).await.expect(200);
    assert_eq!(item["properties"]["colour"], "red", "no value is lost");
    let part = admin.get("/meta/item-types/Part").await.expect(200);
    let number = format!("/meta/item-types/Part/properties/{}", id(&part["properties"][0]));
    assert_eq!(admin.delete(&number).await.expect(409)["detail"]["code"], "PROPERTY_IN_USE");
    admin.patch(&number, &json!({"is_required": false})).await.expect(422);
}

async fn values_are_checked_by_what_a_property_says(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    make(
        admin,
        json!({"id": "Tool", "properties": [
            {"name": "code", "pattern": "[A-Z]{2}-\\d+", "length": 8},
            {"name": "colour", "choices": ["red", "blue"]},
            {"name": "weight", "data_type": "float", "minimum": 0, "maximum": 100},
            {"name": "tags", "data_type": "list", "choices": ["a", "b"]},
            {"name": "due", "data_type": "date", "default_value_expression": "today"},
            {"name": "maker", "is_required": true, "default_value": "us"},
        ]}),
    )
    .await;
    let added =
        add(admin, "Tool", json!({"code": "AB-1", "colour": "red", "weight": "2.5", "tags": ["a"]})).await.expect(200);
    let values = &added["items"][0]["properties"];
    assert_eq!((&values["maker"], &values["weight"]), (&json!("us"), &json!(2.5)));
    assert!(values["due"].is_string());
    let refused = add(
        admin,
        "Tool",
        json!({
            "code": "xAB-1", "colour": "green", "weight": 100.5, "tags": ["c"], "maker": " ",
        }),
    )
    .await
    .expect(422);
    assert_eq!(problems(&refused), ["properties.maker"], "a value that is missing comes first");
    let refused = add(admin, "Tool", json!({"code": "xAB-1", "colour": "green", "weight": 100.5, "tags": ["c"]})).await;
    let mut fields = problems(&refused.expect(422));
    fields.sort();
    assert_eq!(fields, ["properties.code", "properties.colour", "properties.tags", "properties.weight"]);
    let update = json!({"type": "Tool", "action": "update", "id": added["id"], "properties": {"colour": "green"}});
    assert_eq!(problems(&admin.post("/aml/apply", &update).await.expect(422)), ["properties.colour"]);
}

async fn two_who_make_one_type_make_it_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let makers =
        (0..8).map(|_| async move { admin.post("/meta/item-types", &json!({"id": "Tool"})).await.status.as_u16() });
    let mut statuses = join_all(makers).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
}

async fn a_unique_property_lets_one_of_sixteen_writers_pass(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    make(admin, json!({"id": "Tool"})).await;
    for (name, value) in [("serial", json!("S-1")), ("count", json!(7))] {
        let data_type = if name == "count" { "integer" } else { "string" };
        let made = property(admin, "Tool", json!({"name": name, "data_type": data_type, "length": if name == "serial" { json!(30) } else { json!(null) }, "is_unique": true})).await;
        assert_eq!(made["index_status"], "building");
        assert_eq!(settled(admin, "Tool", name).await["index_status"], "ready");
        let writers = (0..16).map(|_| add(admin, "Tool", json!({name: value})));
        let replies = join_all(writers).await;
        let (won, lost): (Vec<Reply>, Vec<Reply>) = replies.into_iter().partition(|reply| reply.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 15));
        for refused in lost {
            let detail = &refused.expect(409)["detail"];
            assert_eq!(detail["code"], "DUPLICATE_VALUE");
            assert_eq!(detail["details"], json!({"resource": "Tool", "property": name, "value": value}));
        }
    }
    // Another type, and no value at all, are free.
    make(admin, json!({"id": "Other"})).await;
    add(admin, "Other", json!({"serial": "S-1"})).await.expect(200);
    for _ in 0..2 {
        add(admin, "Tool", json!({})).await.expect(200);
    }
}

async fn a_property_that_cannot_be_unique_says_why(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    make(admin, json!({"id": "Tool"})).await;
    let mut twins = Vec::new();
    for serial in ["A", "A", "B"] {
        twins.push(id(&add(admin, "Tool", json!({"serial": serial})).await.expect(200)));
    }
    let made = property(admin, "Tool", json!({"name": "serial", "length": 30, "is_unique": true})).await;
    let failed = settled(admin, "Tool", "serial").await;
    assert_eq!(failed["index_status"], "failed");
    assert_eq!(failed["index_problem"]["duplicates"], json!([{"value": "A", "count": 2}]));
    add(admin, "Tool", json!({"serial": "B"})).await.expect(200);
    let change = |id: &str, serial: &str| json!({"type": "Tool", "action": "update", "id": id, "properties": {"serial": serial}});
    admin.post("/aml/apply", &change(&twins[1], "C")).await.expect(200);
    admin.post("/aml/apply", &change(&twins[2], "D")).await.expect(200);
    let path = format!("/meta/item-types/Tool/properties/{}", id(&made));
    assert_eq!(admin.patch(&path, &json!({"is_unique": true})).await.expect(200)["index_status"], "building");
    let ready = settled(admin, "Tool", "serial").await;
    assert_eq!((&ready["index_status"], &ready["index_problem"]), (&json!("ready"), &json!(null)));
    let taken = admin.post("/aml/apply", &change(&twins[2], "A")).await.expect(409);
    assert_eq!(taken["detail"]["code"], "DUPLICATE_VALUE");
    assert_eq!(admin.patch(&path, &json!({"is_unique": false})).await.expect(200)["index_status"], json!(null));
    // The index goes with its job.
    for _ in 0..600 {
        if admin.post("/aml/apply", &change(&twins[2], "A")).await.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the index stays");
}

async fn references_lead_to_items_of_their_type(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    make(
        admin,
        json!({"id": "Tool", "properties": [
            {"name": "part", "data_type": "item", "data_source_id": "Part"}, {"name": "any", "data_type": "item"},
        ]}),
    )
    .await;
    let part = add_part(admin, "P-1").await;
    let document = add(admin, "Document", json!({"doc_number": "D-1"})).await.expect(200);
    let tool = add(admin, "Tool", json!({"part": part, "any": document["id"]})).await.expect(200);
    let nobody = uuid::Uuid::new_v4();
    for (values, field) in [
        (json!({"part": nobody}), "properties.part"),
        (json!({"part": document["id"]}), "properties.part"),
        (json!({"any": nobody}), "properties.any"),
    ] {
        let refused = add(admin, "Tool", values.clone()).await.expect(422);
        assert_eq!(problems(&refused), [field], "{values}");
    }
    let update = json!({"type": "Tool", "action": "update", "id": tool["id"], "properties": {"part": nobody}});
    assert_eq!(problems(&admin.post("/aml/apply", &update).await.expect(422)), ["properties.part"]);
    let other =
        json!({"type": "Tool", "action": "update", "id": tool["id"], "properties": {"note": "x", "part": part}});
    admin.post("/aml/apply", &other).await.expect(200);
}

async fn every_process_sees_a_change_with_its_next_request(at: Installation) {
    let world = World::start(at).await;
    let second = Server::start(&world.at).await;
    let other = second.client().login("acme", "org-1", "admin", crate::support::world::PASSWORD).await;
    other.get("/meta/item-types/Tool").await.expect(404);
    make(&world.admin, json!({"id": "Tool"})).await;
    other.get("/meta/item-types/Tool").await.expect(200);
    property(&world.admin, "Tool", json!({"name": "size", "data_type": "integer"})).await;
    add(&other, "Tool", json!({"size": "x"})).await.expect(422);
    other.delete("/meta/item-types/Tool").await.expect(200);
    world.admin.get("/meta/item-types/Tool").await.expect(404);
}

async fn members_read_the_model_and_administrators_change_it(at: Installation) {
    let world = World::start(at).await;
    let member = world.user("ada", &["engineer"]).await;
    let part = member.get("/meta/item-types/Part").await.expect(200);
    member.get("/meta/item-types").await.expect(200);
    member.get("/meta/item-types/Part/schema").await.expect(200);
    let property = format!("/meta/item-types/Part/properties/{}", id(&part["properties"][1]));
    for refused in [
        member.post("/meta/item-types", &json!({"id": "Mine"})).await,
        member.patch("/meta/item-types/Part", &json!({"label": "Mine"})).await,
        member.patch("/meta/item-types/Part/permission", &json!({"permission_id": "Default"})).await,
        member.delete("/meta/item-types/Part").await,
        member.post("/meta/item-types/Part/properties", &json!({"name": "mine"})).await,
        member.patch(&property, &json!({"label": "mine"})).await,
        member.delete(&property).await,
        member.post("/meta/item-types/Part/refresh-schema", &json!({})).await,
    ] {
        assert_eq!(refused.expect(403)["detail"]["code"], "PERMISSION_DENIED");
    }
    let refreshed = world.admin.post("/meta/item-types/Part/refresh-schema", &json!({})).await.expect(200);
    assert_eq!((&refreshed["ok"], &refreshed["indexes_retried"]), (&json!(true), &json!(0)));
    assert_eq!(refreshed["schema"], member.get("/meta/item-types/Part/schema").await.expect(200));
}

async fn asked_for_indexes_belong_to_a_database(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    // Names that SQL reads in its own way.
    make(admin, json!({"id": "It's a \"Tool\""})).await;
    let path = "/meta/item-types/It's%20a%20%22Tool%22";
    for (name, unique) in [("ser'ial $.x", true), ("größe.[0]", false)] {
        let body = json!({"name": name, "length": 30, "is_unique": unique, "is_indexed": !unique});
        admin.post(&format!("{path}/properties"), &body).await.expect(200);
    }
    let kind = path.trim_start_matches("/meta/item-types/");
    for name in ["ser'ial $.x", "größe.[0]"] {
        assert_eq!(settled(admin, kind, name).await["index_status"], "ready", "{name}");
    }
    add(admin, "It's a \"Tool\"", json!({"ser'ial $.x": "1"})).await.expect(200);
    add(admin, "It's a \"Tool\"", json!({"ser'ial $.x": "1"})).await.expect(409);
    let well = world.at.cli(&["db", "verify", "--all"]);
    assert!(well.status.success(), "{}", String::from_utf8_lossy(&well.stdout));
    let detail = admin.get(path).await.expect(200);
    let first = id(&detail["properties"][0]).replace('-', "");
    crate::tenancy::run_in_product(&world.at, "acme", &format!("DROP INDEX px_u_{first}")).await;
    let found = world.at.cli(&["db", "verify", "--all"]);
    let printed = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(printed.contains(&format!("items: index px_u_{first} is missing")), "{printed}");
    admin.post(&format!("{path}/refresh-schema"), &json!({})).await.expect(200);
    for _ in 0..600 {
        if world.at.cli(&["db", "verify", "--all"]).status.success() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("a lost index is not made again");
}
