//! Asking for work, looking at it, and calling it off.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::record::JobRecord;
use super::repo;
use crate::context::Ctx;
use crate::db::{Tx, dialect};
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
        }
    }

    #[must_use]
    pub fn once(mut self, dedupe_key: impl Into<String>) -> Self {
        self.dedupe_key = Some(dedupe_key.into());
        self
    }
}

/// Adds a job for the organisation of `ctx`, to run once `tx` is committed; answers with its id, or with that of the
/// unfinished job of the same key.
pub async fn enqueue(tx: &Tx, ctx: &Ctx, job: NewJob) -> Result<Uuid> {
    if let Some(key) = &job.dedupe_key {
        // Until this transaction ends nobody else decides about the key.
        dialect::lock(tx, &format!("jobs:{}:{key}", ctx.org)).await?;
        if let Some(id) = repo::jobs::unfinished(tx, ctx.org.as_str(), key).await? {
            return Ok(id);
        }
    }
    let id = repo::jobs::insert(tx, ctx, job).await?;
    tx.announce();
    Ok(id)
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
    match repo::jobs::find(tx, ctx.org.as_str(), id).await? {
        Some(job) => Err(Error::conflict(format!("The job is {} already", job.status))),
        None => Err(Error::not_found("Job not found")),
    }
}
