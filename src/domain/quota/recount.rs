//! Counting anew what a product database holds, beside work under way, without ever keeping less than there is.
//!
//! What was used before the count began is in it. What is added during the count is added to it once more, since nobody knows
//! whether it was seen; then the count is not exact, and a later one will be. What a dead process set aside goes: either its work
//! was committed and is counted, or it was not. A process that only seemed dead adds what it used when it settles.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use tokio::time::Instant;

use super::limits::Amounts;
use super::repo::usage::Kept;
use super::{known, repo};
use crate::context::TenantCtx;
use crate::error::Result;
use crate::tenancy::{Place, Placement};

/// Databases that are counted at the same time.
const AT_ONCE: usize = 4;
/// For so long after limits were set or a process began, others may still add without adding up.
const SETTLING: TimeDelta = TimeDelta::seconds(60);
/// Those who had not heard of a limit yet have ended by then. Until then a count that is not exact may hold too much for a moment.
const STRAYS: TimeDelta = TimeDelta::seconds(5);
/// Then a count is good for so long,
const GOOD_WHILE_SETTLING: TimeDelta = TimeDelta::seconds(15);
/// and later for so long: what is deleted is not subtracted.
const GOOD: TimeDelta = TimeDelta::minutes(15);
/// Before somebody is refused, other organisations than the own are counted when their count is older than this, or not exact.
const GOOD_FOR_OTHERS: TimeDelta = TimeDelta::seconds(30);

/// How the latest count of a database in this process ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted {
    began: Option<Instant>,
    held: Amounts,
    /// Nothing was added meanwhile, nor set aside.
    exact: bool,
}

/// Counts one database and keeps the result; answers with what it holds.
pub async fn count_place(ctx: &TenantCtx, placement: &Placement) -> Result<Amounts> {
    Ok(counted(ctx, placement.clone()).await?.held)
}

/// Makes sure that every database of the tenant has been counted well enough to add to it.
pub async fn refresh(ctx: &TenantCtx, trusted_since: DateTime<Utc>) -> Result<()> {
    let now = ctx.now();
    count_those(ctx, |kept| is_stale(kept.counted_at, trusted_since, now)).await?;
    Ok(())
}

/// Counts what a refusal at `own` depends on; whether all of it is exact.
pub async fn before_refusal(ctx: &TenantCtx, own: &Place) -> Result<bool> {
    let exact = match ctx.tenancy().served_place(own).await? {
        Some(placement) => counted(ctx, placement).await?.exact,
        None => true,
    };
    let now = ctx.now();
    let older = |kept: &Kept| !kept.is_exact || kept.counted_at.is_none_or(|counted| now - counted > GOOD_FOR_OTHERS);
    Ok(count_those(ctx, older).await? && exact)
}

/// Whether all that was counted is exact. A database that cannot be counted stays as it was kept: it does not hold up the other
/// organisations of its tenant.
async fn count_those(ctx: &TenantCtx, which: impl Fn(&Kept) -> bool) -> Result<bool> {
    let kept = repo::usage::of_tenant(ctx.control(), &ctx.tenant).await?;
    let places = ctx.tenancy().placements_of(&ctx.tenant).await?;
    let wanted =
        |placement: &Placement| placement.is_ready() && which(&kept.get(&placement.org).copied().unwrap_or_default());
    let counts: Vec<BoxFuture<'_, Result<Counted>>> =
        places.into_iter().filter(wanted).map(|placement| counted(ctx, placement)).collect();
    let counts: Vec<Result<Counted>> = futures::stream::iter(counts).buffer_unordered(AT_ONCE).collect().await;
    let mut exact = true;
    for count in counts {
        match count {
            Ok(count) => exact &= count.exact,
            Err(error) => {
                tracing::warn!(tenant = %ctx.tenant, error = %error.chain(), "a database could not be counted for the tenant's limits");
            }
        }
    }
    Ok(exact)
}

