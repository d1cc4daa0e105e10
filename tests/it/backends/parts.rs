//! Contents that arrive in parts, on each backend: one body, where S3 takes the parts by links that it signed for.

use std::path::Path;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::io::AsyncReadExt;
use uuid::Uuid;
use yuantus::error::Kind;
use yuantus::storage::{Encryption, PartedUpload, S3Target, Storage, StorageTarget, StoredPart, TenantStore};
use yuantus::types::{OrgId, TenantId};

use super::storage::s3_target;
use crate::support::contents::{below, bytes, parts_of};
use crate::support::s3;

const MIB: usize = 1024 * 1024;
/// S3 takes no shorter part but the last.
const PART: usize = 5 * MIB;
const LIFE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_local_directory_takes_parts() {
    let directory = tempfile::tempdir().unwrap();
    takes_parts(&StorageTarget::Local { path: directory.path().to_owned() }).await;
    wait_until_empty(directory.path()).await;
}

#[tokio::test]
async fn memory_takes_parts() {
    takes_parts(&StorageTarget::Memory).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL and S3: scripts/test.sh, or cargo nextest run --run-ignored all"]
async fn s3_takes_parts() {
    let bucket = format!("yt-{}", short());
    s3::create_bucket(&bucket).unwrap();
    let target = s3_target(&bucket);
    takes_parts(&StorageTarget::S3(target.clone())).await;
    links_take_what_they_were_signed_for(&target).await;
    a_lost_answer_to_joining_is_made_up_for(&target).await;
    encryption_is_asked_for(&target).await;
    machine_credentials_take_parts_through_the_server(&target).await;
    s3::drop_bucket(&bucket).unwrap();
}

async fn takes_parts(target: &StorageTarget) {
    let store = bind(target);
    parts_in_any_order_form_the_content(&store).await;
    a_part_sent_again_replaces_the_earlier_one(&store).await;
    uploads_do_not_see_each_other(&store).await;
    discarding_leaves_nothing_and_can_be_repeated(&store).await;
    if store.begin_parts(Uuid::new_v4()).await.unwrap().multipart.is_none() {
        parts_of_another_length_are_refused(&store).await;
    }
}

fn bind(target: &StorageTarget) -> TenantStore {
    let run = format!("t{}", short());
    Storage::connect(target).unwrap().bind(&TenantId::new(run).unwrap(), &OrgId::new("org-1").unwrap())
}

/// The server of the tests makes one file name of bucket and key, which has an end.
fn short() -> String {
    Uuid::new_v4().simple().to_string()[..12].to_owned()
}

async fn send(store: &TenantStore, upload: &PartedUpload, number: u32, content: &[u8]) {
    let size = content.len() as u64;
    match store.part_link(upload, number, size, LIFE).await.unwrap() {
        Some(link) => {
            let response = reqwest::Client::new().put(link.url).body(content.to_vec()).send().await.unwrap();
            assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
        }
        None => store.put_part(upload, number, size, content).await.unwrap(),
    }
}

async fn read_whole(store: &TenantStore, upload: &PartedUpload, parts: &[StoredPart]) -> Vec<u8> {
    store.join_parts(upload, parts).await.unwrap();
    let received = store.receive_parts(upload, parts, u64::MAX).await.unwrap();
    let stored = received.publish(0).await.unwrap().sha256.edition(0);
    store.discard_parts(upload).await.unwrap();
    let mut content = Vec::new();
    store.get(&stored).await.unwrap().into_reader().read_to_end(&mut content).await.unwrap();
    store.delete(&stored).await.unwrap();
    content
}

async fn parts_in_any_order_form_the_content(store: &TenantStore) {
    let content = bytes(2 * PART + 77, 1);
    let upload = store.begin_parts(Uuid::new_v4()).await.unwrap();
    let cut: Vec<_> = content.chunks(PART).zip(1..).collect();
    stream::iter(cut.into_iter().rev())
        .for_each_concurrent(3, |(part, number)| send(store, &upload, number, part))
        .await;
    let parts = store.stored_parts(&upload).await.unwrap();
    let shapes: Vec<_> = parts.iter().map(|part| (part.number, part.size)).collect();
    assert_eq!(shapes, [(1, PART as u64), (2, PART as u64), (3, 77)]);
    assert!(read_whole(store, &upload, &parts).await == content);
}

async fn a_part_sent_again_replaces_the_earlier_one(store: &TenantStore) {
    let upload = store.begin_parts(Uuid::new_v4()).await.unwrap();
    send(store, &upload, 1, b"the first attempt").await;
    send(store, &upload, 1, b"the second").await;
    let parts = store.stored_parts(&upload).await.unwrap();
    assert_eq!((parts.len(), parts[0].size), (1, 10));
    assert_eq!(read_whole(store, &upload, &parts).await, b"the second");
}

async fn uploads_do_not_see_each_other(store: &TenantStore) {
    let one = store.begin_parts(Uuid::new_v4()).await.unwrap();
    let other = store.begin_parts(Uuid::new_v4()).await.unwrap();
    send(store, &one, 1, b"one").await;
    assert!(store.stored_parts(&other).await.unwrap().is_empty());
    store.discard_parts(&other).await.unwrap();
    assert_eq!(store.stored_parts(&one).await.unwrap().len(), 1);
    store.discard_parts(&one).await.unwrap();
}

async fn discarding_leaves_nothing_and_can_be_repeated(store: &TenantStore) {
    let upload = store.begin_parts(Uuid::new_v4()).await.unwrap();
    send(store, &upload, 1, &bytes(PART, 2)).await;
    send(store, &upload, 2, b"end").await;
    let link = store.part_link(&upload, 3, 4, LIFE).await.unwrap();
    store.discard_parts(&upload).await.unwrap();
    assert_eq!(remains(&upload), 0);
    match link {
        Some(link) => {
            let late = reqwest::Client::new().put(link.url).body("late").send().await.unwrap();
            assert!(late.status().is_client_error(), "an upload that was given up takes no parts");
        }
        None => {
            store.discard_parts(&upload).await.unwrap();
            assert!(store.stored_parts(&upload).await.unwrap().is_empty());
        }
    }
}

fn remains(upload: &PartedUpload) -> usize {
    upload.multipart.as_deref().map_or(0, parts_of)
}

async fn parts_of_another_length_are_refused(store: &TenantStore) {
    let upload = store.begin_parts(Uuid::new_v4()).await.unwrap();
    store.put_part(&upload, 1, 5, &b"right"[..]).await.unwrap();
    for (content, kind, code) in [
        (&b"too long"[..], Kind::TooLarge, "PART_TOO_LARGE"),
        (&b"lack"[..], Kind::BadRequest, "PART_TOO_SHORT"),
        (&b""[..], Kind::BadRequest, "PART_TOO_SHORT"),
    ] {
        let error = store.put_part(&upload, 1, 5, content).await.unwrap_err();
        assert_eq!((error.kind(), error.code_name()), (kind, Some(code)));
    }
    // What was there before a failed attempt still is.
    let parts = store.stored_parts(&upload).await.unwrap();
    assert_eq!(read_whole(store, &upload, &parts).await, b"right");
}

async fn links_take_what_they_were_signed_for(s3: &S3Target) {
    let store = bind(&StorageTarget::S3(s3.clone()));
    let upload = store.begin_parts(Uuid::new_v4()).await.unwrap();
    let link = store.part_link(&upload, 1, 5, LIFE).await.unwrap().unwrap().url;
    let put = |url: reqwest::Url, body: &'static str| async move {
        reqwest::Client::new().put(url).body(body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(put(link.clone(), "more than five").await, 403, "the length is signed");
    let other = |name: &str, value: &str| {
        let mut url = link.clone();
        let pairs: Vec<_> = link.query_pairs().into_owned().filter(|(other, _)| other != name).collect();
        url.query_pairs_mut().clear().extend_pairs(pairs).append_pair(name, value);
        url
    };
    assert_eq!(put(other("partNumber", "2"), "right").await, 403, "the number is signed");
    assert_eq!(put(other("uploadId", &Uuid::new_v4().to_string()), "right").await, 403, "the upload is signed");
    let mut key = link.clone();
    key.set_path(&link.path().replace("/org-1/", "/org-2/"));
    assert_eq!(put(key, "right").await, 403, "the key is signed");
    assert!(store.stored_parts(&upload).await.unwrap().is_empty());
    assert_eq!(put(link, "right").await, 200);
    let through_us = store.put_part(&upload, 1, 5, &b"right"[..]).await.unwrap_err();
    assert_eq!(through_us.code_name(), Some("PART_HAS_A_LINK"));
    let short = store.part_link(&upload, 1, 5, Duration::from_secs(1)).await.unwrap().unwrap().url;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(put(short, "right").await, 403, "a link ends");
    store.discard_parts(&upload).await.unwrap();
}

async fn a_lost_answer_to_joining_is_made_up_for(s3: &S3Target) {
    let store = bind(&StorageTarget::S3(s3.clone()));
    let upload = store.begin_parts(Uuid::new_v4()).await.unwrap();
    send(&store, &upload, 1, b"joined").await;
    let parts = store.stored_parts(&upload).await.unwrap();
    assert_eq!(store.joined_size(&upload).await.unwrap(), None);
    store.join_parts(&upload, &parts).await.unwrap();
    assert_eq!(store.joined_size(&upload).await.unwrap(), Some(6));
    store.join_parts(&upload, &parts).await.unwrap();
    assert_eq!(read_whole(&store, &upload, &parts).await, b"joined");
    assert_eq!(store.joined_size(&upload).await.unwrap(), None);
}

/// The server of the tests takes the headers and encrypts nothing; that they are signed and accepted is what shows.
async fn encryption_is_asked_for(s3: &S3Target) {
    let kms = Encryption::Kms { key_id: Some("alias/plm".to_owned()) };
    for encryption in [Encryption::Aes256, Encryption::Kms { key_id: None }, kms] {
        let store = bind(&StorageTarget::S3(S3Target { encryption, ..s3.clone() }));
        parts_in_any_order_form_the_content(&store).await;
        let long = bytes(9 * MIB, 5);
        let stored = store.put(&long[..], u64::MAX).await.unwrap();
        assert_eq!(store.size(&stored.sha256.edition(0)).await.unwrap(), long.len() as u64);
    }
}

async fn machine_credentials_take_parts_through_the_server(s3: &S3Target) {
    let target = S3Target { access_key_id: None, secret_access_key: None, ..s3.clone() };
    let Ok(storage) = Storage::connect(&StorageTarget::S3(target)) else { panic!("credentials are looked for later") };
    let store = storage.bind(&TenantId::new("machine").unwrap(), &OrgId::new("org-1").unwrap());
    assert_eq!(store.begin_parts(Uuid::new_v4()).await.unwrap().multipart, None);
}

/// What removes a part that was given up outlives the call.
async fn wait_until_empty(root: &Path) {
    for _ in 0..200 {
        if below(root).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("left behind: {:?}", below(root));
}
