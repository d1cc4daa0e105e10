//! Merges: what comes together, and what waits for a decision.

use futures::future::join_all;
use serde_json::{Value, json};

use super::branches::{add_to, branch, branch_of_current, change_in, line_id, lines};
use super::revisions::{release, revise};
use super::versions::{actions, aml, check_in, code, history, version};
use crate::support::client::{Client, Reply};
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    what_a_branch_changed_comes_into_the_item,
    what_both_changed_waits_for_a_decision_and_nothing_is_written,
    a_line_that_was_removed_here_and_changed_there_waits_for_a_decision,
    lines_that_both_added_are_one_or_a_conflict,
    a_branch_takes_in_another_and_what_was_released,
    the_beginning_counts_however_the_source_went_on,
    a_merge_goes_by_the_rules_of_every_change,
    what_cannot_be_merged_is_refused,
    of_twenty_who_merge_at_once_one_does,
    what_was_merged_is_branched_from_no_more,
    what_a_draft_undid_of_a_release_stays_undone,
    a_merge_brings_the_files_of_a_branch,
);

async fn merge(client: &Client, item: &str, source: &str, target: &str, resolutions: Value) -> Reply {
    let body = json!({"source_version_id": source, "target_version_id": target, "resolutions": resolutions});
    client.post(&format!("/versions/items/{item}/merge"), &body).await
}

/// Changes properties of a draft.
async fn set(client: &Client, item: &str, draft: &str, properties: Value) {
    client.post(&format!("/versions/items/{item}/checkout"), &json!({"version_id": draft})).await.expect(200);
    check_in(client, item, json!({"version_id": draft, "properties": properties})).await.expect(200);
}

async fn change_live(client: &Client, line: &str, values: Value) -> Reply {
    let body = json!({"type": "Part BOM", "action": "update", "id": line, "properties": values});
    client.post("/aml/apply", &body).await
}

async fn conflicts(reply: Reply) -> Vec<Value> {
    let refused = reply.expect(409);
    assert_eq!(refused["detail"]["code"], "MERGE_CONFLICT", "{refused}");
    refused["detail"]["details"]["conflicts"].as_array().unwrap().clone()
}

/// The values of a version's lines by the numbers of what they lead to.
async fn quantities(client: &Client, version: &str) -> Vec<(String, f64)> {
    let mut found: Vec<(String, f64)> = lines(client, version)
        .await
        .iter()
        .map(|line| {
            (line["related_number"].as_str().unwrap().to_owned(), line["properties"]["quantity"].as_f64().unwrap())
        })
        .collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

struct Product {
    part: String,
    current: String,
    leg: String,
    leg_line: String,
    top_line: String,
}

/// P -1-> LEG, P -1-> TOP.
async fn product(client: &Client) -> Product {
    let part = add_part(client, "P").await;
    let (leg, top) = (add_part(client, "LEG").await, add_part(client, "TOP").await);
    let leg_line = line_id(&add_line(client, &part, &leg).await);
    let top_line = line_id(&add_line(client, &part, &top).await);
    let current = id(&version(client, &part).await);
    Product { part, current, leg, leg_line, top_line }
}

async fn what_a_branch_changed_comes_into_the_item(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, leg_line, top_line, .. } = product(admin).await;
    let draft = branch_of_current(admin, &part, "b").await;
    let glue = add_part(admin, "GLUE").await;
    set(admin, &part, &draft, json!({"name": "Table", "cost": 9})).await;
    change_in(admin, &draft, &leg_line, json!({"quantity": 4})).await.expect(200);
    admin.delete(&format!("/versions/{draft}/lines/{top_line}")).await.expect(200);
    let added = id(&add_to(admin, &draft, &glue, json!({"quantity": 0.5, "uom": "KG"})).await.expect(200));
    // Meanwhile, in the item.
    aml(admin, "update", &part, json!({"description": "d"})).await.expect(200);
    change_live(admin, &leg_line, json!({"refdes": "L1"})).await.expect(200);
    let merged = merge(admin, &part, &draft, &current, json!(null)).await.expect(200);
    let changed = json!({"properties": 2, "lines_added": 1, "lines_changed": 1, "lines_removed": 1});
    assert_eq!(
        (&merged["id"], &merged["source_version_id"], &merged["changed"]),
        (&json!(current), &json!(draft), &changed)
    );
    let item = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    let of_item = &item["properties"];
    assert_eq!(
        (&of_item["name"], &of_item["cost"], &of_item["description"]),
        (&json!("Table"), &json!(9.0), &json!("d"))
    );
    let now = lines(admin, &current).await;
    assert_eq!((now.len(), &now[0]["id"], &now[1]["id"]), (2, &json!(leg_line), &json!(added)), "lines keep their ids");
    assert_eq!(
        (&now[0]["properties"]["quantity"], &now[0]["properties"]["refdes"]),
        (&json!(4.0), &json!("L1")),
        "field by field"
    );
    let tree = admin.get(&format!("/bom/{part}/tree")).await.expect(200);
    assert_eq!(tree["children"].as_array().unwrap().len(), 2);
    // The source is done.
    let source = admin.get(&format!("/versions/{draft}/detail")).await.expect(200);
    assert_eq!(source["merged_into_id"], json!(current));
    assert_eq!(code(merge(admin, &part, &draft, &current, json!([])).await), "VERSION_MERGED");
    assert_eq!(code(change_in(admin, &draft, &leg_line, json!({"quantity": 5})).await), "VERSION_MERGED");
    let out = admin.post(&format!("/versions/items/{part}/checkout"), &json!({"version_id": draft})).await;
    assert_eq!(code(out), "VERSION_MERGED");
    let history = history(admin, &part).await;
    assert_eq!(actions(&history)[..2], ["merged", "merge"]);
    assert_eq!(history[1]["changes"]["lines_added"], 1);
    let list = admin.get(&format!("/versions/items/{part}/versions")).await.expect(200);
    assert_eq!(list["versions"][1]["lifecycle_status"], "merged");
}

