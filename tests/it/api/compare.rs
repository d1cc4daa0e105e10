//! Comparing structures: two sides, many, and as files.

use serde_json::{Value, json};

use super::revisions::{release, revise};
use super::versions::{aml, version};
use crate::support::client::{Client, Reply};
use crate::support::database::hide;
use crate::support::files::bring;
use crate::support::world::{World, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_comparison_is_as_clients_know_it,
    the_schema_names_what_can_be_compared,
    every_mode_and_key_compares,
    assemblies_are_compared_on_every_level_and_once,
    released_versions_and_moments_are_compared,
    lines_out_of_force_are_left_out,
    substitutes_are_compared,
    what_one_may_not_read_is_in_no_comparison,
    what_makes_no_sense_is_refused_by_field,
    many_structures_stand_beside_each_other,
    comparisons_are_exported,
    files_are_compared_by_role_name_and_content,
    a_child_in_another_revision_is_told,
);

const FIELDS: &str = "quantity,uom,find_num,refdes,effectivity_from,effectivity_to";

async fn line(client: &Client, parent: &str, child: &str, values: Value) -> String {
    let mut body = json!({"child_id": child});
    body.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    let added = client.post(&format!("/bom/{parent}/children"), &body).await.expect(200);
    added["relationship_id"].as_str().unwrap().to_owned()
}

async fn change_line(client: &Client, line: &str, values: Value) {
    let body = json!({"type": "Part BOM", "action": "update", "id": line, "properties": values});
    client.post("/aml/apply", &body).await.expect(200);
}

fn path(left: &str, right: &str, more: &str) -> String {
    format!("/bom/compare?left_type=item&left_id={left}&right_type=item&right_id={right}{more}")
}

async fn compare(client: &Client, left: &str, right: &str, more: &str) -> Value {
    client.get(&path(left, right, more)).await.expect(200)
}

/// Added, removed, changed.
fn counts(compared: &Value) -> [u64; 3] {
    ["added", "removed", "changed"].map(|kind| {
        let listed = compared[kind].as_array().unwrap().len() as u64;
        assert_eq!(compared["summary"][kind], listed);
        listed
    })
}

fn changed_fields(entry: &Value) -> Vec<&str> {
    entry["changes"].as_array().unwrap().iter().map(|change| change["field"].as_str().unwrap()).collect()
}

/// A: X (1, 010, R1), Y. B: X (2, 020, R1,R2, from July), Z.
struct Pair {
    a: String,
    b: String,
    x: String,
    y: String,
    z: String,
    line: String,
}

async fn pair(client: &Client) -> Pair {
    let mut parts = Vec::new();
    for number in ["CMP-A", "CMP-B", "CMP-X", "CMP-Y", "CMP-Z"] {
        parts.push(add_part(client, number).await);
    }
    let [a, b, x, y, z] = <[String; 5]>::try_from(parts).unwrap();
    let relationship = line(client, &a, &x, json!({"quantity": 1, "find_num": "010", "refdes": "R1"})).await;
    line(client, &a, &y, json!({})).await;
    let later =
        json!({"quantity": 2, "find_num": "020", "refdes": "R1,R2", "effectivity_from": "2026-07-01T00:00:00Z"});
    line(client, &b, &x, later).await;
    line(client, &b, &z, json!({})).await;
    Pair { a, b, x, y, z, line: relationship }
}

