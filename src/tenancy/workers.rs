//! Which workers are alive: each says so in the control database now and then.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::Tenancy;
use crate::entity::identity::worker::{ActiveModel, Column, Entity};
use crate::error::Result;

/// Between two signs of life.
pub const SIGN_EVERY: Duration = Duration::from_secs(10);
/// A worker that has not been heard of for so long counts as gone.
const ALIVE: TimeDelta = TimeDelta::seconds(35);
/// How long one that died without a word is remembered.
const REMEMBERED: TimeDelta = TimeDelta::days(1);

/// One worker, as it last said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSign {
    pub id: String,
    pub started_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
    /// Jobs that it may run at the same time, and that it ran.
    pub concurrency: i32,
    pub running: i32,
}

impl WorkerSign {
    pub fn is_alive(&self, now: DateTime<Utc>) -> bool {
        self.seen_at > now - ALIVE
    }
}

/// Whether jobs are run at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulse {
    pub alive: usize,
    /// Since the latest sign of life of any worker.
    pub heard_ago: Option<Duration>,
}

/// What the workers' signs say at a time.
fn pulse(signs: &[WorkerSign], now: DateTime<Utc>) -> Pulse {
    let latest = signs.iter().map(|sign| sign.seen_at).max();
    Pulse {
        alive: signs.iter().filter(|sign| sign.is_alive(now)).count(),
        heard_ago: latest.map(|latest| (now - latest).to_std().unwrap_or_default()),
    }
}

impl Tenancy {
    /// Whether workers are alive, by their signs.
    pub async fn pulse(&self) -> Result<Pulse> {
        Ok(pulse(&self.workers().await?, Utc::now()))
    }

    /// Records that a worker is alive, and forgets those that died long ago.
    pub async fn sign_of_life(&self, sign: WorkerSign) -> Result<()> {
        let tx = self.control().begin().await?;
        Entity::delete_many().filter(Column::SeenAt.lt(sign.seen_at - REMEMBERED)).exec(&tx).await?;
        let row = ActiveModel {
            id: Set(sign.id),
            started_at: Set(sign.started_at),
            seen_at: Set(sign.seen_at),
            concurrency: Set(sign.concurrency),
            running: Set(sign.running),
        };
        let renewed = OnConflict::column(Column::Id).update_columns([Column::SeenAt, Column::Running]).to_owned();
        Entity::insert(row).on_conflict(renewed).exec_without_returning(&tx).await?;
        tx.commit().await
    }

    /// A worker ends as it should.
    pub async fn worker_gone(&self, id: &str) -> Result<()> {
        let tx = self.control().begin().await?;
        Entity::delete_by_id(id.to_owned()).exec(&tx).await?;
        tx.commit().await
    }

    /// Every worker that has been heard of lately, the latest first.
    pub async fn workers(&self) -> Result<Vec<WorkerSign>> {
        let rows = Entity::find().order_by_desc(Column::SeenAt).all(self.control()).await?;
        let sign = |row: crate::entity::identity::worker::Model| WorkerSign {
            id: row.id,
            started_at: row.started_at,
            seen_at: row.seen_at,
            concurrency: row.concurrency,
            running: row.running,
        };
        Ok(rows.into_iter().map(sign).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_is_not_heard_of_is_gone() {
        let now = Utc::now();
        let sign = |seconds| WorkerSign {
            id: format!("w{seconds}"),
            started_at: now - TimeDelta::hours(1),
            seen_at: now - TimeDelta::seconds(seconds),
            concurrency: 2,
            running: 0,
        };
        let seen = pulse(&[sign(5), sign(34), sign(36)], now);
        assert_eq!((seen.alive, seen.heard_ago), (2, Some(Duration::from_secs(5))));
        assert_eq!(pulse(&[], now), Pulse { alive: 0, heard_ago: None });
    }
}
