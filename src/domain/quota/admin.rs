//! Looking at limits and usage, and changing limits: of the own tenant, of any, of all.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::limits::{Amounts, Limits, LimitsChange};
use super::repo::limits::Row;
use super::usage::{self, PlaceUsage};
use super::{known, repo};
use crate::config::QuotaMode;
use crate::context::{PlatformCtx, TenantCtx};
use crate::domain::audit::{Act, record_act};
use crate::error::{Error, Problem, Result};
use crate::types::{OrgId, Page, PageRequest, TenantId};

/// The most tenants of one list.
pub const MOST_LISTED: u64 = 1000;

/// What a tenant may use and uses.
#[derive(Debug, Clone, Serialize)]
pub struct QuotaState {
    pub tenant_id: String,
    pub mode: QuotaMode,
    pub quota: Limits,
    pub usage: Amounts,
    /// When the limits were last set; none for those of a tenant that was never given any.
    pub updated_at: Option<DateTime<Utc>>,
    /// What lies where.
    pub orgs: Vec<PlaceUsage>,
}

/// The caller's own tenant. For its administrators.
pub async fn get_quota(ctx: &TenantCtx) -> Result<QuotaState> {
    require_admin(ctx)?;
    state(ctx, None).await
}

/// Changes the limits of the caller's own tenant: its superusers may, where the installation leaves that to them.
pub async fn set_quota(ctx: &TenantCtx, change: LimitsChange) -> Result<QuotaState> {
    require_admin(ctx)?;
    if !ctx.actor.is_superuser() {
        return Err(Error::forbidden("Superuser required"));
    }
    if !ctx.tenancy().quota().self_service {
        return Err(Error::forbidden("The limits of this tenant are set by the platform").code(
            "QUOTA_SET_BY_PLATFORM",
            "Ask your operator for other limits: tenants do not change their own here (quota.self_service).",
        ));
    }
    put(ctx, change).await?;
    state(ctx, None).await
}

/// Any tenant's, for the platform; of what is in databases only an organisation's, where one is named.
pub async fn get_tenant_quota(ctx: &PlatformCtx, tenant: &str, org: Option<&str>) -> Result<QuotaState> {
    state(&within(ctx, tenant).await?, org).await
}

/// Changes any tenant's limits, for the platform. What is used beyond a new limit stays; only additions are refused.
pub async fn set_tenant_quota(
    ctx: &PlatformCtx,
    tenant: &str,
    org: Option<&str>,
    change: LimitsChange,
) -> Result<QuotaState> {
    let within = within(ctx, tenant).await?;
    require_org(&within, org).await?;
    put(&within, change).await?;
    state(&within, org).await
}

/// All tenants by id, with what was kept of their usage when it was last counted: no database is opened.
pub async fn list_quotas(ctx: &PlatformCtx, org: Option<&str>, page: PageRequest) -> Result<Page<QuotaState>> {
    let control = ctx.control();
    let (total, ids) = repo::limits::tenants(control, page).await?;
    let limits = repo::limits::of_all(control, &ids).await?;
    let (users, orgs) = repo::people::of_all(control, &ids).await?;
    let mut places: HashMap<String, Vec<PlaceUsage>> = HashMap::new();
    for (place, kept) in repo::usage::of_all(control, &ids).await? {
        if org.is_none_or(|org| place.org == org || place.org.is_empty()) {
            let tenant = place.tenant.clone();
            places.entry(tenant).or_default().push(PlaceUsage::new(place, kept.used, kept.counted_at));
        }
    }
    let state = |id: String| {
        let orgs_used = places.remove(&id).unwrap_or_default();
        let held = orgs_used.iter().map(PlaceUsage::amounts).fold(Amounts::default(), Amounts::plus);
        let number = |counts: &HashMap<String, i64>| counts.get(&id).copied().unwrap_or_default();
        let used = Amounts { users: number(&users), orgs: number(&orgs), ..held };
        let row = limits.get(&id).copied();
        made(id, ctx.tenancy().quota().mode, row, used, orgs_used)
    };
    Ok(Page { items: ids.into_iter().map(state).collect(), total })
}