fn is_stale(counted_at: Option<DateTime<Utc>>, trusted_since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let Some(counted_at) = counted_at else { return true };
    let good = if counted_at < trusted_since + SETTLING { GOOD_WHILE_SETTLING } else { GOOD };
    now - counted_at > good || counted_at < trusted_since
}

/// Boxed: rare, and deep, since it opens databases.
fn counted(ctx: &TenantCtx, placement: Placement) -> BoxFuture<'_, Result<Counted>> {
    async move { count_in_turn(ctx, &placement).await }.boxed()
}

/// One count at a time for each database; whoever waited for one that began after it came has its answer.
async fn count_in_turn(ctx: &TenantCtx, placement: &Placement) -> Result<Counted> {
    let came = Instant::now();
    let turns = known::memory(ctx.control());
    let turn = turns.turns.get_with(placement.place(), async { Arc::default() }).await;
    let mut latest = turn.lock().await;
    if latest.began.is_some_and(|began| began >= came) {
        return Ok(*latest);
    }
    let began = Some(Instant::now());
    let (held, exact) = count(ctx, placement).await?;
    *latest = Counted { began, held, exact };
    Ok(*latest)
}

async fn count(ctx: &TenantCtx, placement: &Placement) -> Result<(Amounts, bool)> {
    let (control, place, began) = (ctx.control(), placement.place(), ctx.now());
    let before = repo::usage::find(control, &place).await?;
    let open_before = repo::reservations::open(control, &place, began).await?;
    let held = look(ctx, placement).await?;
    let tx = repo::begin(control, &ctx.tenant).await?;
    let kept = repo::usage::find(&tx, &place).await?;
    if kept.recounts != before.recounts {
        // Another process was faster; what it kept is as good.
        return Ok((held, false));
    }
    let forgotten = repo::reservations::remove_forgotten(&tx, &place, began).await?;
    let open = open_before + repo::reservations::open(&tx, &place, began).await?;
    let added = Amounts { processing_jobs: 0, ..kept.used.minus(before.used) };
    let exact = open == 0 && added == Amounts::default();
    let most = held.plus(added);
    let trusted_since = trusted_since(ctx, &tx).await?;
    let used = if exact || kept.counted_at.is_none_or(|counted| counted < trusted_since + STRAYS) {
        most
    } else {
        // Both are no less than there is.
        most.with(kept.used.plus(forgotten), i64::min)
    };
    let used = Amounts { processing_jobs: held.processing_jobs, ..used };
    let counted = Kept { used, recounts: kept.recounts + 1, counted_at: Some(began), is_exact: exact };
    repo::usage::put(&tx, &place, counted).await?;
    tx.commit().await?;
    Ok((held, exact))
}

async fn trusted_since(ctx: &TenantCtx, tx: &crate::db::Tx) -> Result<DateTime<Utc>> {
    let since = known::memory(ctx.control()).since;
    Ok(repo::limits::find(tx, &ctx.tenant).await?.map_or(since, |row| row.limited_at.max(since)))
}

/// Opens the database for a glance: it does not push those that are in use out of the bounded set of open ones for long.
async fn look(ctx: &TenantCtx, placement: &Placement) -> Result<Amounts> {
    let (tenancy, place) = (ctx.tenancy(), placement.place());
    let was_open = tenancy.is_open(&place);
    let held = {
        let database = tenancy.open_place(placement).await?;
        repo::contents::count(&*database).await?
    };
    if !was_open {
        tenancy.close_unused(&place).await;
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_good_for_longer_when_everyone_has_added_up_since() {
        let now = Utc::now();
        let ago = |seconds| now - TimeDelta::seconds(seconds);
        for (counted, trusted, stale) in [
            (None, ago(9999), true),
            (Some(ago(1)), ago(5), false),
            // Limits were set after it.
            (Some(ago(5)), ago(1), true),
            (Some(ago(20)), ago(30), true),
            (Some(ago(20)), ago(100), false),
            (Some(ago(899)), ago(9999), false),
            (Some(ago(901)), ago(9999), true),
        ] {
            assert_eq!(is_stale(counted, trusted, now), stale, "{counted:?} {trusted}");
        }
    }
}