async fn a_comparison_is_as_clients_know_it(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Pair { a, b, x, y, z, line } = pair(admin).await;
    let more = format!(
        "&max_levels=10&line_key=child_config&include_relationship_props={FIELDS}&include_substitutes=true&include_effectivity=true"
    );
    let compared = compare(admin, &a, &b, &more).await;
    assert_eq!(
        compared["summary"],
        json!({"added": 1, "removed": 1, "changed": 1, "changed_major": 1, "changed_minor": 0, "changed_info": 0, "unchanged": 0})
    );
    let added = &compared["added"][0];
    let said = json!({
        "quantity": 1.0, "uom": "EA", "find_num": null, "refdes": null, "effectivity_from": null, "effectivity_to": null,
        "effectivities": [], "substitutes": [], "config_condition": null,
    });
    let config = |part: &Value| part["path"][1]["config_id"].as_str().unwrap().to_owned();
    let expected = json!({
        "parent_id": b, "child_id": z, "relationship_id": added["relationship_id"],
        "line_key": format!("ROOT::{}", config(added)), "parent_config_id": "ROOT", "child_config_id": config(added),
        "level": 1,
        "path": [
            {"id": b, "config_id": "ROOT", "item_number": "CMP-B", "name": "CMP-B"},
            {"id": z, "config_id": config(added), "item_number": "CMP-Z", "name": "CMP-Z"},
        ],
        "properties": {"quantity": 1.0, "uom": "EA", "effectivities": [], "substitutes": []},
        "line": said, "line_normalized": said,
        "parent": null, "child": null, "parent_number": null, "parent_name": null, "child_number": null, "child_name": null,
    });
    assert_eq!(added, &expected);
    assert_eq!((&compared["removed"][0]["child_id"], &compared["removed"][0]["parent_id"]), (&json!(y), &json!(a)));
    let changed = &compared["changed"][0];
    assert_eq!((&changed["child_id"], &changed["relationship_id"]), (&json!(x), &json!(line)));
    let from = "2026-07-01T00:00:00Z";
    let period = json!([{"type": "Date", "start_date": from, "end_date": null, "payload": {}}]);
    assert_eq!(
        changed["before"],
        json!({"effectivities": [], "effectivity_from": null, "find_num": "010", "quantity": 1.0, "refdes": "R1"})
    );
    let after = &changed["after"];
    assert_eq!((&after["quantity"], &after["effectivities"]), (&json!(2.0), &period), "{after}");
    assert_eq!((&changed["before_normalized"]["refdes"], &changed["severity"]), (&json!(["R1"]), &json!("major")));
    assert_eq!(changed["after_normalized"]["refdes"], json!(["R1", "R2"]));
    assert_eq!(changed["after_line"]["refdes"], "R1,R2");
    assert_eq!(changed_fields(changed), ["quantity", "find_num", "refdes", "effectivity_from", "effectivities"]);
    assert_eq!(
        changed["changes"][0],
        json!({"field": "quantity", "left": 1.0, "right": 2.0, "normalized_left": 1.0, "normalized_right": 2.0, "severity": "major"})
    );
    assert_eq!(changed["changes"][2]["severity"], "minor");
    // What is not asked for is null.
    let plain = compare(admin, &a, &b, "&include_child_fields=true").await;
    let changed = &plain["changed"][0];
    assert_eq!(
        (&changed["before_line"]["effectivities"], &changed["before_line"]["substitutes"]),
        (&json!(null), &json!(null))
    );
    assert_eq!((&changed["child_number"], &changed["parent"]["id"]), (&json!("CMP-X"), &json!(a)));
    assert_eq!(changed["child"]["properties"]["name"], "CMP-X");
    let same = compare(admin, &a, &a, "").await;
    assert_eq!((counts(&same), &same["summary"]["unchanged"]), ([0, 0, 0], &json!(2)));
}

async fn the_schema_names_what_can_be_compared(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let schema = admin.get("/bom/compare/schema").await.expect(200);
    let fields = schema["line_fields"].as_array().unwrap();
    assert_eq!(fields.len(), 9);
    assert_eq!(
        (&fields[0]["field"], &fields[0]["severity"], &fields[0]["normalized"]),
        (&json!("quantity"), &json!("major"), &json!("float"))
    );
    assert_eq!((&fields[1]["field"], &fields[1]["normalized"]), (&json!("uom"), &json!("upper-case string")));
    let modes = schema["compare_modes"].as_array().unwrap();
    assert_eq!(modes.len(), 7);
    assert_eq!(
        (&modes[0]["mode"], &modes[0]["line_key"], &modes[0]["include_relationship_props"], &modes[0]["aliases"]),
        (&json!("only_product"), &json!("child_config"), &json!([]), &json!(["only"]))
    );
    assert_eq!(
        (
            &modes[1]["mode"],
            &modes[1]["line_key"],
            &modes[1]["aggregate_quantities"],
            &modes[1]["include_relationship_props"]
        ),
        (&json!("summarized"), &json!("child_config_uom"), &json!(true), &json!(["quantity", "uom"]))
    );
    assert_eq!(schema["line_key_options"].as_array().unwrap().len(), 14);
    assert_eq!(
        schema["defaults"],
        json!({"max_levels": 10, "line_key": "child_config", "include_substitutes": false, "include_effectivity": false})
    );
}

