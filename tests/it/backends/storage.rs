//! What a storage promises, on each backend: one body, run on a local directory, in memory and on S3.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use yuantus::error::Kind;
use yuantus::storage::{Blob, ContentHash, Encryption, ObjectId, S3Target, Storage, StorageTarget, TenantStore};
use yuantus::types::{OrgId, TenantId};

use crate::support::contents::bytes;
use crate::support::s3;
use crate::support::servers::Servers;

const MIB: usize = 1024 * 1024;
/// Longer than what is held in memory, and than one part of an S3 upload.
const LONG: usize = 21 * MIB + 5;

#[tokio::test]
async fn a_local_directory_keeps_the_promises() {
    let directory = tempfile::tempdir().unwrap();
    keeps_the_promises(&StorageTarget::Local { path: directory.path().to_owned() }).await;
}

#[tokio::test]
async fn memory_keeps_the_promises() {
    keeps_the_promises(&StorageTarget::Memory).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL and S3: scripts/test.sh, or cargo nextest run --run-ignored all"]
async fn s3_keeps_the_promises() {
    let bucket = format!("yt-storage-{}", uuid::Uuid::new_v4().simple());
    s3::create_bucket(&bucket).unwrap();
    let target = s3_target(&bucket);
    keeps_the_promises(&StorageTarget::S3(target.clone())).await;
    links_download_the_content_under_its_name(&target).await;
    wrong_credentials_are_no_missing_content(&target).await;
    s3::drop_bucket(&bucket).unwrap();
}

pub fn s3_target(bucket: &str) -> S3Target {
    let servers = Servers::get();
    S3Target {
        endpoint_url: Some(servers.s3_endpoint.clone()),
        public_endpoint_url: None,
        bucket: bucket.to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: Some(servers.s3_access_key_id.clone()),
        secret_access_key: Some(servers.s3_secret_access_key.clone()),
        virtual_host_style: false,
        encryption: Encryption::None,
    }
}

/// Every promise that holds on every backend.
pub async fn keeps_the_promises(target: &StorageTarget) {
    let storage = Storage::connect(target).unwrap();
    storage.probe().await.unwrap();
    contents_come_back_as_they_were(&storage).await;
    a_range_is_the_requested_part(&storage).await;
    a_missing_content_is_not_found(&storage).await;
    storing_and_deleting_can_be_repeated(&storage).await;
    tenants_with_the_same_content_have_separate_objects(&storage).await;
    a_refused_upload_is_not_stored(&storage).await;
    many_uploads_at_once_all_arrive(&storage).await;
}

/// Organisations of the run's own, so that it can be repeated on one bucket.
fn bind(storage: &Storage, org: &str) -> TenantStore {
    let run = format!("t{}", uuid::Uuid::new_v4().simple());
    storage.bind(&TenantId::new(run).unwrap(), &OrgId::new(org).unwrap())
}

async fn read(blob: Blob) -> Vec<u8> {
    let mut content = Vec::new();
    blob.into_reader().read_to_end(&mut content).await.unwrap();
    content
}

async fn put(store: &TenantStore, content: &[u8]) -> ObjectId {
    store.put(content, u64::MAX).await.unwrap().sha256.edition(0)
}

async fn contents_come_back_as_they_were(storage: &Storage) {
    let store = bind(storage, "org-1");
    for length in [0, 1, MIB, LONG] {
        let content = bytes(length, 0);
        let stored = store.put(&content[..], u64::MAX).await.unwrap();
        assert_eq!(stored.size, length as u64);
        assert_eq!(store.size(&stored.sha256.edition(0)).await.unwrap(), length as u64);
        let blob = store.get(&stored.sha256.edition(0)).await.unwrap();
        assert_eq!(blob.total, length as u64);
        assert!(read(blob).await == content, "{length} bytes");
    }
    let abc = put(&store, b"abc").await;
    assert_eq!(abc.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

async fn a_range_is_the_requested_part(storage: &Storage) {
    let store = bind(storage, "org-1");
    let hash = put(&store, b"0123456789").await;
    let part = store.get_range(&hash, 10, 2..5).await.unwrap();
    assert_eq!((part.total, part.range.clone()), (10, 2..5));
    assert_eq!(read(part).await, b"234");
    let rest = store.get_range(&hash, 10, 7..u64::MAX).await.unwrap();
    assert_eq!(rest.range, 7..10);
    assert_eq!(read(rest).await, b"789");
    let beyond = store.get_range(&hash, 10, 10..12).await.err().unwrap();
    assert_eq!((beyond.kind(), beyond.code_name()), (Kind::OutOfRange, Some("RANGE_NOT_SATISFIABLE")));
}

async fn a_missing_content_is_not_found(storage: &Storage) {
    let store = bind(storage, "org-1");
    let hash = ContentHash::from_bytes([7; 32]).edition(0);
    assert!(!store.exists(&hash).await.unwrap());
    assert_eq!(store.size(&hash).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(store.get(&hash).await.err().unwrap().kind(), Kind::NotFound);
    assert_eq!(store.get_range(&hash, 10, 0..1).await.err().unwrap().kind(), Kind::NotFound);
    store.delete(&hash).await.unwrap();
}

async fn storing_and_deleting_can_be_repeated(storage: &Storage) {
    let store = bind(storage, "org-1");
    for content in [bytes(100, 1), bytes(LONG, 1)] {
        let first = put(&store, &content).await;
        assert_eq!(put(&store, &content).await, first);
        store.delete(&first).await.unwrap();
        store.delete(&first).await.unwrap();
        assert!(!store.exists(&first).await.unwrap());
        assert_eq!(put(&store, &content).await, first);
        assert!(store.exists(&first).await.unwrap());
    }
}

async fn tenants_with_the_same_content_have_separate_objects(storage: &Storage) {
    let (one, other) = (bind(storage, "org-1"), bind(storage, "org-1"));
    for content in [bytes(100, 2), bytes(LONG, 2)] {
        let hash = put(&one, &content).await;
        assert_eq!(other.get(&hash).await.err().unwrap().kind(), Kind::NotFound);
        let link =
            other.link(&hash, content.len() as u64, Duration::from_secs(60), "a.bin", "application/octet-stream").await;
        assert!(matches!(&link, Ok(None)) || link.is_err_and(|error| error.kind() == Kind::NotFound));

        assert_eq!(put(&other, &content).await, hash);
        one.delete(&hash).await.unwrap();
        assert!(read(other.get(&hash).await.unwrap()).await == content);
    }
}

async fn a_refused_upload_is_not_stored(storage: &Storage) {
    let store = bind(storage, "org-1");
    let roomy = bind(storage, "org-2");
    for length in [100, LONG] {
        let content = bytes(length, 3);
        let error = store.put(&content[..], length as u64 - 1).await.unwrap_err();
        assert_eq!(error.kind(), Kind::TooLarge);
        assert!(!store.exists(&put(&roomy, &content).await).await.unwrap());
    }
    assert_eq!(store.sweep_remains(Duration::ZERO, false).await.unwrap().objects, 0);
}

async fn many_uploads_at_once_all_arrive(storage: &Storage) {
    let store = bind(storage, "org-1");
    let contents: Vec<_> = (0..6).map(|seed| bytes(5 * MIB, seed)).collect();
    let uploads = contents.iter().map(|content| put(&store, content));
    let hashes = futures::future::join_all(uploads).await;
    for (hash, content) in hashes.iter().zip(&contents) {
        assert!(read(store.get(hash).await.unwrap()).await == *content);
    }
}

async fn links_download_the_content_under_its_name(s3: &S3Target) {
    let store = bind(&Storage::connect(&StorageTarget::S3(s3.clone())).unwrap(), "org-1");
    let hash = put(&store, b"solid").await;
    let damaged = store.link(&hash, 6, Duration::from_secs(60), "a.stl", "model/stl").await.unwrap_err();
    assert_eq!(damaged.code_name(), Some("FILE_CONTENT_DAMAGED"));
    let link = store.link(&hash, 5, Duration::from_secs(60), "Gehäuse 1.stl", "model/stl").await.unwrap().unwrap();

    let response = reqwest::get(link.clone()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "model/stl");
    let disposition = response.headers()["content-disposition"].to_str().unwrap();
    assert!(disposition.ends_with("filename*=UTF-8''Geh%C3%A4use%201.stl"), "{disposition}");
    assert_eq!(response.bytes().await.unwrap(), b"solid"[..]);

    let mut other_key = link.clone();
    other_key.set_path(&link.path().replace("/org-1/", "/org-2/"));
    assert_eq!(reqwest::get(other_key).await.unwrap().status(), 403, "a link is good for one object");

    let short = store.link(&hash, 5, Duration::from_secs(1), "a.stl", "model/stl").await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(reqwest::get(short).await.unwrap().status(), 403, "a link ends");

    a_link_is_signed_for_the_public_endpoint(s3).await;
}

/// `localhost` and `127.0.0.1` reach the same server, and only one of them is signed.
async fn a_link_is_signed_for_the_public_endpoint(s3: &S3Target) {
    let inner = s3.endpoint_url.clone().unwrap();
    let public = if inner.contains("127.0.0.1") {
        inner.replace("127.0.0.1", "localhost")
    } else {
        inner.replace("localhost", "127.0.0.1")
    };
    if public == inner {
        return;
    }
    let target = S3Target { public_endpoint_url: Some(public.clone()), ..s3.clone() };
    let store = bind(&Storage::connect(&StorageTarget::S3(target)).unwrap(), "org-1");
    let hash = put(&store, b"public").await;
    let link = store.link(&hash, 6, Duration::from_secs(60), "a.stl", "model/stl").await.unwrap().unwrap();
    assert!(link.as_str().starts_with(&public), "{}", link.path());
    let response = reqwest::get(link).await.unwrap();
    assert_eq!((response.status().as_u16(), response.bytes().await.unwrap().as_ref()), (200, &b"public"[..]));
}

async fn wrong_credentials_are_no_missing_content(s3: &S3Target) {
    let target = S3Target { secret_access_key: Some("wrong".to_owned()), ..s3.clone() };
    let storage = Storage::connect(&StorageTarget::S3(target)).unwrap();
    assert_eq!(storage.probe().await.unwrap_err().kind(), Kind::Internal);
    let error = bind(&storage, "org-1").exists(&ContentHash::from_bytes([1; 32]).edition(0)).await.unwrap_err();
    assert_ne!(error.kind(), Kind::NotFound);
}
