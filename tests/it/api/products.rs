//! An item on one page, what a change of it touches, and whether it can be released.

use serde_json::{Value, json};

use super::baselines::product_of_three as product;
use crate::support::client::Client;
use crate::support::database::hide;
use crate::support::files::bring;
use crate::support::world::{World, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    the_page_of_an_item_shows_what_is_asked_for,
    the_page_of_a_new_item_costs_nothing_and_makes_nothing,
    a_change_touches_what_uses_and_keeps_the_item,
    an_impact_is_exported,
    readiness_judges_the_baselines_of_an_item,
    readiness_tells_what_stands_against_a_release,
    a_cockpit_has_both,
    what_may_not_be_read_is_in_no_summary,
);

async fn page(client: &Client, item: &str, query: &str) -> Value {
    client.get(&format!("/products/{item}?{query}")).await.expect(200)
}

async fn the_page_of_an_item_shows_what_is_asked_for(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [top, mid, leaf] = product(admin).await;
    for (part, weight) in [(&leaf, 0.5), (&mid, 2.0)] {
        let weigh = json!({"type": "Part", "action": "update", "id": part, "properties": {"weight": weight}});
        admin.post("/aml/apply", &weigh).await.expect(200);
    }
    let file = bring(admin, "plan.txt", b"plan").await;
    admin.post("/file/attach", &json!({"item_id": top, "file_id": file, "file_role": "drawing"})).await.expect(200);
    admin.post(&format!("/versions/items/{top}/init"), &json!({})).await.expect(200);
    let bare = page(admin, &top, "").await;
    assert_eq!((&bare["item"]["item_number"], &bare["item"]["type"]), (&json!("TOP"), &json!("Part")));
    assert_eq!(bare["item"]["properties"]["state"], "Draft");
    assert_eq!(
        (&bare["current_version"]["version_label"], &bare["versions"][0]["revision"]),
        (&json!("1.A"), &json!("A"))
    );
    assert_eq!(bare["files"][0]["filename"], "plan.txt");
    for missing in ["bom_summary", "where_used_summary", "document_summary", "impact_summary", "version_files"] {
        assert_eq!(bare[missing], Value::Null, "{missing}");
    }
    let all = "include_bom_summary=true&bom_summary_depth=5&include_where_used_summary=true&include_version_files=true\
               &include_bom_obsolete_summary=true&include_bom_weight_rollup=true&include_document_summary=true";
    let full = page(admin, &top, all).await;
    let expected = json!({"authorized": true, "depth": 5, "direct_children": 2, "total_children": 3, "max_depth": 2});
    assert_eq!(full["bom_summary"], expected);
    assert_eq!((&full["where_used_summary"]["count"], &full["bom_obsolete_summary"]["count"]), (&json!(0), &json!(0)));
    // TOP -2-> MID (2 kg), TOP -1-> LEAF (0.5 kg).
    assert_eq!(full["bom_weight_rollup_summary"]["total_weight"], 4.5);
    assert_eq!((&full["document_summary"]["count"], &full["document_summary"]["items"]), (&json!(0), &json!([])));
    assert_eq!(full["version_files"], json!([]));
    let used = page(admin, &leaf, "include_where_used_summary=true&where_used_recursive=true").await;
    assert_eq!(used["where_used_summary"]["count"], 3);
    let cockpit = page(admin, &top, "cockpit_links_only=false").await;
    assert_eq!(cockpit["impact_summary"]["item_id"], json!(top));
    assert_eq!(cockpit["release_readiness_summary"]["summary"]["ok"], true);
    admin.get(&format!("/products/{top}?include_bom_summary=true&bom_summary_depth=101")).await.expect(422);
    admin.get(&format!("/products/{top}?include_bom_summary=true&bom_effective_at=soon")).await.expect(422);
    admin.get("/products/none").await.expect(404);
}

async fn the_page_of_a_new_item_costs_nothing_and_makes_nothing(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "NEW").await;
    let seen = page(admin, &part, "include_version_files=true").await;
    assert_eq!((&seen["current_version"], &seen["versions"]), (&Value::Null, &json!([])));
    assert_eq!(seen["item"]["current_version_id"], Value::Null, "reading makes no version");
}

async fn a_change_touches_what_uses_and_keeps_the_item(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [top, _, leaf] = product(admin).await;
    let kept = json!({"name": "Kept", "root_item_id": top});
    let kept = admin.post("/baselines", &kept).await.expect(200);
    let impact = admin.get(&format!("/impact/items/{leaf}/summary")).await.expect(200);
    let used: Vec<&Value> =
        impact["where_used"]["hits"].as_array().unwrap().iter().map(|hit| &hit["parent_number"]).collect();
    assert_eq!(impact["where_used"]["total"], 2);
    assert!(used.contains(&&json!("TOP")) && used.contains(&&json!("MID")), "{impact}");
    assert_eq!(
        (&impact["baselines"]["total"], &impact["baselines"]["hits"][0]["baseline_id"]),
        (&json!(1), &kept["id"])
    );
    let deep = admin.get(&format!("/impact/items/{leaf}/summary?where_used_recursive=true&where_used_limit=1")).await;
    let deep = deep.expect(200);
    assert_eq!((&deep["where_used"]["total"], deep["where_used"]["hits"].as_array().unwrap().len()), (&json!(3), 1));
    let line = &impact["where_used"]["hits"][0]["line"];
    assert!(line["quantity"].is_number() && line["uom"] == "EA", "{line}");
    admin.get(&format!("/impact/items/{leaf}/summary?where_used_max_levels=51")).await.expect(422);
}

