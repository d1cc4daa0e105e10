//! How much an organisation's part of the storage holds, by what the database says; what nobody needs, by what is there.

use chrono::TimeDelta;
use serde::Serialize;

use super::{orphans, repo};
use crate::context::Ctx;
use crate::error::Result;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Usage {
    pub files: u64,
    pub bytes: u64,
    /// Contents that the database knows: those of files, previews, and what is about to be collected.
    pub contents: u64,
    pub contents_bytes: u64,
    /// Objects that nothing refers to, known to the database or not.
    pub orphans: u64,
    pub orphans_bytes: u64,
    /// Files that hang on nothing.
    pub unattached_files: u64,
    pub unattached_bytes: u64,
}

pub async fn usage(ctx: &Ctx) -> Result<Usage> {
    let db = &*ctx.db;
    let (files, contents) = (repo::collect::files(db).await?, repo::collect::contents(db).await?);
    let orphans = orphans::count(ctx).await?;
    let unattached = repo::collect::unwanted(db, ctx.now() + TimeDelta::days(1)).await?;
    Ok(Usage {
        files: files.count,
        bytes: files.bytes,
        contents: contents.count,
        contents_bytes: contents.bytes,
        orphans: orphans.count,
        orphans_bytes: orphans.bytes,
        unattached_files: unattached.count,
        unattached_bytes: unattached.bytes,
    })
}