async fn every_mode_and_key_compares(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (a, b) = (add_part(admin, "A").await, add_part(admin, "B").await);
    let (same, moved, more) = (add_part(admin, "S").await, add_part(admin, "M").await, add_part(admin, "Q").await);
    let value =
        |quantity: f64, find: &str, refdes: &str| json!({"quantity": quantity, "find_num": find, "refdes": refdes});
    for (parent, child, values) in [
        (&a, &same, value(1.0, "10", "R1-R3")),
        (&b, &same, value(1.0, "10", "R3,R2,R1")),
        (&a, &moved, value(2.0, "20", "C1")),
        (&b, &moved, value(2.0, "30", "C1")),
        (&a, &more, value(3.0, "40", "D1")),
        (&b, &more, value(4.0, "40", "D1,D2")),
    ] {
        line(admin, parent, child, values).await;
    }
    let table = [
        ("compare_mode=only_product", [0, 0, 0]),
        ("compare_mode=summarized", [0, 0, 1]),
        ("compare_mode=num_qty", [2, 2, 0]),
        ("compare_mode=by_position", [1, 1, 1]),
        ("compare_mode=by_reference", [1, 1, 0]),
        ("compare_mode=by_find_refdes", [2, 2, 0]),
        ("compare_mode=QTY", [0, 0, 1]),
        ("line_key=child_config", [0, 0, 2]),
        ("line_key=child_config_uom", [0, 0, 2]),
        ("line_key=child_config_find_num", [1, 1, 1]),
        ("line_key=child_config_refdes", [1, 1, 1]),
        ("line_key=child_config_find_refdes", [2, 2, 0]),
        ("line_key=child_config_find_num_qty", [2, 2, 0]),
        ("line_key=child_id", [0, 0, 2]),
        ("line_key=child_id_find_num", [1, 1, 1]),
        ("line_key=child_id_refdes", [1, 1, 1]),
        ("line_key=child_id_find_refdes", [2, 2, 0]),
        ("line_key=child_id_find_num_qty", [2, 2, 0]),
        ("line_key=relationship_id", [3, 3, 0]),
        ("line_key=line_full", [2, 2, 0]),
        ("line_key=child_number", [0, 0, 2]),
        ("include_relationship_props=quantity", [0, 0, 1]),
        ("include_relationship_props=find_num&include_relationship_props=torque", [0, 0, 1]),
    ];
    for (query, expected) in table {
        let compared = compare(admin, &a, &b, &format!("&{query}")).await;
        assert_eq!(counts(&compared), expected, "{query}");
        let mirrored = compare(admin, &b, &a, &format!("&{query}")).await;
        assert_eq!(counts(&mirrored), [expected[1], expected[0], expected[2]], "{query} mirrored");
    }
    // A property that only this comparison asks for.
    let line = line(admin, &a, &b, json!({"extra_properties": {"torque": 5}})).await;
    let c = add_part(admin, "C").await;
    let other = json!({"child_id": b, "extra_properties": {"torque": 7}});
    admin.post(&format!("/bom/{c}/children"), &other).await.expect(200);
    let compared = compare(admin, &a, &c, "&include_relationship_props=torque&max_levels=1").await;
    assert_eq!(
        (&compared["changed"][0]["before"], &compared["changed"][0]["severity"]),
        (&json!({"torque": 5}), &json!("info"))
    );
    assert_eq!(compared["changed"][0]["relationship_id"], json!(line));
}

