//! Counted login failures.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::db::Db;
use crate::db::dialect::statement;
use crate::entity::identity::login_failure;
use crate::error::Result;

pub struct Failures {
    /// How many within the window.
    pub number: u32,
    /// Until the window ends.
    pub seconds_left: u64,
}

/// The failures of a subject within the window.
pub async fn failures(control: &Db, subject: &str, now: DateTime<Utc>, window: Duration) -> Result<Failures> {
    let window = TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
    let row = login_failure::Entity::find_by_id(subject).one(control).await?;
    let row = row.filter(|row| row.window_start >= now - window);
    Ok(row.map_or(Failures { number: 0, seconds_left: 0 }, |row| Failures {
        number: u32::try_from(row.failures).unwrap_or(u32::MAX),
        seconds_left: u64::try_from((row.window_start + window - now).num_seconds()).unwrap_or(0),
    }))
}

/// Counts one failure, in one statement, so that parallel ones are all counted.
pub async fn count(control: &Db, subject: &str, now: DateTime<Utc>, window: Duration) -> Result<()> {
    let oldest = now - TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
    let sql = "INSERT INTO login_failures (subject, failures, window_start) VALUES ($1, 1, $2) \
               ON CONFLICT (subject) DO UPDATE SET \
               failures = CASE WHEN login_failures.window_start < $3 THEN 1 ELSE login_failures.failures + 1 END, \
               window_start = CASE WHEN login_failures.window_start < $3 THEN $2 ELSE login_failures.window_start END";
    let tx = control.begin().await?;
    tx.execute_raw(statement(&tx, sql, vec![subject.into(), now.into(), oldest.into()])).await?;
    tx.commit().await
}

/// A login succeeded: the account starts afresh.
pub async fn forgive(control: &Db, account: &str) -> Result<()> {
    login_failure::Entity::delete_by_id(account).exec(control).await?;
    Ok(())
}

/// Forgets windows that ended before `before`; for housekeeping.
pub async fn forget(control: &Db, before: DateTime<Utc>) -> Result<u64> {
    let done = login_failure::Entity::delete_many()
        .filter(login_failure::Column::WindowStart.lt(before))
        .exec(control)
        .await?;
    Ok(done.rows_affected)
}
