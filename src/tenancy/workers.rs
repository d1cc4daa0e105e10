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

impl Tenancy {
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
