//! Asking for work, looking at it, and calling it off.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::Asker;
use super::record::JobRecord;
use super::repo;
use crate::context::Ctx;
use crate::db::{Tx, dialect};
use crate::entity::tenant::job;
use crate::error::{Error, Result};

/// How urgent a job is that nobody calls urgent. Lower runs first.
const DEFAULT_PRIORITY: i32 = 10;
const DEFAULT_ATTEMPTS: i32 = 3;

/// Work to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub task_type: String,
    /// Small: ids, not contents.
    pub payload: Value,
    /// Lower runs first.
    pub priority: i32,
    /// How often it is run before it counts as failed; at least once.
    pub max_attempts: i32,
    /// While a job with this key is unfinished no second one is made. One that runs already is unfinished: the key suits
    /// work that is wanted once, not work that must follow each change.
    pub dedupe_key: Option<String>,
    /// Not before this; none is at once.
    pub run_at: Option<DateTime<Utc>>,
    /// As who it is asked for by name, which is not for every kind; none for what the program asks for.
    pub asked_as: Option<Asker>,
}

impl NewJob {
    pub fn new(task_type: impl Into<String>, payload: Value) -> Self {
        Self {
            task_type: task_type.into(),
            payload,
            priority: DEFAULT_PRIORITY,
            max_attempts: DEFAULT_ATTEMPTS,
            dedupe_key: None,
            run_at: None,
            asked_as: None,
        }
    }

    #[must_use]
    pub fn once(mut self, dedupe_key: impl Into<String>) -> Self {
        self.dedupe_key = Some(dedupe_key.into());
        self
    }
}

/// What asking for work led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Enqueued {
    pub id: Uuid,
    /// False for the unfinished job of the same key that was there already.
    pub is_new: bool,
}

/// Adds a job for the organisation of `ctx`, to run once `tx` is committed; answers with its id, or with that of the
/// unfinished job of the same type and key.
pub async fn enqueue(tx: &Tx, ctx: &Ctx, job: NewJob) -> Result<Uuid> {
    Ok(enqueue_or_find(tx, ctx, job).await?.id)
}

/// The same, and says which of the two it was.
pub async fn enqueue_or_find(tx: &Tx, ctx: &Ctx, job: NewJob) -> Result<Enqueued> {
    if let Some(key) = &job.dedupe_key
        && let Some(id) = unfinished(tx, ctx, &job.task_type, key).await?
    {
        return Ok(Enqueued { id, is_new: false });
    }
    let id = repo::jobs::insert(tx, ctx, job).await?;
    tx.announce();
    Ok(Enqueued { id, is_new: true })
}

/// The unfinished job of a type and key, as things are.
pub async fn find_unfinished(ctx: &Ctx, task_type: &str, key: &str) -> Result<Option<Uuid>> {
    repo::jobs::unfinished(&*ctx.db, ctx.org.as_str(), task_type, key).await
}

/// Until the transaction ends nobody else decides about the key.
async fn unfinished(tx: &Tx, ctx: &Ctx, task_type: &str, key: &str) -> Result<Option<Uuid>> {
    dialect::lock(tx, &format!("jobs:{}:{task_type}:{key}", ctx.org)).await?;
    repo::jobs::unfinished(tx, ctx.org.as_str(), task_type, key).await
}

/// Fails with `NotFound` for a job of another organisation, too.
pub async fn find(ctx: &Ctx, id: Uuid) -> Result<JobRecord> {
    let found = repo::jobs::find(&*ctx.db, ctx.org.as_str(), id).await?;
    found.ok_or_else(|| Error::not_found("Job not found"))?.try_into()
}

/// Calls a job off. One that runs is stopped when its worker next renews the lease, and its result is not kept.
///
/// Fails with `NotFound`, and with `Conflict` for a job that has finished.
pub async fn cancel(tx: &Tx, ctx: &Ctx, id: Uuid) -> Result<()> {
    if repo::jobs::cancel(tx, ctx.org.as_str(), id, ctx.now()).await? {
        return Ok(());
    }
    let job = require(tx, ctx, id).await?;
    Err(Error::conflict(format!("The job is {} already", job.status))
        .code("JOB_FINISHED", "The job has finished; there is nothing to call off."))
}

/// Ends an unfinished job whose work its asker did itself. One that has ended otherwise stays so.
pub async fn settle(tx: &Tx, ctx: &Ctx, id: Uuid, result: Value) -> Result<()> {
    repo::jobs::settle(tx, ctx.org.as_str(), id, ctx.now(), result).await
}

/// Puts a failed or cancelled job back into the queue, due at once and with all its attempts.
///
/// Fails with `NotFound`, and with `Conflict` for a job in another state or when an unfinished one has the same key.
pub async fn put_back(tx: &Tx, ctx: &Ctx, id: Uuid) -> Result<()> {
    let row = require(tx, ctx, id).await?;
    if let Some(key) = &row.dedupe_key
        && let Some(other) = unfinished(tx, ctx, &row.task_type, key).await?.filter(|other| *other != id)
    {
        return Err(Error::conflict("Another job of the same kind and key is unfinished")
            .code("JOB_DUPLICATE", "The same work waits or runs already; see the job in the details.")
            .details(serde_json::json!({ "job_id": other })));
    }
    // The run of a job that was called off may not know of it before its lease ends.
    let due = row.lease_until.map_or(ctx.now(), |lease| lease.max(ctx.now()));
    if repo::jobs::put_back(tx, ctx.org.as_str(), id, due).await? {
        tx.announce();
        return Ok(());
    }
    let job = require(tx, ctx, id).await?;
    Err(Error::conflict(format!("The job is {}", job.status))
        .code("JOB_NOT_FAILED", "Only a failed or cancelled job can be put back into the queue."))
}

async fn require(tx: &Tx, ctx: &Ctx, id: Uuid) -> Result<job::Model> {
    let found = repo::jobs::find(tx, ctx.org.as_str(), id).await?;
    found.ok_or_else(|| Error::not_found("Job not found"))
}
