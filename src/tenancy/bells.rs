//! The bell between processes: a table of the control database with the places that have background work, and from when.
//!
//! A commit rings (its process writes the place there, within moments and off the request's path); a worker takes what is due
//! for a while, looks, and then says when somebody must look again, or removes the row. Whatever a worker says counts only
//! while the row is still its own: a bell that rings meanwhile, and another worker that takes it over, come first. So a worker
//! may die at any moment: what it took becomes due again by itself.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryResult, Value};

use super::{Mark, Place, Tenancy};
use crate::db::{Tx, dialect};
use crate::entity::identity::pending_work;
use crate::error::Result;
use crate::types::TenantId;

/// Rings within this time are passed on together.
const GATHER: Duration = Duration::from_millis(200);
/// Between attempts while the control database does not answer.
const RETRY: Duration = Duration::from_secs(5);
/// How long a place belongs to a worker that has taken it and says nothing.
const TAKEN_FOR: TimeDelta = TimeDelta::seconds(30);
/// A worker's own row that is due for so long was not dealt with as intended.
const FORGOTTEN: TimeDelta = TimeDelta::seconds(60);

/// A place that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub place: Place,
    /// Its jobs are known to wait for room.
    pub starving: bool,
}

/// When somebody must look at a place again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    At(DateTime<Utc>),
    /// Now, by a worker that has room.
    Starving(DateTime<Utc>),
}

impl Outlook {
    pub fn time(self) -> DateTime<Utc> {
        match self {
            Self::At(time) | Self::Starving(time) => time,
        }
    }
}

