//! Connecting to a storage, and binding it to a tenant.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opendal::layers::{ConcurrentLimitLayer, RetryLayer, TimeoutLayer};
use opendal::{Operator, services};
use serde::Serialize;
use uuid::Uuid;

use super::errors::{storage_error, unavailable};
use super::multipart::Multipart;
use super::{ObjectPlace, TenantStore, install_transport, keys};
use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId};

/// Bounds open files and connections. A transfer holds its permit until it ends, so slow clients must not use them up.
const MAX_CONCURRENT_OPERATIONS: usize = 256;
/// For calls that move no content: look-ups, renames.
pub(super) const CONTROL_TIMEOUT: Duration = Duration::from_secs(10);
/// For one step that moves content: a part of an upload, a block of a download.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(60);
const RETRIES: usize = 2;
const PROBE_TIMEOUT: Duration = Duration::from_secs(5);

/// Which storage to use.
#[derive(Debug, Clone)]
pub enum StorageTarget {
    /// A directory; created if it is missing.
    Local { path: PathBuf },
    /// A bucket of any S3-compatible server.
    S3(S3Target),
    /// Lost when the process ends: for tests.
    Memory,
}

/// An S3 bucket and how to reach it.
#[derive(Clone)]
pub struct S3Target {
    /// Where the server sends its own requests; `None` is AWS.
    pub endpoint_url: Option<String>,
    /// Where a browser reaches the same bucket, if that differs. The host is part of a link's signature.
    pub public_endpoint_url: Option<String>,
    pub bucket: String,
    pub region: String,
    /// Without both keys, the environment's own credentials are used: variables, profile or instance role.
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    /// `bucket.host/key` instead of `host/bucket/key`.
    pub virtual_host_style: bool,
    pub encryption: Encryption,
}

/// What the storage is asked to encrypt its objects with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// As the bucket is set up.
    None,
    /// Keys of the storage.
    Aes256,
    /// A key of its key service; without an id, the one that the storage has for it.
    Kms { key_id: Option<String> },
}

impl fmt::Debug for S3Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("S3Target")
            .field("endpoint_url", &self.endpoint_url)
            .field("public_endpoint_url", &self.public_endpoint_url)
            .field("bucket", &self.bucket)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &self.secret_access_key.as_ref().map(|_| "***"))
            .field("virtual_host_style", &self.virtual_host_style)
            .field("encryption", &self.encryption)
            .finish()
    }
}

/// A storage as health reports show it to an administrator. Fields that do not apply are `None` and left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// `local`, `s3` or `memory`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub writable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// A connected storage. Cheap to clone; gives access to no object until it is bound to a tenant.
#[derive(Debug, Clone)]
pub struct Storage {
    backend: Arc<Backend>,
    /// Other buckets of the same server, by name.
    buckets: Arc<Mutex<HashMap<String, Arc<Backend>>>>,
}

#[derive(Debug)]
pub(super) struct Backend {
    pub(super) operator: Operator,
    /// Signs links; differs from `operator` where clients use another endpoint.
    pub(super) presigner: Operator,
    /// Uploads whose parts go straight to the bucket; `None` where the server takes them itself.
    pub(super) multipart: Option<Multipart>,
    /// The directory of a local storage.
    pub(super) root: Option<PathBuf>,
    pub(super) target: StorageTarget,
}

impl Storage {
    /// Prepares access to the target; sends no request, so a server that is down shows in [`Storage::probe`].
    ///
    /// Errors: `Config` if the target cannot be used as described, or a local directory cannot be created.
    pub fn connect(target: &StorageTarget) -> Result<Self> {
        Ok(Self { backend: Arc::new(Backend::connect(target)?), buckets: Arc::default() })
    }

    /// The part of the storage that belongs to one organisation of one tenant.
    pub fn bind(&self, tenant: &TenantId, org: &OrgId) -> TenantStore {
        TenantStore::new(self.backend.clone(), None, tenant, Some(org))
    }

    /// As [`Storage::bind`], for a tenant that was given a place of its own; without an organisation, what all of the tenant's
    /// organisations share.
    ///
    /// Errors: `Config` for a bucket where the storage is not S3.
    pub fn bind_at(&self, place: &ObjectPlace, tenant: &TenantId, org: Option<&OrgId>) -> Result<TenantStore> {
        Ok(TenantStore::new(self.backend_of(place)?, place.prefix(), tenant, org))
    }

