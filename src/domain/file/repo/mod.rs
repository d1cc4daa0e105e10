//! Queries on files.

use crate::error::{Error, Result};
use crate::storage::ContentHash;

pub mod attachments;
pub mod collect;
pub mod files;
pub mod hurt;
pub mod many;
pub mod objects;
pub mod readable;
pub mod references;
pub mod sessions;
pub mod version_files;

/// A checksum as rows keep it.
fn content_hash(text: &str) -> Result<ContentHash> {
    text.parse().map_err(|error| Error::internal("A row has an impossible checksum").caused_by(error))
}