impl Tenancy {
    /// Passes the wake-ups of this process on, until it is dropped.
    pub async fn pass_on_wakeups(&self) {
        loop {
            self.wakeups().unsent().await;
            tokio::time::sleep(GATHER).await;
            if let Err(error) = self.flush_wakeups().await {
                tracing::warn!(error = %error.chain(), "other processes were not told of new work");
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Passes on what has been rung so far.
    pub async fn flush_wakeups(&self) -> Result<()> {
        let rung = self.wakeups().take_unsent();
        let sent = self.ring(&rung).await;
        if sent.is_err() {
            self.wakeups().keep_unsent(rung);
        }
        sent
    }

    async fn ring(&self, rung: &[(Place, Mark)]) -> Result<()> {
        if rung.is_empty() {
            return Ok(());
        }
        let (tx, now) = (self.control().begin().await?, Utc::now());
        for (place, _) in rung {
            // The earlier time stays: who has waited longer comes first.
            let sql = "INSERT INTO pending_work (tenant_id, org_id, due_at, worker_id, starving) \
                       VALUES ($1, $2, $3, NULL, FALSE) ON CONFLICT (tenant_id, org_id) DO UPDATE SET \
                       due_at = CASE WHEN pending_work.due_at < excluded.due_at THEN pending_work.due_at \
                       ELSE excluded.due_at END, worker_id = NULL, starving = FALSE";
            let values = vec![place.tenant.as_str().into(), place.org.as_str().into(), now.into()];
            tx.execute_raw(dialect::statement(&tx, sql, values)).await?;
        }
        tx.commit().await
    }

    /// Up to `limit` places that are due, those that have waited longest first; those that wait for room only `with_starving`.
    /// What `worker` holds itself is left out.
    pub async fn due_places(&self, worker: &str, with_starving: bool, limit: u64) -> Result<Vec<Due>> {
        let sql = format!(
            "SELECT tenant_id, org_id, starving FROM pending_work WHERE {DUE} AND (starving = FALSE OR $4) \
             ORDER BY due_at, tenant_id, org_id LIMIT $5"
        );
        let mut values = due_values(worker, Utc::now());
        values.extend([with_starving.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()]);
        let rows = self.control().query_all_raw(dialect::statement(self.control(), sql, values)).await?;
        rows.iter().map(|row| Ok(Due { place: place(row)?, starving: row.try_get("", "starving")? })).collect()
    }

    /// Takes places for `worker`; answers with those that nobody else took meanwhile, and until when they are its own.
    pub async fn take_places(&self, worker: &str, places: Vec<Place>) -> Result<(Vec<Place>, DateTime<Utc>)> {
        let now = Utc::now();
        let until = now + TAKEN_FOR;
        let (tx, mut taken) = (self.control().begin().await?, Vec::new());
        for place in places {
            let sql = format!(
                "UPDATE pending_work SET worker_id = $1, due_at = $4, starving = FALSE \
                 WHERE tenant_id = $5 AND org_id = $6 AND {DUE}"
            );
            let mut values = due_values(worker, now);
            values.extend([until.into(), place.tenant.as_str().into(), place.org.as_str().into()]);
            if tx.execute_raw(dialect::statement(&tx, sql, values)).await?.rows_affected() > 0 {
                taken.push(place);
            }
        }
        tx.commit().await?;
        Ok((taken, until))
    }

    /// Says when somebody must look at a place again. Answers whether the row is `worker`'s: another worker's, and one that
    /// has been rung for, only becomes due earlier.
    pub async fn expect_work(&self, worker: &str, place: &Place, outlook: Outlook) -> Result<bool> {
        let sql = "INSERT INTO pending_work (tenant_id, org_id, due_at, worker_id, starving) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (tenant_id, org_id) DO UPDATE SET \
                   starving = CASE WHEN pending_work.worker_id = $4 THEN excluded.starving ELSE pending_work.starving END, \
                   due_at = CASE WHEN pending_work.worker_id = $4 OR excluded.due_at < pending_work.due_at \
                   THEN excluded.due_at ELSE pending_work.due_at END RETURNING worker_id";
        let starving = matches!(outlook, Outlook::Starving(_));
        let values = vec![
            place.tenant.as_str().into(),
            place.org.as_str().into(),
            outlook.time().into(),
            worker.into(),
            starving.into(),
        ];
        let tx = self.control().begin().await?;
        let row = tx.query_one_raw(dialect::statement(&tx, sql, values)).await?;
        tx.commit().await?;
        let owner: Option<String> = row.map(|row| row.try_get("", "worker_id")).transpose()?.flatten();
        Ok(owner.as_deref() == Some(worker))
    }

    /// Nothing is left to do at a place that `worker` holds.
    pub async fn finish_place(&self, worker: &str, place: &Place) -> Result<()> {
        let tx = self.control().begin().await?;
        pending_work::Entity::delete_many()
            .filter(pending_work::Column::TenantId.eq(&place.tenant))
            .filter(pending_work::Column::OrgId.eq(&place.org))
            .filter(pending_work::Column::WorkerId.eq(worker))
            .exec(&tx)
            .await?;
        tx.commit().await
    }

    /// What `worker` holds is for others again; for its end.
    pub async fn hand_back_places(&self, worker: &str) -> Result<()> {
        let sql = "UPDATE pending_work SET worker_id = NULL, starving = FALSE, \
                   due_at = CASE WHEN due_at < $2 THEN due_at ELSE $2 END WHERE worker_id = $1";
        let tx = self.control().begin().await?;
        tx.execute_raw(dialect::statement(&tx, sql, vec![worker.into(), Utc::now().into()])).await?;
        tx.commit().await
    }

    /// Whether a place that is not served now may be served again: a suspended tenant's, and one that is just being made.
    pub async fn may_be_served_again(&self, place: &Place) -> Result<bool> {
        let found = super::registry::placement(self.control(), place).await?;
        Ok(found.is_some_and(|found| !super::records::is_ending(&found.state)))
    }

    /// Forgets the bells of a deleted tenant.
    pub(super) async fn silence(&self, tx: &Tx, tenant: &TenantId) -> Result<()> {
        let of = pending_work::Column::TenantId.eq(tenant.as_str());
        pending_work::Entity::delete_many().filter(of).exec(tx).await?;
        Ok(())
    }
}

/// `$1` is the worker, `$2` now, `$3` when its own rows count as forgotten.
const DUE: &str = "due_at <= $2 AND (worker_id IS NULL OR worker_id <> $1 OR due_at <= $3)";

fn due_values(worker: &str, now: DateTime<Utc>) -> Vec<Value> {
    vec![worker.into(), now.into(), (now - FORGOTTEN).into()]
}

fn place(row: &QueryResult) -> Result<Place> {
    Ok(Place { tenant: row.try_get("", "tenant_id")?, org: row.try_get("", "org_id")? })
}