async fn what_both_changed_waits_for_a_decision_and_nothing_is_written(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, leg_line, .. } = product(admin).await;
    let draft = branch_of_current(admin, &part, "b").await;
    set(admin, &part, &draft, json!({"name": "theirs", "cost": 1})).await;
    change_in(admin, &draft, &leg_line, json!({"quantity": 3})).await.expect(200);
    aml(admin, "update", &part, json!({"name": "ours"})).await.expect(200);
    change_live(admin, &leg_line, json!({"quantity": 2})).await.expect(200);
    let before = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    let found = conflicts(merge(admin, &part, &draft, &current, json!([])).await).await;
    let expected = json!([
        {"kind": "changed", "line": null, "other_line": null, "field": "name", "base": "P", "source": "theirs", "target": "ours"},
        {"kind": "changed", "line": leg_line, "other_line": null, "field": "quantity", "base": 1.0, "source": 3.0, "target": 2.0},
    ]);
    assert_eq!(json!(found), expected);
    let one = json!([{"field": "name", "take": "source"}]);
    assert_eq!(conflicts(merge(admin, &part, &draft, &current, one).await).await.len(), 1);
    assert_eq!(admin.get(&format!("/aml/Part/{part}")).await.expect(200), before, "nothing is written");
    for (wrong, loc) in [
        (json!([{"take": "source"}]), json!(["body", "resolutions", "0", "field"])),
        (json!([{"field": "name"}]), json!(["body", "resolutions", "0", "take"])),
        (json!([{"field": "name", "take": "mine"}]), json!(["body", "resolutions", "0", "take"])),
        (json!([{"field": "name", "take": "base", "value": 1}]), json!(["body", "resolutions", "0", "value"])),
        (json!([{"line": leg_line, "value": 1}]), json!(["body", "resolutions", "0", "value"])),
        (json!([{"line": "x", "take": "base"}]), json!(["body", "resolutions", "0", "line"])),
    ] {
        let refused = merge(admin, &part, &draft, &current, wrong).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], loc);
    }
    let bad = json!([{"field": "name", "take": "source"}, {"line": leg_line, "field": "quantity", "value": -1}]);
    let refused = merge(admin, &part, &draft, &current, bad).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "properties", "quantity"]));
    let more = json!([
        {"field": "name", "take": "source"}, {"line": leg_line, "field": "quantity", "value": 7}, {"field": "nothing", "take": "base"},
    ]);
    let refused = merge(admin, &part, &draft, &current, more).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "resolutions", "2"]));
    let decided = json!([{"field": "name", "take": "source"}, {"line": leg_line, "field": "quantity", "value": 7}]);
    let merged = merge(admin, &part, &draft, &current, decided).await.expect(200);
    assert_eq!((&merged["properties"]["name"], &merged["properties"]["cost"]), (&json!("theirs"), &json!(1.0)));
    assert_eq!(quantities(admin, &current).await, [("LEG".to_owned(), 7.0), ("TOP".to_owned(), 1.0)]);
}

