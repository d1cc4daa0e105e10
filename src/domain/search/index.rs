//! Bringing the index to the present state of some documents, whatever happened to them.

use std::collections::HashSet;

use uuid::Uuid;

use super::indexer::Indexer;
use super::repo;
use crate::context::Ctx;
use crate::db::{Tx, dialect};
use crate::error::Result;

/// Whoever reads documents to index them holds this until it commits: nobody writes an older state over a newer one.
const LOCK: &str = "search";

pub async fn lock(tx: &Tx) -> Result<()> {
    dialect::lock(tx, LOCK).await
}

/// Indexes those that exist and forgets those that do not. May be repeated.
pub async fn refresh(ctx: &Ctx, tx: &Tx, indexer: &dyn Indexer, ids: &[Uuid]) -> Result<()> {
    lock(tx).await?;
    let documents = indexer.load(ctx, tx, ids).await?;
    repo::documents::write(tx, indexer.kind(), &documents).await?;
    let present: HashSet<Uuid> = documents.iter().map(|document| document.id).collect();
    let gone: Vec<Uuid> = ids.iter().copied().filter(|id| !present.contains(id)).collect();
    repo::documents::delete(tx, indexer.kind(), &gone).await
}
