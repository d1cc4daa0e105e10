//! How the index stands.

use super::document::Kind;
use super::indexer::Indexes;
use super::repo;
use crate::context::Ctx;
use crate::db::fulltext;
use crate::error::Result;
use chrono::{DateTime, Utc};

/// The latest rebuilding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RebuildStatus {
    pub indexed: u64,
    pub total: u64,
    pub started_at: DateTime<Utc>,
    /// None while it runs, or waits to go on.
    pub finished_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexStatus {
    /// Whether documents of this kind are indexed at all.
    pub enabled: bool,
    pub means: &'static str,
    pub index: &'static str,
    /// Counts tell of what not everyone may see: for administrators.
    pub documents: Option<u64>,
    /// Changes that have not come to the index yet.
    pub pending: Option<u64>,
    pub rebuild: Option<RebuildStatus>,
}

pub async fn status(ctx: &Ctx, indexes: &Indexes, kind: Kind) -> Result<IndexStatus> {
    let (means, index) = (fulltext::means(&*ctx.db), kind.index());
    let Some(indexer) = indexes.of(kind) else {
        return Ok(IndexStatus { enabled: false, means, index, documents: None, pending: None, rebuild: None });
    };
    let mut status = IndexStatus { enabled: true, means, index, documents: None, pending: None, rebuild: None };
    if ctx.actor.is_administrator() {
        status.documents = Some(repo::documents::count(&ctx.db, kind).await?);
        status.pending = Some(repo::documents::pending(&ctx.db, indexer.topics()).await?);
        status.rebuild = repo::rebuilds::latest(&ctx.db, kind).await?.map(|rebuild| RebuildStatus {
            indexed: rebuild.indexed.unsigned_abs(),
            total: rebuild.total.unsigned_abs(),
            started_at: rebuild.started_at,
            finished_at: rebuild.finished_at,
        });
    }
    Ok(status)
}
