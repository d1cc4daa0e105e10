//! `yuantus storage copy`: complete, checked, resumable, and confined to each organisation.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use yuantus::storage::{ContentHash, Storage, StorageTarget, TenantStore};
use yuantus::types::{OrgId, TenantId};

use crate::support::contents::below;
use crate::support::files::bring;
use crate::support::world::{World, create_tenant};
use crate::support::{Backend, Installation, on_every_backend, s3};

on_every_backend!(
    a_copy_there_and_back_is_identical,
    an_interrupted_copy_goes_on_and_damage_is_not_copied,
    one_tenant_is_copied_alone,
);

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

fn ok(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    json(output)
}

/// A directory bound as an organisation's store.
fn local(path: &Path, tenant: &str) -> TenantStore {
    let storage = Storage::connect(&StorageTarget::Local { path: path.to_owned() }).unwrap();
    storage.bind(&TenantId::new(tenant).unwrap(), &OrgId::new("org-1").unwrap())
}

async fn fill(store: &TenantStore, count: u8) -> Vec<ContentHash> {
    let mut hashes = Vec::new();
    for seed in 0..count {
        let length = if seed == 0 { 9 * 1024 * 1024 + 1 } else { usize::from(seed) * 1000 };
        let content: Vec<u8> = (0..length).map(|index| (index % 251) as u8 ^ seed).collect();
        hashes.push(store.put(&content[..], u64::MAX).await.unwrap().sha256);
    }
    hashes
}

fn files(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let read = |path: PathBuf| (path.strip_prefix(root).unwrap().to_owned(), std::fs::read(&path).unwrap());
    below(root).into_iter().map(read).collect()
}

async fn a_copy_there_and_back_is_identical(at: Installation) {
    create_tenant(&at, "acme");
    create_tenant(&at, "umbra");
    let (old, back) = (at.folder().join("old"), at.folder().join("back"));
    fill(&local(&old, "acme"), 5).await;
    fill(&local(&old, "umbra"), 3).await;
    // What belongs to nobody that is known is not copied.
    fill(&local(&old, "stranger"), 2).await;

    let from = format!("local:{}", old.display());
    let dry = ok(&at.cli(&["storage", "copy", "--from", &from, "--to", "configured", "--dry-run", "--json"]));
    assert_eq!((&dry[0]["organisation"], &dry[0]["copied"]), (&"acme/org-1".into(), &5.into()));
    assert_eq!(files(&at.blobs().join("tenants")).len(), 0, "a dry run copies nothing");

    let there = ok(&at.cli(&["storage", "copy", "--from", &from, "--to", "configured", "--json"]));
    assert_eq!((&there[0]["copied"], &there[1]["copied"], &there[1]["failed"]), (&5.into(), &3.into(), &0.into()));
    let again = ok(&at.cli(&["storage", "copy", "--from", &from, "--to", "configured", "--recheck", "--json"]));
    assert_eq!((&again[0]["copied"], &again[0]["present"]), (&0.into(), &5.into()));

    let to = format!("local:{}", back.display());
    let back_again = at.cli(&["storage", "copy", "--from", "configured", "--to", &to]);
    assert!(back_again.status.success());
    let text = String::from_utf8_lossy(&back_again.stdout).into_owned();
    assert!(text.contains("YUANTUS_STORAGE_TYPE=local") && text.contains("--to configured"), "{text}");
    std::fs::remove_dir_all(old.join("tenants/stranger")).unwrap();
    assert!(files(&old.join("tenants")) == files(&back.join("tenants")), "the same names with the same bytes");

    let same = at.cli(&["storage", "copy", "--from", "configured", "--to", "configured"]);
    assert!(!same.status.success() && String::from_utf8_lossy(&same.stdout).contains("the same place"));
    let nowhere = at.cli(&["storage", "copy", "--from", "local:/no/such/directory", "--to", "configured"]);
    assert!(!nowhere.status.success() && !Path::new("/no/such/directory").exists());
}

async fn an_interrupted_copy_goes_on_and_damage_is_not_copied(at: Installation) {
    create_tenant(&at, "acme");
    let old = at.folder().join("old");
    let hashes = fill(&local(&old, "acme"), 6).await;
    let place = |root: &Path, hash: &ContentHash| {
        let hex = hash.to_string();
        root.join("tenants/acme/org-1/blobs").join(&hex[..2]).join(&hex[2..4]).join(hex)
    };
    std::fs::write(place(&old, &hashes[3]), "another drawing").unwrap();
    let from = format!("local:{}", old.display());
    let copy = |options: &[&str]| {
        at.cli(&[&["storage", "copy", "--from", &from, "--to", "configured", "--json"], options].concat())
    };

    let first = copy(&[]);
    assert!(!first.status.success(), "damage is a finding");
    let first = json(&first);
    assert_eq!((&first[0]["copied"], &first[0]["damaged"]), (&5.into(), &1.into()));
    assert_eq!(first[0]["problems"][0]["sha256"], hashes[3].to_string());
    assert!(!place(&at.blobs(), &hashes[3]).exists());

    // As if it had been interrupted: one is missing, one is half there, one was changed without changing its size.
    std::fs::remove_file(place(&at.blobs(), &hashes[0])).unwrap();
    std::fs::write(place(&at.blobs(), &hashes[1]), "half").unwrap();
    let mut bytes = std::fs::read(place(&at.blobs(), &hashes[2])).unwrap();
    bytes[0] ^= 1;
    std::fs::write(place(&at.blobs(), &hashes[2]), &bytes).unwrap();
    let second = json(&copy(&[]));
    assert_eq!((&second[0]["copied"], &second[0]["present"]), (&2.into(), &3.into()), "the size decides");
    let third = json(&copy(&["--recheck"]));
    assert_eq!((&third[0]["copied"], &third[0]["present"]), (&1.into(), &4.into()), "every byte decides");
    for hash in hashes.iter().filter(|hash| **hash != hashes[3]) {
        assert!(std::fs::read(place(&old, hash)).unwrap() == std::fs::read(place(&at.blobs(), hash)).unwrap());
    }
    let left: Vec<_> = files(&at.blobs().join("tenants/acme/org-1/uploads"));
    assert_eq!(left.len(), 0, "nothing half-copied stays behind");
}

