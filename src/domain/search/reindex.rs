//! Asking for the index to be made anew: at once where it is small, else as a job.

use async_trait::async_trait;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::document::Kind;
use super::indexer::{Indexer, Indexes};
use super::rebuild::{DEFAULT_BATCH, Plan, Progress, rebuild};
use super::repo::rebuilds::JOB;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change};
use crate::domain::meta::Model;
use crate::error::{Error, Result};
use crate::jobs::{Job, NewJob, Task, enqueue, settle};

/// The most documents that are indexed while the caller waits.
const MOST_AT_ONCE: u64 = 5000;
/// How long a worker leaves a rebuild to the caller that waits for it. Then it joins in, or goes on alone.
const LEFT_TO_CALLER: TimeDelta = TimeDelta::minutes(1);
/// A rebuild gives way to what people wait for, and bears many interruptions.
const PRIORITY: i32 = 20;
const ATTEMPTS: i32 = 10;

/// What a caller asks for.
#[derive(Debug, Clone)]
pub struct Reindex {
    pub scope: Option<String>,
    pub reset: bool,
    pub limit: Option<u64>,
    pub batch: u64,
    /// As a job; without it that is chosen by the number of documents.
    pub background: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reindexed {
    pub indexed: u64,
    /// The job that does it.
    pub job_id: Option<Uuid>,
}

/// Indexes a kind anew. For administrators.
pub async fn reindex(ctx: &Ctx, indexes: &Indexes, kind: Kind, asked: Reindex) -> Result<Reindexed> {
    require_administrator(ctx)?;
    let Some(indexer) = indexes.of(kind) else { return Ok(Reindexed { indexed: 0, job_id: None }) };
    require_scope(ctx, indexer, asked.scope.as_deref()).await?;
    let wanted = indexer.count(&ctx.db, asked.scope.as_deref()).await?.min(asked.limit.unwrap_or(u64::MAX));
    let tx = ctx.begin().await?;
    audit::record(ctx, &tx, vec![change(kind, &asked)]).await?;
    let waits = !asked.background && wanted <= MOST_AT_ONCE;
    let job = begin_job(&tx, ctx, kind, &asked, waits).await?;
    tx.commit().await?;
    if !waits {
        return Ok(Reindexed { indexed: 0, job_id: Some(job) });
    }
    let done = in_place_of(ctx, indexes, kind, job, asked, &|_| {}).await?;
    Ok(Reindexed { indexed: done.indexed, job_id: None })
}

/// The same while the caller waits however long it takes: for the command line, which shows how far it is.
pub async fn reindex_now(
    ctx: &Ctx,
    indexes: &Indexes,
    kind: Kind,
    asked: Reindex,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Progress> {
    require_administrator(ctx)?;
    require_scope(ctx, indexes.require(kind)?, asked.scope.as_deref()).await?;
    let tx = ctx.begin().await?;
    audit::record(ctx, &tx, vec![change(kind, &asked)]).await?;
    let job = begin_job(&tx, ctx, kind, &asked, true).await?;
    tx.commit().await?;
    in_place_of(ctx, indexes, kind, job, asked, tell).await
}

/// Does the work of a job that waits, and ends the job. Should the caller be interrupted, a worker goes on with it: an index
/// that was emptied does not stay so.
async fn in_place_of(
    ctx: &Ctx,
    indexes: &Indexes,
    kind: Kind,
    job: Uuid,
    asked: Reindex,
    tell: &(dyn Fn(Progress) + Sync),
) -> Result<Progress> {
    let Reindex { scope, reset, limit, batch, .. } = asked;
    let done = rebuild(ctx, indexes, &Plan { id: job, kind, scope, reset, limit, batch }, tell).await?;
    let tx = ctx.begin().await?;
    settle(&tx, ctx, job, result(kind, done)).await?;
    tx.commit().await?;
    Ok(done)
}

fn result(kind: Kind, done: Progress) -> Value {
    json!({ "index": kind.index(), "indexed": done.indexed, "total": done.total })
}

async fn require_scope(ctx: &Ctx, indexer: &dyn Indexer, scope: Option<&str>) -> Result<()> {
    match scope {
        Some(scope) => indexer.require_scope(&Model::load(ctx).await?, scope),
        None => Ok(()),
    }
}

fn require_administrator(ctx: &Ctx) -> Result<()> {
    if ctx.actor.is_administrator() {
        return Ok(());
    }
    Err(Error::forbidden("Permission denied for action: reindex on resource: search")
        .code("PERMISSION_DENIED", "Only an administrator may rebuild the search index.")
        .details(json!({ "action": "reindex", "resource": "search" })))
}

fn change(kind: Kind, asked: &Reindex) -> Change {
    Change {
        action: "search.reindex_requested",
        subject_type: "search".to_owned(),
        subject_id: kind.index().to_owned(),
        before: None,
        after: Some(json!({ "scope": asked.scope, "reset": asked.reset, "limit": asked.limit })),
    }
}

/// What the job is told. Rows that wait were written by earlier versions, so every field but the kind may be missing.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    kind: Kind,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    reset: bool,
    #[serde(default)]
    limit: Option<u64>,
    #[serde(default)]
    batch: Option<u64>,
}

async fn begin_job(tx: &Tx, ctx: &Ctx, kind: Kind, asked: &Reindex, waits: bool) -> Result<Uuid> {
    let payload =
        Payload { kind, scope: asked.scope.clone(), reset: asked.reset, limit: asked.limit, batch: Some(asked.batch) };
    let payload = serde_json::to_value(payload)
        .map_err(|error| Error::internal("The payload of a job cannot be written").caused_by(error))?;
    let mut job = NewJob::new(ReindexJob::NAME, payload);
    // One that only refreshes does not stand for one that empties first, or that stops early.
    let flags = match (asked.reset, asked.limit) {
        (false, None) => String::new(),
        (reset, limit) => format!(":{reset}:{limit:?}"),
    };
    job = job.once(format!("{}:{}:{}{flags}", ReindexJob::NAME, kind.as_str(), asked.scope.as_deref().unwrap_or("")));
    job.priority = PRIORITY;
    job.max_attempts = ATTEMPTS;
    job.run_at = waits.then(|| ctx.now() + LEFT_TO_CALLER);
    enqueue(tx, ctx, job).await
}

/// `search.reindex`: goes on where an earlier attempt stopped.
pub struct ReindexJob(Indexes);

impl ReindexJob {
    const NAME: &'static str = JOB;

    pub fn new(indexes: Indexes) -> Self {
        Self(indexes)
    }
}

#[async_trait]
impl Job for ReindexJob {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        let Payload { kind, scope, reset, limit, batch } = task.input()?;
        let plan = Plan { id: task.id, kind, scope, reset, limit, batch: batch.unwrap_or(DEFAULT_BATCH) };
        let done = rebuild(&ctx, &self.0, &plan, &|_| {}).await?;
        Ok(result(kind, done))
    }
}
