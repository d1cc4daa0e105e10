//! The contents of one tenant and organisation: read, link, delete. Storing is in `upload`.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use opendal::{ErrorKind, Metadata};
use tokio::io::AsyncRead;
use tokio_util::bytes::Bytes;
use tokio_util::io::StreamReader;
use url::Url;

use super::errors::storage_error;
use super::keys::TenantKeys;
use super::operator::Backend;
use super::{ObjectId, content_disposition};
use crate::error::{Error, Kind, Result};
use crate::types::{OrgId, TenantId};

/// A content as it arrives. An error carries the product's [`Error`] inside the [`io::Error`].
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// S3 refuses links that live longer than seven days.
const MAX_LINK_LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// All contents that belong to one product database — of one organisation of one tenant, or of all its organisations where they
/// share a database — and no others. Cheap to clone.
///
/// Each organisation has its own copy of a content, so deleting one never touches another's, and nobody learns from an
/// upload whether somebody else has the same file.
#[derive(Debug, Clone)]
pub struct TenantStore {
    pub(super) backend: Arc<Backend>,
    pub(super) keys: TenantKeys,
}

/// How long a link lives that is to live for `life`: between one second and seven days.
pub(super) fn link_life(life: Duration) -> Duration {
    life.clamp(Duration::from_secs(1), MAX_LINK_LIFE)
}

/// When an object was last written, where the storage knows.
pub(super) fn modified(metadata: &Metadata) -> Option<DateTime<Utc>> {
    metadata.last_modified().map(|time| SystemTime::from(time).into())
}

/// That nothing of a wanted range is there.
pub fn out_of_range(total: u64) -> Error {
    Error::new(Kind::OutOfRange, format!("The requested range is outside of the {total} bytes"))
        .code("RANGE_NOT_SATISFIABLE", "The requested part of the file does not exist.")
        .details(serde_json::json!({ "size": total }))
}

/// The code of [`damaged`].
pub const DAMAGED: &str = "FILE_CONTENT_DAMAGED";

/// That an object is not as long as the content that it should hold.
pub fn damaged(expected: u64, found: u64) -> Error {
    Error::unavailable("The content of this file is damaged in the storage")
        .code(DAMAGED, "Ask the administrator to run `yuantus storage verify`.")
        .details(serde_json::json!({ "expected_size": expected, "found_size": found }))
}

/// A content being read.
pub struct Blob {
    /// Bytes of the whole content.
    pub total: u64,
    /// Which of them the stream yields.
    pub range: Range<u64>,
    stream: ByteStream,
}

impl Blob {
    pub fn into_stream(self) -> ByteStream {
        self.stream
    }

    pub fn into_reader(self) -> impl AsyncRead + Send + Unpin {
        StreamReader::new(self.stream)
    }
}

impl TenantStore {
    pub(super) fn new(backend: Arc<Backend>, below: Option<&str>, tenant: &TenantId, org: Option<&OrgId>) -> Self {
        Self { backend, keys: TenantKeys::new(below, tenant, org) }
    }

    /// Deletes every content and upload of this organisation; repeatable. For the end of a tenant or organisation.
    pub async fn delete_all(&self) -> Result<()> {
        self.backend.operator.delete_with(&self.keys.all()).recursive(true).await.map_err(storage_error)
    }

    /// Reads a content from start to end.
    ///
    /// Errors: `NotFound` if this organisation has no such content.
    pub async fn get(&self, object: &ObjectId) -> Result<Blob> {
        let total = self.size(object).await?;
        self.open(object, 0..total, total).await
    }

    /// Reads the bytes of `range` of a content of `size` bytes; an end beyond the content means its end.
    ///
    /// Errors: `NotFound`; `OutOfRange` if the range is empty or starts beyond the content; `Unavailable` for an object that has
    /// other than `size` bytes.
    pub async fn get_range(&self, object: &ObjectId, size: u64, range: Range<u64>) -> Result<Blob> {
        let total = self.size(object).await?;
        if total != size {
            return Err(damaged(size, total));
        }
        let range = range.start..range.end.min(total);
        if range.is_empty() {
            return Err(out_of_range(total));
        }
        self.open(object, range, total).await
    }

    async fn open(&self, object: &ObjectId, range: Range<u64>, total: u64) -> Result<Blob> {
        if range.is_empty() {
            return Ok(Blob { total, range, stream: stream::empty().boxed() });
        }
        let stream = self.stream(&self.keys.blob(object), range.clone()).await?;
        Ok(Blob { total, range, stream })
    }

    /// The bytes of an object; `range` is not empty and lies within it.
    pub(super) async fn stream(&self, key: &str, range: Range<u64>) -> Result<ByteStream> {
        let reader = self.backend.operator.reader(key).await.map_err(storage_error)?;
        let blocks = reader.into_stream(range).await.map_err(storage_error)?;
        let stream = blocks
            .map_err(|error| io::Error::other(storage_error(error)))
            .map_ok(|block| stream::iter(Iterator::map(block, Ok)))
            .try_flatten()
            .boxed();
        Ok(stream)
    }

    /// The size of a content in bytes.
    ///
    /// Errors: `NotFound` if this organisation has no such content.
    pub async fn size(&self, object: &ObjectId) -> Result<u64> {
        let metadata = self.backend.operator.stat(&self.keys.blob(object)).await.map_err(storage_error)?;
        Ok(metadata.content_length())
    }

    /// What the storage tells of an object; `None` if there is none.
    pub(super) async fn described(&self, key: &str) -> Result<Option<Metadata>> {
        match self.backend.operator.stat(key).await {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(storage_error(error)),
        }
    }

    pub async fn exists(&self, object: &ObjectId) -> Result<bool> {
        self.backend.operator.exists(&self.keys.blob(object)).await.map_err(storage_error)
    }

    /// Deletes a content; one that is not there is fine.
    ///
    /// The caller makes sure that no file refers to this edition of it, and that none ever will: the storage may carry it out
    /// after it was given up.
    pub async fn delete(&self, object: &ObjectId) -> Result<()> {
        self.backend.operator.delete(&self.keys.blob(object)).await.map_err(storage_error)
    }

    /// A URL that downloads the content without any further credentials until `life` is over.
    ///
    /// `None` if the storage cannot give out links; stream through the server then. `life` is held between one second and
    /// seven days.
    ///
    /// Errors: `NotFound`, so that no link leads nowhere; `Unavailable` for an object that has other than `size` bytes.
    pub async fn link(
        &self,
        object: &ObjectId,
        size: u64,
        life: Duration,
        file_name: &str,
        content_type: &str,
    ) -> Result<Option<Url>> {
        let presigner = &self.backend.presigner;
        if !presigner.info().capability().presign_read {
            return Ok(None);
        }
        let found = self.size(object).await?;
        if found != size {
            return Err(damaged(size, found));
        }
        let signed = presigner
            .presign_read_with(&self.keys.blob(object), link_life(life))
            .override_content_disposition(&content_disposition(file_name))
            .override_content_type(content_type)
            .await
            .map_err(storage_error)?;
        let url = Url::parse(&signed.uri().to_string());
        url.map(Some).map_err(|error| Error::internal("The file storage signed an invalid link").caused_by(error))
    }
}