async fn assemblies_are_compared_on_every_level_and_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let mut parts = Vec::new();
    for number in ["TOP", "LEFT", "RIGHT", "SUB", "NUT"] {
        parts.push(add_part(admin, number).await);
    }
    let [top, left, right, sub, nut] = <[String; 5]>::try_from(parts).unwrap();
    for (parent, child) in [(&top, &left), (&top, &right), (&left, &sub), (&right, &sub)] {
        line(admin, parent, child, json!({})).await;
    }
    let nuts = line(admin, &sub, &nut, json!({"quantity": 4})).await;
    for part in [&nut, &sub, &left, &right, &top] {
        release(admin, part).await;
    }
    let sealed = id(&version(admin, &top).await);
    for part in [&sub, &left, &right, &top] {
        revise(admin, part).await;
    }
    change_line(admin, &nuts, json!({"quantity": 6})).await;
    let query = format!("/bom/compare?left_type=version&left_id={sealed}&right_type=item&right_id={top}");
    let compared = admin.get(&query).await.expect(200);
    // Four lines lead to other revisions of their parts, and one says something else.
    assert_eq!(counts(&compared), [0, 0, 5], "the assembly is built in twice and compared once");
    assert_eq!((&compared["summary"]["changed_major"], &compared["summary"]["changed_info"]), (&json!(1), &json!(4)));
    let all = compared["changed"].as_array().unwrap();
    let changed = all.iter().find(|change| change["severity"] == "major").unwrap();
    let numbers: Vec<&str> =
        changed["path"].as_array().unwrap().iter().map(|part| part["item_number"].as_str().unwrap()).collect();
    assert_eq!((numbers, &changed["level"]), (vec!["TOP", "LEFT", "SUB", "NUT"], &json!(3)));
    let key = format!(
        "{}::{}",
        changed["path"][2]["config_id"].as_str().unwrap(),
        changed["path"][3]["config_id"].as_str().unwrap()
    );
    assert_eq!(changed["line_key"], json!(key));
    assert_eq!((&changed["before"], &changed["after"]), (&json!({"quantity": 4.0}), &json!({"quantity": 6.0})));
    let shallow = admin.get(&format!("{query}&max_levels=2")).await.expect(200);
    assert_eq!(counts(&shallow), [0, 0, 4]);
    assert_eq!(counts(&admin.get(&format!("{query}&max_levels=-1")).await.expect(200)), [0, 0, 5]);
    assert_eq!(counts(&admin.get(&format!("{query}&max_levels=0")).await.expect(200)), [0, 0, 0]);
}

async fn released_versions_and_moments_are_compared(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, x, y) = (add_part(admin, "TOP").await, add_part(admin, "X").await, add_part(admin, "Y").await);
    let first = line(admin, &top, &x, json!({"quantity": 1})).await;
    release(admin, &x).await;
    release(admin, &top).await;
    let one = version(admin, &top).await;
    let then = one["released_at"].as_str().unwrap().replace('+', "%2B");
    revise(admin, &top).await;
    change_line(admin, &first, json!({"quantity": 3})).await;
    line(admin, &top, &y, json!({})).await;
    release(admin, &y).await;
    release(admin, &top).await;
    let two = version(admin, &top).await;
    let versions =
        format!("/bom/compare?left_type=version&left_id={}&right_type=version&right_id={}", id(&one), id(&two));
    let compared = admin.get(&versions).await.expect(200);
    assert_eq!(counts(&compared), [1, 0, 1]);
    let dated = compare(admin, &top, &top, &format!("&left_date={then}")).await;
    assert_eq!(counts(&dated), [1, 0, 1]);
    assert_eq!(counts(&compare(admin, &top, &top, &format!("&left_date={then}&right_date={then}")).await), [0, 0, 0]);
    let refused = admin.get(&format!("{versions}&left_date={then}")).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["query", "left_date"]));
}

async fn lines_out_of_force_are_left_out(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Pair { a, b, .. } = pair(admin).await;
    assert_eq!(counts(&compare(admin, &a, &b, "&effective_at=2026-06-30").await), [1, 2, 0]);
    assert_eq!(counts(&compare(admin, &a, &b, "&effective_at=2026-07-02").await), [1, 1, 1]);
}

