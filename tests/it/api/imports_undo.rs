//! The record of imports, and taking them back.

use serde_json::{Value, json};

use super::imports::{import, let_viewers_read, parts};
use crate::support::client::Client;
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    an_import_is_recorded_and_taken_back_whole,
    what_was_changed_or_used_since_stands_in_the_way,
    an_import_into_what_one_may_not_see_is_not_found,
);

const SHEET: &str = "Level,PN,Name,Qty,Cost\n1,A,Arm,1,2\n2,B,Bolt,4,0.5\n1,OLD,Old,2,9\n";

async fn part(client: &Client, number: &str) -> Value {
    let found = parts(client).await;
    found.into_iter().find(|part| part["item_number"] == number).unwrap_or_default()
}

fn undo(report: &Value) -> String {
    format!("/imports/{}/undo", report["import_id"].as_str().unwrap())
}

async fn an_import_is_recorded_and_taken_back_whole(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let old =
        json!({"type": "Part", "action": "add", "properties": {"item_number": "OLD", "name": "Old", "weight": 1}});
    admin.post("/aml/apply", &old).await.expect(200);
    add_part(admin, "ROOT").await;
    let before = parts(admin).await;
    let report = import(admin, SHEET, &[("parent", "ROOT"), ("existing", "update")]).await.expect(200);
    assert_eq!(part(admin, "OLD").await["cost"], 9.0);

    let list = admin.get("/imports").await.expect(200);
    assert_eq!((&list["total"], &list["items"][0]["id"]), (&json!(1), &report["import_id"]));
    let record = &list["items"][0];
    assert_eq!((&record["file_name"], &record["status"]), (&json!("sheet.csv"), &json!("done")));
    assert_eq!((&record["counts"]["parts_created"], &record["counts"]["lines_created"]), (&json!(2), &json!(3)));
    let path = format!("/imports/{}", report["import_id"].as_str().unwrap());
    let details = admin.get(&path).await.expect(200);
    assert_eq!(details["total"], 6);
    let changed: Vec<&Value> =
        details["items"].as_array().unwrap().iter().filter(|item| item["action"] == "updated").collect();
    assert_eq!((changed.len(), &changed[0]["number"]), (1, &json!("OLD")));
    assert_eq!(changed[0]["before"], json!({"cost": null}));

    let undone = admin.post(&undo(&report), &json!({})).await.expect(200);
    assert_eq!((&undone["status"], undone["undone_at"].is_string()), (&json!("undone"), true));
    assert_eq!(parts(admin).await, before, "as it was");
    let again = admin.post(&undo(&report), &json!({})).await.expect(409);
    assert_eq!(again["detail"]["code"], "IMPORT_UNDONE");
    assert_eq!(admin.get(&path).await.expect(200)["import"]["status"], "undone");

    let made =
        import(admin, SHEET, &[("parent", "NEW"), ("create_parent", ""), ("existing", "update")]).await.expect(200);
    admin.post(&undo(&made), &json!({})).await.expect(200);
    assert_eq!(parts(admin).await, before, "the parent went too");
    for path in ["/imports/none", "/imports/00000000-0000-0000-0000-000000000000"] {
        admin.get(path).await.expect(404);
        admin.post(&format!("{path}/undo"), &json!({})).await.expect(404);
    }
}

async fn what_was_changed_or_used_since_stands_in_the_way(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let root = add_part(admin, "ROOT").await;
    let other = add_part(admin, "OTHER").await;
    add_part(admin, "OLD").await;
    let report = import(admin, SHEET, &[("parent", "ROOT"), ("existing", "update")]).await.expect(200);
    let after = parts(admin).await;
    let refused = async |reason: &str, number: &str| {
        let refused = admin.post(&undo(&report), &json!({})).await.expect(409);
        assert_eq!(refused["detail"]["code"], "IMPORT_IN_USE", "{refused}");
        let named = &refused["detail"]["details"]["in_the_way"][0];
        assert_eq!((&named["reason"], &named["number"]), (&json!(reason), &json!(number)), "{refused}");
    };
    let tree = admin.get(&format!("/bom/{root}/tree")).await.expect(200);
    let arm = tree["children"].as_array().unwrap().iter().find(|line| line["child"]["number"] == "A").unwrap();
    let arm = id(&arm["child"]);

    add_line(admin, &other, &arm).await;
    refused("used", "A").await;
    admin.delete(&format!("/bom/{other}/children/{arm}")).await.expect(200);
    let out = admin.post(&format!("/versions/items/{arm}/checkout"), &json!({})).await;
    out.expect(200);
    refused("in work", "A").await;
    admin.delete(&format!("/bom/{root}/children/{arm}")).await.expect(200);
    let gone = admin.post(&undo(&report), &json!({})).await.expect(409);
    let reasons = gone["detail"]["details"]["in_the_way"].to_string();
    assert!(reasons.contains("deleted"), "{reasons}");
    assert_eq!(parts(admin).await.len(), after.len(), "nothing was taken back");

    let second = import(admin, "PN,Name,Qty\nC,Clamp,1\n", &[("parent", "OTHER")]).await.expect(200);
    let clamp = admin.get(&format!("/bom/{other}/tree")).await.expect(200);
    let clamp = id(&clamp["children"][0]["child"]);
    let change = json!({"type": "Part", "action": "update", "id": clamp, "properties": {"cost": 1}});
    admin.post("/aml/apply", &change).await.expect(200);
    let refused = admin.post(&undo(&second), &json!({})).await.expect(409);
    assert_eq!(refused["detail"]["details"]["in_the_way"][0]["reason"], "changed");
    let details = admin.get(&format!("/imports/{}", second["import_id"].as_str().unwrap())).await.expect(200);
    assert!(details["items"].as_array().unwrap().iter().any(|item| item["changed_since"] == true));
}

async fn an_import_into_what_one_may_not_see_is_not_found(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    add_part(admin, "ROOT").await;
    let report = import(admin, "PN,Name,Qty\nC,Clamp,1\n", &[("parent", "ROOT")]).await.expect(200);
    let path = format!("/imports/{}", report["import_id"].as_str().unwrap());
    let_viewers_read(admin).await;
    let viewer = world.user("viewer", &["viewer"]).await;
    viewer.get(&path).await.expect(200);
    viewer.post(&undo(&report), &json!({})).await.expect(403);
    let stranger = world.user("stranger", &["nobody"]).await;
    stranger.get(&path).await.expect(404);
    stranger.post(&undo(&report), &json!({})).await.expect(404);
    assert_eq!(stranger.get("/imports").await.expect(200)["total"], 0);
    assert_eq!(parts(admin).await.len(), 2);
}
