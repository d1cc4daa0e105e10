//! Drafts beside the current version, and their lines.

use futures::future::join_all;
use serde_json::{Value, json};

use super::revisions::{release, revise};
use super::versions::{actions, aml, check_in, check_out, code, history, version};
use crate::support::client::{Client, Reply};
use crate::support::database::hide;
use crate::support::files::bring;
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_branch_begins_as_its_source_and_leaves_the_item_alone,
    a_branch_leaves_any_version,
    a_branch_is_checked_out_and_in_by_itself,
    lines_of_a_branch_are_changed_by_the_rules_of_lines,
    what_is_hidden_stays_hidden_in_a_branch,
    lines_of_other_versions_are_not_changed_here,
    of_twenty_who_branch_by_one_name_one_does,
    what_makes_no_branch_is_refused,
    what_hangs_on_lines_is_sealed_with_them,
    versions_are_compared,
);

pub async fn branch(client: &Client, item: &str, source: &str, name: &str) -> Reply {
    let body = json!({"source_version_id": source, "branch_name": name});
    client.post(&format!("/versions/items/{item}/branch"), &body).await
}

/// A branch of the current version; answers with its id.
pub async fn branch_of_current(client: &Client, item: &str, name: &str) -> String {
    let source = id(&version(client, item).await);
    id(&branch(client, item, &source, name).await.expect(200))
}

pub async fn lines(client: &Client, version: &str) -> Vec<Value> {
    client.get(&format!("/versions/{version}/lines")).await.expect(200).as_array().unwrap().clone()
}

pub async fn add_to(client: &Client, version: &str, child: &str, properties: Value) -> Reply {
    let body = json!({"child_id": child, "properties": properties});
    client.post(&format!("/versions/{version}/lines"), &body).await
}

pub async fn change_in(client: &Client, version: &str, line: &str, properties: Value) -> Reply {
    client.patch(&format!("/versions/{version}/lines/{line}"), &json!({"properties": properties})).await
}

pub fn line_id(added: &Value) -> String {
    added["relationship_id"].as_str().unwrap().to_owned()
}

async fn detail(client: &Client, version: &str) -> Value {
    client.get(&format!("/versions/{version}/detail")).await.expect(200)
}

async fn tree(client: &Client, part: &str) -> Value {
    client.get(&format!("/bom/{part}/tree")).await.expect(200)
}

