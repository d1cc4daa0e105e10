//! What stays behind in the storage after uploads that end in every way; behaviour that needs to see the keys.

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::StreamExt;
use tokio::io::ReadBuf;

use super::*;
use crate::storage::{Remains, Storage, StorageTarget};
use crate::types::{OrgId, TenantId};

const LONG: usize = SHORT + 3 * CHUNK + 17;

fn bind(target: &StorageTarget) -> TenantStore {
    let storage = Storage::connect(target).unwrap();
    storage.bind(&TenantId::new("acme").unwrap(), &OrgId::new("plant").unwrap())
}

fn local() -> (tempfile::TempDir, TenantStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = bind(&StorageTarget::Local { path: directory.path().to_owned() });
    (directory, store)
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 31 % 251) as u8).collect()
}

fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

async fn read(store: &TenantStore, hash: &ContentHash) -> Vec<u8> {
    let mut content = Vec::new();
    store.get(&hash.edition(0)).await.unwrap().into_reader().read_to_end(&mut content).await.unwrap();
    content
}

/// Yields `length` zeros, then fails, or never ends.
struct Broken {
    length: usize,
    hangs: bool,
}

impl AsyncRead for Broken {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.length == 0 {
            return if self.hangs { Poll::Pending } else { Poll::Ready(Err(io::Error::other("hung up"))) };
        }
        let count = self.length.min(buf.remaining());
        buf.initialize_unfilled_to(count);
        buf.advance(count);
        self.length -= count;
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn contents_of_every_length_come_back_as_they_were() {
    let (_directory, on_disk) = local();
    for store in [on_disk, bind(&StorageTarget::Memory)] {
        for length in [0, 1, CHUNK, SHORT - 1, SHORT, SHORT + 1, LONG] {
            let content = bytes(length);
            let stored = store.put(&content[..], u64::MAX).await.unwrap();
            assert_eq!(stored.size, length as u64);
            assert_eq!(stored.sha256.as_bytes()[..], Sha256::digest(&content)[..]);
            assert!(read(&store, &stored.sha256).await == content, "{length}");
        }
    }
}

#[tokio::test]
async fn storing_the_same_content_twice_keeps_one_object() {
    let (directory, store) = local();
    for length in [5, LONG] {
        let first = store.put(&bytes(length)[..], u64::MAX).await.unwrap();
        let second = store.put(&bytes(length)[..], u64::MAX).await.unwrap();
        assert_eq!(first, second);
    }
    let found = files(directory.path());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|path| path.starts_with("tenants/acme/plant/blobs/")), "{found:?}");
}

#[tokio::test]
async fn a_source_that_fails_leaves_nothing_behind() {
    let (directory, store) = local();
    for length in [10, LONG] {
        let error = store.put(Broken { length, hangs: false }, u64::MAX).await.unwrap_err();
        assert_eq!(error.kind(), Kind::BadRequest);
    }
    wait_until_empty(directory.path()).await;
}

#[tokio::test]
async fn a_content_over_the_limit_is_refused_and_leaves_nothing_behind() {
    let (directory, store) = local();
    for length in [10, LONG] {
        let error = store.put(&bytes(length)[..], length as u64 - 1).await.unwrap_err();
        assert_eq!(error.kind(), Kind::TooLarge);
    }
    wait_until_empty(directory.path()).await;
    assert!(store.put(&bytes(10)[..], 10).await.is_ok());
}

