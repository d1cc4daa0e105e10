//! Manufacturing structures made of engineering ones.

use serde_json::{Value, json};

use super::versions::code;
use crate::support::client::Client;
use crate::support::database::hide;
use crate::support::world::{World, add_line, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    an_mbom_is_made_of_a_whole_structure_with_shared_parts_once,
    an_mbom_that_is_there_is_answered_with_and_used,
    an_mbom_is_made_once_by_two_who_ask_at_once,
    of_what_is_hidden_in_part_no_mbom_is_made,
);

async fn convert(client: &Client, root: &str) -> Value {
    client.post("/bom/convert/ebom-to-mbom", &json!({"root_id": root})).await.expect(200)
}

async fn tree(client: &Client, root: &Value, query: &str) -> Value {
    client.get(&format!("/bom/mbom/{}/tree{query}", root.as_str().unwrap())).await.expect(200)
}

fn outline(tree: &Value) -> Value {
    let child = |line: &Value| json!([line["relationship"]["quantity"], outline(&line["child"])]);
    let children: Vec<Value> = tree["children"].as_array().unwrap().iter().map(child).collect();
    json!([tree["number"], children])
}

/// ROOT is made of SUB and SCREW, SUB of SCREW.
async fn structure(client: &Client) -> [String; 3] {
    let (root, sub, screw) =
        (add_part(client, "ROOT").await, add_part(client, "SUB").await, add_part(client, "SCREW").await);
    for (parent, child, quantity, find) in [(&root, &sub, 2, "10"), (&root, &screw, 4, "20"), (&sub, &screw, 3, "10")] {
        let line = json!({"child_id": child, "quantity": quantity, "find_num": find});
        client.post(&format!("/bom/{parent}/children"), &line).await.expect(200);
    }
    [root, sub, screw]
}

async fn an_mbom_is_made_of_a_whole_structure_with_shared_parts_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [root, _, screw] = structure(admin).await;
    let done = convert(admin, &root).await;
    assert_eq!((&done["ok"], &done["source_root_id"]), (&json!(true), &json!(root)));
    assert_eq!((&done["mbom_root_type"], &done["created"]), (&json!("Manufacturing Part"), &json!(true)));
    assert_eq!((&done["parts_created"], &done["lines_created"]), (&json!(3), &json!(3)));
    let mbom = &done["mbom_root_id"];
    let whole = tree(admin, mbom, "").await;
    let screws = |quantity: f64| json!([quantity, ["MBOM-SCREW", []]]);
    let expected = json!(["MBOM-ROOT", [[2.0, ["MBOM-SUB", [screws(3.0)]]], screws(4.0)]]);
    assert_eq!(outline(&whole), expected);
    assert_eq!(
        (&whole["item_type_id"], &whole["state"], &whole["name"]),
        (&json!("Manufacturing Part"), &json!("Draft"), &json!("ROOT"))
    );
    assert_eq!((&whole["source_ebom_id"], &whole["config_id"]), (&json!(root), &done["mbom_root_config_id"]));
    assert!(whole["converted_at"].is_string());
    let line = &whole["children"][1];
    assert_eq!(line["relationship"]["item_type_id"], "Manufacturing BOM");
    let engineering = admin.get(&format!("/bom/{root}/tree")).await.expect(200);
    assert_eq!(line["relationship"]["source_rel_id"], engineering["children"][1]["relationship"]["id"]);
    assert_eq!(line["relationship"]["properties"]["source_rel_id"], line["relationship"]["source_rel_id"]);
    assert_eq!(line["child"]["id"], whole["children"][0]["child"]["children"][0]["child"]["id"]);
    let shallow = tree(admin, mbom, "?depth=1").await;
    assert_eq!(shallow["children"][0]["child"]["children"], json!([]));
    for bad in ["depth=101", "config=red"] {
        admin.get(&format!("/bom/mbom/{}/tree?{bad}", mbom.as_str().unwrap())).await.expect(422);
    }
    for nothing in [screw.as_str(), "no-uuid"] {
        admin.get(&format!("/bom/mbom/{nothing}/tree")).await.expect(404);
    }
    admin.post("/bom/convert/ebom-to-mbom", &json!({"root_id": "no-uuid"})).await.expect(404);
    admin.post("/bom/convert/ebom-to-mbom", &json!({"root_id": mbom})).await.expect(400);
    admin.post("/bom/convert/ebom-to-mbom", &json!({})).await.expect(422);
}

async fn an_mbom_that_is_there_is_answered_with_and_used(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [root, sub, _] = structure(admin).await;
    let of_sub = convert(admin, &sub).await;
    // It goes its own way from here on.
    let jig = json!({"type": "Manufacturing Part", "action": "add", "properties": {"item_number": "JIG"}});
    let jig = admin.post("/aml/apply", &jig).await.expect(200)["id"].clone();
    let line = json!({"source_id": of_sub["mbom_root_id"], "related_id": jig});
    let line = json!({"type": "Manufacturing BOM", "action": "add", "properties": line});
    admin.post("/aml/apply", &line).await.expect(200);
    let done = convert(admin, &root).await;
    assert_eq!((&done["parts_created"], &done["lines_created"]), (&json!(1), &json!(2)));
    let whole = tree(admin, &done["mbom_root_id"], "").await;
    assert_eq!(whole["children"][0]["child"]["id"], of_sub["mbom_root_id"]);
    assert_eq!(whole["children"][0]["child"]["children"].as_array().unwrap().len(), 2);
    let again = convert(admin, &root).await;
    assert_eq!((&again["mbom_root_id"], &again["created"]), (&done["mbom_root_id"], &json!(false)));
    assert_eq!(again["lines_created"], 0);

    let other = add_part(admin, "OTHER").await;
    let taken = json!({"type": "Manufacturing Part", "action": "add", "properties": {"item_number": "MBOM-OTHER"}});
    admin.post("/aml/apply", &taken).await.expect(200);
    let refused = admin.post("/bom/convert/ebom-to-mbom", &json!({"root_id": other})).await;
    assert_eq!(code(refused), "DUPLICATE_NUMBER");
}

async fn an_mbom_is_made_once_by_two_who_ask_at_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [root, ..] = structure(admin).await;
    let all = futures::future::join_all((0..4).map(|_| convert(admin, &root))).await;
    assert_eq!(all.iter().filter(|done| done["created"] == true).count(), 1);
    assert!(all.iter().all(|done| done["mbom_root_id"] == all[0]["mbom_root_id"]));
}

async fn of_what_is_hidden_in_part_no_mbom_is_made(at: Installation) {
    let world = World::start(at).await;
    let [root, sub, _] = structure(&world.admin).await;
    let secret = add_part(&world.admin, "SECRET").await;
    add_line(&world.admin, &root, &secret).await;
    let engineer = world.user("erik", &["engineer"]).await;
    hide(&world.at, &[&secret]).await;
    let refused = engineer.post("/bom/convert/ebom-to-mbom", &json!({"root_id": root})).await.expect(409);
    assert_eq!(refused["detail"]["code"], "HIDDEN_RELATIONSHIPS", "{refused}");
    let done = convert(&world.admin, &root).await;
    assert_eq!((&done["parts_created"], &done["lines_created"]), (&json!(4), &json!(4)));
    hide(&world.at, &[&sub]).await;
    engineer.post("/bom/convert/ebom-to-mbom", &json!({"root_id": sub})).await.expect(404);
}