async fn a_line_that_was_removed_here_and_changed_there_waits_for_a_decision(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, leg, leg_line, top_line } = product(admin).await;
    let draft = branch_of_current(admin, &part, "b").await;
    change_in(admin, &draft, &leg_line, json!({"quantity": 4})).await.expect(200);
    admin.delete(&format!("/bom/{part}/children/{leg}")).await.expect(200);
    let found = conflicts(merge(admin, &part, &draft, &current, json!([])).await).await;
    assert_eq!((found.len(), &found[0]["kind"], &found[0]["line"]), (1, &json!("removed"), &json!(leg_line)));
    assert_eq!((&found[0]["target"], &found[0]["source"]["properties"]["quantity"]), (&Value::Null, &json!(4.0)));
    let back = json!([{"line": leg_line, "take": "source"}]);
    merge(admin, &part, &draft, &current, back).await.expect(200);
    let now = lines(admin, &current).await;
    let ids: Vec<&Value> = now.iter().map(|line| &line["id"]).collect();
    assert!(ids.contains(&&json!(leg_line)) && ids.contains(&&json!(top_line)), "it is the same line again: {now:?}");
}

async fn lines_that_both_added_are_one_or_a_conflict(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, .. } = product(admin).await;
    let draft = branch_of_current(admin, &part, "b").await;
    let (same, other) = (add_part(admin, "SAME").await, add_part(admin, "OTHER").await);
    for (child, quantity) in [(&same, 1), (&other, 5)] {
        add_to(admin, &draft, child, json!({"quantity": quantity})).await.expect(200);
        add_line(admin, &part, child).await;
    }
    let found = conflicts(merge(admin, &part, &draft, &current, json!([])).await).await;
    assert_eq!((found.len(), &found[0]["kind"]), (1, &json!("duplicate")));
    assert_eq!(
        (&found[0]["source"]["properties"]["quantity"], &found[0]["target"]["properties"]["quantity"]),
        (&json!(5.0), &json!(1.0))
    );
    let of_item = lines(admin, &current).await;
    let own = of_item.iter().find(|line| line["related_number"] == "OTHER").unwrap();
    // The line of the item as the branch has it: not at all.
    merge(admin, &part, &draft, &current, json!([{"line": own["id"], "take": "source"}])).await.expect(200);
    let expected = [("LEG", 1.0), ("OTHER", 5.0), ("SAME", 1.0), ("TOP", 1.0)].map(|(name, it)| (name.to_owned(), it));
    assert_eq!(quantities(admin, &current).await, expected);
}

async fn a_branch_takes_in_another_and_what_was_released(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, leg_line, top_line, .. } = product(admin).await;
    let (one, two) = (branch_of_current(admin, &part, "one").await, branch_of_current(admin, &part, "two").await);
    set(admin, &part, &one, json!({"name": "one"})).await;
    change_in(admin, &one, &leg_line, json!({"quantity": 3})).await.expect(200);
    change_in(admin, &two, &top_line, json!({"quantity": 5})).await.expect(200);
    let before = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    let merged = merge(admin, &part, &one, &two, json!([])).await.expect(200);
    assert_eq!(merged["properties"]["name"], "one");
    assert_eq!(quantities(admin, &two).await, [("LEG".to_owned(), 3.0), ("TOP".to_owned(), 5.0)]);
    assert_eq!(admin.get(&format!("/aml/Part/{part}")).await.expect(200), before, "the item has no part in it");
    aml(admin, "update", &part, json!({"description": "released"})).await.expect(200);
    release(admin, &part).await;
    merge(admin, &part, &current, &two, json!([])).await.expect(200);
    let two_now = admin.get(&format!("/versions/{two}/detail")).await.expect(200);
    assert_eq!(
        (&two_now["properties"]["description"], &two_now["properties"]["name"]),
        (&json!("released"), &json!("one"))
    );
    let released = admin.get(&format!("/versions/{current}/detail")).await.expect(200);
    assert_eq!(released["merged_into_id"], Value::Null, "what is released stays as it is");
    let next = id(&revise(admin, &part).await);
    merge(admin, &part, &two, &next, json!([])).await.expect(200);
    assert_eq!(quantities(admin, &next).await, [("LEG".to_owned(), 3.0), ("TOP".to_owned(), 5.0)]);
    assert_eq!(quantities(admin, &current).await, [("LEG".to_owned(), 1.0), ("TOP".to_owned(), 1.0)]);
}

