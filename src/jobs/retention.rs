//! How long the traces of finished work are kept.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::repo::{jobs, outbox};
use crate::db::Db;
use crate::error::Result;

const DELIVERED_EVENTS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
const FINISHED_JOBS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Rows deleted in one transaction, so that other writers are not held up for long.
const BATCH: u64 = 1000;

/// Deletes delivered events and finished jobs that are past their time; says how many.
pub async fn tidy(db: &Db, now: DateTime<Utc>) -> Result<u64> {
    let mut deleted = 0;
    let before = ago(now, DELIVERED_EVENTS_KEPT);
    while outbox::has_delivered(db, before).await? {
        let tx = db.begin().await?;
        deleted += outbox::delete_delivered(&tx, before, BATCH).await?;
        tx.commit().await?;
    }
    let before = ago(now, FINISHED_JOBS_KEPT);
    while jobs::has_finished(db, before).await? {
        let tx = db.begin().await?;
        deleted += jobs::delete_finished(&tx, before, BATCH).await?;
        tx.commit().await?;
    }
    Ok(deleted)
}

fn ago(now: DateTime<Utc>, age: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(age).ok().and_then(|age| now.checked_sub_signed(age)).unwrap_or(DateTime::<Utc>::MIN_UTC)
}
