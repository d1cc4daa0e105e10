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
        let replaces = match self.size(&content.object).await {
            Ok(size) if size == content.size && !recheck => return Ok(Copied::Present),
            Ok(size) if size == content.size => match self.examine(&content.object, size, tell).await? {
                Health::Sound => return Ok(Copied::Present),
                Health::Missing | Health::Damaged { .. } => true,
            },
            Ok(_) => true,
            Err(error) if error.kind() == Kind::NotFound => false,
            Err(error) => return Err(error),
        };
        let blob = match source.get(&content.object).await {
            Ok(blob) => blob,
            Err(error) if error.kind() == Kind::NotFound => return Ok(Copied::Gone),
            Err(error) => return Err(error),
        };
        let reader = InspectReader::new(blob.into_reader(), |some: &[u8]| tell(some.len() as u64));
        let received = self.receive(reader, u64::MAX).await.map_err(unread)?;
        if received.stored().sha256 != content.object.sha256 {
            // What arrived is cut where it could not be written any further, too.
            drop(received);
            return match source.examine(&content.object, content.size, &|_| {}).await? {
                Health::Sound => Err(Error::unavailable("The copy could not be written to its end")),
                Health::Missing => Ok(Copied::Gone),
                Health::Damaged { .. } => Ok(Copied::Damaged),
            };
        }
        // One of the same size passes for the content itself where it is not replaced.
        if replaces {
            received.replace(content.object.edition).await?;
        } else {
            received.publish(content.object.edition).await?;
        }
        Ok(Copied::Copied)
    }
}

/// The source is a storage here, no client.
fn unread(error: Error) -> Error {
    if error.kind() == Kind::BadRequest {
        Error::internal("The source cannot be read to its end").caused_by(error.chain())
    } else {
        error
    }
}