async fn a_branch_begins_as_its_source_and_leaves_the_item_alone(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    let line = line_id(&add_line(admin, &part, &child).await);
    let main = version(admin, &part).await;
    let made = branch(admin, &part, &id(&main), "eco-6da57fba").await.expect(200);
    for (name, value) in [
        ("version_label", json!("1.A-eco-6da57fba")),
        ("branch_name", json!("eco-6da57fba")),
        ("state", json!("Draft")),
        ("is_current", json!(false)),
        ("is_released", json!(false)),
        ("predecessor_id", main["id"].clone()),
        ("branched_from_id", main["id"].clone()),
        ("properties", main["properties"].clone()),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    let tree = admin.get(&format!("/versions/items/{part}/tree")).await.expect(200);
    assert_eq!((&tree[1]["label"], &tree[1]["predecessor_id"]), (&json!("1.A-eco-6da57fba"), &main["id"]));
    let own = lines(admin, &id(&made)).await;
    assert_eq!((own.len(), &own[0]["id"], &own[0]["related_number"]), (1, &json!(line), &json!("C")));
    assert_eq!(lines(admin, &id(&main)).await.len(), 1, "of the current version those of the item");
    assert_eq!(version(admin, &part).await, main, "the current version stays");
    assert_eq!(actions(&history(admin, &part).await), ["branch", "create"]);
    // From now on each goes its own way.
    aml(admin, "update", &part, json!({"name": "renamed"})).await.expect(200);
    admin.delete(&format!("/bom/{part}/children/{child}")).await.expect(200);
    let branched = detail(admin, &id(&made)).await;
    assert_eq!((&branched["properties"]["name"], lines(admin, &id(&made)).await.len()), (&json!("P"), 1));
    let below = admin.get(&format!("/bom/version/{}", id(&made))).await.expect(200);
    assert_eq!(below["children"][0]["child"]["item_number"], "C");
    let in_use = aml(admin, "delete", &child, json!({})).await.expect(409);
    assert_eq!(in_use["detail"]["code"], "ITEM_IN_USE");
}

async fn a_branch_leaves_any_version(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    add_line(admin, &part, &child).await;
    release(admin, &part).await;
    let released = id(&version(admin, &part).await);
    let beside = branch(admin, &part, &released, "beside").await.expect(200);
    assert_eq!((&beside["version_label"], &beside["state"]), (&json!("1.A-beside"), &json!("Draft")));
    add_to(admin, &id(&beside), &add_part(admin, "D").await, json!({})).await.expect(200);
    revise(admin, &part).await;
    aml(admin, "update", &part, json!({"name": "next"})).await.expect(200);
    let old = branch(admin, &part, &released, "old").await.expect(200);
    assert_eq!((&old["properties"]["name"], lines(admin, &id(&old)).await.len()), (&json!("P"), 1));
    let nested = branch(admin, &part, &id(&beside), "nested").await.expect(200);
    assert_eq!(lines(admin, &id(&nested)).await.len(), 2);
    let current = branch(admin, &part, &id(&version(admin, &part).await), "now").await.expect(200);
    assert_eq!((&current["version_label"], &current["properties"]["name"]), (&json!("1.B-now"), &json!("next")));
}

async fn a_branch_is_checked_out_and_in_by_itself(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let engineer = world.user("lin", &["engineer"]).await;
    let part = add_part(admin, "P").await;
    release(admin, &part).await;
    let before = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    let draft = branch_of_current(admin, &part, "b").await;
    let path = |verb: &str| format!("/versions/items/{part}/{verb}");
    let out = admin.post(&path("checkout"), &json!({"version_id": draft})).await.expect(200);
    assert_eq!(
        (&out["id"], &out["checked_out_by_id"]),
        (&json!(draft), &json!(1)),
        "beside what is released and locked"
    );
    assert_eq!(code(engineer.post(&path("checkout"), &json!({"version_id": draft})).await), "VERSION_CHECKED_OUT");
    let child = add_part(admin, "C").await;
    assert_eq!(code(add_to(&engineer, &draft, &child, json!({})).await), "VERSION_CHECKED_OUT");
    assert_eq!(check_out(&engineer, &part).await.status, 409, "the current version is released");
    let drawing = bring(admin, "d.txt", b"drawing").await;
    admin.post(&format!("/versions/{draft}/files"), &json!({"file_id": drawing})).await.expect(200);
    let wrong = json!({"version_id": draft, "properties": {"cost": []}});
    let refused = check_in(admin, &part, wrong).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "properties", "cost"]));
    let given = json!({"version_id": draft, "properties": {"name": "其他", "cost": "2.5"}});
    let checked_in = check_in(admin, &part, given).await.expect(200);
    assert_eq!(
        (&checked_in["properties"]["name"], &checked_in["properties"]["cost"], &checked_in["checked_out_at"]),
        (&json!("其他"), &json!(2.5), &Value::Null)
    );
    assert_eq!(detail(admin, &draft).await["properties"]["name"], "其他");
    assert_eq!(admin.get(&format!("/aml/Part/{part}")).await.expect(200), before, "the item is as it was");
    assert_eq!(history(admin, &part).await[0]["changes"], json!({"properties": ["cost", "name"]}));
}

