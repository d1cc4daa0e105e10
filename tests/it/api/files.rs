//! Files over HTTP: brought, fetched, attached, removed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::client::{Client, reply};
use crate::support::contents;
use crate::support::files::{download, form, put, send_form, upload};
use crate::support::world::{World, add_part, id};
use crate::support::{Backend, Installation, database, on_every_backend, samples};

on_every_backend!(
    a_file_comes_in_and_goes_out_unchanged,
    a_content_is_stored_once,
    twenty_clients_bring_the_same_file,
    parts_of_a_file_are_fetched_alone,
    nothing_that_was_brought_runs_in_our_origin,
    names_are_labels,
    what_is_no_file_is_refused,
    files_hang_on_items_in_roles,
    a_locked_item_keeps_its_files,
    files_are_read_by_who_may_read_their_items,
    a_reader_brings_nothing,
    a_file_in_use_is_not_removed,
    every_change_is_in_the_audit_and_the_outbox,
    organisations_that_share_a_database_share_its_files,
);

async fn attach(client: &Client, item: &str, file: &str, role: &str) -> Value {
    let body = json!({"item_id": item, "file_id": file, "file_role": role, "description": "as drawn"});
    client.post("/file/attach", &body).await.expect(200)
}

async fn a_file_comes_in_and_goes_out_unchanged(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    // Longer than what is held in memory, and not a multiple of anything.
    let content: Vec<u8> = (0..9_000_017u32).map(|index| (index * 31 % 251) as u8).collect();
    let texts =
        [("author", "Änne"), ("source_system", "legacy"), ("source_version", "v1"), ("document_version", "A.1")];
    let file = send_form(admin, form("Gehäuse 图.bin", &content, &texts)).await.expect(200);
    assert_eq!((&file["filename"], &file["size"]), (&json!("Gehäuse 图.bin"), &json!(content.len())));
    assert_eq!((&file["mime_type"], &file["author"]), (&json!("application/octet-stream"), &json!("Änne")));
    assert_eq!((&file["duplicate"], &file["is_cad"]), (&json!(false), &json!(false)));
    let id = id(&file);

    let known = admin.get(&format!("/file/{id}")).await.expect(200);
    for (name, value) in [("source_system", "legacy"), ("source_version", "v1"), ("document_version", "A.1")] {
        assert_eq!(known[name], value);
    }
    assert_eq!(known["checksum"], file["checksum"]);
    let (status, headers, fetched) = download(admin, &id, &[]).await;
    assert_eq!(status, 200, "{headers:?}");
    assert!(fetched == content, "{} of {} bytes", fetched.len(), content.len());
    let disposition = headers["content-disposition"].to_str().unwrap();
    assert!(disposition.contains("filename*=UTF-8''Geh%C3%A4use%20%E5%9B%BE.bin"), "{disposition}");

    let raw = put(admin, "part.STEP", b"ISO-10303-21;\nHEADER;\nENDSEC;").await.expect(200);
    assert_eq!((&raw["mime_type"], &raw["document_type"]), (&json!("model/step"), &json!("3d")));
    assert_eq!(raw["is_cad"], true);
    let missing = admin.get("/file/00000000-0000-0000-0000-000000000000").await;
    assert_eq!(missing.expect(404), json!({"detail": "File not found"}));
}

