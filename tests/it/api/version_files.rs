//! Files of versions: bound, listed, unbound, checked out by themselves.

use futures::future::join_all;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::permissions::{make_set, put_under};
use super::versions::{actions, aml, check_in, check_out, code, history, version};
use crate::support::client::{Client, Reply, reply};
use crate::support::world::{World, add_part, id};
use crate::support::{Installation, on_every_backend};

on_every_backend!(
    files_are_bound_listed_and_unbound_as_clients_know_it,
    a_version_has_one_primary_file_whoever_asks_at_once,
    files_change_only_in_the_hands_of_whoever_has_the_version,
    a_file_is_checked_out_by_itself,
    a_released_version_keeps_its_files,
    what_is_checked_out_takes_no_files_of_others,
    a_detach_and_a_check_out_at_once_do_not_mix,
    a_bound_file_is_read_by_whoever_reads_the_item_and_stays,
    nobody_binds_what_they_may_not_read,
    what_makes_no_sense_of_a_file_is_refused,
);

pub async fn upload(client: &Client, name: &str, content: &str) -> String {
    let file = Part::bytes(content.as_bytes().to_vec()).file_name(name.to_owned());
    let request = client.request(Method::POST, "/file/upload?generate_preview=false");
    id(&reply(request.multipart(Form::new().part("file", file))).await.expect(200))
}

async fn bind(client: &Client, version: &str, body: Value) -> Reply {
    client.post(&format!("/versions/{version}/files"), &body).await
}

async fn files(client: &Client, version: &str) -> Vec<Value> {
    client.get(&format!("/versions/{version}/files")).await.expect(200).as_array().unwrap().clone()
}

/// A part that the caller has checked out: its id and its version's.
async fn held_part(client: &Client, number: &str) -> (String, String) {
    let part = add_part(client, number).await;
    let version = id(&check_out(client, &part).await.expect(200));
    (part, version)
}