#[tokio::test]
async fn an_upload_whose_client_hangs_up_leaves_nothing_behind() {
    let (directory, store) = local();
    let upload = store.put(Broken { length: LONG, hangs: true }, u64::MAX);
    let arriving = async {
        while files(directory.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = upload => panic!("the source never ends"),
        () = arriving => {}
    }
    wait_until_empty(directory.path()).await;
}

/// The task that cleans up outlives the call.
async fn wait_until_empty(root: &Path) {
    for _ in 0..100 {
        if files(root).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("left behind: {:?}", files(root));
}

#[tokio::test]
async fn an_error_of_the_product_inside_the_source_is_passed_on() {
    let (_directory, store) = local();
    let failing = futures::stream::iter([Err::<Bytes, _>(io::Error::other(Error::conflict("checked in meanwhile")))]);
    let error = store.put(tokio_util::io::StreamReader::new(failing), u64::MAX).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
}

#[tokio::test]
async fn a_truncated_object_is_repaired_by_storing_it_again() {
    let (directory, store) = local();
    let stored = store.put(&b"a whole drawing"[..], u64::MAX).await.unwrap();
    std::fs::write(directory.path().join(store.keys.blob(&stored.sha256.edition(0))), b"a who").unwrap();

    store.put(&b"a whole drawing"[..], u64::MAX).await.unwrap();
    assert_eq!(read(&store, &stored.sha256).await, b"a whole drawing");
}

#[tokio::test]
async fn the_same_content_can_be_stored_by_many_at_once() {
    let (directory, store) = local();
    let content = bytes(LONG);
    let uploads = (0..8).map(|_| store.put(&content[..], u64::MAX));
    futures::future::try_join_all(uploads).await.unwrap();
    assert_eq!(files(directory.path()).len(), 1);
}

#[tokio::test]
async fn sweeping_removes_old_remains_of_uploads_only() {
    let (directory, store) = local();
    let stored = store.put(&b"kept"[..], u64::MAX).await.unwrap();
    store.backend.operator.write(&store.keys.upload(), "half a drawing").await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;

    assert_eq!(store.sweep_remains(Duration::from_secs(60), false).await.unwrap().objects, 0);
    let found = Remains { objects: 1, bytes: 14 };
    assert_eq!(store.sweep_remains(Duration::ZERO, true).await.unwrap(), found);
    assert_eq!(store.sweep_remains(Duration::ZERO, false).await.unwrap(), found);
    assert_eq!(files(directory.path()), [store.keys.blob(&stored.sha256.edition(0))]);
}

#[tokio::test]
async fn a_removal_of_an_edition_reaches_no_later_one() {
    let (_directory, on_disk) = local();
    for store in [on_disk, bind(&StorageTarget::Memory)] {
        for content in [bytes(10), bytes(LONG)] {
            let first = store.put(&content[..], u64::MAX).await.unwrap().sha256.edition(0);
            store.delete(&first).await.unwrap();
            store.receive(&content[..], u64::MAX).await.unwrap().publish(1).await.unwrap();
            // Carried out once more, late.
            store.delete(&first).await.unwrap();
            let second = first.sha256.edition(1);
            assert_eq!(store.size(&second).await.unwrap(), content.len() as u64);
            let listed: Vec<_> = store.contents().await.unwrap().map(|one| one.unwrap().object).collect().await;
            assert!(listed.contains(&second) && !listed.contains(&first), "{listed:?}");
        }
    }
}

#[tokio::test]
async fn an_object_of_another_length_is_neither_linked_nor_read_in_part() {
    let (directory, store) = local();
    let object = store.put(&b"a whole drawing"[..], u64::MAX).await.unwrap().sha256.edition(0);
    for damage in [&b"a who"[..], b"a whole drawing and more"] {
        std::fs::write(directory.path().join(store.keys.blob(&object)), damage).unwrap();
        for range in [0..15, 10..15] {
            let error = store.get_range(&object, 15, range).await.err().unwrap();
            assert_eq!((error.kind(), error.code_name()), (Kind::Unavailable, Some("FILE_CONTENT_DAMAGED")));
        }
    }
}

#[tokio::test]
async fn parts_that_are_old_are_found_by_their_upload() {
    let (_directory, store) = local();
    let upload = store.begin_parts(uuid::Uuid::new_v4()).await.unwrap();
    store.put_part(&upload, 1, 5, &b"parts"[..]).await.unwrap();
    store.put_part(&upload, 2, 3, &b"two"[..]).await.unwrap();
    let now = chrono::Utc::now();
    let minute = chrono::TimeDelta::minutes(1);
    assert_eq!(store.part_remains(now - minute).await.unwrap(), []);
    let found = store.part_remains(now + minute).await.unwrap();
    assert_eq!(found, [(upload.id, Remains { objects: 2, bytes: 8 })]);
}