fn require_admin(ctx: &TenantCtx) -> Result<()> {
    if ctx.actor.is_administrator() { Ok(()) } else { Err(Error::forbidden("Admin required")) }
}

async fn within(ctx: &PlatformCtx, tenant: &str) -> Result<TenantCtx> {
    let missing = || Error::not_found("Tenant not found");
    let tenant = TenantId::new(tenant).map_err(|_| missing())?;
    if !repo::limits::is_there(ctx.control(), &tenant).await? {
        return Err(missing());
    }
    Ok(ctx.within(tenant))
}

async fn require_org(ctx: &TenantCtx, org: Option<&str>) -> Result<Option<OrgId>> {
    let Some(org) = org else { return Ok(None) };
    let missing = || Error::not_found("Org not found");
    let id = OrgId::new(org).map_err(|_| missing())?;
    if repo::people::org_is_there(ctx.control(), &ctx.tenant, org).await? { Ok(Some(id)) } else { Err(missing()) }
}

async fn state(ctx: &TenantCtx, org: Option<&str>) -> Result<QuotaState> {
    let org = require_org(ctx, org).await?;
    let place = org.map(|org| ctx.tenancy().place_of(&ctx.tenant, &org));
    let (used, places) = usage::of_tenant(ctx, place.as_ref()).await?;
    let row = repo::limits::find(ctx.control(), &ctx.tenant).await?;
    Ok(made(ctx.tenant.to_string(), ctx.tenancy().quota().mode, row, used, places))
}

fn made(tenant_id: String, mode: QuotaMode, row: Option<Row>, usage: Amounts, orgs: Vec<PlaceUsage>) -> QuotaState {
    let quota = row.map(|row| row.limits).unwrap_or_default();
    QuotaState { tenant_id, mode, quota, usage, updated_at: row.map(|row| row.updated_at), orgs }
}

async fn put(ctx: &TenantCtx, change: LimitsChange) -> Result<()> {
    check(change)?;
    let now = ctx.now();
    let tx = repo::begin(ctx.control(), &ctx.tenant).await?;
    let row = repo::limits::find(&tx, &ctx.tenant).await?;
    let before = row.map(|row| row.limits).unwrap_or_default();
    let limits = change.applied_to(before);
    let limited_at = row.map(|row| row.limited_at).filter(|_| !limits.limit_more_than(&before)).unwrap_or(now);
    repo::limits::put(&tx, &ctx.tenant, Row { limits, limited_at, updated_at: now }).await?;
    let act = Act {
        action: "quota.updated",
        subject: format!("tenant/{}", ctx.tenant),
        before: serde_json::to_value(before).ok(),
        after: serde_json::to_value(limits).ok(),
    };
    record_act(ctx, &tx, act).await?;
    tx.commit().await?;
    known::forget(ctx.control(), &ctx.tenant).await;
    Ok(())
}

fn check(change: LimitsChange) -> Result<()> {
    let negative = |(name, value): (&'static str, Option<i64>)| {
        let message = "0 or more; null takes the limit away";
        value.is_some_and(|value| value < 0).then(|| Problem::new("greater_than_equal", &["body", name], message))
    };
    let problems: Vec<Problem> = change.given().filter_map(negative).collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_below_nothing_is_refused_by_name() {
        let change = LimitsChange { max_users: Some(Some(-1)), max_orgs: Some(None), ..LimitsChange::default() };
        let error = check(change).unwrap_err();
        assert_eq!(error.problems().len(), 1);
        assert_eq!(error.problems()[0].loc, ["body", "max_users"]);
        assert!(check(LimitsChange { max_users: Some(Some(0)), ..change }).is_ok());
    }
}