async fn files_are_bound_listed_and_unbound_as_clients_know_it(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, version_id) = held_part(admin, "P-1").await;
    let (model, sheet) = (upload(admin, "Bein 腿.step", "a model").await, upload(admin, "sheet.txt", "a sheet").await);
    let body = json!({"file_id": model, "file_role": "native_cad", "is_primary": true, "sequence": 2});
    let bound = bind(admin, &version_id, body.clone()).await.expect(200);
    let expected = json!({
        "id": bound["id"], "version_id": version_id, "file_id": model, "file_role": "native_cad", "is_primary": true,
        "sequence": 2,
    });
    assert_eq!(bound, expected);
    assert_eq!(bind(admin, &version_id, body.clone()).await.expect(200), bound, "once is enough");
    bind(admin, &version_id, json!({"file_id": sheet})).await.expect(200);
    bind(admin, &version_id, json!({"file_id": model, "file_role": "print", "sequence": 3})).await.expect(200);

    let listed = files(admin, &version_id).await;
    let roles: Vec<&str> = listed.iter().map(|file| file["file_role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["attachment", "native_cad", "print"], "by their sequence");
    let first = &listed[1];
    assert_eq!(
        (&first["id"], &first["filename"], &first["file_type"]),
        (&bound["id"], &json!("Bein 腿.step"), &json!("step"))
    );
    assert_eq!((&first["file_size"], &first["checked_out_by_id"]), (&json!(7), &Value::Null));
    let some = admin.get(&format!("/versions/{version_id}/files?role=print")).await.expect(200);
    assert_eq!(some, json!([listed[2]]));
    let detail = admin.get(&format!("/versions/{version_id}/detail")).await.expect(200);
    assert_eq!((&detail["file_count"], &detail["primary_file_id"]), (&json!(3), &json!(model)));
    assert_eq!(detail["files"], json!({"attachment": [listed[0]], "native_cad": [listed[1]], "print": [listed[2]]}));

    let path = format!("/versions/{version_id}/files/{model}");
    let ambiguous = admin.delete(&path).await.expect(400);
    assert!(ambiguous["detail"].as_str().unwrap().contains("native_cad, print"), "{ambiguous}");
    assert_eq!(admin.delete(&format!("{path}?file_role=print")).await.expect(200), json!({"status": "deleted"}));
    admin.delete(&format!("{path}?file_role=print")).await.expect(404);
    let back = check_in(admin, &part, json!({"comment": "bound"})).await.expect(200);
    assert_eq!((&back["file_count"], &back["primary_file_id"]), (&json!(2), &json!(model)));
    let refused = bind(admin, &version_id, body).await.expect(409);
    let message = format!("Version {version_id} must be checked out before editing files");
    assert_eq!(refused, json!({"detail": message}));
    admin.delete(&path).await.expect(409);
    let entries = history(admin, &part).await;
    let expected = ["checkin", "file_unbind", "file_bind", "file_bind", "file_bind", "checkout", "create"];
    assert_eq!(actions(&entries), expected);
    assert_eq!(entries[1]["changes"], json!({"file_id": model, "file_role": "print"}));
}

async fn a_version_has_one_primary_file_whoever_asks_at_once(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (_, version_id) = held_part(admin, "P-1").await;
    let mut ids = Vec::new();
    for name in ["a.txt", "b.txt", "c.txt", "d.txt"] {
        ids.push(upload(admin, name, name).await);
    }
    let version_id = &version_id;
    let bound =
        join_all(ids.iter().map(|file| bind(admin, version_id, json!({"file_id": file, "is_primary": true})))).await;
    bound.into_iter().for_each(|reply| drop(reply.expect(200)));
    let path = &format!("/versions/{version_id}/files/primary");
    let chosen = join_all(ids.iter().map(|file| {
        let body = json!({"file_id": file});
        async move { admin.put(path, &body).await }
    }));
    chosen.await.into_iter().for_each(|reply| drop(reply.expect(200)));
    let listed = files(admin, version_id).await;
    assert_eq!(listed.iter().filter(|file| file["is_primary"] == true).count(), 1);
    let last = admin.put(path, &json!({"file_id": ids[2], "file_role": "attachment"})).await.expect(200);
    assert_eq!((&last["file_id"], &last["is_primary"]), (&json!(ids[2]), &json!(true)));
    let detail = admin.get(&format!("/versions/{version_id}/detail")).await.expect(200);
    assert_eq!(detail["primary_file_id"], json!(ids[2]));
    // Binding it again takes nothing away.
    bind(admin, version_id, json!({"file_id": ids[2], "sequence": 9})).await.expect(200);
    let listed = files(admin, version_id).await;
    assert_eq!((&listed[3]["is_primary"], &listed[3]["sequence"]), (&json!(true), &json!(9)));
}

async fn files_change_only_in_the_hands_of_whoever_has_the_version(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["engineer"]).await);
    let (part, version_id) = held_part(anna, "P-1").await;
    let file = upload(anna, "a.txt", "a").await;
    bind(anna, &version_id, json!({"file_id": file})).await.expect(200);
    let by_other = format!("Version {version_id} is checked out by another user");
    let path = format!("/versions/{version_id}/files");
    for refused in [
        bind(admin, &version_id, json!({"file_id": file, "file_role": "print"})).await,
        admin.put(&format!("{path}/primary"), &json!({"file_id": file})).await,
        admin.delete(&format!("{path}/{file}")).await,
    ] {
        assert_eq!(refused.expect(409), json!({"detail": by_other}));
    }
    assert_eq!(code(admin.post(&format!("{path}/{file}/checkout"), &json!({})).await), "VERSION_CHECKED_OUT");
    assert_eq!(files(admin, &version_id).await.len(), 1, "whoever reads the item reads on");
    check_in(anna, &part, json!({})).await.expect(200);
}