async fn an_impact_is_exported(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [_, _, leaf] = product(admin).await;
    let path = format!("/impact/items/{leaf}/summary/export");
    let zipped = admin.get(&path).await;
    assert_eq!(zipped.headers["content-type"], "application/zip");
    assert!(zipped.text.starts_with("PK"), "{:?}", zipped.status);
    let sheet = admin.get(&format!("{path}?export_format=csv")).await;
    assert_eq!(sheet.text.lines().count(), 3, "{sheet:?}");
    let told = admin.get(&format!("{path}?export_format=json")).await.expect(200);
    assert_eq!(told["item_id"], json!(leaf));
    admin.get(&format!("{path}?export_format=pdf")).await.expect(400);
}

async fn readiness_judges_the_baselines_of_an_item(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [top, ..] = product(admin).await;
    let path = format!("/release-readiness/items/{top}");
    let none = admin.get(&path).await.expect(200);
    assert_eq!((&none["summary"]["ok"], &none["summary"]["by_kind"]), (&json!(true), &json!({})));
    for name in ["First", "Second"] {
        admin.post("/baselines", &json!({"name": name, "root_item_id": top})).await.expect(200);
    }
    let found = admin.get(&path).await.expect(200);
    let summary = &found["summary"];
    assert_eq!(
        (&summary["ok"], &summary["resources"], &summary["warning_count"]),
        (&json!(true), &json!(2), &json!(6))
    );
    assert_eq!(summary["by_kind"]["baseline_release"]["ok_resources"], 2);
    assert_eq!((&found["ruleset_id"], &found["resources"][0]["name"]), (&json!("readiness"), &json!("Second")));
    let strict = admin.get(&format!("{path}?ruleset_id=strict&baseline_limit=1")).await.expect(200);
    assert_eq!((&strict["summary"]["ok"], &strict["summary"]["error_count"]), (&json!(false), &json!(3)));
    admin.get(&format!("{path}?ruleset_id=mine")).await.expect(400);
}

async fn a_cockpit_has_both(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [top, mid, _] = product(admin).await;
    admin.post("/baselines", &json!({"name": "B", "root_item_id": mid})).await.expect(200);
    let seen = admin.get(&format!("/items/{mid}/cockpit")).await.expect(200);
    assert_eq!((&seen["item"]["id"], &seen["item"]["properties"]["item_number"]), (&json!(mid), &json!("MID")));
    assert_eq!(seen["impact_summary"]["where_used"]["hits"][0]["parent_id"], json!(top));
    assert_eq!(seen["release_readiness"]["summary"]["resources"], 1);
    admin.get("/items/none/cockpit").await.expect(404);
}

async fn what_may_not_be_read_is_in_no_summary(at: Installation) {
    let world = World::start(at).await;
    let [top, mid, leaf] = product(&world.admin).await;
    let made = world.admin.post("/baselines", &json!({"name": "B", "root_item_id": top})).await.expect(200);
    let reader = world.user("reader", &["engineer"]).await;
    hide(&world.at, &[&top]).await;
    let seen = reader.get(&format!("/impact/items/{leaf}/summary?where_used_recursive=true")).await.expect(200);
    assert_eq!((&seen["where_used"]["total"], &seen["baselines"]["total"]), (&json!(1), &json!(0)), "{seen}");
    assert!(!seen.to_string().contains(&id(&made)), "{seen}");
    let seen = page(&reader, &mid, "include_where_used_summary=true&include_bom_summary=true").await;
    assert_eq!((&seen["where_used_summary"]["count"], &seen["bom_summary"]["direct_children"]), (&json!(0), &json!(1)));
    reader.get(&format!("/products/{top}")).await.expect(404);
}

async fn readiness_tells_what_stands_against_a_release(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let [top, mid, leaf] = product(admin).await;
    let path = format!("/release-readiness/items/{top}");
    assert_eq!(admin.get(&path).await.expect(200)["summary"]["ok"], true);
    admin.put("/meta/policies", &json!({"release_policy": "at_release"})).await.expect(200);
    let refused = admin.get(&path).await.expect(200);
    assert_eq!((&refused["summary"]["ok"], &refused["resources"][0]["kind"]), (&json!(false), &json!("item_release")));
    assert!(!refused["resources"][0]["diagnostics"]["errors"].as_array().unwrap().is_empty(), "{refused}");
    for part in [&leaf, &mid, &top] {
        super::revisions::release(admin, part).await;
        assert_eq!(admin.get(&path).await.expect(200)["summary"]["ok"], json!(part != &leaf), "{part}");
    }
}