async fn the_beginning_counts_however_the_source_went_on(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, leg_line, .. } = product(admin).await;
    let one = branch_of_current(admin, &part, "one").await;
    let nested = id(&branch(admin, &part, &one, "nested").await.expect(200));
    set(admin, &part, &one, json!({"name": "one"})).await;
    change_in(admin, &nested, &leg_line, json!({"quantity": 8})).await.expect(200);
    aml(admin, "update", &part, json!({"description": "x"})).await.expect(200);
    let two = branch_of_current(admin, &part, "two").await;
    merge(admin, &part, &one, &current, json!([])).await.expect(200);
    merge(admin, &part, &nested, &current, json!([])).await.expect(200);
    // Branched later and left alone: it takes nothing back.
    merge(admin, &part, &two, &current, json!([])).await.expect(200);
    let item = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    assert_eq!((&item["properties"]["name"], &item["properties"]["description"]), (&json!("one"), &json!("x")));
    assert_eq!(quantities(admin, &current).await[0], ("LEG".to_owned(), 8.0));
}

async fn a_merge_goes_by_the_rules_of_every_change(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let Product { part, current, leg, .. } = product(admin).await;
    let engineer = world.user("lin", &["engineer"]).await;
    // A cycle that only both changes together close.
    let draft = branch_of_current(admin, &part, "b").await;
    let upper = add_part(admin, "UPPER").await;
    add_to(admin, &draft, &upper, json!({})).await.expect(200);
    add_line(admin, &upper, &part).await;
    let refused = merge(admin, &part, &draft, &current, json!([])).await;
    assert_eq!(code(refused), "CYCLE_DETECTED");
    admin.delete(&format!("/bom/{upper}/children/{part}")).await.expect(200);
    // A number that is taken.
    let numbered = branch_of_current(admin, &part, "n").await;
    set(admin, &part, &numbered, json!({"item_number": "LEG"})).await;
    assert_eq!(code(merge(admin, &part, &numbered, &current, json!([])).await), "DUPLICATE_NUMBER");
    admin.post(&format!("/versions/items/{part}/checkout"), &json!({})).await.expect(200);
    assert_eq!(code(merge(&engineer, &part, &draft, &current, json!([])).await), "VERSION_CHECKED_OUT");
    admin.post(&format!("/versions/items/{part}/checkin"), &json!({})).await.expect(200);
    admin.post(&format!("/versions/items/{part}/checkout"), &json!({"version_id": draft})).await.expect(200);
    assert_eq!(code(merge(admin, &part, &draft, &current, json!([])).await), "CHECK_IN_FIRST");
    check_in(admin, &part, json!({"version_id": draft})).await.expect(200);
    merge(&engineer, &part, &draft, &current, json!([])).await.expect(200);
    assert_eq!(quantities(admin, &current).await.len(), 3);
    let late = branch_of_current(admin, &part, "late").await;
    release(admin, &part).await;
    assert_eq!(code(merge(admin, &part, &late, &current, json!([])).await), "VERSION_RELEASED");
    let in_use = aml(admin, "delete", &leg, json!({})).await;
    assert_eq!(code(in_use), "ITEM_IN_USE");
    crate::support::database::freeze(&world.at, "Part").await;
    let next = id(&revise(admin, &part).await);
    assert_eq!(merge(&engineer, &part, &late, &next, json!([])).await.status, 403);
    merge(admin, &part, &late, &next, json!([])).await.expect(200);
}

