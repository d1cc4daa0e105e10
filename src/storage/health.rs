//! Whether a content is what its name says: read again from start to end, and set aside when it is not.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::blob::modified;
use super::errors::storage_error;
use super::upload::COPY_STEP;
use super::{ContentHash, ObjectId, TenantStore};
use crate::error::{Error, Kind, Result};

const CHUNK: usize = 1024 * 1024;

/// What a content was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Sound,
    Missing,
    /// It is another content.
    Damaged {
        size: u64,
        sha256: ContentHash,
        /// When that was written.
        modified: Option<DateTime<Utc>>,
    },
}

impl TenantStore {
    /// Reads a content to its end and compares; `tell` hears of each block's bytes.
    ///
    /// Errors: what the storage answers instead of the content, other than that it has none.
    pub async fn examine(&self, object: &ObjectId, size: u64, tell: &(dyn Fn(u64) + Sync)) -> Result<Health> {
        let key = self.keys.blob(object);
        let Some(metadata) = self.described(&key).await? else { return Ok(Health::Missing) };
        let blob = match self.get(object).await {
            Ok(blob) => blob,
            Err(error) if error.kind() == Kind::NotFound => return Ok(Health::Missing),
            Err(error) => return Err(error),
        };
        let (mut reader, mut hasher, mut read) = (blob.into_reader(), Sha256::new(), 0);
        let mut block = vec![0; CHUNK];
        loop {
            let some = reader.read(&mut block).await.map_err(unreadable)?;
            if some == 0 {
                break;
            }
            hasher.update(&block[..some]);
            read += some as u64;
            tell(some as u64);
        }
        let found = ContentHash::from_bytes(hasher.finalize().into());
        if found == object.sha256 && read == size {
            return Ok(Health::Sound);
        }
        Ok(Health::Damaged { size: read, sha256: found, modified: modified(&metadata) })
    }

    /// When an object was last written, where the storage knows.
    ///
    /// Errors: `NotFound`.
    pub async fn written(&self, object: &ObjectId) -> Result<Option<DateTime<Utc>>> {
        let metadata = self.backend.operator.stat(&self.keys.blob(object)).await.map_err(storage_error)?;
        Ok(modified(&metadata))
    }

    /// Moves a damaged object to where it can be looked at.
    ///
    /// The caller sees to it that its content has another edition from now on.
    pub async fn set_aside(&self, object: &ObjectId) -> Result<()> {
        let (operator, key, aside) = (&self.backend.operator, self.keys.blob(object), self.keys.damaged(object));
        if operator.info().capability().rename {
            return operator.rename(&key, &aside).await.map_err(storage_error);
        }
        let size = operator.stat(&key).await.map_err(storage_error)?.content_length();
        let copy = operator.copy_with(&key, &aside).chunk(COPY_STEP);
        copy.source_content_length_hint(size).await.map_err(storage_error)?;
        operator.delete(&key).await.map_err(storage_error)
    }
}

fn unreadable(error: std::io::Error) -> Error {
    error.downcast().unwrap_or_else(|error| Error::internal("The content cannot be read to its end").caused_by(error))
}