async fn substitutes_are_compared(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Pair { a, b, z, line, .. } = pair(admin).await;
    let kind = json!({
        "id": "Part BOM Substitute", "is_relationship": true, "source_item_type_id": "Part BOM", "related_item_type_id": "Part",
    });
    // Where the type is there already, it stays.
    admin.post("/meta/item-types", &kind).await;
    let values = json!({"source_id": line, "related_id": z, "rank": 1, "note": "二"});
    let add = json!({"type": "Part BOM Substitute", "action": "add", "properties": values});
    admin.post("/aml/apply", &add).await.expect(200);
    let compared = compare(admin, &a, &b, "&include_substitutes=true&include_relationship_props=substitutes").await;
    let changed = &compared["changed"][0];
    assert_eq!(changed_fields(changed), ["substitutes"]);
    assert_eq!(changed["changes"][0]["left"], json!([{"item_id": z, "rank": 1, "note": "二"}]));
    assert_eq!((&changed["changes"][0]["right"], &changed["severity"]), (&json!([]), &json!("minor")));
    assert_eq!(changed["before_normalized"]["substitutes"], json!([format!("{z}|1|二")]));
    // Sealed with a release, and as it was afterwards.
    for part in [&z, &a] {
        release(admin, part).await;
    }
    let sealed = id(&version(admin, &a).await);
    let query = format!(
        "/bom/compare?left_type=version&left_id={sealed}&right_type=item&right_id={b}&include_substitutes=true"
    );
    let compared = admin.get(&query).await.expect(200);
    assert_eq!(compared["changed"][0]["before_line"]["substitutes"], json!([{"item_id": z, "rank": 1, "note": "二"}]));
}

async fn what_one_may_not_read_is_in_no_comparison(at: Installation) {
    let world = World::start(at).await;
    let Pair { a, b, x, z, .. } = pair(&world.admin).await;
    let viewer = world.user("vera", &["viewer"]).await;
    hide(&world.at, &[&x, &z]).await;
    let reply = viewer.get(&path(&a, &b, "&include_child_fields=true")).await;
    assert!(!reply.text.contains("CMP-X") && !reply.text.contains("CMP-Z"), "{reply:?}");
    assert_eq!(counts(&reply.expect(200)), [0, 1, 0]);
    assert_eq!(counts(&compare(&world.admin, &a, &b, "").await), [1, 1, 1]);
    let hidden = viewer.get(&path(&a, &x, "")).await.expect(404);
    assert_eq!(hidden["detail"], format!("Item {x} not found"));
}

async fn what_makes_no_sense_is_refused_by_field(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let place = |reply: Value| reply["detail"][0]["loc"].clone();
    for (more, parameter) in [
        ("&line_key=x", "line_key"),
        ("&compare_mode=x", "compare_mode"),
        ("&max_levels=101", "max_levels"),
        ("&max_levels=-2", "max_levels"),
        ("&max_levels=x", "max_levels"),
        ("&effective_at=soon", "effective_at"),
        ("&left_date=soon", "left_date"),
    ] {
        let refused = admin.get(&path(&part, &part, more)).await.expect(422);
        assert_eq!(place(refused), json!(["query", parameter]), "{more}");
    }
    let kind = format!("/bom/compare?left_type=file&left_id={part}&right_type=item&right_id={part}");
    assert_eq!(place(admin.get(&kind).await.expect(422)), json!(["query", "left_type"]));
    let missing = admin.get(&format!("/bom/compare?left_type=item&left_id={part}&right_type=item")).await.expect(422);
    assert_eq!(place(missing), json!(["query", "right_id"]));
    assert_eq!(admin.get(&path(&part, "x", "")).await.expect(404), json!({"detail": "Item x not found"}));
    let unknown = format!("/bom/compare?left_type=version&left_id={part}&right_type=item&right_id={part}");
    assert_eq!(admin.get(&unknown).await.expect(404), json!({"detail": format!("Version {part} not found")}));
    let side = |kind: &str| json!({"type": kind, "id": part});
    for (body, loc) in [
        (json!({"sides": [side("item")]}), json!(["body", "sides"])),
        (json!({"sides": vec![side("item"); 9]}), json!(["body", "sides"])),
        (json!({"sides": [side("item"), side("x")]}), json!(["body", "sides", "1", "type"])),
        (json!({"sides": [side("item"), {"id": part}]}), json!(["body", "sides", "1", "type"])),
        (json!({"sides": [side("item"), side("item")], "line_key": "x"}), json!(["body", "line_key"])),
        (json!({"sides": [side("item"), side("item")], "format": "x"}), json!(["body", "format"])),
    ] {
        assert_eq!(place(admin.post("/bom/compare/many", &body).await.expect(422)), loc, "{body}");
    }
    let gone = json!({"sides": [side("item"), {"type": "item", "id": "x"}]});
    assert_eq!(admin.post("/bom/compare/many", &gone).await.expect(404), json!({"detail": "Item x not found"}));
}

