//! When items, lines and versions are used.

use serde_json::{Value, json};

use super::branches::line_id;
use super::revisions::{release, revise};
use super::versions::{aml, code, version};
use crate::support::database::{freeze, hide, texts};
use crate::support::world::{World, add_line, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    effectivities_are_managed_as_clients_know_it,
    what_makes_no_sense_is_refused_by_field_of_an_effectivity,
    the_dates_of_a_line_and_their_record_are_one,
    a_line_holds_by_its_effectivities,
    the_version_in_force_is_found,
    effectivities_follow_the_rights_of_what_they_are_of,
    a_day_that_ends_a_period_belongs_to_it,
);

const PATH: &str = "/effectivities";

async fn effectivities_are_managed_as_clients_know_it(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let part = add_part(admin, "P").await;
    let lot = json!({"item_id": part, "effectivity_type": "Lot", "payload": {"lot_start": "L010", "lot_end": "L020"}});
    let made = admin.post(PATH, &lot).await.expect(200);
    let expected = json!({
        "id": made["id"], "item_id": part, "version_id": null, "effectivity_type": "Lot", "start_date": null,
        "end_date": null, "payload": {"lot_start": "L010", "lot_end": "L020"}, "created_at": made["created_at"],
        "created_by_id": 1,
    });
    assert_eq!(made, expected);
    let date = json!({"item_id": part, "start_date": "2026-01-01T00:00:00", "end_date": "2026-06-30"});
    let date = admin.post(PATH, &date).await.expect(200);
    assert_eq!(
        (&date["effectivity_type"], &date["start_date"], &date["payload"]),
        (&json!("Date"), &json!("2026-01-01T00:00:00Z"), &json!({}))
    );
    assert_eq!(admin.get(&format!("{PATH}/items/{part}")).await.expect(200), json!([made, date]));
    let path = format!("{PATH}/{}", id(&date));
    assert_eq!(admin.get(&path).await.expect(200), date);
    let changed = admin.patch(&path, &json!({"end_date": "2026-12-31T00:00:00Z"})).await.expect(200);
    assert_eq!((&changed["start_date"], &changed["end_date"]), (&date["start_date"], &json!("2026-12-31T00:00:00Z")));
    let open = admin.patch(&path, &json!({"end_date": null})).await.expect(200);
    assert_eq!(open["end_date"], Value::Null);
    let backwards = admin.patch(&path, &json!({"end_date": "2025-01-01"})).await.expect(422);
    assert_eq!(backwards["detail"][0]["loc"], json!(["body", "end_date"]));
    assert_eq!(admin.delete(&path).await.expect(200), json!({"ok": true}));
    admin.get(&path).await.expect(404);
    admin.delete(&path).await.expect(404);

    // Of a version, also once it is released.
    release(admin, &part).await;
    let released = id(&version(admin, &part).await);
    let of_version = format!("/versions/{released}/effectivity");
    let dated = admin.post(&of_version, &json!({"start_date": "2026-01-01T00:00:00Z"})).await.expect(200);
    assert_eq!(
        (&dated["version_id"], &dated["item_id"], &dated["end_date"]),
        (&json!(released), &Value::Null, &Value::Null)
    );
    assert_eq!(admin.get(&format!("{PATH}/versions/{released}")).await.expect(200), json!([dated]));
    let serial = json!({"version_id": released, "effectivity_type": "Serial", "payload": {"serials": ["S1"]}});
    admin.post(PATH, &serial).await.expect(200);
    admin.patch(&format!("{PATH}/{}", id(&dated)), &json!({"start_date": "2026-02-01"})).await.expect(200);
    let actions =
        texts(&world.at, "SELECT action FROM audit_events WHERE subject_type = 'Effectivity' ORDER BY id").await;
    let created = "effectivity.created";
    let expected = [
        created,
        created,
        "effectivity.updated",
        "effectivity.updated",
        "effectivity.deleted",
        created,
        created,
        "effectivity.updated",
    ];
    assert_eq!(actions, expected);
    // They go with the item.
    let loose = add_part(admin, "LOOSE").await;
    let current = id(&version(admin, &loose).await);
    let dated = json!({"start_date": "2026-01-01"});
    admin.post(&format!("/versions/{current}/effectivity"), &dated).await.expect(200);
    aml(admin, "delete", &loose, json!({})).await.expect(200);
    let left = texts(&world.at, "SELECT CAST(COUNT(*) AS TEXT) FROM effectivities WHERE version_id IS NOT NULL").await;
    assert_eq!(left, ["2"]);
}

