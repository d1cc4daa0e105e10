//! Users and organisations, which are rows of the control database: counted where they are added.

use super::errors::{exceeded, warn};
use super::limits::{Amounts, Resource};
use super::{known, repo};
use crate::config::QuotaMode;
use crate::context::TenantCtx;
use crate::db::{Tx, dialect};
use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId};

/// To be called after one user or organisation was inserted and before the transaction is committed.
///
/// Fails with `LimitReached` where limits bind and there is one too many; where they only warn, notes the warning.
pub async fn require_added(ctx: &TenantCtx, tx: &Tx, resource: Resource) -> Result<()> {
    let mode = ctx.tenancy().quota().mode;
    if mode == QuotaMode::Disabled {
        return Ok(());
    }
    let Some(row) = repo::limits::find(tx, &ctx.tenant).await? else { return Ok(()) };
    if row.limits.of(resource).is_none() {
        return Ok(());
    }
    // Until the end of the transaction nobody else counts.
    dialect::lock(tx, &format!("quota:{}:{}", ctx.tenant, resource.as_str())).await?;
    let (used, asked) = match resource {
        Resource::Users => (
            Amounts { users: repo::people::users(tx, &ctx.tenant).await? - 1, ..Amounts::default() },
            Amounts { users: 1, ..Amounts::default() },
        ),
        Resource::Orgs => (
            Amounts { orgs: repo::people::orgs(tx, &ctx.tenant).await? - 1, ..Amounts::default() },
            Amounts { orgs: 1, ..Amounts::default() },
        ),
        _ => return Err(Error::internal("Only users and organisations are counted where they are added")),
    };
    let short = row.limits.shortages(used, asked);
    if short.is_empty() {
        return Ok(());
    }
    if mode == QuotaMode::Enforce {
        return Err(exceeded(&ctx.tenant, &short));
    }
    warn(ctx, &short);
    Ok(())
}

/// What is kept of a tenant that is deleted goes with it.
pub async fn forget_tenant(ctx: &TenantCtx, tx: &Tx) -> Result<()> {
    let tenant = &ctx.tenant;
    repo::limits::remove(tx, tenant).await?;
    repo::usage::remove(tx, tenant.as_str(), None).await?;
    repo::reservations::remove_all(tx, tenant.as_str(), None).await?;
    known::forget(ctx.control(), tenant).await;
    Ok(())
}

/// The same of an organisation with a database of its own.
pub async fn forget_org(tx: &Tx, tenant: &TenantId, org: &OrgId) -> Result<()> {
    repo::usage::remove(tx, tenant.as_str(), Some(org.as_str())).await?;
    repo::reservations::remove_all(tx, tenant.as_str(), Some(org.as_str())).await
}
