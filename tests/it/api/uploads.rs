//! Uploads in parts: through the server on a local storage, by signed links on S3.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::client::{Client, Reply, reply};
use crate::support::contents::{below, bytes, parts_of, sha256};
use crate::support::database::change_model;
use crate::support::server::Server;
use crate::support::world::{PASSWORD, World, create_tenant, id};
use crate::support::{Backend, Installation, on_every_backend};

on_every_backend!(
    a_file_in_parts_becomes_a_file_like_any_other,
    an_upload_that_broke_off_goes_on_where_it_was,
    parts_that_do_not_fit_are_refused_and_named,
    a_content_other_than_the_announced_is_refused_and_removed,
    an_upload_is_its_senders_alone,
    giving_up_leaves_nothing,
    an_expired_upload_is_swept,
    two_that_complete_at_once_get_one_file,
    a_process_that_dies_between_loses_nothing,
    what_is_announced_is_checked,
    who_only_reads_begins_nothing,
);

/// What a part has here.
const PART: usize = 8 << 20;

async fn begin(client: &Client, content: &[u8]) -> Value {
    let body = json!({"filename": "../Gehäuse 1.bin", "size": content.len(), "generate_preview": false});
    client.post("/file/uploads", &body).await.expect(200)
}

/// Sends a body to where a part goes.
async fn put(client: &Client, part: &Value, body: Vec<u8>) -> Reply {
    assert_eq!(part["method"], "PUT");
    let url = part["url"].as_str().unwrap();
    match url.strip_prefix("/api/v1") {
        Some(path) => reply(client.request(Method::PUT, path).body(body)).await,
        // Whoever has the link needs nothing else.
        None => reply(reqwest::Client::new().put(url).body(body)).await,
    }
}

async fn send(client: &Client, parts: &Value, content: &[u8]) {
    for part in parts.as_array().unwrap() {
        let sent = put(client, part, part_of(part, content)).await;
        assert_eq!(sent.status, 200, "{sent:?}");
    }
}

fn part_of(part: &Value, content: &[u8]) -> Vec<u8> {
    let number = |name: &str| usize::try_from(part[name].as_u64().unwrap()).unwrap();
    content[number("offset")..number("offset") + number("size")].to_vec()
}

async fn complete(client: &Client, upload: &Value) -> Reply {
    reply(client.request(Method::POST, &format!("{}/complete", path(upload)))).await
}

fn path(upload: &Value) -> String {
    format!("/file/uploads/{}", id(upload))
}

async fn download(client: &Client, file: &Value) -> Vec<u8> {
    let request = client.request(Method::GET, &format!("/file/{}/download", id(file)));
    request.send().await.unwrap().bytes().await.unwrap().to_vec()
}

/// What the storage holds beyond whole contents: on a local storage, or on the test's S3 server.
fn remains(at: &Installation) -> Vec<String> {
    let paths = below(&at.blobs()).into_iter().map(|path| path.display().to_string());
    paths.filter(|path| !path.contains("/blobs/") && !path.contains("/probe/")).collect()
}

/// The name under which the S3 server knows an upload.
fn multipart_of(part: &Value) -> Option<String> {
    let url = reqwest::Url::parse(part["url"].as_str().unwrap()).ok()?;
    url.query_pairs().find(|(name, _)| name == "uploadId").map(|(_, value)| value.into_owned())
}

