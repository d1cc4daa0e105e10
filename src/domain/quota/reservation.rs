//! Room that is set aside: given back when it is dropped, kept when what it was for is committed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::limits::Amounts;
use super::repo;
use crate::context::{TenantCtx, now};
use crate::db::Tx;
use crate::error::Result;
use crate::tenancy::Place;

/// How long what a process set aside outlives it.
const LIFETIME: TimeDelta = TimeDelta::seconds(120);
const RENEWED_EVERY: Duration = Duration::from_secs(30);

pub fn lapses_at(now: DateTime<Utc>) -> DateTime<Utc> {
    now + LIFETIME
}

/// Room for work under way; nothing where no limit concerns it.
///
/// Dropped, it is given back a moment later.
#[must_use = "dropping it gives the room back"]
#[derive(Debug, Default)]
pub struct Reservation {
    held: Option<Held>,
}

struct Held {
    ctx: TenantCtx,
    place: Place,
    id: Uuid,
    amounts: Amounts,
    renewal: JoinHandle<()>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Held").field("id", &self.id).field("amounts", &self.amounts).finish_non_exhaustive()
    }
}

impl Reservation {
    pub(super) fn new(ctx: TenantCtx, place: Place, id: Uuid, amounts: Amounts) -> Self {
        let renewal = tokio::spawn(renew(ctx.clone(), place.clone(), id));
        Self { held: Some(Held { ctx, place, id, amounts, renewal }) }
    }

    /// Whether anything is set aside.
    pub fn is_needed(&self) -> bool {
        self.held.is_some()
    }

    /// Commits the transaction that uses what is set aside, which counts as used from then on.
    ///
    /// Fails as the commit does; whether it was one is found out by the next count then.
    pub async fn settle(mut self, tx: Tx) -> Result<()> {
        // Whatever ends this from here on must not give the room back: the commit may have been made.
        let held = self.held.take();
        tx.commit().await?;
        if let Some(held) = held {
            // A client that goes away does not end it.
            let told = tokio::spawn(held.settle()).await;
            if let Err(error) = told {
                tracing::warn!(%error, "what was used is counted later");
            }
        }
        Ok(())
    }

    /// Gives the room back now.
    pub async fn release(mut self) {
        if let Some(held) = self.held.take() {
            held.release().await;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let Some(held) = self.held.take() else { return };
        // Without a runtime the process ends, and what it set aside lapses.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(held.release());
        }
    }
}

impl Held {
    async fn settle(self) {
        if let Err(error) = self.add().await {
            tracing::warn!(tenant = %self.ctx.tenant, error = %error.chain(), "what was used is counted later");
        }
    }

    /// Also where the row is gone: it seemed forgotten, and the count that removed it may have come before the commit.
    async fn add(&self) -> Result<()> {
        let tx = repo::begin(self.ctx.control(), &self.ctx.tenant).await?;
        repo::reservations::remove(&tx, &self.place, self.id).await?;
        repo::usage::add(&tx, &self.place, self.amounts).await?;
        tx.commit().await
    }

    async fn release(self) {
        let removed = async {
            let tx = self.ctx.control().begin().await?;
            repo::reservations::remove(&tx, &self.place, self.id).await?;
            tx.commit().await
        };
        if let Err(error) = removed.await {
            tracing::warn!(tenant = %self.ctx.tenant, error = %error.chain(), "what was set aside lapses later");
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Until it is dropped: only what a dead process set aside lapses.
async fn renew(ctx: TenantCtx, place: Place, id: Uuid) {
    loop {
        tokio::time::sleep(RENEWED_EVERY).await;
        let renewed = async {
            let tx = ctx.control().begin().await?;
            repo::reservations::renew(&tx, &place, id, lapses_at(now())).await?;
            tx.commit().await
        };
        if let Err(error) = renewed.await {
            tracing::warn!(tenant = %ctx.tenant, error = %error.chain(), "what was set aside was not renewed");
        }
    }
}
