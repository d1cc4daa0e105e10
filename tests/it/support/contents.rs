//! Contents as the files that the storage keeps.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Installation, s3};

/// Bytes that look like nothing, other ones for each seed.
pub fn bytes(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|index| (index * 31 % 251) as u8 ^ seed).collect()
}

pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where everything of acme's org-1 is kept.
pub fn folder(at: &Installation) -> PathBuf {
    at.blobs().join("tenants/acme/org-1")
}

/// Where a content is kept: the latest of its editions that is there, or where the first would be.
pub fn object(at: &Installation, content: &[u8]) -> PathBuf {
    let first = edition(at, content, 0);
    let found = (1..20).map(|number| edition(at, content, number)).rfind(|path| path.exists());
    found.unwrap_or(first)
}

/// Where an edition of a content is kept, if it is.
pub fn edition(at: &Installation, content: &[u8], number: u32) -> PathBuf {
    let hex = sha256(content);
    let name = if number == 0 { hex.clone() } else { format!("{hex}-{number}") };
    folder(at).join("blobs").join(&hex[..2]).join(&hex[2..4]).join(name)
}

/// Every file below a folder, in order, but for those that the S3 server of the tests keeps for itself.
pub fn below(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut pending) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = pending.pop() {
        // What is looked at may be removed meanwhile.
        for path in std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                pending.push(path);
            } else if !path.file_name().unwrap().to_string_lossy().starts_with('.') {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The contents that an installation stores, as files.
pub fn all(at: &Installation) -> Vec<PathBuf> {
    let mut found = below(&at.blobs());
    found.retain(|path| path.file_name().unwrap().to_string_lossy().split('-').next().unwrap().len() == 64);
    found
}

/// Parts that the S3 server of the tests holds for one of its uploads: it keeps them beside its buckets.
pub fn parts_of(multipart: &str) -> usize {
    let entries = std::fs::read_dir(s3::folder("")).unwrap();
    entries.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(multipart)).count()
}

/// The answer of a command that succeeded with one document of JSON.
pub fn answer(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Settings under which a collection needs no grace, and none comes by itself.
pub fn without_grace(at: &mut Installation) {
    at.set("YUANTUS_ENVIRONMENT", "test");
    at.set("YUANTUS_STORAGE__GC_GRACE_HOURS", "0");
    at.set("YUANTUS_STORAGE__GC_ENABLED", "false");
}