    pub(super) fn backend_of(&self, place: &ObjectPlace) -> Result<Arc<Backend>> {
        let Some(bucket) = place.bucket() else { return Ok(self.backend.clone()) };
        let StorageTarget::S3(configured) = &self.backend.target else {
            return Err(Error::config(
                "A bucket can be chosen where storage.kind is s3; elsewhere, a prefix. See docs/RUNBOOK.md, section 4",
            ));
        };
        if configured.bucket == bucket {
            return Ok(self.backend.clone());
        }
        // A panic elsewhere leaves this plain map whole.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(backend) = buckets.get(bucket) {
            return Ok(backend.clone());
        }
        let target = StorageTarget::S3(S3Target { bucket: bucket.to_owned(), ..configured.clone() });
        let backend = Arc::new(Backend::connect(&target)?);
        buckets.insert(bucket.to_owned(), backend.clone());
        Ok(backend)
    }

    /// Writes, reads and deletes a small object, within five seconds.
    ///
    /// Errors: whatever the storage answered, `Unavailable` if it did not in time.
    pub async fn probe(&self) -> Result<()> {
        self.backend.probe().await
    }

    /// As [`Storage::probe`], in the bucket of a place.
    pub async fn probe_at(&self, place: &ObjectPlace) -> Result<()> {
        self.backend_of(place)?.probe().await
    }

    /// What kind of storage this is and, for a local directory, whether it can be used right now.
    pub async fn describe(&self) -> Description {
        let plain = |kind| Description { kind, path: None, exists: None, writable: None, bucket: None, endpoint: None };
        match &self.backend.target {
            StorageTarget::Local { path } => {
                let exists = tokio::fs::metadata(path).await.is_ok_and(|metadata| metadata.is_dir());
                // The probe would create a missing directory, and hide that a mount is gone.
                let writable = exists && self.probe().await.is_ok();
                Description {
                    path: Some(path.clone()),
                    exists: Some(exists),
                    writable: Some(writable),
                    ..plain("local")
                }
            }
            StorageTarget::S3(s3) => {
                Description { bucket: Some(s3.bucket.clone()), endpoint: s3.endpoint_url.clone(), ..plain("s3") }
            }
            StorageTarget::Memory => plain("memory"),
        }
    }
}

impl Backend {
    fn connect(target: &StorageTarget) -> Result<Self> {
        install_transport();
        let mut multipart = None;
        let (operator, presigner, root) = match target {
            StorageTarget::Local { path } => {
                let (operator, root) = open_local(path)?;
                (operator.clone(), operator, Some(root))
            }
            StorageTarget::S3(s3) => {
                let operator = open_s3(s3, s3.endpoint_url.as_deref())?;
                let presigner = match &s3.public_endpoint_url {
                    Some(public) => open_s3(s3, Some(public))?,
                    None => operator.clone(),
                };
                multipart = Multipart::new(s3)?;
                (operator, presigner, None)
            }
            StorageTarget::Memory => {
                let operator = layered(Operator::new(services::Memory::default()).map_err(storage_error)?);
                (operator.clone(), operator, None)
            }
        };
        Ok(Self { operator, presigner, multipart, root, target: target.clone() })
    }

    /// Whether both keep their objects in one place. The same one by two addresses is not recognised.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        match (&self.target, &other.target) {
            (StorageTarget::S3(one), StorageTarget::S3(another)) => {
                one.bucket == another.bucket && one.endpoint_url == another.endpoint_url
            }
            (StorageTarget::Local { .. }, StorageTarget::Local { .. }) => self.root == other.root,
            _ => std::ptr::eq(self, other),
        }
    }

    async fn probe(&self) -> Result<()> {
        let key = keys::probe();
        let outcome = tokio::time::timeout(PROBE_TIMEOUT, self.round_trip(&key)).await;
        outcome.unwrap_or_else(|_| Err(unavailable("The file storage did not answer in time")))
    }

    async fn round_trip(&self, key: &str) -> Result<()> {
        let operator = &self.operator;
        let written = Uuid::new_v4().as_bytes().to_vec();
        operator.write(key, written.clone()).await.map_err(storage_error)?;
        let read = operator.read(key).await;
        operator.delete(key).await.map_err(storage_error)?;
        if read.map_err(storage_error)?.to_vec() != written {
            return Err(Error::internal("The file storage returned other bytes than were written"));
        }
        Ok(())
    }
}

fn open_local(path: &Path) -> Result<(Operator, PathBuf)> {
    let unusable = |error: std::io::Error| {
        Error::config(format!("The storage directory {} cannot be used", path.display())).caused_by(error)
    };
    std::fs::create_dir_all(path).map_err(unusable)?;
    let root = path.canonicalize().map_err(unusable)?;
    let text = root.to_str().ok_or_else(|| Error::config("The storage directory is not valid UTF-8"))?;
    let operator = Operator::new(services::Fs::default().root(text)).map_err(storage_error)?;
    Ok((layered(operator), root))
}