async fn many_structures_stand_beside_each_other(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Pair { a, b, x, .. } = pair(admin).await;
    let c = add_part(admin, "CMP-C").await;
    line(admin, &c, &x, json!({"quantity": 1, "find_num": "010", "refdes": "R1"})).await;
    let nut = add_part(admin, "NUT").await;
    line(admin, &x, &nut, json!({})).await;
    let side = |part: &str, label: Option<&str>| json!({"type": "item", "id": part, "label": label});
    let mut body = json!({"sides": [side(&a, Some("甲")), side(&b, None), side(&c, None)]});
    let many = admin.post("/bom/compare/many", &body).await.expect(200);
    assert_eq!(many["summary"], json!({"rows": 4, "differing": 3, "equal": 1}));
    let told = |at: usize| {
        let side = &many["sides"][at];
        json!([side["label"], side["lines"], side["missing"], side["alone"], side["differs_from_first"]])
    };
    assert_eq!(
        (told(0), told(1), told(2)),
        (json!(["甲", 3, 1, 1, 0]), json!(["CMP-B", 3, 1, 1, 1]), json!(["CMP-C", 2, 2, 0, 0]))
    );
    let rows = many["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["cells"][0]["child_id"] == json!(x)).unwrap();
    assert_eq!((&row["differs"], &row["severity"], &row["level"]), (&json!(true), &json!("major"), &json!(1)));
    assert_eq!(row["fields"][0], json!({"field": "quantity", "values": [1.0, 2.0, 1.0], "severity": "major"}));
    assert_eq!(row["cells"][2]["line"]["refdes"], "R1");
    assert!(rows.iter().any(|row| row["cells"][1].is_null() && row["cells"][2].is_null()));
    body["include_equal"] = json!(true);
    let all = admin.post("/bom/compare/many", &body).await.expect(200);
    assert_eq!((all["rows"].as_array().unwrap().len(), &all["summary"]), (4, &many["summary"]));
    // Two of many are what a comparison of two is.
    let two = json!({"sides": [side(&a, None), side(&b, None)], "compare_mode": "by_pos"});
    let two = admin.post("/bom/compare/many", &two).await.expect(200);
    let [added, removed, changed] = counts(&compare(admin, &a, &b, "&compare_mode=by_pos").await);
    assert_eq!(two["summary"]["differing"], json!(added + removed + changed));
    assert_eq!((&two["sides"][0]["missing"], &two["compare_mode"]), (&json!(added), &json!("by_position")));
}

fn content_type(reply: &Reply) -> &str {
    reply.headers["content-type"].to_str().unwrap()
}

async fn comparisons_are_exported(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let Pair { a, b, z, .. } = pair(admin).await;
    aml(admin, "update", &z, json!({"name": "=cmd|'/c calc'!A1, \"盖\""})).await.expect(200);
    let query = path(&a, &b, "&format=").replace("/bom/compare?", "/bom/compare/export?");
    let csv = admin.get(&format!("{query}csv")).await;
    assert_eq!((csv.status.as_u16(), content_type(&csv)), (200, "text/csv; charset=utf-8"));
    assert!(csv.headers["content-disposition"].to_str().unwrap().contains("bom-comparison.csv"));
    let lines: Vec<&str> = csv.text.lines().collect();
    assert!(lines[0].starts_with("change,severity,level,path,parent_number"), "{}", lines[0]);
    assert!(lines[0].contains("quantity (left),quantity (right)"));
    assert_eq!(lines.len(), 4);
    let line = |start: &str| *lines.iter().find(|line| line.starts_with(start)).unwrap();
    assert!(line("changed,major,1,CMP-A / CMP-X,CMP-A,CMP-X,CMP-X,").contains(",1,2,EA,EA,010,020,R1,\"R1,R2\""));
    assert!(line("added,,1,").contains(",\"'=cmd|'/c calc'!A1, \"\"盖\"\"\","), "{}", csv.text);
    let sheet = admin.get(&format!("{query}xlsx")).await;
    assert!(content_type(&sheet).ends_with("spreadsheetml.sheet") && sheet.text.starts_with("PK"));
    let text = admin.get(&format!("{query}md&include_equal=true")).await;
    assert!(text.text.starts_with("| change | severity |"), "{}", text.text);
    assert_eq!(content_type(&text), "text/markdown; charset=utf-8");
    assert_eq!(admin.get(&format!("{query}doc")).await.status, 422);
    let side = |part: &str| json!({"type": "item", "id": part, "label": part[..3].to_owned()});
    for (format, beginning) in [("csv", "change,severity,"), ("xlsx", "PK"), ("md", "| change |")] {
        let body = json!({"sides": [side(&a), side(&b), side(&a)], "format": format});
        let reply = admin.post("/bom/compare/many", &body).await;
        assert!(reply.status == 200 && reply.text.starts_with(beginning), "{format} {reply:?}");
    }
}

async fn files_are_compared_by_role_name_and_content(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let attach = async |file: &str, role: &str| {
        let body = json!({"item_id": part, "file_id": file, "file_role": role});
        let attached = admin.post("/file/attach", &body).await.expect(200);
        attached["attachment_id"].as_str().or(attached["id"].as_str()).unwrap().to_owned()
    };
    let (drawing, notes) = (bring(admin, "d.txt", b"one").await, bring(admin, "n.txt", b"notes").await);
    let first = attach(&drawing, "drawing").await;
    attach(&notes, "attachment").await;
    release(admin, &part).await;
    let sealed = id(&version(admin, &part).await);
    revise(admin, &part).await;
    let query = format!("/bom/compare?left_type=version&left_id={sealed}&right_type=item&right_id={part}");
    assert_eq!(admin.get(&query).await.expect(200)["files"], Value::Null);
    let same = admin.get(&format!("{query}&include_files=true")).await.expect(200);
    assert_eq!(same["files"], json!([]), "{same}");
    admin.delete(&format!("/file/attachment/{first}")).await.expect(200);
    let later = bring(admin, "d.txt", b"two").await;
    attach(&later, "drawing").await;
    let more = bring(admin, "m.txt", b"more").await;
    attach(&more, "attachment").await;
    let found = admin.get(&format!("{query}&include_files=true")).await.expect(200);
    let [files] = found["files"].as_array().unwrap().as_slice() else { panic!("{found}") };
    assert_eq!((&files["item"]["id"], &files["removed"]), (&json!(part), &json!([])));
    assert_eq!((&files["added"][0]["filename"], &files["added"][0]["size"]), (&json!("m.txt"), &json!(4)));
    let change = &files["changed"][0];
    assert_eq!((&change["left"]["file_id"], &change["right"]["file_id"]), (&json!(drawing), &json!(later)));
}

async fn a_child_in_another_revision_is_told(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, leaf) = (add_part(admin, "TOP").await, add_part(admin, "LEAF").await);
    crate::support::world::add_line(admin, &top, &leaf).await;
    for part in [&leaf, &top] {
        super::revisions::release(admin, part).await;
    }
    let sealed = super::versions::version(admin, &top).await;
    let sealed = sealed["id"].as_str().unwrap();
    let path = format!("/bom/compare?left_type=version&left_id={sealed}&right_type=item&right_id={top}");
    assert_eq!(admin.get(&path).await.expect(200)["changed"], json!([]));
    super::revisions::revise(admin, &leaf).await;
    let found = admin.get(&path).await.expect(200);
    assert_eq!(
        (&found["summary"]["changed_info"], &found["summary"]["changed_major"]),
        (&json!(1), &json!(0)),
        "{found}"
    );
    assert_eq!(found["changed"][0]["changes"][0]["field"], "child_version");
}
