//! Counted login attempts.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use crate::db::Db;
use crate::db::dialect::statement;
use crate::entity::identity::login_failure;
use crate::error::{Error, Result};

pub struct Attempts {
    /// How many within the window, this one included.
    pub number: u32,
    /// Until the window ends.
    pub seconds_left: u64,
}

/// Counts one attempt, in one statement, so that parallel ones each get a number of their own.
pub async fn count(control: &Db, subject: &str, now: DateTime<Utc>, window: Duration) -> Result<Attempts> {
    let window = TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
    let oldest = now - window;
    let sql = "INSERT INTO login_failures (subject, failures, window_start) VALUES ($1, 1, $2) \
               ON CONFLICT (subject) DO UPDATE SET \
               failures = CASE WHEN login_failures.window_start < $3 THEN 1 ELSE login_failures.failures + 1 END, \
               window_start = CASE WHEN login_failures.window_start < $3 THEN $2 ELSE login_failures.window_start END \
               RETURNING failures, window_start";
    let tx = control.begin().await?;
    let row = tx.query_one_raw(statement(&tx, sql, vec![subject.into(), now.into(), oldest.into()])).await?;
    let row = row.ok_or_else(|| Error::internal("A login attempt was not counted"))?;
    let failures: i32 = row.try_get("", "failures")?;
    let started: DateTime<Utc> = row.try_get("", "window_start")?;
    tx.commit().await?;
    let left = (started + window - now).num_seconds();
    Ok(Attempts { number: u32::try_from(failures).unwrap_or(u32::MAX), seconds_left: u64::try_from(left).unwrap_or(0) })
}

/// A login succeeded: the account starts afresh, and its address is not charged for this attempt.
pub async fn forgive(control: &Db, account: &str, address: Option<&str>) -> Result<()> {
    let tx = control.begin().await?;
    login_failure::Entity::delete_by_id(account).exec(&tx).await?;
    if let Some(address) = address {
        let sql = "UPDATE login_failures SET failures = failures - 1 WHERE subject = $1 AND failures > 0";
        tx.execute_raw(statement(&tx, sql, vec![address.into()])).await?;
    }
    tx.commit().await
}

/// Forgets windows that ended before `before`; for housekeeping.
pub async fn forget(control: &Db, before: DateTime<Utc>) -> Result<u64> {
    let done = login_failure::Entity::delete_many()
        .filter(login_failure::Column::WindowStart.lt(before))
        .exec(control)
        .await?;
    Ok(done.rows_affected)
}
