//! Snapshots of versions in work, and the way back.

use futures::future::join_all;
use serde_json::{Value, json};

use super::branches::{add_to, branch_of_current, change_in, line_id, lines};
use super::revisions::release;
use super::versions::{actions, aml, check_out, code, history, version};
use crate::support::client::{Client, Reply};
use crate::support::database::freeze;
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    iterations_are_taken_listed_and_deleted_as_clients_know_it,
    a_restore_brings_properties_and_lines_back,
    a_restore_goes_by_the_rules_of_every_change,
    a_branch_has_iterations_of_its_own,
    what_is_released_takes_no_iteration,
    twenty_iterations_at_once_have_twenty_numbers,
    of_restores_and_changes_at_once_none_is_half_done,
);

async fn take(client: &Client, version: &str, body: Value) -> Reply {
    client.post(&format!("/versions/{version}/iterations"), &body).await
}

async fn list(client: &Client, version: &str) -> Vec<Value> {
    client.get(&format!("/versions/{version}/iterations")).await.expect(200).as_array().unwrap().clone()
}

async fn restore(client: &Client, iteration: &str) -> Reply {
    client.post(&format!("/versions/iterations/{iteration}/restore"), &json!({})).await
}

async fn iterations_are_taken_listed_and_deleted_as_clients_know_it(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let current = id(&version(admin, &part).await);
    let latest = format!("/versions/{current}/iterations/latest");
    assert_eq!(admin.get(&latest).await.status, 404);
    let first = take(admin, &current, json!({"description": "it"})).await.expect(200);
    for (name, value) in [
        ("version_id", json!(current)),
        ("iteration_number", json!(1)),
        ("iteration_label", json!("1.A.1")),
        ("is_latest", json!(true)),
        ("source_type", json!("manual")),
        ("description", json!("it")),
        ("created_by_id", json!(1)),
    ] {
        assert_eq!(first[name], value, "{name}");
    }
    let auto = json!({"source_type": "auto", "properties": {"name": "kept here alone", "cost": "7"}});
    let second = take(admin, &current, auto).await.expect(200);
    assert_eq!((&second["iteration_label"], &second["source_type"]), (&json!("1.A.2"), &json!("auto")));
    let found = admin.get(&latest).await.expect(200);
    assert_eq!((&found["id"], &found["properties"]["name"]), (&second["id"], &json!("kept here alone")));
    assert_eq!(found["properties"]["cost"], 7.0);
    assert_eq!(version(admin, &part).await["properties"]["name"], "P");
    let listed = list(admin, &current).await;
    let shown: Vec<(&Value, &Value)> = listed.iter().map(|one| (&one["iteration_number"], &one["is_latest"])).collect();
    assert_eq!(shown, [(&json!(1), &json!(false)), (&json!(2), &json!(true))]);
    let wrong = take(admin, &current, json!({"properties": {"cost": []}})).await.expect(422);
    assert_eq!(wrong["detail"][0]["loc"], json!(["body", "properties", "cost"]));
    let deleted = admin.delete(&format!("/versions/iterations/{}", id(&second))).await.expect(200);
    assert_eq!(deleted, json!({"ok": true}));
    assert_eq!(admin.get(&latest).await.expect(200)["id"], first["id"], "the one before is the latest then");
    admin.delete(&format!("/versions/iterations/{}", id(&second))).await.expect(404);
    let third = take(admin, &current, json!({})).await.expect(200);
    assert_eq!(third["iteration_number"], 3, "a number is given once");
    let expected = ["iteration", "iteration_delete", "iteration", "iteration", "create"];
    assert_eq!(actions(&history(admin, &part).await), expected);
    for wrong in ["x", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(take(admin, wrong, json!({})).await.status, 404);
        assert_eq!(restore(admin, wrong).await.status, 404);
        assert_eq!(admin.get(&format!("/versions/{wrong}/iterations")).await.status, 404);
    }
}

async fn a_restore_brings_properties_and_lines_back(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let (kept, gone, new) =
        (add_part(admin, "KEPT").await, add_part(admin, "GONE").await, add_part(admin, "NEW").await);
    let kept_line = line_id(&add_line(admin, &part, &kept).await);
    let gone_line = line_id(&add_line(admin, &part, &gone).await);
    let current = id(&version(admin, &part).await);
    let before = lines(admin, &current).await;
    let taken = id(&take(admin, &current, json!({})).await.expect(200));
    aml(admin, "update", &part, json!({"name": "other", "description": "new"})).await.expect(200);
    let change =
        json!({"type": "Part BOM", "action": "update", "id": kept_line, "properties": {"quantity": 9, "refdes": "R1"}});
    admin.post("/aml/apply", &change).await.expect(200);
    admin.delete(&format!("/bom/{part}/children/{gone}")).await.expect(200);
    add_line(admin, &part, &new).await;
    let restored = restore(admin, &taken).await.expect(200);
    assert_eq!((&restored["id"], &restored["restored_from"]["iteration_label"]), (&json!(current), &json!("1.A.1")));
    let recorded = &restored["iteration"];
    assert_eq!((&recorded["source_type"], &recorded["iteration_number"]), (&json!("restore"), &json!(2)));
    let item = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    assert_eq!((&item["properties"]["name"], item["properties"].get("description")), (&json!("P"), None));
    let after = lines(admin, &current).await;
    let values = |lines: &[Value]| -> Vec<Value> {
        lines.iter().map(|line| json!([line["id"], line["related_id"], line["properties"]])).collect()
    };
    assert_eq!(values(&after), values(&before));
    assert!(after.iter().any(|line| line["id"] == json!(gone_line)), "what had gone is the same line again");
    assert_eq!(actions(&history(admin, &part).await)[..2], ["iteration", "restore"]);
    // Once more changes nothing, and is recorded.
    restore(admin, &taken).await.expect(200);
    assert_eq!(list(admin, &current).await.len(), 3);
}

