//! Reading the parts as the one content that they form, to be stored under its hash.

use tokio_util::io::StreamReader;

use super::{PartedUpload, StoredPart, TenantStore};
use crate::error::Result;
use crate::storage::Received;

impl TenantStore {
    /// Reads the content that these parts form, in constant memory; where the storage has joined them, nothing is written.
    /// The parts stay as they are until they are discarded.
    ///
    /// Errors: `NotFound` if one is not there; those of [`TenantStore::receive`].
    pub async fn receive_parts(&self, upload: &PartedUpload, parts: &[StoredPart], max_bytes: u64) -> Result<Received> {
        if upload.multipart.is_none() {
            return self.receive(StreamReader::new(self.parts_stream(upload.id, parts)), max_bytes).await;
        }
        let key = self.keys.joined(upload.id);
        let size = parts.iter().map(|part| part.size).sum();
        let content = self.stream(&key, 0..size).await?;
        self.receive_object(key, StreamReader::new(content), max_bytes).await
    }
}