async fn a_file_in_parts_becomes_a_file_like_any_other(at: Installation) {
    let world = World::start(at).await;
    let content = bytes(2 * PART + 5, 1);
    let body = json!({
        "filename": "../Gehäuse 1.bin", "size": content.len(), "sha256": sha256(&content), "author": "Ada Beispiel",
        "source_system": "vault", "source_version": "7", "document_version": "A.1", "generate_preview": false,
    });
    let upload = world.admin.post("/file/uploads", &body).await.expect(200);
    assert_eq!(
        (&upload["part_size"], &upload["part_count"], &upload["state"]),
        (&json!(PART), &json!(3), &json!("open"))
    );
    assert_eq!((&upload["filename"], &upload["next_part"]), (&json!("Gehäuse 1.bin"), &Value::Null));
    let sizes: Vec<_> = upload["parts"].as_array().unwrap().iter().map(|part| part["size"].as_u64().unwrap()).collect();
    assert_eq!(sizes, [PART as u64, PART as u64, 5]);
    let by_link = !upload["parts"][0]["url"].as_str().unwrap().starts_with('/');
    assert_eq!(by_link, world.at.backend == Backend::PostgresS3);

    send(&world.admin, &upload["parts"], &content).await;
    let state = world.admin.get(&path(&upload)).await.expect(200);
    assert_eq!((&state["stored_parts"], &state["stored_bytes"]), (&json!(3), &json!(content.len())));
    let file = complete(&world.admin, &upload).await.expect(200);
    assert_eq!(
        (&file["filename"], &file["size"], &file["duplicate"]),
        (&json!("Gehäuse 1.bin"), &json!(content.len()), &json!(false))
    );
    assert_eq!(
        (&file["checksum"], &file["author"], &file["document_version"]),
        (&json!(sha256(&content)), &json!("Ada Beispiel"), &json!("A.1"))
    );
    assert!(download(&world.admin, &file).await == content);
    assert_eq!(remains(&world.at), Vec::<String>::new());

    // Once more is the same; and so is the same content by the other way.
    assert_eq!(complete(&world.admin, &upload).await.expect(200), file);
    let state = world.admin.get(&path(&upload)).await.expect(200);
    assert_eq!((&state["state"], &state["file_id"]), (&json!("completed"), &file["id"]));
    let listed = world.admin.get("/file/uploads").await.expect(200);
    assert_eq!((&listed["total"], &listed["items"][0]["id"]), (&json!(1), &upload["id"]));
    let again = begin(&world.admin, &content).await;
    send(&world.admin, &again["parts"], &content).await;
    let second = complete(&world.admin, &again).await.expect(200);
    assert_eq!((&second["id"], &second["duplicate"]), (&file["id"], &json!(true)));
    for request in
        [world.admin.get(&format!("{}/parts", path(&upload))).await, world.admin.delete(&path(&upload)).await]
    {
        assert_eq!(request.status, 409, "{request:?}");
    }
}

async fn an_upload_that_broke_off_goes_on_where_it_was(at: Installation) {
    let world = World::start(at).await;
    let content = bytes(2 * PART + 5, 2);
    let upload = begin(&world.admin, &content).await;
    // The first arrived, the second broke off.
    put(&world.admin, &upload["parts"][0], content[..PART].to_vec()).await.expect_ok();
    let lacking = complete(&world.admin, &upload).await.expect(409);
    assert_eq!(lacking["detail"]["code"], "UPLOAD_INCOMPLETE");
    assert_eq!(lacking["detail"]["details"]["missing"], json!([2, 3]));

    let parts = format!("{}/parts", path(&upload));
    let page = world.admin.get(&format!("{parts}?limit=2")).await.expect(200);
    let stored: Vec<_> =
        page["parts"].as_array().unwrap().iter().map(|part| part["stored"].as_bool().unwrap()).collect();
    assert_eq!((stored, &page["next_part"]), (vec![true, false], &json!(3)));
    send(&world.admin, &json!([page["parts"][1]]), &content).await;
    let rest = world.admin.get(&format!("{parts}?from=3")).await.expect(200);
    assert_eq!((rest["parts"].as_array().unwrap().len(), &rest["next_part"]), (1, &Value::Null));
    send(&world.admin, &rest["parts"], &content).await;
    let beyond = world.admin.get(&format!("{parts}?from=4")).await.expect(200);
    assert_eq!(beyond["parts"], json!([]));
    let file = complete(&world.admin, &upload).await.expect(200);
    assert!(download(&world.admin, &file).await == content);
}

async fn parts_that_do_not_fit_are_refused_and_named(at: Installation) {
    let world = World::start(at).await;
    let content = bytes(PART + 5, 3);
    let upload = begin(&world.admin, &content).await;
    let parts = &upload["parts"];
    let (long, short) = (
        put(&world.admin, &parts[1], b"too long".to_vec()).await,
        put(&world.admin, &parts[1], b"lack".to_vec()).await,
    );
    if world.at.backend == Backend::SqliteLocal {
        assert_eq!(long.expect(413)["detail"]["code"], "PART_TOO_LARGE");
        assert_eq!(short.expect(400)["detail"]["details"], json!({"expected": 5, "received": 4}));
        // Without a length announced, too.
        let stream = futures::stream::iter([Ok::<_, std::io::Error>(vec![0; PART]), Ok(vec![0; 1])]);
        let path = parts[0]["url"].as_str().unwrap().strip_prefix("/api/v1").unwrap();
        let sent = world.admin.request(Method::PUT, path).body(reqwest::Body::wrap_stream(stream));
        assert_eq!(reply(sent).await.expect(413)["detail"]["code"], "PART_TOO_LARGE");
    } else {
        // The length is part of what was signed.
        assert_eq!((long.status.as_u16(), short.status.as_u16()), (403, 403));
        let through_us = world.admin.request(Method::PUT, &format!("{}/parts/2", path(&upload))).body("right");
        assert_eq!(reply(through_us).await.expect(409)["detail"]["code"], "PART_HAS_A_LINK");
    }
    for number in ["0", "3", "10001", "4294967296", "-1", "x", "1%2f2"] {
        let sent =
            reply(world.admin.request(Method::PUT, &format!("{}/parts/{number}", path(&upload))).body("right")).await;
        assert!([404, 422].contains(&sent.status.as_u16()), "{number}: {sent:?}");
    }
    assert_eq!(complete(&world.admin, &upload).await.expect(409)["detail"]["details"]["missing"], json!([1, 2]));
    send(&world.admin, parts, &content).await;
    for (named, status) in [
        (json!({"parts": [{"number": 3, "etag": "x"}]}), 422),
        (json!({"parts": [{"number": 1}]}), 422),
        (json!({"parts": []}), 200),
    ] {
        world.admin.post(&format!("{}/complete", path(&upload)), &named).await.expect(status);
    }
}

