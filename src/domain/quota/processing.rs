//! How many jobs of a tenant run at the same time, over all its organisations and all workers. What finds no room waits.

use super::known::known;
use super::limits::Amounts;
use super::repo;
use super::reservation::{Reservation, lapses_at};
use crate::config::QuotaMode;
use crate::context::TenantCtx;
use crate::error::Result;
use crate::tenancy::Place;

/// The turn of one job, held while it runs; none when as many run as may. Costs nothing where that is not limited.
pub async fn take_turn(ctx: &TenantCtx, place: &Place) -> Result<Option<Reservation>> {
    let one = Amounts { processing_jobs: 1, ..Amounts::default() };
    if ctx.tenancy().quota().mode != QuotaMode::Enforce || !known(ctx).await?.limits.concern(one) {
        return Ok(Some(Reservation::default()));
    }
    let now = ctx.now();
    let tx = repo::begin(ctx.control(), &ctx.tenant).await?;
    let limits = repo::limits::find(&tx, &ctx.tenant).await?.map(|row| row.limits).unwrap_or_default();
    if !limits.shortages(repo::usage::taken(&tx, &ctx.tenant, now).await?, one).is_empty() {
        return Ok(None);
    }
    let id = repo::reservations::insert(&tx, place, one, now, lapses_at(now)).await?;
    tx.commit().await?;
    Ok(Some(Reservation::new(ctx.clone(), place.clone(), id, one)))
}
