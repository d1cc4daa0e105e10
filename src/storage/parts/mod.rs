//! A content that arrives in parts, over hours and many requests, and is read as one when all are there.
//!
//! Where S3 takes the parts itself, they belong to a multipart upload and are joined to one object; elsewhere each part is
//! an object of its own. Both are temporary: what is read from them is stored like any other content, and `discard` removes
//! them. Every call bears repetition, also after a process that died within it.

mod read;
mod write;

use std::io;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use url::Url;
use uuid::Uuid;

use super::TenantStore;
use super::blob::{ByteStream, link_life};
use super::errors::storage_error;
use super::multipart::Multipart;
use crate::error::{Error, Result};

/// Look-ups of parts that go on at once.
const AT_ONCE: usize = 16;

/// An upload in parts, as it has to be remembered between requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartedUpload {
    pub id: Uuid,
    /// The id under which S3 knows it; `None` where this server takes the parts.
    pub multipart: Option<String>,
}

/// A part that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// From 1.
    pub number: u32,
    /// In bytes.
    pub size: u64,
    /// As the storage calls it; not every storage does.
    pub etag: Option<String>,
}

/// Where a client sends a part, with PUT and exactly the bytes that were said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartLink {
    pub url: Url,
}

impl TenantStore {
    /// Prepares for the parts of a new upload.
    pub async fn begin_parts(&self, id: Uuid) -> Result<PartedUpload> {
        let multipart = match &self.backend.multipart {
            Some(multipart) => Some(multipart.begin(&self.keys.joined(id)).await?),
            None => None,
        };
        Ok(PartedUpload { id, multipart })
    }

    /// Where a client sends a part of `size` bytes; `None` if that is `put_part`.
    pub async fn part_link(
        &self,
        upload: &PartedUpload,
        number: u32,
        size: u64,
        life: Duration,
    ) -> Result<Option<PartLink>> {
        let Some(id) = &upload.multipart else { return Ok(None) };
        let link = self.multipart()?.link(&self.keys.joined(upload.id), id, number, size, link_life(life)).await?;
        Ok(Some(link))
    }

    /// The parts that have arrived, by number.
    ///
    /// Errors: `NotFound` where the storage has joined them, or has given the upload up.
    pub async fn stored_parts(&self, upload: &PartedUpload) -> Result<Vec<StoredPart>> {
        match &upload.multipart {
            Some(id) => self.multipart()?.list(&self.keys.joined(upload.id), id).await,
            None => self.part_objects(upload.id).await,
        }
    }

    /// How long the one object is that the storage has made of the parts, if it has.
    pub async fn joined_size(&self, upload: &PartedUpload) -> Result<Option<u64>> {
        let joined = self.described(&self.keys.joined(upload.id)).await?;
        Ok(joined.map(|metadata| metadata.content_length()))
    }

    /// Makes one object of the parts where the storage does that itself; elsewhere they are read one after the other.
    ///
    /// Errors: `Conflict` if the storage does not hold these parts.
    pub async fn join_parts(&self, upload: &PartedUpload, parts: &[StoredPart]) -> Result<()> {
        let Some(id) = &upload.multipart else { return Ok(()) };
        let size = parts.iter().map(|part| part.size).sum();
        let Err(error) = self.multipart()?.complete(&self.keys.joined(upload.id), id, parts).await else {
            return Ok(());
        };
        // It may have been joined by a request whose answer was lost.
        if self.joined_size(upload).await? == Some(size) { Ok(()) } else { Err(error) }
    }

    /// Removes whatever has arrived; what arrives later by an old link is refused by the storage.
    pub async fn discard_parts(&self, upload: &PartedUpload) -> Result<()> {
        if let Some(id) = &upload.multipart
            && self.joined_size(upload).await?.is_none()
        {
            self.multipart()?.abort(&self.keys.joined(upload.id), id).await?;
        }
        let directory = self.keys.parts(upload.id);
        self.backend.operator.delete_with(&directory).recursive(true).await.map_err(storage_error)
    }

    /// The content that the parts form, in their order.
    pub(super) fn parts_stream(&self, upload: Uuid, parts: &[StoredPart]) -> ByteStream {
        let (store, parts) = (self.clone(), parts.to_vec());
        let read = move |part: StoredPart| {
            let store = store.clone();
            async move { store.stream(&store.keys.part(upload, part.number), 0..part.size).await.map_err(io::Error::other) }
        };
        stream::iter(parts).then(read).try_flatten().boxed()
    }

    fn multipart(&self) -> Result<&Multipart> {
        let lost = || {
            Error::conflict("The upload was begun on an S3 storage with keys, which is not configured any more")
                .code("UPLOAD_STORAGE_CHANGED", "The storage was changed since this upload was begun. Begin it again.")
        };
        self.backend.multipart.as_ref().ok_or_else(lost)
    }

    async fn part_objects(&self, upload: Uuid) -> Result<Vec<StoredPart>> {
        let directory = self.keys.parts(upload);
        let operator = &self.backend.operator;
        let entries = operator.list(&directory).await.map_err(storage_error)?;
        let numbers: Vec<u32> = entries.iter().filter_map(|entry| entry.name().parse().ok()).collect();
        let found = stream::iter(numbers)
            .map(|number| async move { self.part_object(upload, number).await })
            .buffer_unordered(AT_ONCE)
            .try_filter_map(|part| async { Ok(part) });
        let mut found: Vec<StoredPart> = found.try_collect().await?;
        found.sort_by_key(|part| part.number);
        Ok(found)
    }

    /// None for a part that was removed since it was listed.
    async fn part_object(&self, upload: Uuid, number: u32) -> Result<Option<StoredPart>> {
        let found = self.described(&self.keys.part(upload, number)).await?;
        Ok(found.map(|metadata| {
            let etag = metadata.etag().map(str::to_owned);
            StoredPart { number, size: metadata.content_length(), etag }
        }))
    }
}