async fn a_content_other_than_the_announced_is_refused_and_removed(at: Installation) {
    let world = World::start(at).await;
    let content = bytes(PART + 5, 4);
    let body = json!({"filename": "a.bin", "size": content.len(), "sha256": sha256(b"another")});
    let upload = world.admin.post("/file/uploads", &body).await.expect(200);
    send(&world.admin, &upload["parts"], &content).await;
    for _ in 0..2 {
        let refused = complete(&world.admin, &upload).await.expect(409);
        assert_eq!(refused["detail"]["code"], "CHECKSUM_MISMATCH");
        let expected = json!({"expected": sha256(b"another"), "actual": sha256(&content)});
        assert_eq!(refused["detail"]["details"], expected);
    }
    assert_eq!(world.admin.get(&path(&upload)).await.expect(200)["state"], "failed");
    assert_eq!(remains(&world.at), Vec::<String>::new());
    assert!(!below(&world.at.blobs()).iter().any(|path| path.ends_with(sha256(&content))));
    world.admin.delete(&path(&upload)).await.expect(200);
    world.admin.get(&path(&upload)).await.expect(404);
}

async fn an_upload_is_its_senders_alone(at: Installation) {
    create_tenant(&at, "umbra");
    let world = World::start(at).await;
    let (sender, other) = (world.user("sender", &["engineer"]).await, world.user("other", &["engineer"]).await);
    let stranger = world.server.client().login("umbra", "org-1", "admin", PASSWORD).await;
    let content = bytes(5, 5);
    let upload = begin(&sender, &content).await;
    send(&sender, &upload["parts"], &content).await;
    for client in [&other, &world.admin, &stranger] {
        for (method, path) in [
            (Method::GET, path(&upload)),
            (Method::GET, format!("{}/parts", path(&upload))),
            (Method::PUT, format!("{}/parts/1", path(&upload))),
            (Method::POST, format!("{}/complete", path(&upload))),
            (Method::DELETE, path(&upload)),
        ] {
            let answer = reply(client.request(method.clone(), &path).body("x")).await;
            let answer = if method == Method::POST { reply(client.request(method, &path)).await } else { answer };
            assert_eq!((answer.status.as_u16(), &answer.json()["detail"]), (404, &json!("Upload not found")), "{path}");
        }
        assert_eq!(client.get("/file/uploads").await.expect(200)["total"], 0);
    }
    world.admin.get("/file/uploads/x").await.expect(404);
    world.admin.get(&format!("/file/uploads/{}", Uuid::new_v4())).await.expect(404);
    complete(&sender, &upload).await.expect(200);
}

async fn giving_up_leaves_nothing(at: Installation) {
    let world = World::start(at).await;
    let content = bytes(PART + 5, 6);
    let upload = begin(&world.admin, &content).await;
    put(&world.admin, &upload["parts"][0], content[..PART].to_vec()).await.expect_ok();
    let multipart = multipart_of(&upload["parts"][0]);
    match &multipart {
        Some(multipart) => assert!(parts_of(multipart) > 0),
        None => assert_eq!(remains(&world.at).len(), 1),
    }
    world.admin.delete(&path(&upload)).await.expect(200);
    assert_eq!(remains(&world.at), Vec::<String>::new());
    assert_eq!(multipart.map_or(0, |multipart| parts_of(&multipart)), 0);
    let late = put(&world.admin, &upload["parts"][1], content[PART..].to_vec()).await;
    assert!(late.status.is_client_error(), "{late:?}");
    assert_eq!(remains(&world.at), Vec::<String>::new());
    world.admin.delete(&path(&upload)).await.expect(404);
    complete(&world.admin, &upload).await.expect(404);
}