async fn a_file_is_checked_out_by_itself(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna, ben) =
        (&world.admin, &world.user("anna", &["engineer"]).await, &world.user("ben", &["engineer"]).await);
    let (part, version_id) = held_part(admin, "P-1").await;
    let (file, free) = (upload(admin, "a.txt", "a").await, upload(admin, "b.txt", "b").await);
    for file in [&file, &free] {
        bind(admin, &version_id, json!({"file_id": file, "file_role": "drawing"})).await.expect(200);
    }
    check_in(admin, &part, json!({})).await.expect(200);

    let path = format!("/versions/{version_id}/files/{file}");
    let out = anna.post(&format!("{path}/checkout"), &json!({})).await.expect(200);
    assert_eq!(
        (&out["is_locked"], &out["checked_out_by"], &out["file_role"]),
        (&json!(true), &json!("anna"), &json!("drawing"))
    );
    assert_eq!(anna.post(&format!("{path}/checkout?file_role=drawing"), &json!({})).await.expect(200), out);
    assert_eq!(ben.get(&format!("{path}/lock")).await.expect(200), out);
    let refused = ben.post(&format!("{path}/checkout"), &json!({})).await.expect(409);
    assert_eq!(refused["detail"]["code"], "FILE_CHECKED_OUT");
    assert!(refused["detail"]["user_message"].as_str().unwrap().contains("anna"));
    assert_eq!(code(ben.post(&format!("{path}/undo-checkout"), &json!({})).await), "FILE_CHECKED_OUT");
    ben.post(&format!("{path}/undo-checkout?force=true"), &json!({})).await.expect(403);

    // Whoever has the version changes its other files, not this one.
    check_out(ben, &part).await.expect(200);
    assert_eq!(code(ben.delete(&path).await), "FILE_CHECKED_OUT");
    let primary = json!({"file_id": file});
    assert_eq!(code(ben.put(&format!("/versions/{version_id}/files/primary"), &primary).await), "FILE_CHECKED_OUT");
    ben.delete(&format!("/versions/{version_id}/files/{free}")).await.expect(200);
    check_in(ben, &part, json!({})).await.expect(200);
    aml(admin, "promote", &part, json!({"state": "Review"})).await.expect(200);
    assert_eq!(code(aml(admin, "promote", &part, json!({"state": "Released"})).await), "CHECK_IN_FIRST");

    let broken = admin.post(&format!("{path}/undo-checkout?force=true"), &json!({})).await.expect(200);
    assert_eq!((&broken["is_locked"], &broken["checked_out_at"]), (&json!(false), &Value::Null));
    assert_eq!(code(anna.post(&format!("{path}/undo-checkout"), &json!({})).await), "NOT_CHECKED_OUT");
    let takers = (0..10).map(|n| {
        let client = if n % 2 == 0 { anna } else { ben };
        let path = format!("{path}/checkout");
        async move { client.post(&path, &json!({})).await }
    });
    let taken = join_all(takers).await;
    assert_eq!(taken.iter().filter(|reply| reply.status == 200).count(), 5, "one of the two has it");
    assert_eq!(actions(&history(admin, &part).await)[0], "file_checkout");
}

async fn a_released_version_keeps_its_files(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, version_id) = held_part(admin, "P-1").await;
    let file = upload(admin, "a.txt", "a").await;
    bind(admin, &version_id, json!({"file_id": file})).await.expect(200);
    check_in(admin, &part, json!({})).await.expect(200);
    for state in ["Review", "Released"] {
        aml(admin, "promote", &part, json!({"state": state})).await.expect(200);
    }
    let path = format!("/versions/{version_id}/files");
    let before = files(admin, &version_id).await;
    for refused in [
        bind(admin, &version_id, json!({"file_id": file, "file_role": "print"})).await,
        admin.put(&format!("{path}/primary"), &json!({"file_id": file})).await,
        admin.delete(&format!("{path}/{file}")).await,
        admin.post(&format!("{path}/{file}/checkout"), &json!({})).await,
    ] {
        assert_eq!(code(refused), "VERSION_RELEASED");
    }
    assert_eq!(files(admin, &version_id).await, before);
}

async fn what_is_checked_out_takes_no_files_of_others(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["engineer"]).await);
    let (part, file) = (add_part(admin, "P-1").await, upload(admin, "a.txt", "a").await);
    let body = json!({"item_id": part, "file_id": file});
    let attached = id(&admin.post("/file/attach", &body).await.expect(200));
    let version_id = id(&check_out(anna, &part).await.expect(200));
    let by_other = json!({"detail": format!("Version {version_id} is checked out by another user")});
    let other = json!({"item_id": part, "file_id": file, "file_role": "print"});
    assert_eq!(admin.post("/file/attach", &other).await.expect(409), by_other);
    assert_eq!(admin.delete(&format!("/file/attachment/{attached}")).await.expect(409), by_other);
    anna.post("/file/attach", &other).await.expect(200);
    check_in(anna, &part, json!({})).await.expect(200);
    admin.delete(&format!("/file/attachment/{attached}")).await.expect(200);
}

