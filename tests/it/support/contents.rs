//! Contents of acme's org-1: brought over HTTP, and seen as the files that the storage keeps.

use std::path::PathBuf;
use std::process::Output;

use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Installation;
use super::client::{Client, Reply, reply};

pub async fn put(client: &Client, name: &str, content: &[u8]) -> Reply {
    let request = client.request(Method::PUT, &format!("/file/upload?filename={name}&generate_preview=false"));
    reply(request.body(content.to_vec())).await
}

/// Brings a file and answers with its id.
pub async fn bring(client: &Client, name: &str, content: &[u8]) -> String {
    put(client, name, content).await.expect(200)["id"].as_str().unwrap().to_owned()
}

pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where everything of the organisation is kept.
pub fn folder(at: &Installation) -> PathBuf {
    at.blobs().join("tenants/acme/org-1")
}

/// Where a content is kept, if it is.
pub fn object(at: &Installation, content: &[u8]) -> PathBuf {
    let hex = sha256(content);
    folder(at).join("blobs").join(&hex[..2]).join(&hex[2..4]).join(hex)
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