async fn an_expired_upload_is_swept(at: Installation) {
    let world = World::start(at).await;
    let content = bytes(PART + 5, 7);
    let upload = begin(&world.admin, &content).await;
    send(&world.admin, &upload["parts"], &content).await;
    let statement = "UPDATE upload_sessions SET expires_at = $1";
    change_model(&world.at, &[(statement, vec![chrono::DateTime::UNIX_EPOCH.into()])]).await;
    assert_eq!(complete(&world.admin, &upload).await.expect(409)["detail"]["code"], "UPLOAD_EXPIRED");
    let parts = world.admin.get(&format!("{}/parts", path(&upload))).await;
    assert_eq!(parts.expect(409)["detail"]["code"], "UPLOAD_EXPIRED");

    // A worker looks after old traces when it begins, and each hour.
    let World { at, server, admin: _ } = world;
    server.stop();
    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    for _ in 0..600 {
        if admin.get(&path(&upload)).await.status == 404 && remains(&at).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    admin.get(&path(&upload)).await.expect(404);
    assert_eq!(remains(&at), Vec::<String>::new());
    assert_eq!(multipart_of(&upload["parts"][0]).map_or(0, |multipart| parts_of(&multipart)), 0);
}

async fn two_that_complete_at_once_get_one_file(at: Installation) {
    let world = World::start(at).await;
    let content = bytes(2 * PART, 8);
    let upload = begin(&world.admin, &content).await;
    send(&world.admin, &upload["parts"], &content).await;
    let both = futures::future::join_all((0..4).map(|_| complete(&world.admin, &upload))).await;
    let files: Vec<_> = both.into_iter().map(|answer| answer.expect(200)).collect();
    assert!(files.iter().all(|file| file == &files[0]), "{files:#?}");
    assert_eq!(files[0]["duplicate"], false);
    assert_eq!(remains(&world.at), Vec::<String>::new());
}

async fn a_process_that_dies_between_loses_nothing(at: Installation) {
    let world = World::start(at).await;
    let content = bytes(PART + 5, 9);
    let upload = begin(&world.admin, &content).await;
    send(&world.admin, &upload["parts"], &content).await;
    let World { at, server, admin: _ } = world;
    server.kill_hard();
    // As a process leaves it that is killed while it reads, a minute later.
    let statement = "UPDATE upload_sessions SET state = 'verifying', claim = $1, claimed_until = $2";
    change_model(&at, &[(statement, vec![Uuid::new_v4().into(), chrono::DateTime::UNIX_EPOCH.into()])]).await;
    let server = Server::start(&at).await;
    let admin = server.client().login("acme", "org-1", "admin", PASSWORD).await;
    let state = admin.get(&path(&upload)).await.expect(200);
    assert_eq!((&state["state"], &state["stored_parts"]), (&json!("open"), &json!(2)));
    let file = complete(&admin, &upload).await.expect(200);
    assert!(download(&admin, &file).await == content);
}

async fn what_is_announced_is_checked(mut at: Installation) {
    at.set("YUANTUS_STORAGE__MAX_FILE_BYTES", "1000");
    let world = World::start(at).await;
    let good = json!({"filename": "a.bin", "size": 5});
    for (field, value, status) in [
        ("size", json!(0), 422),
        ("size", json!(-1), 422),
        ("size", json!("5"), 422),
        ("size", json!(1001), 413),
        ("size", json!(u64::MAX), 413),
        ("filename", json!(""), 422),
        ("filename", json!(".."), 422),
        ("filename", json!("a\u{0}.bin"), 422),
        ("filename", json!("x".repeat(1000)), 422),
        ("sha256", json!("../../etc"), 422),
        ("sha256", json!("A".repeat(64)), 422),
        ("author", json!("x".repeat(501)), 422),
    ] {
        let mut body = good.clone();
        body[field] = value.clone();
        let answer = world.admin.post("/file/uploads", &body).await.expect(status);
        if status == 422 {
            assert_eq!(answer["detail"][0]["loc"], json!(["body", field]), "{field} {value}");
        }
    }
    for (name, kept) in [
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\b.step", "b.step"),
        ("图纸.pdf", "图纸.pdf"),
        ("a\u{202e}b.txt", "ab.txt"),
    ] {
        let upload = world.admin.post("/file/uploads", &json!({"filename": name, "size": 1})).await.expect(200);
        assert_eq!(upload["filename"], kept);
        assert!(!upload.to_string().contains("etc/"));
    }
    assert!(below(&world.at.blobs()).iter().all(|path| !path.to_string_lossy().contains("passwd")));
}

async fn who_only_reads_begins_nothing(at: Installation) {
    let world = World::start(at).await;
    let reader = world.user("reader", &["viewer"]).await;
    let read_only = "UPDATE permission_entries SET can_create = FALSE, can_update = FALSE";
    change_model(&world.at, &[(read_only, Vec::new())]).await;
    let refused = reader.post("/file/uploads", &json!({"filename": "a.bin", "size": 5})).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(reader.get("/file/uploads").await.expect(200)["total"], 0);
}

trait ExpectOk {
    fn expect_ok(self);
}

impl ExpectOk for Reply {
    fn expect_ok(self) {
        assert_eq!(self.status, 200, "{self:?}");
    }
}
