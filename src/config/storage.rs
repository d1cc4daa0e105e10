//! `[storage]`: where files are kept. Each backend has its own table; only that of `kind` counts.

use std::path::PathBuf;

use serde::Deserialize;

use super::check::{Check, require, unset_if_empty, web_url, within};
use super::choice::choice;
use super::secret::Secret;

choice! {
    /// Which backend keeps the files.
    StorageKind {
        Local = "local",
        S3 = "s3",
        /// Lost when the process ends; for tests.
        Memory = "memory",
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    pub kind: StorageKind,
    /// The largest file, in bytes.
    pub max_file_bytes: u64,
    /// How long a link for a download is good for.
    pub link_seconds: u64,
    /// How long the sender of a file may be silent.
    pub stall_seconds: u64,
    /// Whether contents that nothing refers to are collected every day.
    pub gc_enabled: bool,
    /// How long such a content is kept at least.
    pub gc_grace_hours: u64,
    pub local: LocalStorage,
    pub s3: S3Storage,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalStorage {
    /// None: `objects` under `data_dir`; see `Config::local_storage_path`.
    #[serde(deserialize_with = "unset_if_empty")]
    pub path: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Storage {
    /// None: Amazon S3 in the region.
    #[serde(deserialize_with = "unset_if_empty")]
    pub endpoint_url: Option<String>,
    /// The server as browsers reach it. None: as `endpoint_url`.
    #[serde(deserialize_with = "unset_if_empty")]
    pub public_endpoint_url: Option<String>,
    pub bucket: String,
    /// None, together with `secret_access_key`: the credentials of the machine.
    #[serde(deserialize_with = "unset_if_empty")]
    pub access_key_id: Option<String>,
    #[serde(deserialize_with = "unset_if_empty")]
    pub secret_access_key: Option<Secret>,
    pub region: String,
    pub virtual_host_style: bool,
}

impl Storage {
    pub(super) fn validate(&self, testing: bool) -> Check {
        let memory = self.kind == StorageKind::Memory;
        require(testing || !memory, "storage.kind", "local or s3; memory only in environment test")?;
        within("storage.max_file_bytes", self.max_file_bytes, 1..=70 << 30)?;
        within("storage.link_seconds", self.link_seconds, 1..=604_800)?;
        within("storage.stall_seconds", self.stall_seconds, 1..=3600)?;
        // A shorter time could be outlived by an upload.
        within("storage.gc_grace_hours", self.gc_grace_hours, u64::from(!testing)..=87_600)?;
        web_url("storage.s3.endpoint_url", self.s3.endpoint_url.as_deref())?;
        web_url("storage.s3.public_endpoint_url", self.s3.public_endpoint_url.as_deref())?;
        if self.kind == StorageKind::S3 { self.s3.validate() } else { Ok(()) }
    }
}

impl S3Storage {
    fn validate(&self) -> Check {
        let bucket = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let fine = !self.bucket.is_empty() && self.bucket.bytes().all(bucket);
        require(fine, "storage.s3.bucket", "the name of a bucket, since storage.kind is s3")?;
        require(!self.region.is_empty(), "storage.s3.region", "the name of a region, since storage.kind is s3")?;
        let (id, secret) = (self.access_key_id.is_some(), self.secret_access_key.is_some());
        require(id || !secret, "storage.s3.access_key_id", "set, since storage.s3.secret_access_key is")?;
        require(secret || !id, "storage.s3.secret_access_key", "set, since storage.s3.access_key_id is")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refusal, with};
    use super::*;

    #[test]
    fn the_table_of_another_backend_does_not_get_in_the_way() {
        let storage = with(&[("YUANTUS_STORAGE_TYPE", "local"), ("YUANTUS_S3_BUCKET_NAME", "")]).storage;
        assert_eq!(storage.kind, StorageKind::Local);
    }

    #[test]
    fn s3_needs_a_bucket_a_region_and_whole_credentials() {
        let s3 = ("YUANTUS_STORAGE_TYPE", "s3");
        for (name, value, key) in [
            ("YUANTUS_S3_BUCKET_NAME", "", "storage.s3.bucket"),
            ("YUANTUS_S3_BUCKET_NAME", "a/b", "storage.s3.bucket"),
            ("YUANTUS_S3_REGION", "", "storage.s3.region"),
            ("YUANTUS_S3_ENDPOINT_URL", "minio:9000", "storage.s3.endpoint_url"),
            ("YUANTUS_S3_ACCESS_KEY_ID", "id", "storage.s3.secret_access_key"),
            ("YUANTUS_S3_SECRET_ACCESS_KEY", "hunter2", "storage.s3.access_key_id"),
        ] {
            let message = refusal(&[s3, (name, value)]);
            assert!(message.starts_with(&format!("{key} = ")) && !message.contains("hunter2"), "{message}");
        }
        with(&[s3]);
    }

    #[test]
    fn the_grace_of_collecting_outlives_an_upload() {
        let none = ("YUANTUS_STORAGE__GC_GRACE_HOURS", "0");
        assert!(refusal(&[none, ("YUANTUS_ENVIRONMENT", "dev")]).contains("1 to 87600"));
        with(&[none, ("YUANTUS_ENVIRONMENT", "test")]);
    }

    #[test]
    fn memory_is_for_tests() {
        let memory = ("YUANTUS_STORAGE_TYPE", "memory");
        assert!(refusal(&[memory, ("YUANTUS_ENVIRONMENT", "dev")]).starts_with("storage.kind = \"memory\""));
        with(&[memory, ("YUANTUS_ENVIRONMENT", "test")]);
    }
}