async fn what_makes_no_sense_is_refused_by_field_of_an_effectivity(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let current = id(&version(admin, &part).await);
    let of_part = |more: Value| {
        let mut body = json!({"item_id": part});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (given, loc) in [
        (json!({"start_date": "2026-01-01"}), json!(["body", "item_id"])),
        (of_part(json!({"version_id": current, "start_date": "2026-01-01"})), json!(["body", "version_id"])),
        (of_part(json!({})), json!(["body", "start_date"])),
        (of_part(json!({"start_date": "soon"})), json!(["body", "start_date"])),
        (of_part(json!({"start_date": "2026-02-01", "end_date": "2026-01-01"})), json!(["body", "end_date"])),
        (of_part(json!({"effectivity_type": "Moon"})), json!(["body", "effectivity_type"])),
        (of_part(json!({"effectivity_type": "Lot"})), json!(["body", "payload", "lot_start"])),
        (
            of_part(json!({"effectivity_type": "Lot", "payload": {"lot_start": "L20", "lot_end": "L3"}})),
            json!(["body", "payload", "lot_end"]),
        ),
        (of_part(json!({"effectivity_type": "Unit", "payload": {"units": 7}})), json!(["body", "payload", "units"])),
        (of_part(json!({"effectivity_type": "Unit", "payload": 7})), json!(["body", "payload"])),
    ] {
        let refused = admin.post(PATH, &given).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], loc, "{given}");
    }
    for (field, wrong) in [("item_id", "x"), ("version_id", "x"), ("item_id", "00000000-0000-0000-0000-000000000000")] {
        assert_eq!(admin.post(PATH, &json!({field: wrong, "start_date": "2026-01-01"})).await.status, 404);
    }
    let missing = admin.post(&format!("/versions/{current}/effectivity"), &json!({})).await.expect(422);
    assert_eq!(missing["detail"][0]["loc"], json!(["body", "start_date"]));
    assert_eq!(admin.get(&format!("{PATH}/items/{part}")).await.expect(200), json!([]));
}

async fn the_dates_of_a_line_and_their_record_are_one(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    let body = json!({"child_id": child, "effectivity_from": "2026-01-01T00:00:00Z"});
    let added = admin.post(&format!("/bom/{part}/children"), &body).await.expect(200);
    let (line, record) = (line_id(&added), added["effectivity_id"].as_str().unwrap().to_owned());
    let path = format!("{PATH}/{record}");
    assert_eq!(admin.get(&path).await.expect(200)["item_id"], json!(line));
    let changed = admin.patch(&path, &json!({"end_date": "2026-06-30T00:00:00Z"})).await.expect(200);
    assert_eq!(changed["end_date"], "2026-06-30T00:00:00Z");
    let of_line = async || admin.get(&format!("/aml/Part%20BOM/{line}")).await.expect(200)["properties"].clone();
    let now = of_line().await;
    assert_eq!(
        (&now["effectivity_from"], &now["effectivity_to"]),
        (&json!("2026-01-01T00:00:00Z"), &json!("2026-06-30T00:00:00Z"))
    );
    admin.delete(&path).await.expect(200);
    let now = of_line().await;
    assert_eq!((now.get("effectivity_from"), now.get("effectivity_to")), (None, None));
    admin.get(&path).await.expect(404);
}

async fn a_line_holds_by_its_effectivities(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, child) = (add_part(admin, "P").await, add_part(admin, "C").await);
    let line = line_id(&add_line(admin, &part, &child).await);
    let lots = json!({"item_id": line, "effectivity_type": "Lot", "payload": {"lot_start": "L9", "lot_end": "L20"}});
    let lots = id(&admin.post(PATH, &lots).await.expect(200));
    let children = async |lot: &str| {
        let tree = admin.get(&format!("/bom/{part}/effective?lot_number={lot}")).await.expect(200);
        tree["children"].as_array().unwrap().len()
    };
    assert_eq!((children("L10").await, children("L8").await), (1, 0));
    release(admin, &part).await;
    // When a line holds is part of what is released.
    assert_eq!(code(admin.delete(&format!("{PATH}/{lots}")).await), "STATE_LOCKED");
    let more = json!({"item_id": line, "start_date": "2026-01-01"});
    assert_eq!(code(admin.post(PATH, &more).await), "STATE_LOCKED");
}

