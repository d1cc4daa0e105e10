//! What a tenant uses, to be looked at: counted where it lies, as far as a look may open databases.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use serde::Serialize;

use super::limits::Amounts;
use super::repo::usage::Kept;
use super::{recount, repo};
use crate::context::TenantCtx;
use crate::error::Result;
use crate::tenancy::{Place, Placement};

/// A look counts so many databases; of the others it shows what is kept.
const MOST_COUNTED: usize = 50;
const AT_ONCE: usize = 4;

/// What one product database holds.
#[derive(Debug, Clone, Serialize)]
pub struct PlaceUsage {
    /// None where the organisations of a tenant share one.
    pub org_id: Option<String>,
    pub files: i64,
    pub storage_bytes: i64,
    pub active_jobs: i64,
    pub processing_jobs: i64,
    /// None for one that was never counted.
    pub counted_at: Option<DateTime<Utc>>,
}

impl PlaceUsage {
    pub fn new(place: Place, used: Amounts, counted_at: Option<DateTime<Utc>>) -> Self {
        Self {
            org_id: Some(place.org).filter(|org| !org.is_empty()),
            files: used.files,
            storage_bytes: used.storage_bytes,
            active_jobs: used.active_jobs,
            processing_jobs: used.processing_jobs,
            counted_at,
        }
    }

    pub fn amounts(&self) -> Amounts {
        Amounts {
            files: self.files,
            storage_bytes: self.storage_bytes,
            active_jobs: self.active_jobs,
            processing_jobs: self.processing_jobs,
            ..Amounts::default()
        }
    }
}

/// Users and organisations of the tenant, and what is in its databases; in one of them alone where `place` is given.
pub async fn of_tenant(ctx: &TenantCtx, place: Option<&Place>) -> Result<(Amounts, Vec<PlaceUsage>)> {
    let kept = repo::usage::of_tenant(ctx.control(), &ctx.tenant).await?;
    let mut placements = ctx.tenancy().placements_of(&ctx.tenant).await?;
    placements.retain(|placement| placement.is_ready() && place.is_none_or(|place| placement.org == place.org));
    let look = |(number, placement): (usize, Placement)| {
        let kept = kept.get(&placement.org).copied().unwrap_or_default();
        looked_at(ctx, placement, kept, number < MOST_COUNTED)
    };
    let looks: Vec<BoxFuture<'_, PlaceUsage>> = placements.into_iter().enumerate().map(look).collect();
    let places: Vec<PlaceUsage> = futures::stream::iter(looks).buffered(AT_ONCE).collect().await;
    let total = places.iter().map(PlaceUsage::amounts).fold(Amounts::default(), Amounts::plus);
    let users = repo::people::users(ctx.control(), &ctx.tenant).await?;
    let orgs = repo::people::orgs(ctx.control(), &ctx.tenant).await?;
    Ok((Amounts { users, orgs, ..total }, places))
}

/// What cannot be looked at now is shown as it was kept.
fn looked_at(ctx: &TenantCtx, placement: Placement, kept: Kept, count: bool) -> BoxFuture<'_, PlaceUsage> {
    async move {
        let now = ctx.now();
        if count {
            match recount::count_place(ctx, &placement).await {
                Ok(held) => return PlaceUsage::new(placement.place(), held, Some(now)),
                Err(error) => {
                    tracing::warn!(tenant = %ctx.tenant, error = %error.chain(), "a database could not be counted");
                }
            }
        }
        PlaceUsage::new(placement.place(), kept.used, kept.counted_at)
    }
    .boxed()
}
