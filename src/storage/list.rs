//! What the storage itself has of an organisation, whatever the database says.

use std::collections::BTreeMap;
use std::future;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use opendal::{Entry, Metadata};
use uuid::Uuid;

use super::blob::modified;
use super::errors::storage_error;
use super::{ObjectId, TenantStore};
use crate::error::Result;

/// Look-ups at the same time, where a list does not say how large and old its entries are.
const LOOK_UPS: usize = 16;

/// A content as the storage lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    pub object: ObjectId,
    /// In bytes.
    pub size: u64,
    /// When it was last written, where the storage knows.
    pub modified: Option<DateTime<Utc>>,
}

/// What uploads left behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Remains {
    pub objects: u64,
    pub bytes: u64,
}

impl TenantStore {
    /// Every content of this organisation as it comes, in no order. What is written or deleted meanwhile may be in it or not.
    pub async fn contents(&self) -> Result<BoxStream<'static, Result<Listed>>> {
        let entries = self.backend.operator.lister_with(&self.keys.blobs()).recursive(true).await;
        let store = self.clone();
        let listed = entries.map_err(storage_error)?.map_err(storage_error).map(move |entry| {
            let store = store.clone();
            async move { store.listed(entry?).await }
        });
        Ok(listed.buffered(LOOK_UPS).try_filter_map(|found| future::ready(Ok(found))).boxed())
    }

    /// None for what is no content, or is gone since the list was made.
    async fn listed(&self, entry: Entry) -> Result<Option<Listed>> {
        let Some(object) = self.keys.content_of(entry.path()) else { return Ok(None) };
        let Some(metadata) = self.metadata_of(&entry).await?.filter(Metadata::is_file) else { return Ok(None) };
        Ok(Some(Listed { object, size: metadata.content_length(), modified: modified(&metadata) }))
    }

    /// From the list itself where that tells all.
    async fn metadata_of(&self, entry: &Entry) -> Result<Option<Metadata>> {
        let known = entry.metadata();
        if known.is_dir() || known.last_modified().is_some() {
            return Ok(Some(known.clone()));
        }
        self.described(entry.path()).await
    }

    /// Counts what uploads left behind when a process died, if it is older than `age`, and deletes it unless `dry`.
    ///
    /// `age` must exceed the longest upload. Parts of an S3 upload that never ended are not objects: a lifecycle rule of
    /// the bucket removes those (`prepare`).
    pub async fn sweep_remains(&self, age: Duration, dry: bool) -> Result<Remains> {
        let mut remains = Remains::default();
        let Some(limit) = TimeDelta::from_std(age).ok().and_then(|age| Utc::now().checked_sub_signed(age)) else {
            return Ok(remains);
        };
        let mut entries = self.backend.operator.lister(&self.keys.uploads()).await.map_err(storage_error)?;
        while let Some(entry) = entries.try_next().await.map_err(storage_error)? {
            let Some(metadata) = self.metadata_of(&entry).await? else { continue };
            if !metadata.is_file() || modified(&metadata).is_none_or(|time| time >= limit) {
                continue;
            }
            if !dry {
                self.backend.operator.delete(entry.path()).await.map_err(storage_error)?;
            }
            remains.objects += 1;
            remains.bytes += metadata.content_length();
        }
        Ok(remains)
    }

    /// The uploads in parts of which something lies here that was last written before `limit`, all of it, and how much it is.
    /// Parts that an S3 storage has not joined are no objects, and not among it.
    pub async fn part_remains(&self, limit: DateTime<Utc>) -> Result<Vec<(Uuid, Remains)>> {
        let entries = self.backend.operator.lister_with(&self.keys.all_parts()).recursive(true).await;
        let mut entries = entries.map_err(storage_error)?;
        let mut found: BTreeMap<Uuid, (Remains, bool)> = BTreeMap::new();
        while let Some(entry) = entries.try_next().await.map_err(storage_error)? {
            let Some(upload) = self.keys.upload_of_part(entry.path()) else { continue };
            let Some(metadata) = self.metadata_of(&entry).await?.filter(Metadata::is_file) else { continue };
            let (remains, is_old) = found.entry(upload).or_insert((Remains::default(), true));
            remains.objects += 1;
            remains.bytes += metadata.content_length();
            *is_old &= modified(&metadata).is_some_and(|time| time < limit);
        }
        Ok(found.into_iter().filter(|(_, (_, is_old))| *is_old).map(|(id, (remains, _))| (id, remains)).collect())
    }
}
