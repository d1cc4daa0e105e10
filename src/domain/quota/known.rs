//! The limits of a tenant as this process knows them: read again within a second, so that requests of a tenant without limits
//! cost nothing.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use tokio::sync::Mutex;

use super::limits::Limits;
use super::{recount, repo};
use crate::context::{TenantCtx, now};
use crate::db::Db;
use crate::error::Result;
use crate::tenancy::Place;
use crate::types::TenantId;

/// As suspended tenants and ended sessions: another process may learn of a change so much later.
const FRESHNESS: Duration = Duration::from_millis(900);
const CAPACITY: u64 = 10_000;
/// Longer than any count takes.
const TURN: Duration = Duration::from_secs(300);

/// What a tenant may use at most, and since when all of these limits have been there.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    pub limits: Limits,
    pub limited_at: DateTime<Utc>,
}

/// What this process remembers, as long as the control database is open.
pub struct Memory {
    /// What happened before, nobody may have added up: limits may have been off.
    pub since: DateTime<Utc>,
    limits: Cache<TenantId, Known>,
    /// Each database is counted by one at a time; those who wait share the next count.
    pub turns: Cache<Place, Arc<Mutex<recount::Counted>>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            since: now(),
            limits: Cache::builder().max_capacity(CAPACITY).time_to_live(FRESHNESS).build(),
            turns: Cache::builder().max_capacity(CAPACITY).time_to_idle(TURN).build(),
        }
    }
}

pub fn memory(control: &Db) -> Arc<Memory> {
    control.recall_or_default()
}

/// The limits of the tenant. Where some bind what is in product databases, what is kept of these is made sure of first.
pub async fn known(ctx: &TenantCtx) -> Result<Known> {
    let memory = memory(ctx.control());
    if let Some(known) = memory.limits.get(&ctx.tenant).await {
        return Ok(known);
    }
    let found = repo::limits::find(ctx.control(), &ctx.tenant).await?;
    let known = found.map_or(Known { limits: Limits::default(), limited_at: memory.since }, |row| Known {
        limits: row.limits,
        limited_at: row.limited_at,
    });
    if known.limits.concern_contents() {
        recount::refresh(ctx, known.limited_at.max(memory.since)).await?;
    }
    memory.limits.insert(ctx.tenant.clone(), known).await;
    Ok(known)
}

/// The limits were changed.
pub async fn forget(control: &Db, tenant: &TenantId) {
    memory(control).limits.invalidate(tenant).await;
}
