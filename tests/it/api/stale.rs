//! Changes that are based on what has moved on since.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::{Client, Reply, reply};
use crate::support::world::{World, add_line, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    a_stale_change_is_refused_with_the_item_as_it_is,
    of_two_with_the_same_etag_one_wins,
    a_line_and_a_nested_change_have_etags_too,
    what_is_no_etag_is_refused,
    a_get_with_the_known_etag_is_not_modified,
);

async fn apply_if(client: &Client, etag: &str, body: &Value) -> Reply {
    reply(client.request(Method::POST, "/aml/apply").header("If-Match", etag).json(body)).await
}

fn change(part: &str, name: &str) -> Value {
    json!({"type": "Part", "action": "update", "id": part, "properties": {"name": name}})
}

async fn a_stale_change_is_refused_with_the_item_as_it_is(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let first = admin.get(&format!("/aml/Part/{part}")).await;
    let etag = first.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(first.json()["etag"], json!(etag));
    let changed = apply_if(admin, &etag, &change(&part, "one")).await.expect(200);
    let second = changed["items"][0]["etag"].as_str().unwrap().to_owned();
    assert_ne!(etag, second);

    let delete = json!({"type": "Part", "action": "delete", "id": part});
    let promote = json!({"type": "Part", "action": "promote", "id": part, "properties": {"state": "Review"}});
    let dummy = json!({"type": "Part", "action": "dummy", "id": part});
    let now = admin.get(&format!("/aml/Part/{part}")).await.expect(200);
    for body in [change(&part, "two"), delete.clone(), promote.clone(), dummy] {
        let refused = apply_if(admin, &etag, &body).await.expect(409);
        assert_eq!(refused["detail"]["code"], "STALE_ITEM", "{body}");
        assert_eq!(refused["detail"]["details"]["item"], now, "{body}");
    }
    assert_eq!(admin.get(&format!("/aml/Part/{part}")).await.expect(200), now, "nothing was changed");

    // In the body, alone or with the generation; a list and a star in the header.
    let mut body = change(&part, "three");
    body["if_match"] = json!(etag);
    admin.post("/aml/apply", &body).await.expect(409);
    body["if_match"] = json!(second.trim_matches('"'));
    body["generation"] = json!(2);
    admin.post("/aml/apply", &body).await.expect(409);
    body["generation"] = json!(1);
    let third = admin.post("/aml/apply", &body).await.expect(200)["items"][0]["etag"].as_str().unwrap().to_owned();
    let fourth = apply_if(admin, &format!("{etag}, W/{third}"), &change(&part, "four")).await.expect(200);
    let same = apply_if(admin, "*", &change(&part, "four")).await.expect(200);
    assert_eq!(fourth["items"][0]["etag"], same["items"][0]["etag"], "what changes nothing is no change");
    // A promotion is a change.
    let promoted = apply_if(admin, same["items"][0]["etag"].as_str().unwrap(), &promote).await.expect(200);
    assert_ne!(promoted["items"][0]["etag"], same["items"][0]["etag"]);
    apply_if(admin, same["items"][0]["etag"].as_str().unwrap(), &delete).await.expect(409);
    apply_if(admin, promoted["items"][0]["etag"].as_str().unwrap(), &delete).await.expect(200);
    apply_if(admin, "*", &delete).await.expect(404);
}

async fn of_two_with_the_same_etag_one_wins(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    for round in 0..5 {
        let etag = admin.get(&format!("/aml/Part/{part}")).await.expect(200)["etag"].as_str().unwrap().to_owned();
        let changes = (0..8).map(|index| {
            let (body, etag) = (change(&part, &format!("{round}-{index}")), etag.clone());
            async move { apply_if(admin, &etag, &body).await.status.as_u16() }
        });
        let mut statuses = futures::future::join_all(changes).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    }
}

async fn a_line_and_a_nested_change_have_etags_too(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (table, leg) = (add_part(admin, "TABLE").await, add_part(admin, "LEG").await);
    let line = add_line(admin, &table, &leg).await["relationship_id"].as_str().unwrap().to_owned();
    let etag = admin.get(&format!("/aml/Part%20BOM/{line}")).await.expect(200)["etag"].clone();
    let nested = |quantity: u32| {
        let line = json!({"type": "Part BOM", "action": "update", "id": line, "if_match": etag, "properties": {"quantity": quantity}});
        json!({"type": "Part", "action": "update", "id": table, "properties": {"name": format!("T{quantity}")}, "relationships": [line]})
    };
    admin.post("/aml/apply", &nested(2)).await.expect(200);
    let refused = admin.post("/aml/apply", &nested(3)).await.expect(409);
    assert_eq!(refused["detail"]["details"]["item"]["properties"]["quantity"], 2.0);
    assert_eq!(admin.get(&format!("/aml/Part/{table}")).await.expect(200)["name"], "T2", "all or nothing");
    let delete = json!({"type": "Part BOM", "action": "delete", "id": line});
    apply_if(admin, etag.as_str().unwrap(), &delete).await.expect(409);
    admin.post("/aml/apply", &delete).await.expect(200);
}

async fn what_is_no_etag_is_refused(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    for bad in ["x", "\"\"", "", "\"1\"", ","] {
        let refused = apply_if(admin, bad, &change(&part, "x")).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["header", "If-Match"]), "{bad}");
    }
    let mut body = change(&part, "x");
    body["if_match"] = json!("x");
    let refused = admin.post("/aml/apply", &body).await.expect(422);
    assert_eq!(refused["detail"][0]["loc"], json!(["body", "if_match"]));
    // Nothing that is added was seen before.
    let add = json!({"type": "Part", "action": "add"});
    apply_if(admin, "*", &add).await.expect(422);
    apply_if(admin, "*", &json!({"type": "Part", "action": "get", "id": part})).await.expect(422);
}

async fn a_get_with_the_known_etag_is_not_modified(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P").await;
    let get = |query: &str, known: &str| {
        let request = admin.request(Method::GET, &format!("/aml/Part/{part}{query}"));
        reply(request.header("If-None-Match", known.to_owned()))
    };
    let etag = admin.get(&format!("/aml/Part/{part}")).await.headers["etag"].to_str().unwrap().to_owned();
    for known in [etag.clone(), format!("W/{etag}"), "*".to_owned()] {
        let same = get("", &known).await;
        assert_eq!((same.status.as_u16(), same.text.as_str()), (304, ""), "{known}");
        assert_eq!(same.headers["etag"].to_str().unwrap(), etag);
    }
    // What is around the item may have changed.
    assert_eq!(get("?expand=Part%20BOM", &etag).await.status, 200);
    assert_eq!(get("", "\"x\"").await.status, 200);
    admin.post("/aml/apply", &change(&part, "new")).await.expect(200);
    let changed = get("", &etag).await;
    assert_ne!(changed.headers["etag"].to_str().unwrap(), etag);
    assert_eq!(changed.expect(200)["name"], "new");
}