async fn what_cannot_be_merged_is_refused(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, leg, .. } = product(admin).await;
    let draft = branch_of_current(admin, &part, "b").await;
    let same = merge(admin, &part, &draft, &draft, json!([])).await.expect(422);
    assert_eq!(same["detail"][0]["loc"], json!(["body", "target_version_id"]));
    assert_eq!(code(merge(admin, &part, &current, &draft, json!([])).await), "VERSION_CURRENT");
    let foreign = id(&version(admin, &leg).await);
    for wrong in [foreign.as_str(), "x"] {
        assert_eq!(merge(admin, &part, wrong, &current, json!([])).await.status, 404);
        assert_eq!(merge(admin, &part, &draft, wrong, json!([])).await.status, 404);
    }
    let missing = admin.post(&format!("/versions/items/{part}/merge"), &json!({})).await.expect(422);
    assert_eq!(missing["detail"][0]["loc"], json!(["body", "source_version_id"]));
}

async fn of_twenty_who_merge_at_once_one_does(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, leg_line, .. } = product(admin).await;
    let draft = branch_of_current(admin, &part, "b").await;
    change_in(admin, &draft, &leg_line, json!({"quantity": 4})).await.expect(200);
    let added = add_part(admin, "NEW").await;
    add_to(admin, &draft, &added, json!({})).await.expect(200);
    let replies = join_all((0..20).map(|_| merge(admin, &part, &draft, &current, json!([])))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1, "{replies:?}");
    for reply in replies.into_iter().filter(|reply| reply.status != 200) {
        assert_eq!(code(reply), "VERSION_MERGED");
    }
    let expected = [("LEG", 4.0), ("NEW", 1.0), ("TOP", 1.0)].map(|(name, quantity)| (name.to_owned(), quantity));
    assert_eq!(quantities(admin, &current).await, expected);
}

async fn what_was_merged_is_branched_from_no_more(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, .. } = product(admin).await;
    let draft = branch_of_current(admin, &part, "b").await;
    set(admin, &part, &draft, json!({"name": "merged"})).await;
    merge(admin, &part, &draft, &current, json!(null)).await.expect(200);
    let again = json!({"source_version_id": draft, "branch_name": "c"});
    let refused = admin.post(&format!("/versions/items/{part}/branch"), &again).await;
    assert_eq!(code(refused), "VERSION_MERGED");
}

async fn what_a_draft_undid_of_a_release_stays_undone(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, .. } = product(admin).await;
    let draft = branch_of_current(admin, &part, "b").await;
    let extra = add_part(admin, "EXTRA").await;
    let line = line_id(&add_line(admin, &part, &extra).await);
    aml(admin, "update", &part, json!({"description": "v1"})).await.expect(200);
    release(admin, &part).await;
    merge(admin, &part, &current, &draft, json!(null)).await.expect(200);
    admin.delete(&format!("/versions/{draft}/lines/{line}")).await.expect(200);
    set(admin, &part, &draft, json!({"description": null})).await;
    let next = id(&revise(admin, &part).await);
    let merged = merge(admin, &part, &draft, &next, json!(null)).await.expect(200);
    assert_eq!((&merged["changed"]["lines_removed"], &merged["changed"]["properties"]), (&json!(1), &json!(1)));
    let item = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    assert!(item["properties"]["description"].is_null(), "{item}");
    assert_eq!(quantities(admin, &next).await.len(), 2);
}

async fn a_merge_brings_the_files_of_a_branch(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Product { part, current, .. } = product(admin).await;
    let draft = branch_of_current(admin, &part, "b").await;
    let file = crate::support::files::bring(admin, "drawing.txt", b"of the branch").await;
    admin.post(&format!("/versions/items/{part}/checkout"), &json!({"version_id": draft})).await.expect(200);
    admin.post(&format!("/versions/{draft}/files"), &json!({"file_id": file})).await.expect(200);
    let alone = format!("/versions/{draft}/files/{file}/checkout");
    admin.post(&alone, &json!({})).await.expect(200);
    check_in(admin, &part, json!({"version_id": draft})).await.expect(200);
    let refused = merge(admin, &part, &draft, &current, json!(null)).await;
    assert_eq!(code(refused), "CHECK_IN_FIRST");
    admin.post(&format!("/versions/{draft}/files/{file}/undo-checkout"), &json!({})).await.expect(200);
    merge(admin, &part, &draft, &current, json!(null)).await.expect(200);
    let bound = admin.get(&format!("/versions/{current}/files")).await.expect(200);
    assert_eq!(bound[0]["file_id"], json!(file), "{bound}");
}