async fn lines_of_a_branch_are_changed_by_the_rules_of_lines(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, part) = (add_part(admin, "TOP").await, add_part(admin, "P").await);
    let (child, other) = (add_part(admin, "C").await, add_part(admin, "O").await);
    add_line(admin, &top, &part).await;
    let live = line_id(&add_line(admin, &part, &child).await);
    let draft = branch_of_current(admin, &part, "b").await;
    let before = tree(admin, &part).await;
    let added = add_to(admin, &draft, &other, json!({"quantity": "0.25", "uom": "kg"})).await.expect(200);
    assert_eq!((&added["properties"]["quantity"], &added["properties"]["uom"]), (&json!(0.25), &json!("KG")));
    assert_eq!(code(add_to(admin, &draft, &other, json!({"uom": "KG"})).await), "RELATIONSHIP_EXISTS");
    add_to(admin, &draft, &other, json!({})).await.expect(200);
    let cycle = add_to(admin, &draft, &top, json!({})).await.expect(409);
    assert_eq!(cycle["detail"]["code"], "CYCLE_DETECTED");
    for (properties, field) in
        [(json!({"quantity": 0}), "quantity"), (json!({"quantity": "x"}), "quantity"), (json!({"uom": 7}), "uom")]
    {
        let refused = add_to(admin, &draft, &add_part(admin, "").await, properties.clone()).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "properties", field]), "{properties}");
        let refused = change_in(admin, &draft, &live, properties).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "properties", field]));
    }
    assert_eq!(add_to(admin, &draft, "00000000-0000-0000-0000-000000000000", json!({})).await.status, 404);
    let changed = change_in(admin, &draft, &live, json!({"quantity": 7, "refdes": "R1"})).await.expect(200);
    assert_eq!((&changed["id"], &changed["properties"]["quantity"]), (&json!(live), &json!(7.0)));
    let to_kg = change_in(admin, &draft, &id(&added), json!({"uom": "EA"})).await;
    assert_eq!(code(to_kg), "RELATIONSHIP_EXISTS");
    admin.delete(&format!("/versions/{draft}/lines/{}", id(&added))).await.expect(200);
    admin.delete(&format!("/versions/{draft}/lines/{}", id(&added))).await.expect(404);
    assert_eq!(lines(admin, &draft).await.len(), 2);
    assert_eq!(tree(admin, &part).await, before, "the item has its own");
}

async fn what_is_hidden_stays_hidden_in_a_branch(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let (part, child, secret) = (add_part(admin, "P").await, add_part(admin, "C").await, add_part(admin, "S").await);
    add_line(admin, &part, &child).await;
    let line = line_id(&add_line(admin, &part, &secret).await);
    let draft = branch_of_current(admin, &part, "b").await;
    let engineer = world.user("lin", &["engineer"]).await;
    hide(&world.at, &[&secret]).await;
    assert_eq!((lines(admin, &draft).await.len(), lines(&engineer, &draft).await.len()), (2, 1));
    assert_eq!(change_in(&engineer, &draft, &line, json!({"quantity": 2})).await.status, 404);
    assert_eq!(engineer.delete(&format!("/versions/{draft}/lines/{line}")).await.status, 404);
    assert_eq!(add_to(&engineer, &draft, &secret, json!({"uom": "KG"})).await.status, 404);
    change_in(admin, &draft, &line, json!({"quantity": 2})).await.expect(200);
    let current = id(&version(admin, &part).await);
    let body = json!({"source_version_id": draft, "target_version_id": current});
    let refused = engineer.post(&format!("/versions/items/{part}/merge"), &body).await;
    assert!(!refused.text.contains(&secret), "{refused:?}");
    assert_eq!(code(refused), "HIDDEN_RELATIONSHIPS");
    hide(&world.at, &[&part]).await;
    for path in [format!("/versions/{draft}/lines"), format!("/versions/compare?v1={draft}&v2={current}")] {
        assert_eq!(engineer.get(&path).await.status, 404);
    }
    assert_eq!(branch(&engineer, &part, &current, "mine").await.status, 404);
}

