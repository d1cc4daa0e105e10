//! Copying a content from one storage to another, checked on the way: what arrives is what its name says, or nothing.

use tokio_util::io::InspectReader;

use super::{Health, Listed, TenantStore};
use crate::error::{Error, Kind, Result};

/// What became of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// It was there already.
    Present,
    Copied,
    /// The source has another content under this name; nothing was copied.
    Damaged,
    /// It is no longer in the source: deleted since it was listed.
    Gone,
}

impl TenantStore {
    /// Whether both are the same part of the same storage.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.keys.all() == other.keys.all() && self.backend.is_same_as(&other.backend)
    }

    /// Copies a content from `source` unless it is here: with its size, or with `recheck` byte by byte. `tell` hears of the
    /// bytes that were read.
    ///
    /// Errors: what either storage answers.
    pub async fn copy_from(
        &self,
        source: &Self,
        content: &Listed,
        recheck: bool,
        tell: &(dyn Fn(u64) + Sync),
    ) -> Result<Copied> {
        let replaces = match self.size(&content.sha256).await {
            Ok(size) if size == content.size && !recheck => return Ok(Copied::Present),
            Ok(size) if size == content.size => match self.examine(&content.sha256, size, tell).await? {
                Health::Sound => return Ok(Copied::Present),
                Health::Missing | Health::Damaged { .. } => true,
            },
            Ok(_) => true,
            Err(error) if error.kind() == Kind::NotFound => false,
            Err(error) => return Err(error),
        };
        let blob = match source.get(&content.sha256).await {
            Ok(blob) => blob,
            Err(error) if error.kind() == Kind::NotFound => return Ok(Copied::Gone),
            Err(error) => return Err(error),
        };
        let reader = InspectReader::new(blob.into_reader(), |some: &[u8]| tell(some.len() as u64));
        let received = self.receive(reader, u64::MAX).await.map_err(unread)?;
        if received.stored().sha256 != content.sha256 {
            return Ok(Copied::Damaged);
        }
        if replaces {
            // One of the same size passes for the content itself.
            self.delete(&content.sha256).await?;
        }
        received.publish().await?;
        Ok(Copied::Copied)
    }
}

/// The source is a storage here, no client.
fn unread(error: Error) -> Error {
    if error.kind() == Kind::BadRequest { Error::internal("The source cannot be read to its end").caused_by(error.chain()) } else { error }
}

// TEMPORARY until the core brings `receive`.
struct Received(TenantStore, Vec<u8>, super::Stored);
impl Received {
    fn stored(&self) -> super::Stored {
        self.2
    }
    async fn publish(self) -> Result<super::Stored> {
        self.0.put(&self.1[..], u64::MAX).await
    }
}
impl TenantStore {
    async fn receive(&self, mut source: impl tokio::io::AsyncRead + Send + Unpin, _: u64) -> Result<Received> {
        use sha2::Digest;
        use tokio::io::AsyncReadExt;
        let mut all = Vec::new();
        source.read_to_end(&mut all).await.map_err(|e| Error::bad_request("x").caused_by(e))?;
        let sha256 = super::ContentHash::from_bytes(sha2::Sha256::digest(&all).into());
        let size = all.len() as u64;
        Ok(Received(self.clone(), all, super::Stored { sha256, size }))
    }
}
