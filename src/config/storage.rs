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

choice! {
    /// How an S3 server encrypts what it keeps.
    S3Encryption {
        /// As the bucket is set up.
        None = "none",
        /// With keys of the storage.
        Aes256 = "aes256",
        /// With a key of a key service.
        Kms = "kms",
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
    /// Files that one process takes at the same time.
    pub max_concurrent_uploads: usize,
    /// Whether contents that nothing refers to are collected every day.
    pub gc_enabled: bool,
    /// How long such a content is kept at least.
    pub gc_grace_hours: u64,
    /// Links to parts live as long, and S3 refuses those that live for more than a week.
    pub upload_session_hours: u64,
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
    pub server_side_encryption: S3Encryption,
    /// None, with `kms`: the key that the storage has for it.
    #[serde(deserialize_with = "unset_if_empty")]
    pub kms_key_id: Option<String>,
}

impl Storage {
    pub(super) fn validate(&self, testing: bool) -> Check {
        let memory = self.kind == StorageKind::Memory;
        require(testing || !memory, "storage.kind", "local or s3; memory only in environment test")?;
        within("storage.max_file_bytes", self.max_file_bytes, 1..=70 << 30)?;
        within("storage.link_seconds", self.link_seconds, 1..=604_800)?;
        within("storage.stall_seconds", self.stall_seconds, 1..=3600)?;
        within("storage.max_concurrent_uploads", self.max_concurrent_uploads as u64, 1..=10_000)?;
        // A shorter time could be outlived by an upload.
        within("storage.gc_grace_hours", self.gc_grace_hours, u64::from(!testing)..=87_600)?;
        within("storage.upload_session_hours", self.upload_session_hours, 1..=168)?;
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
        // The dots would be those of a host name, for which no certificate is made out.
        let hosted = !self.virtual_host_style || !self.bucket.contains(['.', '_']);
        require(
            hosted,
            "storage.s3.bucket",
            "a name without dots and underscores, since storage.s3.virtual_host_style is set",
        )?;
        let region = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let fine = !self.region.is_empty() && self.region.bytes().all(region);
        require(fine, "storage.s3.region", "the name of a region, since storage.kind is s3")?;
        self.validate_encryption()?;
        let (id, secret) = (self.access_key_id.is_some(), self.secret_access_key.is_some());
        require(id || !secret, "storage.s3.access_key_id", "set, since storage.s3.secret_access_key is")?;
        require(secret || !id, "storage.s3.secret_access_key", "set, since storage.s3.access_key_id is")
    }

    fn validate_encryption(&self) -> Check {
        let key = self.kms_key_id.as_deref();
        let used = key.is_none() || self.server_side_encryption == S3Encryption::Kms;
        require(used, "storage.s3.kms_key_id", "empty unless storage.s3.server_side_encryption is kms")?;
        // It is sent as a header.
        let fine = key.is_none_or(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
        require(fine, "storage.s3.kms_key_id", "the id, ARN or alias of a key, without blanks")
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
            ("YUANTUS_S3_REGION", "eu west/1", "storage.s3.region"),
            ("YUANTUS_S3_KMS_KEY_ID", "key-1", "storage.s3.kms_key_id"),
            ("YUANTUS_S3_SERVER_SIDE_ENCRYPTION", "des", "storage.s3.server_side_encryption"),
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
    fn a_bucket_that_becomes_part_of_a_host_name_has_no_dots() {
        let settings = [("YUANTUS_STORAGE_TYPE", "s3"), ("YUANTUS_S3_BUCKET_NAME", "eu.files")];
        assert_eq!(with(&settings).storage.s3.bucket, "eu.files");
        let hosted = [settings[0], settings[1], ("YUANTUS_STORAGE__S3__VIRTUAL_HOST_STYLE", "true")];
        let message = refusal(&hosted);
        assert!(message.starts_with("storage.s3.bucket = \"eu.files\""), "{message}");
    }

    #[test]
    fn encryption_is_chosen_by_a_word_and_a_key() {
        let (s3, kind) = (("YUANTUS_STORAGE_TYPE", "s3"), "YUANTUS_S3_SERVER_SIDE_ENCRYPTION");
        assert_eq!(with(&[s3]).storage.s3.server_side_encryption, S3Encryption::None);
        assert_eq!(with(&[s3, (kind, "aes256")]).storage.s3.server_side_encryption, S3Encryption::Aes256);
        let s3 = with(&[s3, (kind, "kms"), ("YUANTUS_STORAGE__S3__KMS_KEY_ID", "alias/plm")]).storage.s3;
        assert_eq!((s3.server_side_encryption, s3.kms_key_id.as_deref()), (S3Encryption::Kms, Some("alias/plm")));
        let blank = [("YUANTUS_STORAGE_TYPE", "s3"), (kind, "kms"), ("YUANTUS_S3_KMS_KEY_ID", "a b")];
        assert!(refusal(&blank).starts_with("storage.s3.kms_key_id = "));
    }

    #[test]
    fn memory_is_for_tests() {
        let memory = ("YUANTUS_STORAGE_TYPE", "memory");
        assert!(refusal(&[memory, ("YUANTUS_ENVIRONMENT", "dev")]).starts_with("storage.kind = \"memory\""));
        with(&[memory, ("YUANTUS_ENVIRONMENT", "test")]);
    }
}