async fn lines_of_other_versions_are_not_changed_here(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    let line = line_id(&add_line(admin, &part, &child).await);
    let current = id(&version(admin, &part).await);
    for expected in ["VERSION_CURRENT", "VERSION_RELEASED"] {
        assert_eq!(code(add_to(admin, &current, &child, json!({"uom": "KG"})).await), expected);
        assert_eq!(code(change_in(admin, &current, &line, json!({"quantity": 2})).await), expected);
        assert_eq!(code(admin.delete(&format!("/versions/{current}/lines/{line}")).await), expected);
        if expected == "VERSION_CURRENT" {
            release(admin, &part).await;
        }
    }
    assert_eq!(lines(admin, &current).await.len(), 1);
}

async fn of_twenty_who_branch_by_one_name_one_does(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let current = id(&version(admin, &part).await);
    let names: Vec<String> =
        (0..20).map(|caller| if caller < 10 { "one".to_owned() } else { format!("b{caller}") }).collect();
    let replies = join_all(names.iter().map(|name| branch(admin, &part, &current, name))).await;
    let of_one = replies[..10].iter().filter(|reply| reply.status == 200).count();
    assert_eq!((of_one, replies.iter().filter(|reply| reply.status == 200).count()), (1, 11));
    for reply in replies.into_iter().filter(|reply| reply.status != 200) {
        assert_eq!(code(reply), "BRANCH_EXISTS");
    }
    let list = admin.get(&format!("/versions/items/{part}/versions")).await.expect(200);
    assert_eq!(list["versions"].as_array().unwrap().len(), 12);
}

async fn what_makes_no_branch_is_refused(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let (part, other) = (add_part(admin, "P").await, add_part(admin, "O").await);
    let (current, foreign) = (id(&version(admin, &part).await), id(&version(admin, &other).await));
    for name in ["", "a b", "a/b", &"x".repeat(101)] {
        let refused = branch(admin, &part, &current, name).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "branch_name"]));
    }
    assert_eq!(code(branch(admin, &part, &current, "main").await), "BRANCH_EXISTS");
    for wrong in [foreign.as_str(), "x", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(branch(admin, &part, wrong, "b").await.status, 404);
    }
    let missing = admin.post(&format!("/versions/items/{part}/branch"), &json!({})).await.expect(422);
    assert_eq!(missing["detail"][0]["loc"], json!(["body", "source_version_id"]));
    crate::support::database::freeze(&world.at, "Part").await;
    let viewer = world.user("vera", &["viewer"]).await;
    assert_eq!(branch(&viewer, &part, &current, "b").await.status, 403);
}

async fn what_hangs_on_lines_is_sealed_with_them(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let kind = json!({
        "id": "Alternative", "is_relationship": true, "source_item_type_id": "Part BOM", "related_item_type_id": "Part",
        "accepts_undeclared": true,
    });
    admin.post("/meta/item-types", &kind).await.expect(200);
    let (part, child, other) = (add_part(admin, "P").await, add_part(admin, "C").await, add_part(admin, "O").await);
    let line = line_id(&add_line(admin, &part, &child).await);
    let add = json!({"type": "Alternative", "action": "add", "properties": {"source_id": line, "related_id": other, "rank": 1}});
    let alternative = id(&admin.post("/aml/apply", &add).await.expect(200));
    release(admin, &part).await;
    let released = id(&version(admin, &part).await);
    let draft = branch_of_current(admin, &part, "b").await;
    revise(admin, &part).await;
    let change = json!({"type": "Alternative", "action": "update", "id": alternative, "properties": {"rank": 2}});
    admin.post("/aml/apply", &change).await.expect(200);
    for version in [&released, &draft] {
        let sealed = lines(admin, version).await;
        let hanging = sealed.iter().find(|found| found["id"] == json!(alternative)).unwrap();
        assert_eq!((sealed.len(), &hanging["source_id"], &hanging["properties"]["rank"]), (2, &json!(line), &json!(1)));
    }
    assert_eq!(code(admin.delete(&format!("/versions/{draft}/lines/{line}")).await), "ITEM_IN_USE");
    let body =
        json!({"child_id": add_part(admin, "X").await, "relationship_type": "Alternative", "parent_line_id": line});
    let hung = admin.post(&format!("/versions/{draft}/lines"), &body).await.expect(200);
    assert_eq!(hung["source_id"], json!(line));
    let loose = json!({"child_id": child, "relationship_type": "Alternative"});
    assert_eq!(admin.post(&format!("/versions/{draft}/lines"), &loose).await.status, 422);
    // Merged, it hangs on the line of the item.
    let body = json!({"source_version_id": draft, "target_version_id": id(&version(admin, &part).await)});
    admin.post(&format!("/versions/items/{part}/merge"), &body).await.expect(200);
    let now = lines(admin, &id(&version(admin, &part).await)).await;
    let ranks: Vec<&Value> = now.iter().filter(|found| found["id"] == json!(alternative)).collect();
    assert_eq!((now.len(), &ranks[0]["properties"]["rank"]), (3, &json!(2)), "what was changed meanwhile stays");
}