async fn a_detach_and_a_check_out_at_once_do_not_mix(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["engineer"]).await);
    let file = upload(admin, "a.txt", "a").await;
    for round in 0..5 {
        let part = add_part(admin, &format!("P-{round}")).await;
        let attached = id(&admin.post("/file/attach", &json!({"item_id": part, "file_id": file})).await.expect(200));
        let path = format!("/file/attachment/{attached}");
        let (out, detached) = tokio::join!(check_out(anna, &part), admin.delete(&path));
        out.expect(200);
        let left = admin.get(&format!("/file/item/{part}")).await.expect(200).as_array().unwrap().len();
        match detached.status.as_u16() {
            200 => assert_eq!(left, 0),
            409 => assert_eq!(left, 1),
            other => panic!("{other}"),
        }
    }
}

async fn a_bound_file_is_read_by_whoever_reads_the_item_and_stays(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["viewer"]).await);
    let (part, version_id) = held_part(admin, "P-1").await;
    let file = upload(admin, "a.txt", "a").await;
    anna.get(&format!("/file/{file}")).await.expect(404);
    bind(admin, &version_id, json!({"file_id": file})).await.expect(200);
    anna.get(&format!("/file/{file}")).await.expect(200);
    make_set(admin, "Hidden", &[]).await;
    put_under(admin, &part, json!("Hidden")).await;
    anna.get(&format!("/file/{file}")).await.expect(404);
    anna.get(&format!("/versions/{version_id}/files")).await.expect(404);
    anna.get(&format!("/versions/{version_id}/files/{file}/lock")).await.expect(404);
    for (end, method) in [("", Method::DELETE), ("/checkout", Method::POST), ("/undo-checkout", Method::POST)] {
        let request = anna.request(method, &format!("/versions/{version_id}/files/{file}{end}"));
        assert_eq!(reply(request).await.status, 404, "{end}");
    }

    let refused = admin.delete(&format!("/file/{file}")).await.expect(409);
    assert_eq!(refused["detail"]["details"]["item_ids"], json!([part]));
    // With its item go the versions and what was bound to them; the file stays, free.
    aml(admin, "delete", &part, json!({})).await.expect(200);
    admin.get(&format!("/versions/{version_id}/files")).await.expect(404);
    admin.delete(&format!("/file/{file}")).await.expect(200);
}

async fn nobody_binds_what_they_may_not_read(at: Installation) {
    let world = World::start(at).await;
    let (admin, anna) = (&world.admin, &world.user("anna", &["engineer"]).await);
    let secret = upload(admin, "secret.txt", "secret").await;
    let (_, version_id) = held_part(anna, "P-1").await;
    let refused = bind(anna, &version_id, json!({"file_id": secret})).await.expect(404);
    assert_eq!(refused, json!({"detail": "File not found"}));
    anna.get(&format!("/file/{secret}")).await.expect(404);
    // Who may not change the item binds nothing to it either.
    let (part, held) = held_part(admin, "P-2").await;
    make_set(admin, "Read", &[("engineer", "gx")]).await;
    put_under(admin, &part, json!("Read")).await;
    let own = upload(anna, "own.txt", "own").await;
    bind(anna, &held, json!({"file_id": own})).await.expect(403);
}

async fn what_makes_no_sense_of_a_file_is_refused(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let (part, version_id) = held_part(admin, "P-1").await;
    let file = upload(admin, "a.txt", "a").await;
    for (body, field) in [
        (json!({"file_id": file, "file_role": "poster"}), "file_role"),
        (json!({"file_role": "print"}), "file_id"),
        (json!({"file_id": file, "sequence": 3_000_000_000_u64}), "sequence"),
        (json!({"file_id": file, "is_primary": "yes"}), "is_primary"),
    ] {
        let refused = bind(admin, &version_id, body.clone()).await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", field]), "{body}");
    }
    for unknown in ["x", &part] {
        bind(admin, &version_id, json!({"file_id": unknown})).await.expect(404);
        bind(admin, unknown, json!({"file_id": file})).await.expect(404);
        admin.get(&format!("/versions/{unknown}/files")).await.expect(404);
        admin.get(&format!("/versions/{version_id}/files/{unknown}/lock")).await.expect(404);
    }
    let path = format!("/versions/{version_id}/files");
    admin.get(&format!("{path}?role=poster")).await.expect(422);
    admin.put(&format!("{path}/primary"), &json!({"file_id": file})).await.expect(404);
    admin.post(&format!("{path}/{file}/checkout?file_role=poster"), &json!({})).await.expect(422);
    assert_eq!(version(admin, &part).await["file_count"], 0);
}
