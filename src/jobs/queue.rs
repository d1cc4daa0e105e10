//! The worker's side of the queue: taking a job under a lease, keeping the lease, and saying how the job ended.
//!
//! A lease is named by worker, attempt and the moment of taking. Whoever takes over an expired one counts a new attempt, so the
//! old owner's name fits no row any more and whatever it still says changes nothing; the moment keeps that true when a failed
//! job is put back and its attempts are counted anew.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::repo::jobs::{self as repo, Ending, Which};
use super::retry::wait_after;
use super::{Asker, Progress, Reporter, Task};
use crate::db::Db;
use crate::entity::tenant::job;
use crate::error::{Error, Kind, Result};

/// The right to run one attempt of a job, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub job: Uuid,
    pub worker: String,
    pub attempt: i32,
    pub max_attempts: i32,
    pub since: Option<DateTime<Utc>>,
}

/// A job taken from the queue.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub lease: Lease,
    pub task_type: String,
    pub org: String,
    pub task: Task,
    /// As who it was asked for by name; none where the program did.
    pub asked_as: Option<Asker>,
    /// How long it was due before it was taken.
    pub waited: Duration,
}

impl From<job::Model> for Claimed {
    fn from(row: job::Model) -> Self {
        let (id, attempt) = (row.id, row.attempt_count);
        let worker = row.worker_id.unwrap_or_default();
        let waited = row.started_at.map(|since| since - row.scheduled_at).and_then(|wait| wait.to_std().ok());
        Self {
            lease: Lease { job: id, worker, attempt, max_attempts: row.max_attempts, since: row.started_at },
            task_type: row.task_type,
            org: row.org_id,
            asked_as: row.asked_as.as_deref().map(Asker::parse),
            task: Task { id, payload: row.payload, attempt, created_by: row.created_by_id, reporter: Reporter::new() },
            waited: waited.unwrap_or_default(),
        }
    }
}

/// What waits in one database, seen without writing to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outlook {
    pub events_due: bool,
    pub jobs_due: bool,
    /// When the next thing is due that is not due yet: an event, a job, or the end of a lease.
    pub next: Option<DateTime<Utc>>,
}

/// Looks for work of the given types.
pub async fn outlook(db: &Db, types: &[&str], now: DateTime<Utc>) -> Result<Outlook> {
    repo::outlook(db, types, now).await
}

/// Takes the next due job of the given types, if there is one that nobody else is just taking: one whose lease ran out
/// before one that waits, then by priority, then by time.
pub async fn claim(
    db: &Db,
    worker: &str,
    types: &[&str],
    now: DateTime<Utc>,
    lease: Duration,
) -> Result<Option<Claimed>> {
    if types.is_empty() {
        return Ok(None);
    }
    let until = lease_end(now, lease);
    let tx = db.begin().await?;
    let buried = repo::bury_lost(&tx, types, now).await?;
    let mut row = repo::take(&tx, Which::Lost, worker, types, now, until).await?;
    if row.is_none() {
        row = repo::take(&tx, Which::Pending, worker, types, now, until).await?;
    }
    if row.is_some() || buried > 0 {
        tx.commit().await?;
    }
    Ok(row.map(Claimed::from))
}

/// Prolongs a lease; false when it is lost: the job was taken over or called off.
pub async fn extend(db: &Db, lease: &Lease, now: DateTime<Utc>, by: Duration) -> Result<bool> {
    let tx = db.begin().await?;
    let kept = repo::extend(&tx, lease, lease_end(now, by), None).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Records how far the run is, and prolongs the lease; false when it is lost, and the report with it.
pub async fn report(db: &Db, lease: &Lease, now: DateTime<Utc>, by: Duration, progress: Progress) -> Result<bool> {
    let tx = db.begin().await?;
    let kept = repo::extend(&tx, lease, lease_end(now, by), Some(progress)).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Pending jobs of types other than these, with how many there are of each; the first `limit` types by name.
pub async fn unknown(db: &Db, types: &[&str], limit: u64) -> Result<Vec<(String, u64)>> {
    repo::unknown(db, types, limit).await
}

/// Records the result; false when the lease is lost, and the result with it.
pub async fn complete(db: &Db, lease: &Lease, now: DateTime<Utc>, result: Value) -> Result<bool> {
    end(db, lease, Ending::Completed { at: now, result }).await
}

/// Whether a failed attempt was the last: there are no more, or trying again cannot help.
pub fn is_final(lease: &Lease, error: &Error) -> bool {
    matches!(error.kind(), Kind::Invalid | Kind::BadRequest) || lease.attempt >= lease.max_attempts
}

/// Records a failed attempt and when to try again; after the last one, or where trying again cannot help, the job has
/// failed. False when the lease is lost.
pub async fn fail(db: &Db, lease: &Lease, now: DateTime<Utc>, error: &Error) -> Result<bool> {
    let last = is_final(lease, error);
    let error = error.message().to_owned();
    let ending = if last {
        Ending::Failed { at: now, error }
    } else {
        Ending::Again { at: now + wait_after(lease.attempt), error }
    };
    end(db, lease, ending).await
}

/// Puts a job back that was interrupted, or put off, through no fault of its own, to be run not before `at`: the attempt does
/// not count.
pub async fn release(db: &Db, lease: &Lease, at: DateTime<Utc>) -> Result<bool> {
    end(db, lease, Ending::Released { at }).await
}

async fn end(db: &Db, lease: &Lease, ending: Ending) -> Result<bool> {
    let tx = db.begin().await?;
    let held = repo::end(&tx, lease, ending).await?;
    tx.commit().await?;
    Ok(held)
}

fn lease_end(now: DateTime<Utc>, lease: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(lease).ok().and_then(|lease| now.checked_add_signed(lease)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
