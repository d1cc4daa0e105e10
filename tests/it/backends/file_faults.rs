//! Uploads on bad days: a storage that fails, hangs or is full, senders that stall or send too much. What was acknowledged is
//! there, and nothing else is.

use std::io;
use std::time::Duration;

use reqwest::{Body, Method};
use serde_json::json;

use crate::support::client::{Client, reply};
use crate::support::contents;
use crate::support::faults::{Fault, Proxy};
use crate::support::files::{download, put, upload};
use crate::support::servers::Servers;
use crate::support::world::{World, id};
use crate::support::{Backend, Installation, on_every_backend};

on_every_backend!(
    a_file_over_the_limit_is_refused_before_and_during,
    a_sender_that_stalls_is_given_up,
    a_sender_that_goes_away_leaves_nothing,
    a_storage_that_fails_is_said_to_and_recovers,
    a_tenant_does_not_store_more_than_it_may,
    a_lost_content_is_told_of_and_healed,
    a_content_of_another_length_is_not_served,
    every_way_to_a_storage_that_fails_says_so,
    uploads_that_are_open_take_the_room_that_they_announced,
    only_so_many_files_are_taken_at_once,
);

/// A body of unknown length.
fn chunked(pieces: usize, size: usize, pause: Duration, last: Option<Duration>) -> Body {
    let stream = futures::stream::unfold(0, move |number| async move {
        if number == pieces {
            tokio::time::sleep(last?).await;
            return Some((Err(io::Error::other("gone")), number + 1));
        }
        if number > pieces {
            return None;
        }
        tokio::time::sleep(pause).await;
        Some((Ok(vec![number as u8; size]), number + 1))
    });
    Body::wrap_stream(stream)
}