fn open_s3(s3: &S3Target, endpoint: Option<&str>) -> Result<Operator> {
    let mut builder = services::S3::default().bucket(&s3.bucket).region(&s3.region);
    if let Some(endpoint) = endpoint {
        // opendal takes such a host for the bucket's own, and leaves the bucket's name out of it.
        if !s3.virtual_host_style && endpoint.contains(&format!("//{}.", s3.bucket)) {
            let bucket = &s3.bucket;
            return Err(Error::config(format!(
                "The S3 address {endpoint} begins with the name of the bucket {bucket}: set storage.s3.virtual_host_style if it is \
                 the bucket's own, else use another bucket or another name of the server"
            )));
        }
        builder = builder.endpoint(endpoint);
    }
    match (&s3.access_key_id, &s3.secret_access_key) {
        (Some(id), Some(secret)) => {
            builder = builder.access_key_id(id).secret_access_key(secret).disable_config_load().disable_ec2_metadata();
        }
        (None, None) => {}
        _ => return Err(Error::config("S3 needs both the access key id and the secret access key, or neither")),
    }
    if s3.virtual_host_style {
        builder = builder.enable_virtual_host_style();
    }
    builder = match &s3.encryption {
        Encryption::None => builder,
        Encryption::Aes256 => builder.server_side_encryption_with_s3_key(),
        Encryption::Kms { key_id: None } => builder.server_side_encryption_with_aws_managed_kms_key(),
        Encryption::Kms { key_id: Some(id) } => builder.server_side_encryption_with_customer_managed_kms_key(id),
    };
    Ok(layered(Operator::new(builder).map_err(storage_error)?))
}

/// Innermost first: waiting for a permit counts as part of a call's time, and each retry has its own time.
fn layered(operator: Operator) -> Operator {
    operator
        .layer(ConcurrentLimitLayer::new(MAX_CONCURRENT_OPERATIONS))
        .layer(TimeoutLayer::new().with_timeout(CONTROL_TIMEOUT).with_io_timeout(TRANSFER_TIMEOUT))
        .layer(
            RetryLayer::new()
                .with_max_times(RETRIES)
                .with_min_delay(Duration::from_millis(100))
                .with_max_delay(Duration::from_secs(2))
                .with_jitter(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn s3(endpoint: &str) -> S3Target {
        S3Target {
            endpoint_url: Some(endpoint.to_owned()),
            public_endpoint_url: None,
            bucket: "files".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: Some("key-id".to_owned()),
            secret_access_key: Some("very-secret".to_owned()),
            virtual_host_style: false,
            encryption: Encryption::None,
        }
    }

    #[test]
    fn debug_output_hides_the_secret_key() {
        let target = StorageTarget::S3(s3("http://localhost:1"));
        let storage = Storage::connect(&target).unwrap();
        for text in [format!("{target:?}"), format!("{storage:?}")] {
            assert!(!text.contains("very-secret"), "{text}");
        }
        assert!(format!("{target:?}").contains("***"));
    }

    #[test]
    fn half_of_a_key_pair_is_a_configuration_error() {
        let target = StorageTarget::S3(S3Target { secret_access_key: None, ..s3("http://localhost:1") });
        assert_eq!(Storage::connect(&target).unwrap_err().kind(), Kind::Config);
    }

    #[test]
    fn an_address_that_begins_with_the_bucket_is_the_buckets_own_or_refused() {
        let own = S3Target { virtual_host_style: true, ..s3("http://files.example.com") };
        assert!(Storage::connect(&StorageTarget::S3(own)).is_ok());
        let error = Storage::connect(&StorageTarget::S3(s3("http://files.example.com"))).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(Storage::connect(&StorageTarget::S3(s3("http://myfiles.example.com"))).is_ok());
    }

    #[tokio::test]
    async fn a_server_that_is_down_is_unavailable_and_says_when_to_retry() {
        let storage = Storage::connect(&StorageTarget::S3(s3("http://127.0.0.1:1"))).unwrap();
        let error = storage.probe().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{}", error.chain());
        assert!(error.retry_after_seconds().is_some());
    }

    #[tokio::test]
    async fn the_probe_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let storage = Storage::connect(&StorageTarget::Local { path: directory.path().to_owned() }).unwrap();
        storage.probe().await.unwrap();
        assert_eq!(std::fs::read_dir(directory.path().join("probe")).unwrap().count(), 0);
        Storage::connect(&StorageTarget::Memory).unwrap().probe().await.unwrap();
    }

    #[tokio::test]
    async fn a_vanished_directory_is_reported_and_not_recreated() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("files");
        let storage = Storage::connect(&StorageTarget::Local { path: path.clone() }).unwrap();
        let description = storage.describe().await;
        assert_eq!((description.exists, description.writable), (Some(true), Some(true)));

        std::fs::remove_dir_all(&path).unwrap();
        let description = storage.describe().await;
        assert_eq!((description.exists, description.writable), (Some(false), Some(false)));
        assert!(!path.exists());
    }

    #[test]
    fn a_path_that_is_a_file_is_a_configuration_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let target = StorageTarget::Local { path: file.path().to_owned() };
        assert_eq!(Storage::connect(&target).unwrap_err().kind(), Kind::Config);
    }
}