async fn a_content_is_stored_once(at: Installation) {
    let world = World::start(at).await;
    let first = upload(&world.admin, "one.txt", b"the same text").await;
    let second = upload(&world.admin, "two.txt", b"the same text").await;
    assert_eq!((&second["id"], &second["filename"]), (&first["id"], &json!("one.txt")));
    assert_eq!((&first["duplicate"], &second["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!(contents::all(&world.at).len(), 1);
}

async fn twenty_clients_bring_the_same_file(at: Installation) {
    let world = World::start(at).await;
    let content = vec![7; 5_000_000];
    let uploads = (0..20).map(|number| {
        let (admin, content) = (world.admin.clone(), content.clone());
        tokio::spawn(async move { put(&admin, &format!("copy-{number}.bin"), &content).await.expect(200) })
    });
    let mut ids = Vec::new();
    let mut first = 0;
    for upload in uploads.collect::<Vec<_>>() {
        let file = upload.await.unwrap();
        first += usize::from(file["duplicate"] == false);
        ids.push(id(&file));
    }
    ids.dedup();
    assert_eq!((ids.len(), first, contents::all(&world.at).len()), (1, 1, 1));
}

async fn parts_of_a_file_are_fetched_alone(at: Installation) {
    let World { admin, at, .. } = &World::start(at).await;
    let content: Vec<u8> = (0..1000u32).map(|index| (index % 251) as u8).collect();
    let file = upload(admin, "a.bin", &content).await;
    let (id, tag) = (id(&file), format!("\"{}\"", file["checksum"].as_str().unwrap()));
    for (range, expected) in
        [("bytes=0-9", &content[..10]), ("bytes=990-", &content[990..]), ("bytes=-5", &content[995..])]
    {
        let (status, _, part) = download(admin, &id, &[("range", range)]).await;
        assert_eq!((status.as_u16(), part.as_slice()), (206, expected), "{range}");
    }
    assert_eq!(download(admin, &id, &[("range", "bytes=1000-")]).await.0, 416);
    assert_eq!(download(admin, &id, &[("if-none-match", &tag)]).await.0, 304);

    let head = admin.request(Method::HEAD, &format!("/file/{id}/download")).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str().unwrap()), (200, "1000"));
    assert_eq!(head.headers()["etag"].to_str().unwrap(), tag);

    if at.backend == Backend::SqliteLocal {
        let (status, headers, part) = download(admin, &id, &[("range", "bytes=10-19")]).await;
        assert_eq!((status.as_u16(), headers["content-range"].to_str().unwrap()), (206, "bytes 10-19/1000"));
        assert_eq!(part, &content[10..20]);
        let (status, headers, _) = download(admin, &id, &[("range", "bytes=5000-")]).await;
        assert_eq!((status.as_u16(), headers["content-range"].to_str().unwrap()), (416, "bytes */1000"));
        // What was begun of another content is not continued.
        let (status, _, whole) = download(admin, &id, &[("range", "bytes=10-19"), ("if-range", "\"other\"")]).await;
        assert_eq!((status.as_u16(), whole.len()), (200, 1000));
    }
}

async fn nothing_that_was_brought_runs_in_our_origin(at: Installation) {
    let World { admin, at, .. } = &World::start(at).await;
    for (name, content) in [
        ("page.html", &b"<html><script>alert(1)</script></html>"[..]),
        ("image.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("notes.txt", b"<!DOCTYPE html><script>alert(1)</script>"),
    ] {
        let file = id(&upload(admin, name, content).await);
        let (status, headers, _) = download(admin, &file, &[]).await;
        assert_eq!(status, 200);
        assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment;"), "{name}");
        if at.backend == Backend::SqliteLocal {
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
        }
    }
}

async fn names_are_labels(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    for (number, (given, shown)) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\CAD\\Teil.prt", "Teil.prt"),
        ("rtl\u{202e}gpj.exe", "rtlgpj.exe"),
        ("رسم.pdf", "رسم.pdf"),
        ("quote'; DROP TABLE files.txt", "quote'; DROP TABLE files.txt"),
        ("%2e%2e%2f", "%2e%2e%2f"),
    ]
    .into_iter()
    .enumerate()
    {
        let content = format!("content {number}");
        let file = put(admin, given, content.as_bytes()).await.expect(200);
        assert_eq!(file["filename"], shown, "{given:?}");
        assert_eq!(download(admin, &id(&file), &[]).await.2, content.as_bytes());
    }
    let long = "x".repeat(1000);
    for given in ["", "..", "a\0b", "a\r\nb: c", long.as_str()] {
        let refused = put(admin, given, b"content").await.expect(422);
        assert_eq!(refused["detail"][0]["loc"], json!(["body", "file"]), "{given:?}");
    }
}

async fn what_is_no_file_is_refused(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    assert_eq!(put(admin, "empty.txt", b"").await.expect(422)["detail"][0]["msg"], "The file is empty");
    assert_eq!(send_form(admin, form("empty.txt", b"", &[])).await.status, 422);
    // A text where the file should be, none at all, half a form, and no form.
    let text = String::from_utf8(form("a.txt", b"x", &[])).unwrap().replace("; filename=\"a.txt\"", "");
    assert_eq!(send_form(admin, text.into_bytes()).await.status, 422);
    let none = String::from_utf8(form("a.txt", b"x", &[])).unwrap().replace("name=\"file\"", "name=\"other\"");
    assert_eq!(send_form(admin, none.into_bytes()).await.expect(422)["detail"][0]["type"], "missing");
    let whole = form("a.txt", &[b'x'; 100_000], &[]);
    let half = send_form(admin, whole[..50_000].to_vec()).await.expect(400);
    assert!(half["detail"].is_string() || half["detail"]["message"].is_string(), "{half}");
    assert_eq!(admin.post("/file/upload", &json!({"file": "x"})).await.status, 422);
    let no_boundary = admin.request(Method::POST, "/file/upload").header("content-type", "multipart/form-data");
    assert_eq!(reply(no_boundary.body("x")).await.status, 422);
    let huge_text = form("a.txt", b"x", &[("author", &"x".repeat(20_000))]);
    assert_eq!(send_form(admin, huge_text).await.expect(422)["detail"][0]["loc"], json!(["body", "author"]));
    let (first, second) = (form("a.txt", b"x", &[]), form("b.txt", b"y", &[]));
    let end = first.windows(2).rposition(|two| two == b"\r\n").unwrap();
    let end = first[..end].windows(2).rposition(|two| two == b"\r\n").unwrap();
    let twice = [&first[..end + 2], &second].concat();
    assert_eq!(send_form(admin, twice).await.expect(422)["detail"][0]["msg"], "One file at a time");
}

async fn files_hang_on_items_in_roles(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P-1").await;
    let (model, drawing) =
        (upload(admin, "m.step", b"ISO-10303-21;").await, upload(admin, "d.dxf", b"0\nSECTION").await);
    let attached = attach(admin, &part, &id(&model), "native_cad").await;
    assert_eq!(attached["status"], "created");
    attach(admin, &part, &id(&drawing), "drawing").await;
    attach(admin, &part, &id(&model), "geometry").await;
    let again = attach(admin, &part, &id(&model), "native_cad").await;
    assert_eq!((&again["status"], &again["id"]), (&json!("updated"), &attached["id"]));

    let all = admin.get(&format!("/file/item/{part}")).await.expect(200);
    let roles: Vec<&str> = all.as_array().unwrap().iter().map(|file| file["file_role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["native_cad", "drawing", "geometry"]);
    assert_eq!((&all[0]["filename"], &all[0]["description"]), (&json!("m.step"), &json!("as drawn")));
    assert_eq!(all[0]["download_url"], format!("/api/v1/file/{}/download", id(&model)));
    let drawings = admin.get(&format!("/file/item/{part}?role=drawing")).await.expect(200);
    assert_eq!((drawings.as_array().unwrap().len(), &drawings[0]["file_id"]), (1, &drawing["id"]));

    admin.delete(&format!("/file/attachment/{}", id(&attached))).await.expect(200);
    assert_eq!(admin.delete(&format!("/file/attachment/{}", id(&attached))).await.status, 404);
    assert_eq!(admin.get(&format!("/file/item/{part}")).await.expect(200).as_array().unwrap().len(), 2);

    let body = |item: &str, file: &str, role: &str| json!({"item_id": item, "file_id": file, "file_role": role});
    for (wrong, status) in [
        (body(&part, &id(&model), "thumbnail"), 422),
        (body(&part, &part, "drawing"), 404),
        (body(&id(&model), &id(&model), "drawing"), 404),
        (body("x", &id(&model), "drawing"), 404),
    ] {
        assert_eq!(admin.post("/file/attach", &wrong).await.status, status, "{wrong}");
    }
    assert_eq!(admin.get(&format!("/file/item/{part}?role=thumbnail")).await.status, 422);
    // An item takes its attachments along; the file stays.
    let gone = json!({"type": "Part", "action": "delete", "id": part});
    admin.post("/aml/apply", &gone).await.expect(200);
    admin.get(&format!("/file/{}", id(&model))).await.expect(200);
    assert_eq!(admin.get(&format!("/file/item/{part}")).await.status, 404);
}

async fn a_locked_item_keeps_its_files(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P-1").await;
    let file = upload(admin, "a.txt", b"content").await;
    let attached = attach(admin, &part, &id(&file), "drawing").await;
    for state in ["Review", "Released"] {
        let step = json!({"type": "Part", "action": "promote", "id": part, "properties": {"state": state}});
        admin.post("/aml/apply", &step).await.expect(200);
    }
    let other = upload(admin, "b.txt", b"other").await;
    let body = json!({"item_id": part, "file_id": id(&other)});
    assert_eq!(admin.post("/file/attach", &body).await.expect(409)["detail"]["code"], "STATE_LOCKED");
    let detached = admin.delete(&format!("/file/attachment/{}", id(&attached))).await;
    assert_eq!(detached.expect(409)["detail"]["code"], "STATE_LOCKED");
    assert_eq!(admin.get(&format!("/file/item/{part}")).await.expect(200).as_array().unwrap().len(), 1);
}

async fn files_are_read_by_who_may_read_their_items(at: Installation) {
    let world = World::start(at).await;
    let (ann, bob) = (world.user("ann", &["engineer"]).await, world.user("bob", &["engineer"]).await);
    let file = id(&upload(&ann, "secret.txt", b"of ann").await);
    let reads = async |client: &Client| client.get(&format!("/file/{file}")).await.status.as_u16();
    assert_eq!((reads(&ann).await, reads(&bob).await, reads(&world.admin).await), (200, 404, 200));
    assert_eq!(download(&bob, &file, &[]).await.0, 404);
    // An id alone does not open a file by attaching it.
    let mine = add_part(&bob, "BOB-1").await;
    let body = json!({"item_id": mine, "file_id": file});
    assert_eq!(bob.post("/file/attach", &body).await.expect(404), json!({"detail": "File not found"}));

    let part = add_part(&ann, "ANN-1").await;
    attach(&ann, &part, &file, "drawing").await;
    assert_eq!((reads(&bob).await, download(&bob, &file, &[]).await.2), (200, b"of ann".to_vec()));
    database::hide(&world.at, &[&part]).await;
    assert_eq!((reads(&bob).await, download(&bob, &file, &[]).await.0.as_u16()), (404, 404));
    assert_eq!(bob.get(&format!("/file/item/{part}")).await.status, 404);
    // A refusal does not name what is hidden.
    let brought = upload(&bob, "shared.txt", b"of bob").await;
    attach(&world.admin, &part, &id(&brought), "print").await;
    let refused = bob.delete(&format!("/file/{}", id(&brought))).await.expect(409);
    assert_eq!(
        (&refused["detail"]["code"], &refused["detail"]["details"]["item_ids"]),
        (&json!("FILE_IN_USE"), &json!([]))
    );
    let drawn = id(&send_form(&ann, form("box.dxf", &samples::dxf(), &[])).await.expect(200));
    let asked =
        async |client: &Client| client.get(&format!("/jobs?file_id={drawn}")).await.expect(200)["total"].clone();
    assert_eq!((asked(&ann).await, asked(&bob).await, asked(&world.admin).await), (json!(1), json!(0), json!(1)));
    // Whoever brings the same content has it anyway.
    assert_eq!(id(&upload(&bob, "mine.txt", b"of ann").await), file);
    assert_eq!(reads(&bob).await, 200);
    // And whoever gives it back takes it from nobody.
    bob.delete(&format!("/file/{file}")).await.expect(200);
    assert_eq!((reads(&bob).await, reads(&ann).await), (404, 200));
}

async fn a_reader_brings_nothing(at: Installation) {
    let world = World::start(at).await;
    let part = add_part(&world.admin, "P-1").await;
    let file = id(&upload(&world.admin, "a.txt", b"content").await);
    let attached = attach(&world.admin, &part, &file, "drawing").await;
    database::freeze(&world.at, "Part").await;
    database::change_model(&world.at, &[("UPDATE item_types SET permission_id = 'Frozen'", Vec::new())]).await;
    let viewer = world.user("eve", &["viewer"]).await;
    assert_eq!(viewer.get(&format!("/file/{file}")).await.status, 200);
    let refused = put(&viewer, "b.txt", b"other").await.expect(403);
    assert_eq!(refused["detail"]["code"], "PERMISSION_DENIED");
    let body = json!({"item_id": part, "file_id": file, "file_role": "print"});
    assert_eq!(viewer.post("/file/attach", &body).await.status, 403);
    assert_eq!(viewer.delete(&format!("/file/attachment/{}", id(&attached))).await.status, 403);
    assert_eq!(viewer.delete(&format!("/file/{file}")).await.status, 403);
    assert_eq!(contents::all(&world.at).len(), 1);
}

async fn a_file_in_use_is_not_removed(at: Installation) {
    let World { admin, .. } = &World::start(at).await;
    let part = add_part(admin, "P-1").await;
    let file = id(&upload(admin, "a.txt", b"content").await);
    let attached = attach(admin, &part, &file, "drawing").await;
    let refused = admin.delete(&format!("/file/{file}")).await.expect(409);
    assert_eq!(
        (&refused["detail"]["code"], &refused["detail"]["details"]["item_ids"][0]),
        (&json!("FILE_IN_USE"), &json!(part))
    );
    admin.delete(&format!("/file/attachment/{}", id(&attached))).await.expect(200);
    admin.delete(&format!("/file/{file}")).await.expect(200);
    assert_eq!(admin.get(&format!("/file/{file}")).await.status, 404);
    let again = upload(admin, "a.txt", b"content").await;
    assert_eq!(again["duplicate"], false);
    assert_eq!(download(admin, &id(&again), &[]).await.2, b"content");
}

async fn every_change_is_in_the_audit_and_the_outbox(at: Installation) {
    let world = World::start(at).await;
    let part = add_part(&world.admin, "P-1").await;
    let file = id(&upload(&world.admin, "a.txt", b"content").await);
    upload(&world.admin, "again.txt", b"content").await;
    let attached = attach(&world.admin, &part, &file, "drawing").await;
    world.admin.delete(&format!("/file/attachment/{}", id(&attached))).await.expect(200);
    world.admin.delete(&format!("/file/{file}")).await.expect(200);
    let expected = ["file.uploaded", "file.uploaded", "file.attached", "file.detached", "file.deleted"];
    for (table, column) in [("audit_events", "action"), ("outbox", "topic")] {
        let written = database::texts(
            &world.at,
            &format!("SELECT {column} FROM {table} WHERE {column} LIKE 'file.%' ORDER BY id"),
        )
        .await;
        assert_eq!(written, expected, "{table}");
    }
}

async fn organisations_that_share_a_database_share_its_files(mut at: Installation) {
    at.set("YUANTUS_TENANCY_MODE", "db-per-tenant");
    let template = at.setting("YUANTUS_DATABASE_URL_TEMPLATE").unwrap().replace("__{org_id}", "");
    at.set("YUANTUS_DATABASE_URL_TEMPLATE", template);
    let world = World::start(at).await;
    world.admin.post("/admin/orgs", &json!({"id": "org-2"})).await.expect(200);
    let part = add_part(&world.admin, "P-1").await;
    let file = id(&upload(&world.admin, "a.txt", b"content").await);
    attach(&world.admin, &part, &file, "drawing").await;
    let member = json!({"user_id": 1, "roles": ["admin"]});
    world.admin.post("/admin/orgs/org-2/members", &member).await;
    let other = world.server.client().login("acme", "org-2", "admin", crate::support::world::PASSWORD).await;
    assert_eq!(other.get(&format!("/file/item/{part}")).await.expect(200)[0]["file_id"], file);
    assert_eq!(download(&other, &file, &[]).await.2, b"content");
    assert_eq!(upload(&other, "b.txt", b"content").await["id"], file);
}