async fn versions_are_compared(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    let (gone, new) = (add_part(admin, "GONE").await, add_part(admin, "NEW").await);
    let line = line_id(&add_line(admin, &part, &child).await);
    add_line(admin, &part, &gone).await;
    aml(admin, "update", &part, json!({"description": "old"})).await.expect(200);
    let current = id(&version(admin, &part).await);
    let draft = branch_of_current(admin, &part, "b").await;
    let compare = async |a: &str, b: &str| admin.get(&format!("/versions/compare?v1={a}&v2={b}")).await;
    let nothing = compare(&current, &draft).await.expect(200);
    assert_eq!(nothing["properties"], json!({"added": {}, "removed": {}, "changed": []}));
    assert_eq!(nothing["lines"], json!({"added": [], "removed": [], "changed": []}));
    assert_eq!(nothing["files"], json!({"added": [], "removed": [], "changed": []}));
    admin.post(&format!("/versions/items/{part}/checkout"), &json!({"version_id": draft})).await.expect(200);
    let file = bring(admin, "f.txt", b"file").await;
    admin.post(&format!("/versions/{draft}/files"), &json!({"file_id": file})).await.expect(200);
    let given = json!({"version_id": draft, "properties": {"name": "Q", "description": null, "cost": 5}});
    check_in(admin, &part, given).await.expect(200);
    change_in(admin, &draft, &line, json!({"quantity": 3, "refdes": "R1"})).await.expect(200);
    for found in lines(admin, &draft).await {
        if found["related_number"] == "GONE" {
            admin.delete(&format!("/versions/{draft}/lines/{}", id(&found))).await.expect(200);
        }
    }
    add_to(admin, &draft, &new, json!({})).await.expect(200);
    let found = compare(&current, &draft).await.expect(200);
    assert_eq!((&found["version_a"]["version_label"], &found["version_b"]["id"]), (&json!("1.A"), &json!(draft)));
    let properties = json!({
        "added": {"cost": 5.0}, "removed": {"description": "old"},
        "changed": [{"field": "name", "left": "P", "right": "Q"}],
    });
    assert_eq!(found["properties"], properties);
    let changes = json!([
        {"field": "quantity", "left": 1.0, "right": 3.0}, {"field": "refdes", "left": null, "right": "R1"},
    ]);
    let all = &found["lines"];
    assert_eq!((&all["changed"][0]["id"], &all["changed"][0]["changes"]), (&json!(line), &changes));
    assert_eq!((&all["added"][0]["related_id"], &all["removed"][0]["related_id"]), (&json!(new), &json!(gone)));
    assert_eq!(found["files"]["added"][0]["file_id"], json!(file));
    let back = compare(&draft, &current).await.expect(200);
    assert_eq!(
        (&back["files"]["removed"][0]["file_id"], &back["properties"]["removed"]),
        (&json!(file), &json!({"cost": 5.0}))
    );
    let other = id(&version(admin, &new).await);
    assert_eq!(compare(&current, &other).await.status, 400);
    assert_eq!(
        (compare("x", &current).await.status.as_u16(), admin.get("/versions/compare").await.status.as_u16()),
        (404, 422)
    );
}