async fn the_version_in_force_is_found(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let get = async |query: &str| admin.get(&format!("/versions/items/{part}/effective{query}")).await;
    let label = async |query: &str| get(query).await.expect(200)["version_label"].clone();
    assert_eq!(label("?target_date=2026-06-01T00:00:00").await, "1.A");
    assert_eq!(label("").await, "1.A");
    release(admin, &part).await;
    let first = id(&version(admin, &part).await);
    assert_eq!(get("?date=2001-01-01").await.status, 404, "nothing was released then");
    let dated = json!({"start_date": "2001-01-01", "end_date": "2030-12-31"});
    admin.post(&format!("/versions/{first}/effectivity"), &dated).await.expect(200);
    assert_eq!(label("?date=2001-01-01").await, "1.A");
    let second = id(&revise(admin, &part).await);
    assert_eq!(label("").await, "1.A", "the next one is in work");
    assert_eq!(label("?date=2031-01-01").await, "1.B", "nothing else is there");
    release(admin, &part).await;
    let next_year = json!({"start_date": "2040-01-01"});
    admin.post(&format!("/versions/{second}/effectivity"), &next_year).await.expect(200);
    assert_eq!(label("?date=2030-12-31").await, "1.A");
    assert_eq!(get("?date=2035-01-01").await.status, 404);
    assert_eq!(label("?date=2040-01-01").await, "1.B");
    let wrong = get("?date=soon").await.expect(422);
    assert_eq!(wrong["detail"][0]["loc"], json!(["query", "date"]));
    assert_eq!(admin.get("/versions/items/x/effective").await.status, 404);
}

async fn effectivities_follow_the_rights_of_what_they_are_of(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let part = add_part(admin, "P").await;
    let current = id(&version(admin, &part).await);
    let date = json!({"item_id": part, "start_date": "2026-01-01"});
    let made = id(&admin.post(PATH, &date).await.expect(200));
    let engineer = world.user("lin", &["engineer"]).await;
    freeze(&world.at, "Part").await;
    let path = format!("{PATH}/{made}");
    engineer.get(&path).await.expect(200);
    for refused in [
        engineer.post(PATH, &date).await,
        engineer.patch(&path, &json!({"end_date": "2027-01-01"})).await,
        engineer.delete(&path).await,
        engineer.post(&format!("/versions/{current}/effectivity"), &json!({"start_date": "2026-01-01"})).await,
    ] {
        assert_eq!(refused.status, 403, "{refused:?}");
    }
    hide(&world.at, &[&part]).await;
    for refused in [
        engineer.get(&path).await,
        engineer.patch(&path, &json!({"end_date": "2027-01-01"})).await,
        engineer.delete(&path).await,
        engineer.post(PATH, &date).await,
        engineer.get(&format!("{PATH}/items/{part}")).await,
        engineer.get(&format!("{PATH}/versions/{current}")).await,
        engineer.get(&format!("/versions/items/{part}/effective")).await,
    ] {
        assert_eq!(refused.status, 404, "{refused:?}");
    }
    admin.get(&path).await.expect(200);
}

async fn a_day_that_ends_a_period_belongs_to_it(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (top, old, new) = (add_part(admin, "TOP").await, add_part(admin, "OLD").await, add_part(admin, "NEW").await);
    for line in [
        json!({"child_id": old, "effectivity_from": "2026-01-01", "effectivity_to": "2026-06-30"}),
        json!({"child_id": new, "effectivity_from": "2026-07-01"}),
    ] {
        admin.post(&format!("/bom/{top}/children"), &line).await.expect(200);
    }
    for (moment, expected) in [
        ("2025-12-31T23:59:59Z", Value::Null),
        ("2026-01-01T00:00:00Z", json!("OLD")),
        ("2026-06-30T23:59:59Z", json!("OLD")),
        ("2026-07-01T00:00:00Z", json!("NEW")),
    ] {
        let tree = admin.get(&format!("/bom/{top}/effective?date={moment}")).await.expect(200);
        assert_eq!(tree["children"][0]["child"]["number"], expected, "{moment}");
    }
}
