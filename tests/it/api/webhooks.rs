//! Webhooks: what is sent, how it is signed, what happens when it fails, and where nothing is sent to.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::client::Client;
use crate::support::receiver::{Received, Receiver};
use crate::support::world::{World, add_line, add_part};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    events_are_delivered_signed_and_in_order,
    a_failed_delivery_is_tried_again_and_can_be_sent_once_more,
    a_receiver_that_wants_no_more_switches_the_webhook_off,
    what_is_not_public_is_refused_when_it_is_named_and_when_it_is_resolved,
    bad_input_is_refused_by_field_and_only_administrators_may,
    both_secrets_sign_after_a_rotation,
);

async fn open_world(mut at: Installation) -> World {
    at.set("YUANTUS_WEBHOOKS__ALLOW_PRIVATE_ADDRESSES", "true");
    World::start(at).await
}

/// Makes a webhook; answers with its id and secret.
async fn hook(client: &Client, body: Value) -> (String, String) {
    let made = client.post("/webhooks", &body).await.expect(200);
    (made["webhook"]["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

async fn apply(client: &Client, body: Value) -> Value {
    client.post("/aml/apply", &body).await.expect(200)
}

async fn promote(client: &Client, id: &str, state: &str) {
    apply(client, json!({"type": "Part", "action": "promote", "id": id, "properties": {"state": state}})).await;
}

/// The deliveries of a webhook once they are as wanted.
async fn deliveries(client: &Client, id: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let list = client.get(&format!("/webhooks/{id}/deliveries")).await.expect(200);
        let items = list["items"].as_array().unwrap().clone();
        // One may come between the counting and the listing.
        if list["total"] == items.len() && wanted(&items) {
            return items;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{items:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn signature(secret: &str, time: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The time and the signatures of a delivery.
fn signed(received: &Received) -> (String, Vec<String>) {
    let header = &received.headers["x-yuantus-signature"];
    let (time, rest) = header.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    (time.to_owned(), rest.split(",v1=").map(str::to_owned).collect())
}

async fn events_are_delivered_signed_and_in_order(at: Installation) {
    let world = open_world(at).await;
    let (admin, receiver) = (&world.admin, Receiver::start().await);
    let (all, secret) = hook(admin, json!({"url": receiver.url(), "events": ["*"], "name": "仓库"})).await;
    let documents = Receiver::start().await;
    hook(admin, json!({"url": documents.url(), "events": ["item.*"], "item_types": ["Document"]})).await;

    let leg = add_part(admin, "LEG").await;
    apply(admin, json!({"type": "Part", "action": "update", "id": leg, "properties": {"name": "a secret"}})).await;
    promote(admin, &leg, "Review").await;
    promote(admin, &leg, "Released").await;
    let table = add_part(admin, "TABLE").await;
    let line = add_line(admin, &table, &leg).await;
    apply(admin, json!({"type": "Document", "action": "add", "properties": {"doc_number": "D-1"}})).await;

    let received = receiver.wait_for(8).await;
    let bodies: Vec<Value> = received.iter().map(Received::json).collect();
    let of = |id: &str| -> Vec<&str> {
        let mine = bodies.iter().filter(|body| body["subject"]["id"] == id);
        mine.map(|body| body["event"].as_str().unwrap()).collect()
    };
    let expected = ["item.created", "item.updated", "item.promoted", "item.promoted", "item.released"];
    assert_eq!(of(&leg), expected);
    assert_eq!(of(&table), ["item.created"]);
    let released = bodies.iter().find(|body| body["event"] == "item.released").unwrap();
    let subject = json!({
        "type": "Part", "id": leg, "number": "LEG", "state": "Released", "previous_state": "Review",
    });
    assert_eq!(released["subject"], subject);
    let whose = (&released["tenant_id"], &released["org_id"], &released["actor_id"]);
    assert_eq!(whose, (&json!("acme"), &json!("org-1"), &json!(1)));
    let bom = bodies.iter().find(|body| body["event"] == "bom.changed").unwrap();
    let subject = json!({
        "type": "Part BOM", "id": line["relationship_id"], "number": null, "state": bom["subject"]["state"],
        "parent_id": table, "child_id": leg, "change": "created",
    });
    assert_eq!(bom["subject"], subject);
    let mut ids: Vec<&Value> = bodies.iter().map(|body| &body["id"]).collect();
    ids.sort_by_key(|id| id.to_string());
    ids.dedup();
    assert_eq!(ids.len(), 8, "each event has an id of its own");
    for one in &received {
        let (time, signatures) = signed(one);
        assert_eq!(signatures, [signature(&secret, &time, &one.body)]);
        assert_eq!(one.json()["event"], one.headers["x-yuantus-event"].as_str());
        assert_eq!(one.headers["content-type"], "application/json");
        assert!(!String::from_utf8_lossy(&one.body).contains("a secret"), "contents stay here");
    }
    let only = documents.wait_for(1).await;
    assert_eq!((only.len(), &only[0].json()["subject"]["number"]), (1, &json!("D-1")));

    let log = deliveries(admin, &all, |log| log.len() == 8 && log.iter().all(|it| it["status"] == "delivered")).await;
    let newest = &log[0];
    assert_eq!((&newest["attempt_count"], &newest["response_status"]), (&json!(1), &json!(200)));
    assert_eq!(newest["response_body"], "thanks");
    assert!(newest["duration_ms"].is_number() && newest["finished_at"].is_string());
    assert!(received.iter().any(|one| one.headers["x-yuantus-delivery"] == newest["id"].as_str().unwrap()));
    let path = format!("/webhooks/{all}/deliveries?event=item.created&limit=2&offset=1");
    let page = admin.get(&path).await.expect(200);
    assert_eq!((&page["total"], page["items"].as_array().unwrap().len()), (&json!(3), 2));
}

async fn a_failed_delivery_is_tried_again_and_can_be_sent_once_more(at: Installation) {
    let world = open_world(at).await;
    let (admin, receiver) = (&world.admin, Receiver::start().await);
    receiver.answer_with(&[500]);
    let (id, _) = hook(admin, json!({"url": receiver.url(), "events": ["item.created"]})).await;
    add_part(admin, "P").await;
    let first = deliveries(admin, &id, |log| log.iter().any(|it| it["status"] == "retrying")).await.remove(0);
    assert_eq!((&first["response_status"], &first["error"]), (&json!(500), &json!("The receiver answered 500")));
    let webhook = admin.get(&format!("/webhooks/{id}")).await.expect(200);
    assert!(webhook["failing_since"].is_string() && webhook.get("secret").is_none());

    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].body, received[1].body, "the same event again");
    let done = deliveries(admin, &id, |log| log.iter().all(|it| it["status"] == "delivered")).await.remove(0);
    assert_eq!((&done["id"], &done["attempt_count"], &done["error"]), (&first["id"], &json!(2), &Value::Null));
    assert_eq!(admin.get(&format!("/webhooks/{id}")).await.expect(200)["failing_since"], Value::Null);

    let path = format!("/webhooks/{id}/deliveries/{}/redeliver", first["id"].as_str().unwrap());
    let again = admin.post(&path, &json!({})).await.expect(200);
    assert_eq!((&again["redelivery_of"], &again["event_id"]), (&first["id"], &first["event_id"]));
    let third = receiver.wait_for(3).await.remove(2);
    assert_eq!(third.json()["id"], first["event_id"]);
    assert_eq!(third.headers["x-yuantus-delivery"], again["id"].as_str().unwrap());
}

async fn a_receiver_that_wants_no_more_switches_the_webhook_off(at: Installation) {
    let world = open_world(at).await;
    let (admin, receiver) = (&world.admin, Receiver::start().await);
    receiver.answer_with(&[410]);
    let (id, _) = hook(admin, json!({"url": receiver.url(), "events": ["item.*"]})).await;
    add_part(admin, "P").await;
    deliveries(admin, &id, |log| log.iter().any(|it| it["status"] == "failed")).await;
    let off = admin.get(&format!("/webhooks/{id}")).await.expect(200);
    assert_eq!((&off["is_active"], off["disabled_reason"].as_str().unwrap().contains("410")), (&json!(false), true));
    let failed = deliveries(admin, &id, |_| true).await.remove(0);
    let path = format!("/webhooks/{id}/deliveries/{}/redeliver", failed["id"].as_str().unwrap());
    assert_eq!(admin.post(&path, &json!({})).await.expect(409)["detail"]["code"], "WEBHOOK_INACTIVE");

    // It is told of nothing, but can be tried.
    add_part(admin, "Q").await;
    let test = admin.post(&format!("/webhooks/{id}/test"), &json!({})).await.expect(200);
    assert_eq!(test["event"], "webhook.test");
    assert_eq!(receiver.wait_for(2).await[1].json()["event"], "webhook.test");
    let on = admin.patch(&format!("/webhooks/{id}"), &json!({"is_active": true})).await.expect(200);
    assert_eq!(
        (&on["is_active"], &on["disabled_reason"], &on["failing_since"]),
        (&json!(true), &Value::Null, &Value::Null)
    );
    add_part(admin, "R").await;
    assert_eq!(receiver.wait_for(3).await[2].json()["subject"]["number"], "R");
    assert_eq!(deliveries(admin, &id, |_| true).await.len(), 3);
}

async fn what_is_not_public_is_refused_when_it_is_named_and_when_it_is_resolved(at: Installation) {
    let world = World::start(at).await;
    let (admin, receiver) = (&world.admin, Receiver::start().await);
    for url in [receiver.url().as_str(), "http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/", "http://0x7f.1/"]
    {
        let refused = admin.post("/webhooks", &json!({"url": url, "events": ["*"]})).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "url"]), "{url}");
    }
    let url = format!("http://localhost:{}/hook", receiver.port);
    let (id, _) = hook(admin, json!({"url": url, "events": ["item.created"]})).await;
    add_part(admin, "P").await;
    let failed = deliveries(admin, &id, |log| log.iter().any(|it| it["status"] == "retrying")).await.remove(0);
    assert_eq!((&failed["attempt_count"], &failed["response_status"]), (&json!(1), &Value::Null));
    assert!(failed["error"].as_str().unwrap().starts_with("No connection"), "{failed}");
    assert!(receiver.received().is_empty());
}

async fn bad_input_is_refused_by_field_and_only_administrators_may(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    let good = |change: (&str, Value)| {
        let mut body = json!({"url": "https://example.com/hook", "events": ["item.*"]});
        body[change.0] = change.1;
        body
    };
    for (change, loc) in [
        (("url", json!("example.com")), vec!["body", "url"]),
        (("url", json!("ftp://example.com")), vec!["body", "url"]),
        (("url", json!("https://user:pass@example.com")), vec!["body", "url"]),
        (("url", json!(5)), vec!["body", "url"]),
        (("events", json!([])), vec!["body", "events"]),
        (("events", json!(["item.created", "item.eaten"])), vec!["body", "events", "1"]),
        (("item_types", json!(["Nothing"])), vec!["body", "item_types", "0"]),
        (("name", json!("x".repeat(201))), vec!["body", "name"]),
    ] {
        let refused = admin.post("/webhooks", &good(change)).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(loc));
    }
    let (id, secret) = hook(admin, good(("name", Value::Null))).await;
    assert!(secret.starts_with("whsec_"));
    let listed = admin.get("/webhooks").await.expect(200);
    assert_eq!((&listed["total"], &listed["items"][0]["name"]), (&json!(1), &json!("example.com")));
    assert!(!listed.to_string().contains(&secret));
    admin.patch(&format!("/webhooks/{id}"), &json!({"events": ["nothing"]})).await.expect(422);
    let changed = json!({"events": ["bom.changed"], "name": "BOM", "item_types": ["Part BOM"]});
    let changed = admin.patch(&format!("/webhooks/{id}"), &changed).await.expect(200);
    assert_eq!((&changed["events"], &changed["name"]), (&json!(["bom.changed"]), &json!("BOM")));
    admin.get(&format!("/webhooks/{id}/deliveries?status=lost")).await.expect(422);
    admin.get(&format!("/webhooks/{id}/deliveries?limit=1000")).await.expect(422);
    admin.get(&format!("/webhooks/{id}/deliveries?offset={}", u64::MAX)).await.expect(422);
    admin.get(&format!("/webhooks/{id}/deliveries?event=%00")).await.expect(422);

    let viewer = world.user("vera", &["viewer"]).await;
    let events = viewer.get("/webhooks/events").await.expect(200);
    assert!(events["items"].as_array().unwrap().iter().any(|event| event["name"] == "item.released"));
    let delivery = format!("/webhooks/{id}/deliveries/{id}");
    for refused in [
        viewer.get("/webhooks").await,
        viewer.post("/webhooks", &good(("name", Value::Null))).await,
        viewer.get(&format!("/webhooks/{id}")).await,
        viewer.patch(&format!("/webhooks/{id}"), &json!({"is_active": false})).await,
        viewer.delete(&format!("/webhooks/{id}")).await,
        viewer.post(&format!("/webhooks/{id}/test"), &json!({})).await,
        viewer.post(&format!("/webhooks/{id}/rotate-secret"), &json!({})).await,
        viewer.get(&format!("/webhooks/{id}/deliveries")).await,
        viewer.get(&delivery).await,
        viewer.post(&format!("{delivery}/redeliver"), &json!({})).await,
    ] {
        assert_eq!(refused.expect(403)["detail"]["code"], "PERMISSION_DENIED");
    }
    let unknown = "00000000-0000-4000-8000-000000000000";
    for wrong in [unknown, "nonsense"] {
        admin.get(&format!("/webhooks/{wrong}")).await.expect(404);
        admin.get(&format!("/webhooks/{id}/deliveries/{wrong}")).await.expect(404);
        admin.delete(&format!("/webhooks/{wrong}")).await.expect(404);
    }
    assert_eq!(admin.delete(&format!("/webhooks/{id}")).await.expect(200), json!({"id": id, "deleted": true}));
    admin.get(&format!("/webhooks/{id}")).await.expect(404);
}

async fn both_secrets_sign_after_a_rotation(at: Installation) {
    let world = open_world(at).await;
    let (admin, receiver) = (&world.admin, Receiver::start().await);
    let (id, old) = hook(admin, json!({"url": receiver.url(), "events": ["item.created"]})).await;
    let rotated = admin.post(&format!("/webhooks/{id}/rotate-secret"), &json!({})).await.expect(200);
    let new = rotated["secret"].as_str().unwrap();
    assert!(new != old && rotated["webhook"]["previous_secret_until"].is_string());
    admin.post(&format!("/webhooks/{id}/test"), &json!({})).await.expect(200);
    let received = receiver.wait_for(1).await.remove(0);
    let (time, signatures) = signed(&received);
    assert_eq!(signatures, [signature(new, &time, &received.body), signature(&old, &time, &received.body)]);
}
