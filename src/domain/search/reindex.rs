//! Asking for the index to be made anew: at once where it is small, else as a job.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::document::Kind;
use super::indexer::{Indexer, Indexes};
use super::rebuild::{DEFAULT_BATCH, Plan, Progress, rebuild};
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change, new_id};
use crate::domain::meta::Model;
use crate::error::{Error, Result};
use crate::jobs::{Job, NewJob, Task, enqueue};

/// The most documents that are indexed while the caller waits.
const MOST_AT_ONCE: u64 = 5000;
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
    if asked.background || wanted > MOST_AT_ONCE {
        let job_id = Some(begin_job(&tx, ctx, kind, &asked).await?);
        tx.commit().await?;
        return Ok(Reindexed { indexed: 0, job_id });
    }
    tx.commit().await?;
    let plan =
        Plan { id: new_id(), kind, scope: asked.scope, reset: asked.reset, limit: asked.limit, batch: asked.batch };
    let done = rebuild(ctx, indexes, &plan, &|_| {}).await?;
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
    tx.commit().await?;
    let Reindex { scope, reset, limit, batch, .. } = asked;
    rebuild(ctx, indexes, &Plan { id: new_id(), kind, scope, reset, limit, batch }, tell).await
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

async fn begin_job(tx: &Tx, ctx: &Ctx, kind: Kind, asked: &Reindex) -> Result<Uuid> {
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
    enqueue(tx, ctx, job).await
}

/// `search.reindex`: goes on where an earlier attempt stopped.
pub struct ReindexJob(Indexes);

impl ReindexJob {
    const NAME: &'static str = "search.reindex";

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
        Ok(json!({ "index": kind.index(), "indexed": done.indexed, "total": done.total }))
    }
}
