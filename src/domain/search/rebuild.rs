//! Indexing everything anew, batch by batch: each is a transaction that also says how far it has come, so that a rebuild
//! that was interrupted goes on where it stood.

use uuid::Uuid;

use super::document::Kind;
use super::index::lock;
use super::indexer::{Indexer, Indexes};
use super::repo;
use crate::context::Ctx;
use crate::entity::tenant::search_rebuild::Model as Rebuild;
use crate::error::Result;

/// Rows that are removed in one transaction.
const REMOVED_AT_ONCE: u64 = 500;
pub const DEFAULT_BATCH: u64 = 200;
pub const MOST_IN_BATCH: u64 = 2000;

/// What is to be indexed anew.
#[derive(Debug, Clone)]
pub struct Plan {
    /// That of its job. One that is known goes on.
    pub id: Uuid,
    pub kind: Kind,
    /// An item type, or a state of change orders; none is everything.
    pub scope: Option<String>,
    /// Empties the index first. Until the end searches find only what has been indexed again.
    pub reset: bool,
    /// No more documents than these.
    pub limit: Option<u64>,
    pub batch: u64,
}

/// How far it is: documents indexed, of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub indexed: u64,
    pub total: u64,
}

/// Runs a plan to its end, telling after each batch. May be run again, also while another run is under way.
pub async fn rebuild(ctx: &Ctx, indexes: &Indexes, plan: &Plan, tell: &(dyn Fn(Progress) + Sync)) -> Result<Progress> {
    let indexer = indexes.require(plan.kind)?;
    let mut standing = begin(ctx, indexer, plan).await?;
    if standing.finished_at.is_some() {
        return Ok(progress(&standing));
    }
    if plan.reset {
        empty(ctx, indexer, plan).await?;
    }
    tell(progress(&standing));
    while batch(ctx, indexer, plan, &mut standing).await? {
        tell(progress(&standing));
    }
    tell(progress(&standing));
    sweep(ctx, indexer).await?;
    let tx = ctx.begin().await?;
    repo::rebuilds::finish(&tx, standing.id, ctx.now()).await?;
    tx.commit().await?;
    Ok(progress(&standing))
}

async fn begin(ctx: &Ctx, indexer: &dyn Indexer, plan: &Plan) -> Result<Rebuild> {
    let total = indexer.count(&ctx.db, plan.scope.as_deref()).await?.min(plan.limit.unwrap_or(u64::MAX));
    let tx = ctx.begin().await?;
    if let Some(known) = repo::rebuilds::find(&tx, plan.id).await? {
        return Ok(known);
    }
    let new = Rebuild {
        id: plan.id,
        kind: plan.kind.as_str().to_owned(),
        scope: plan.scope.clone(),
        after_id: None,
        indexed: 0,
        total: i64::try_from(total).unwrap_or(i64::MAX),
        started_at: ctx.now(),
        finished_at: None,
    };
    repo::rebuilds::insert(&tx, &new).await?;
    tx.commit().await?;
    Ok(new)
}

/// How many documents the next batch has; none when the limit is reached.
fn next_batch(plan: &Plan, standing: &Rebuild) -> Option<u64> {
    let left = plan.limit.unwrap_or(u64::MAX).saturating_sub(standing.indexed.unsigned_abs());
    Some(left.min(plan.batch.clamp(1, MOST_IN_BATCH))).filter(|most| *most > 0)
}

/// Indexes the next batch; false when there is none. Two runs of one plan take turns.
async fn batch(ctx: &Ctx, indexer: &dyn Indexer, plan: &Plan, standing: &mut Rebuild) -> Result<bool> {
    let tx = ctx.begin().await?;
    lock(&tx).await?;
    if let Some(now) = repo::rebuilds::find(&tx, plan.id).await? {
        *standing = now;
    }
    let Some(most) = next_batch(plan, standing) else { return Ok(false) };
    let documents = indexer.page(ctx, &tx, plan.scope.as_deref(), standing.after_id, most).await?;
    let count = documents.len() as u64;
    if let Some(last) = documents.last() {
        repo::documents::write(&tx, plan.kind, &documents).await?;
        standing.after_id = Some(last.id);
        standing.indexed = standing.indexed.saturating_add_unsigned(count);
        repo::rebuilds::advance(&tx, standing.id, last.id, standing.indexed).await?;
    }
    tx.commit().await?;
    Ok(count == most)
}

/// Removes the documents of the plan's scope, part by part, until there are none, or the first of them is indexed anew:
/// another run of the plan has emptied it then.
async fn empty(ctx: &Ctx, indexer: &dyn Indexer, plan: &Plan) -> Result<()> {
    loop {
        let tx = ctx.begin().await?;
        lock(&tx).await?;
        if repo::rebuilds::find(&tx, plan.id).await?.is_some_and(|now| now.after_id.is_some()) {
            return Ok(());
        }
        let done = repo::documents::empty(&tx, indexer, plan.scope.as_deref(), REMOVED_AT_ONCE).await?;
        tx.commit().await?;
        if done == 0 {
            return Ok(());
        }
    }
}

/// Removes the documents that are no more, part by part.
async fn sweep(ctx: &Ctx, indexer: &dyn Indexer) -> Result<()> {
    loop {
        let tx = ctx.begin().await?;
        lock(&tx).await?;
        let done = repo::documents::sweep(&tx, indexer, REMOVED_AT_ONCE).await?;
        tx.commit().await?;
        if done == 0 {
            return Ok(());
        }
    }
}

fn progress(standing: &Rebuild) -> Progress {
    Progress { indexed: standing.indexed.unsigned_abs(), total: standing.total.unsigned_abs() }
}
