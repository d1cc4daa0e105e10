//! How an organisation calls its revisions.

use futures::future::join_all;
use serde_json::{Value, json};

use super::revisions::{release, revise};
use super::versions::version;
use crate::support::world::{World, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    names_of_revisions_are_read_as_clients_know_it,
    schemes_are_kept_and_decide_how_revisions_are_called,
    what_is_no_scheme_is_refused_by_field,
    of_many_defaults_at_once_one_is_left,
);

const PATH: &str = "/versions/schemes";

async fn names_of_revisions_are_read_as_clients_know_it(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let get = async |path: &str| admin.get(&format!("/versions/revision/{path}")).await;
    let next = get("next?current=A").await.expect(200);
    assert_eq!(next, json!({"current": "A", "next": "B", "scheme": "letter"}));
    for (scheme, current, expected) in [("letter", "Z", "AA"), ("number", "9", "10"), ("hybrid", "A99", "B1")] {
        let found = get(&format!("next?current={current}&scheme={scheme}")).await.expect(200);
        assert_eq!((&found["next"], &found["scheme"]), (&json!(expected), &json!(scheme)));
    }
    let wrong = get("next?current=A.1").await.expect(422);
    assert_eq!(wrong["detail"][0]["loc"], json!(["query", "current"]));
    assert_eq!(get("next?current=A&scheme=roman").await.status, 422);
    assert_eq!(get("next").await.status, 422);
    assert_eq!(get("parse?revision=A.1").await.expect(200), json!({"scheme": "unknown", "value": 0}));
    assert_eq!(get("parse?revision=AA").await.expect(200), json!({"scheme": "letter", "value": 27}));
    let compared = get("compare?rev_a=A&rev_b=C").await.expect(200);
    assert_eq!(compared, json!({"rev_a": "A", "rev_b": "C", "comparison": -1, "description": "a < b"}));
    assert_eq!(get("compare?rev_a=AA&rev_b=Z").await.expect(200)["comparison"], 1);
    assert_eq!(get("compare?rev_a=7&rev_b=7").await.expect(200)["description"], "a = b");
}

async fn schemes_are_kept_and_decide_how_revisions_are_called(at: Installation) {
    let world = World::start(at).await;
    let admin = &world.admin;
    assert_eq!(admin.get(PATH).await.expect(200), json!([]));
    let usual = admin.get(&format!("{PATH}/for-type/Part")).await.expect(200);
    assert_eq!(
        (&usual["id"], &usual["scheme_type"], &usual["initial_revision"]),
        (&Value::Null, &json!("letter"), &json!("A"))
    );
    let before = add_part(admin, "BEFORE").await;
    let made = admin.post(PATH, &json!({"name": "ABC", "scheme_type": "letter"})).await.expect(200);
    let expected = json!({
        "id": made["id"], "name": "ABC", "scheme_type": "letter", "initial_revision": "A", "item_type_id": null,
        "is_default": false, "description": null, "skip": [],
    });
    assert_eq!(made, expected);
    let standard = json!({"name": "Norm", "is_default": true, "initial_revision": "H", "skip": ["i", "O"]});
    let standard = admin.post(PATH, &standard).await.expect(200);
    assert_eq!(standard["skip"], json!(["I", "O"]));
    release(admin, &before).await;
    assert_eq!(version(admin, &before).await["version_label"], "1.H", "made when it was first needed");
    assert_eq!(revise(admin, &before).await["version_label"], "1.J", "I is skipped");

    let numbers = json!({"name": "Numbers", "scheme_type": "number", "item_type_id": "Part"});
    let numbers = admin.post(PATH, &numbers).await.expect(200);
    assert_eq!(numbers["initial_revision"], "1");
    let of_type = admin.get(&format!("{PATH}/for-type/Part")).await.expect(200);
    assert_eq!((&of_type["id"], &of_type["name"]), (&numbers["id"], &json!("Numbers")));
    let part = add_part(admin, "P").await;
    assert_eq!(version(admin, &part).await["version_label"], "1.1");
    release(admin, &before).await;
    assert_eq!(revise(admin, &before).await["version_label"], "1.1", "the first of the new scheme follows J");
    // Another default takes the place of the first.
    let other = json!({"name": "Hybrid", "scheme_type": "hybrid", "is_default": true});
    let other = admin.post(PATH, &other).await.expect(200);
    let listed = admin.get(PATH).await.expect(200);
    let defaults: Vec<&Value> = listed.as_array().unwrap().iter().filter(|one| one["is_default"] == true).collect();
    assert_eq!((listed.as_array().unwrap().len(), defaults), (4, vec![&other]));
    let document = json!({"type": "Document", "action": "add"});
    let document = id(&admin.post("/aml/apply", &document).await.expect(200));
    assert_eq!(version(admin, &document).await["version_label"], "1.A1");
    let viewer = world.user("vera", &["viewer"]).await;
    assert_eq!(viewer.get(PATH).await.expect(200), listed);
    assert_eq!(viewer.post(PATH, &json!({"name": "Mine"})).await.status, 403);
}

async fn what_is_no_scheme_is_refused_by_field(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for (given, field) in [
        (json!({}), "name"),
        (json!({"name": " "}), "name"),
        (json!({"name": "x", "scheme_type": "roman"}), "scheme_type"),
        (json!({"name": "x", "initial_revision": "7"}), "initial_revision"),
        (json!({"name": "x", "scheme_type": "number", "initial_revision": "A"}), "initial_revision"),
        (json!({"name": "x", "initial_revision": "I", "skip": ["I"]}), "initial_revision"),
        (json!({"name": "x", "skip": ["IO"]}), "skip"),
        (json!({"name": "x", "scheme_type": "number", "skip": ["I"]}), "skip"),
        (json!({"name": "x", "description": "x".repeat(2001)}), "description"),
    ] {
        let refused = admin.post(PATH, &given).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", field]), "{given}");
    }
    assert_eq!(admin.post(PATH, &json!({"name": "x", "item_type_id": "Nothing"})).await.status, 404);
    assert_eq!(admin.get(&format!("{PATH}/for-type/Nothing")).await.status, 404);
    assert_eq!(admin.get(PATH).await.expect(200), json!([]));
}

async fn of_many_defaults_at_once_one_is_left(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let body = json!({"name": "Default", "is_default": true});
    let replies = join_all((0..8).map(|_| admin.post(PATH, &body))).await;
    let made = replies.iter().filter(|reply| reply.status == 200).count();
    assert!(made > 0 && replies.iter().all(|reply| [200, 503].contains(&reply.status.as_u16())), "{replies:?}");
    let listed = admin.get(PATH).await.expect(200);
    let listed = listed.as_array().unwrap();
    assert_eq!((listed.len(), listed.iter().filter(|one| one["is_default"] == true).count()), (made, 1));
}