async fn a_restore_goes_by_the_rules_of_every_change(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let engineer = world.user("lin", &["engineer"]).await;
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    add_line(admin, &part, &child).await;
    let current = id(&version(admin, &part).await);
    let taken = id(&take(admin, &current, json!({})).await.expect(200));
    aml(admin, "update", &part, json!({"name": "now"})).await.expect(200);
    admin.delete(&format!("/bom/{part}/children/{child}")).await.expect(200);
    check_out(admin, &part).await.expect(200);
    for refused in [restore(&engineer, &taken).await, take(&engineer, &current, json!({})).await] {
        assert_eq!(code(refused), "VERSION_CHECKED_OUT");
    }
    admin.post(&format!("/versions/items/{part}/checkin"), &json!({})).await.expect(200);
    // The line would close a cycle by now.
    add_line(admin, &child, &part).await;
    let before = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    assert_eq!(code(restore(&engineer, &taken).await), "CYCLE_DETECTED");
    assert_eq!(admin.get(&format!("/aml/Part/{part}")).await.expect(200), before, "not by half");
    admin.delete(&format!("/bom/{child}/children/{part}")).await.expect(200);
    restore(&engineer, &taken).await.expect(200);
    freeze(&world.at, "Part").await;
    for refused in [restore(&engineer, &taken).await, take(&engineer, &current, json!({})).await] {
        assert_eq!(refused.status, 403);
    }
    assert_eq!(engineer.delete(&format!("/versions/iterations/{taken}")).await.status, 403);
    assert_eq!(list(&engineer, &current).await.len(), 2);
    crate::support::database::hide(&world.at, &[&part]).await;
    assert_eq!(restore(&engineer, &taken).await.status, 404);
    assert_eq!(engineer.get(&format!("/versions/{current}/iterations/latest")).await.status, 404);
}

async fn a_branch_has_iterations_of_its_own(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child, other) = (add_part(admin, "P").await, add_part(admin, "C").await, add_part(admin, "O").await);
    let line = line_id(&add_line(admin, &part, &child).await);
    let draft = branch_of_current(admin, &part, "b").await;
    assert_eq!(list(admin, &draft).await.len(), 0, "what it began as is not one of them");
    let taken = take(admin, &draft, json!({})).await.expect(200);
    assert_eq!(taken["iteration_label"], "1.A-b.1");
    change_in(admin, &draft, &line, json!({"quantity": 5})).await.expect(200);
    add_to(admin, &draft, &other, json!({})).await.expect(200);
    let item = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    restore(admin, &id(&taken)).await.expect(200);
    let now = lines(admin, &draft).await;
    assert_eq!((now.len(), &now[0]["id"], &now[0]["properties"]["quantity"]), (1, &json!(line), &json!(1.0)));
    assert_eq!(admin.get(&format!("/aml/Part/{part}")).await.expect(200), item);
}

async fn what_is_released_takes_no_iteration(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let current = id(&version(admin, &part).await);
    let taken = id(&take(admin, &current, json!({})).await.expect(200));
    release(admin, &part).await;
    for refused in [
        take(admin, &current, json!({})).await,
        restore(admin, &taken).await,
        admin.delete(&format!("/versions/iterations/{taken}")).await,
    ] {
        assert_eq!(code(refused), "VERSION_RELEASED");
    }
    assert_eq!(list(admin, &current).await.len(), 1);
}

async fn twenty_iterations_at_once_have_twenty_numbers(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let current = id(&version(admin, &part).await);
    let replies = join_all((0..20).map(|_| take(admin, &current, json!({})))).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    let listed = list(admin, &current).await;
    let numbers: Vec<i64> = listed.iter().map(|one| one["iteration_number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    assert_eq!(listed.iter().filter(|one| one["is_latest"] == true).count(), 1);
}

async fn of_restores_and_changes_at_once_none_is_half_done(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    let current = id(&version(admin, &part).await);
    let empty = id(&take(admin, &current, json!({})).await.expect(200));
    add_line(admin, &part, &child).await;
    aml(admin, "update", &part, json!({"name": "full"})).await.expect(200);
    let full = id(&take(admin, &current, json!({})).await.expect(200));
    let replies = join_all((0..20).map(|caller| restore(admin, if caller % 2 == 0 { &empty } else { &full }))).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "{replies:?}");
    let name = version(admin, &part).await["properties"]["name"].clone();
    let count = lines(admin, &current).await.len();
    assert!([(json!("P"), 0), (json!("full"), 1)].contains(&(name.clone(), count)), "{name} {count}");
    assert_eq!(list(admin, &current).await.len(), 22);
}