async fn one_tenant_is_copied_alone(at: Installation) {
    create_tenant(&at, "acme");
    create_tenant(&at, "umbra");
    let old = at.folder().join("old");
    for tenant in ["acme", "umbra"] {
        fill(&local(&old, tenant), 2).await;
    }
    let from = format!("local:{}", old.display());
    ok(&at.cli(&["storage", "copy", "--from", &from, "--to", "configured", "--tenant", "acme", "--json"]));
    assert!(!at.blobs().join("tenants/umbra").exists());
    // Suspended tenants are copied like others.
    assert!(at.cli(&["tenant", "suspend", "umbra", "--reason", "unpaid"]).status.success());
    ok(&at.cli(&["storage", "copy", "--from", &from, "--to", "configured", "--json"]));
    assert!(at.blobs().join("tenants/umbra").exists());
    assert!(!at.cli(&["storage", "copy", "--from", &from, "--to", "configured", "--tenant", "none"]).status.success());

    if at.backend == Backend::PostgresS3 {
        let bucket = format!("{}-own", at.name.replace('_', "-"));
        assert!(at.cli(&["init-storage", "--bucket", &bucket]).status.success());
        let to = format!("s3:{bucket}?prefix=eu%2Fwest");
        ok(&at.cli(&["storage", "copy", "--from", "configured", "--to", &to, "--tenant", "acme", "--json"]));
        let moved = s3::folder(&bucket).join("eu/west/tenants");
        assert!(files(&moved.join("acme")) == files(&old.join("tenants/acme")));
        assert!(!moved.join("umbra").exists());
        s3::drop_bucket(&bucket).unwrap();

        let mut named = at.command(&["storage", "copy", "--from", "configured", "--to", &to, "--tenant", "acme"]);
        named.env("YUANTUS_COPY_TO_S3_ACCESS_KEY_ID", "half");
        let half = named.output().unwrap();
        assert_eq!(half.status.code(), Some(2), "{}", String::from_utf8_lossy(&half.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL and S3: scripts/test.sh, or cargo nextest run --run-ignored all"]
async fn a_tenant_moves_to_a_bucket_of_its_own() {
    let world = World::start(Installation::new(Backend::PostgresS3).await).await;
    let (admin, at) = (&world.admin, &world.at);
    let first = bring(admin, "first.txt", b"first").await;
    let bucket = format!("{}-own", at.name.replace('_', "-"));
    let run = |args: &[&str]| {
        let output = at.cli(args);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(&["init-storage", "--bucket", &bucket]);
    let to = format!("s3:{bucket}?prefix=eu");
    let advice = run(&["storage", "copy", "--from", "configured", "--to", &to, "--tenant", "acme"]);
    assert!(advice.contains(&format!("--bucket {bucket} --prefix eu --files-copied")), "{advice}");
    let meanwhile = bring(admin, "meanwhile.txt", b"meanwhile").await;
    run(&["tenant", "place", "acme", "--bucket", &bucket, "--prefix", "eu", "--files-copied"]);
    // As long as a server may remember where an organisation was.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    // The advice names the old place exactly: what is recorded is another one by now.
    let old = advice.lines().find_map(|line| line.trim().strip_prefix("yuantus storage copy --from '")).unwrap();
    let old = old.split('\'').next().unwrap();
    assert!(old.starts_with(&format!("s3:{}?", at.setting("YUANTUS_S3_BUCKET_NAME").unwrap())), "{old}");
    run(&["storage", "copy", "--from", old, "--to", "configured", "--tenant", "acme"]);
    let after = bring(admin, "after.txt", b"after").await;
    let moved = s3::folder(&bucket).join("eu/tenants/acme/org-1/blobs");
    assert_eq!(files(&moved).len(), 3);
    for file in [first, meanwhile, after] {
        let found = admin.get(&format!("/file/{file}/download")).await;
        assert_eq!(found.status, 200, "{found:?}");
    }
    run(&["storage", "verify"]);
    // A copy of all refuses to mix what has a bucket of its own into one.
    let all = at.cli(&["storage", "copy", "--from", "configured", "--to", "s3:elsewhere-bucket"]);
    assert!(!all.status.success());
    s3::drop_bucket(&bucket).unwrap();
}