/// Cleaning up may end a moment after the answer.
async fn holds_soon(at: &Installation, count: usize) {
    for _ in 0..100 {
        if contents::below(&at.blobs()).len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the storage holds {:?}, {count} were expected", contents::below(&at.blobs()));
}

async fn a_file_over_the_limit_is_refused_before_and_during(mut at: Installation) {
    at.set("YUANTUS_STORAGE__MAX_FILE_BYTES", "6000000");
    let World { admin, at, .. } = &World::start(at).await;
    put(admin, "fits.bin", &vec![1; 6_000_000]).await.expect(200);
    // Declared: four gigabytes more than may be, none of which are sent.
    let mut socket = std::net::TcpStream::connect(host(admin)).unwrap();
    let built = admin.request(Method::PUT, "/file/upload?filename=huge.bin").build().unwrap();
    let mut head = format!("PUT {}?{} HTTP/1.1\r\nhost: x\r\n", built.url().path(), built.url().query().unwrap());
    for (name, value) in built.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    head += "content-length: 4301000000\r\n\r\n";
    io::Write::write_all(&mut socket, head.as_bytes()).unwrap();
    let mut answer = [0; 400];
    let count = io::Read::read(&mut socket, &mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("FILE_TOO_LARGE"), "{answer}");
    // Undeclared: it is cut off on the way.
    let body = chunked(20, 1_000_000, Duration::ZERO, None);
    let sent = admin.request(Method::PUT, "/file/upload?filename=grows.bin").body(body).send().await;
    if let Ok(response) = sent {
        assert_eq!(response.status(), 413);
    }
    holds_soon(at, 1).await;
}

fn host(client: &Client) -> String {
    let built = client.request(Method::GET, "/").build().unwrap();
    format!("{}:{}", built.url().host_str().unwrap(), built.url().port().unwrap())
}

async fn a_sender_that_stalls_is_given_up(mut at: Installation) {
    at.set("YUANTUS_STORAGE__STALL_SECONDS", "1");
    let World { admin, at, .. } = &World::start(at).await;
    // Longer in all than it may be silent, but it moves.
    let slow = chunked(6, 1_000_000, Duration::from_millis(400), None);
    reply(admin.request(Method::PUT, "/file/upload?filename=slow.bin").body(slow)).await.expect(200);
    let stalls = chunked(6, 1_000_000, Duration::ZERO, Some(Duration::from_secs(120)));
    let given_up = admin.request(Method::PUT, "/file/upload?filename=stalls.bin").body(stalls).send().await;
    if let Ok(response) = given_up {
        assert_eq!(response.status(), 400);
        assert_eq!(response.json::<serde_json::Value>().await.unwrap()["detail"]["code"], "UPLOAD_STALLED");
    }
    holds_soon(at, 1).await;
}

async fn a_sender_that_goes_away_leaves_nothing(at: Installation) {
    let World { admin, at, .. } = &World::start(at).await;
    for size in [100_000, 3_000_000] {
        let breaks = chunked(4, size, Duration::from_millis(50), Some(Duration::from_millis(100)));
        let sent = admin.request(Method::PUT, "/file/upload?filename=breaks.bin").body(breaks).send().await;
        assert!(sent.is_err() || sent.is_ok_and(|response| response.status() == 400));
    }
    holds_soon(at, 0).await;
}

async fn a_storage_that_fails_is_said_to_and_recovers(mut at: Installation) {
    if at.backend == Backend::SqliteLocal {
        return a_full_disk_is_said_to(at).await;
    }
    let proxy = Proxy::start(&Servers::get().s3_endpoint).await;
    at.set("YUANTUS_S3_ENDPOINT_URL", proxy.url.clone());
    let World { admin, at, .. } = &World::start(at).await;
    let long: Vec<u8> = (0..9_000_000u32).map(|index| (index % 253) as u8).collect();
    for (fault, content) in [
        (Fault::Broken, &b"short"[..]),
        (Fault::Busy, b"short"),
        (Fault::Broken, &long),
        (Fault::Busy, &long),
        (Fault::GoesAway, &long),
    ] {
        proxy.set(fault);
        let refused = put(admin, "a.bin", content).await;
        assert_eq!(refused.status, 503, "{fault:?} {refused:?}");
        assert!(refused.headers.contains_key("retry-after"), "{fault:?}");
        assert!(!refused.text.contains("127.0.0.1"), "{refused:?}");
    }
    proxy.set(Fault::None);
    assert_eq!(admin.get("/search?q=a.bin").await.expect(200)["total"], 0);
    // One failure is tried again and nobody hears of it; neither of slowness.
    proxy.set(Fault::Once);
    put(admin, "once.bin", b"a failure in between").await.expect(200);
    proxy.set(Fault::Slow);
    let file = id(&put(admin, "long.bin", &long).await.expect(200));
    proxy.set(Fault::None);
    assert!(download(admin, &file, &[]).await.2 == long);
    assert_eq!(contents::all(at).len(), 2);
}

/// The program in a folder whose file system has room for a few megabytes.
async fn a_full_disk_is_said_to(mut at: Installation) {
    if std::env::var_os("YUANTUS_TEST_NO_MOUNT").is_some() {
        eprintln!("no file system can be mounted here, as scripts/test.sh said: a full disk is not tried");
        return;
    }
    let disk = SmallDisk::mount(&at.folder().join("small"));
    at.set("YUANTUS_LOCAL_STORAGE_PATH", disk.path.display().to_string());
    let World { admin, .. } = &World::start(at).await;
    let file = id(&upload(admin, "fits.bin", &vec![1; 3_000_000]).await);
    for size in [9_000_000, 20_000_000] {
        let refused = put(admin, "large.bin", &vec![2; size]).await;
        assert_eq!(refused.status, 503, "{refused:?}");
        assert_eq!(refused.json()["detail"]["code"], "STORAGE_FULL");
    }
    upload(admin, "small.bin", &vec![3; 1_000_000]).await;
    assert_eq!(download(admin, &file, &[]).await.2.len(), 3_000_000);
}

/// A file system of eight megabytes; mounting one is for root. Where that is not allowed, scripts/test.sh says so.
struct SmallDisk {
    path: std::path::PathBuf,
}

impl SmallDisk {
    fn mount(path: &std::path::Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m,mode=0777", "tmpfs"])
            .arg(path)
            .status();
        assert!(mounted.is_ok_and(|status| status.success()), "a small file system could not be mounted");
        Self { path: path.to_owned() }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

async fn a_tenant_does_not_store_more_than_it_may(mut at: Installation) {
    at.set("YUANTUS_QUOTA_MODE", "enforce");
    let world = World::start(at).await;
    let limits = world.at.cli(&["tenant", "quota", "acme", "--max-files", "3", "--max-storage-bytes", "6000000"]);
    assert!(limits.status.success(), "{}", String::from_utf8_lossy(&limits.stderr));
    let admin = &world.admin;
    upload(admin, "a.bin", &vec![1; 3_000_000]).await;
    let refused = put(admin, "b.bin", &vec![2; 4_000_000]).await.expect(429);
    assert_eq!(refused["detail"]["code"], "QUOTA_EXCEEDED");
    assert_eq!(refused["detail"]["resources"][0]["resource"], "storage_bytes");
    let announced = json!({"filename": "b.bin", "size": 4_000_000});
    let refused = admin.post("/file/uploads", &announced).await.expect(429);
    assert_eq!(refused["detail"]["code"], "QUOTA_EXCEEDED");
    // Of unknown length: cut off where the room ends.
    let body = chunked(40, 1_000_000, Duration::ZERO, None);
    let sent = admin.request(Method::PUT, "/file/upload?filename=grows.bin").body(body).send().await;
    if let Ok(response) = sent {
        assert_eq!(response.status(), 429);
    }
    // What is there already takes no room.
    assert_eq!(upload(admin, "again.bin", &vec![1; 3_000_000]).await["duplicate"], true);
    upload(admin, "c.bin", &vec![3; 1_000]).await;
    // Twenty at the last place.
    let last = (0..20u8).map(|number| {
        let admin = admin.clone();
        tokio::spawn(async move { put(&admin, "d.bin", &[100 + number; 1_000]).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for sent in last.collect::<Vec<_>>() {
        statuses.push(sent.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1..].iter().all(|status| *status == 429)), (200, true), "{statuses:?}");
    let quota = admin.get("/admin/quota").await.expect(200);
    assert_eq!((&quota["usage"]["files"], &quota["usage"]["storage_bytes"]), (&json!(3), &json!(3_002_000)));
}

async fn a_lost_content_is_told_of_and_healed(at: Installation) {
    let World { admin, at, .. } = &World::start(at).await;
    let file = upload(admin, "a.txt", b"content").await;
    let hash = file["checksum"].as_str().unwrap();
    let lost = contents::all(at).into_iter().find(|path| path.ends_with(hash)).unwrap();
    std::fs::remove_file(lost).unwrap();
    let (status, _, body) = download(admin, &id(&file), &[]).await;
    assert_eq!(status, 503);
    assert!(String::from_utf8(body).unwrap().contains("FILE_CONTENT_MISSING"));
    assert_eq!(upload(admin, "a.txt", b"content").await["id"], file["id"]);
    assert_eq!(download(admin, &id(&file), &[]).await.2, b"content");
}

async fn a_content_of_another_length_is_not_served(at: Installation) {
    let World { admin, at, .. } = &World::start(at).await;
    let content = b"a content of some length";
    let file = upload(admin, "a.txt", content).await;
    for damage in [&content[..10], b"a content of some length, and something behind it"] {
        std::fs::write(contents::object(at, content), damage).unwrap();
        for range in [None, Some("bytes=0-4"), Some("bytes=20-")] {
            let headers: Vec<_> = range.map(|range| ("range", range)).into_iter().collect();
            let (status, _, body) = download(admin, &id(&file), &headers).await;
            assert_eq!(status, 503, "{range:?}");
            assert!(String::from_utf8(body).unwrap().contains("FILE_CONTENT_DAMAGED"));
        }
    }
    upload(admin, "a.txt", content).await;
    assert_eq!(download(admin, &id(&file), &[]).await.2, content);
}

/// Each with its 503, and nothing that was begun is lost.
async fn every_way_to_a_storage_that_fails_says_so(mut at: Installation) {
    if at.backend == Backend::SqliteLocal {
        return a_broken_directory_is_said_to(at).await;
    }
    let proxy = Proxy::start(&Servers::get().s3_endpoint).await;
    at.set("YUANTUS_S3_ENDPOINT_URL", proxy.url.clone());
    at.set("YUANTUS_S3_PUBLIC_ENDPOINT_URL", Servers::get().s3_endpoint.clone());
    let World { admin, .. } = &World::start(at).await;
    let file = id(&upload(admin, "there.bin", b"there").await);
    let announced = json!({"filename": "a.bin", "size": 5});
    let begun = admin.post("/file/uploads", &announced).await.expect(200);
    let path = format!("/file/uploads/{}", id(&begun));
    let link = begun["parts"][0]["url"].as_str().unwrap();
    assert_eq!(reqwest::Client::new().put(link).body("parts").send().await.unwrap().status(), 200);
    for fault in [Fault::Broken, Fault::Busy] {
        proxy.set(fault);
        let refused = [
            put(admin, "b.bin", b"short").await,
            reply(admin.request(Method::GET, &format!("/file/{file}/download"))).await,
            admin.post("/file/uploads", &announced).await,
            admin.get(&path).await,
            admin.get(&format!("{path}/parts")).await,
            reply(admin.request(Method::POST, &format!("{path}/complete"))).await,
        ];
        for (number, refused) in refused.into_iter().enumerate() {
            assert_eq!(refused.status, 503, "{fault:?} {number} {refused:?}");
            assert!(refused.headers.contains_key("retry-after"), "{fault:?} {number}");
            assert!(!refused.text.contains("127.0.0.1"), "{refused:?}");
        }
    }
    proxy.set(Fault::None);
    let done = reply(admin.request(Method::POST, &format!("{path}/complete"))).await.expect(200);
    assert_eq!(download(admin, &id(&done), &[]).await.2, b"parts");
    // One that is given up meanwhile ends when the storage is back.
    let other = admin.post("/file/uploads", &announced).await.expect(200);
    proxy.set(Fault::Broken);
    assert_eq!(admin.delete(&format!("/file/uploads/{}", id(&other))).await.status, 503);
    proxy.set(Fault::None);
    admin.get(&format!("/file/uploads/{}", id(&other))).await.expect(404);
}

/// A file where a folder should be: nothing can be written below it.
async fn a_broken_directory_is_said_to(at: Installation) {
    let World { admin, at, .. } = &World::start(at).await;
    upload(admin, "there.bin", b"there").await;
    let begun = admin.post("/file/uploads", &json!({"filename": "a.bin", "size": 5})).await.expect(200);
    for folder in ["parts", "uploads"] {
        let path = contents::folder(at).join(folder);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::write(path, "no folder").unwrap();
    }
    let part = format!("/file/uploads/{}/parts/1", id(&begun));
    for refused in [
        reply(admin.request(Method::PUT, &part).body("parts")).await,
        put(admin, "long.bin", &vec![1; 9_000_000]).await,
        put(admin, "short.bin", b"short").await,
    ] {
        assert_eq!(refused.status, 503, "{refused:?}");
        assert!(!refused.text.contains("no folder"), "{refused:?}");
    }
}

async fn uploads_that_are_open_take_the_room_that_they_announced(mut at: Installation) {
    at.set("YUANTUS_QUOTA_MODE", "enforce");
    let world = World::start(at).await;
    let limits = world.at.cli(&["tenant", "quota", "acme", "--max-storage-bytes", "6000000"]);
    assert!(limits.status.success(), "{}", String::from_utf8_lossy(&limits.stderr));
    let admin = &world.admin;
    let announced = json!({"filename": "b.bin", "size": 4_000_000, "generate_preview": false});
    let first = admin.post("/file/uploads", &announced).await.expect(200);
    for refused in [admin.post("/file/uploads", &announced).await, put(admin, "a.bin", &vec![1; 3_000_000]).await] {
        assert_eq!(refused.expect(429)["detail"]["code"], "QUOTA_EXCEEDED");
    }
    upload(admin, "fits.bin", &vec![1; 1_000_000]).await;
    // Given up, it leaves its room to others; completed, it takes no more than before.
    admin.delete(&format!("/file/uploads/{}", id(&first))).await.expect(200);
    let second = admin.post("/file/uploads", &announced).await.expect(200);
    let content = vec![2; 4_000_000];
    let url = second["parts"][0]["url"].as_str().unwrap();
    let sent = match url.strip_prefix("/api/v1") {
        Some(path) => reply(admin.request(Method::PUT, path).body(content.clone())).await.status,
        None => reqwest::Client::new().put(url).body(content.clone()).send().await.unwrap().status(),
    };
    assert_eq!(sent, 200);
    let done = reply(admin.request(Method::POST, &format!("/file/uploads/{}/complete", id(&second)))).await.expect(200);
    assert!(download(admin, &id(&done), &[]).await.2 == content);
    let quota = admin.get("/admin/quota").await.expect(200);
    assert_eq!((&quota["usage"]["files"], &quota["usage"]["storage_bytes"]), (&json!(2), &json!(5_000_000)));
    put(admin, "a.bin", &vec![3; 1_500_000]).await.expect(429);
    put(admin, "a.bin", &vec![3; 900_000]).await.expect(200);
}

async fn only_so_many_files_are_taken_at_once(mut at: Installation) {
    at.set("YUANTUS_STORAGE__MAX_CONCURRENT_UPLOADS", "1");
    let World { admin, .. } = &World::start(at).await;
    let slow = chunked(20, 100_000, Duration::from_millis(150), None);
    let sent = tokio::spawn(reply(admin.request(Method::PUT, "/file/upload?filename=slow.bin").body(slow)));
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let refused = put(admin, "a.bin", b"another").await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]["code"]), (503, &json!("TOO_MANY_UPLOADS_AT_ONCE")));
    assert!(refused.headers.contains_key("retry-after"));
    // What is no upload goes on.
    admin.get("/file/uploads").await.expect(200);
    sent.await.unwrap().expect(200);
    put(admin, "a.bin", b"another").await.expect(200);
}
