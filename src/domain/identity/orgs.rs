//! Organisations of a tenant: list, get, create (with its database), change.

use super::model::{MAX_NAME, Org, OrgChange, check_text, require_org_admin, require_superuser, require_tenant_admin};
use super::repo;
use super::tenants::require_not_ending;
use crate::context::{Actor, TenantCtx};
use crate::domain::audit::{Act, record_act};
use crate::domain::quota::{self, Resource};
use crate::error::{Error, Result};
use crate::types::OrgId;

pub async fn list_orgs(ctx: &TenantCtx) -> Result<Vec<Org>> {
    require_tenant_admin(ctx)?;
    repo::orgs::list(ctx.control(), &ctx.tenant).await
}

/// The organisations that the caller may act in.
pub async fn my_orgs(ctx: &TenantCtx) -> Result<Vec<Org>> {
    match &ctx.actor {
        Actor::User { superuser: true, .. } | Actor::System { .. } => {
            let all = repo::orgs::list(ctx.control(), &ctx.tenant).await?;
            Ok(all.into_iter().filter(|org| org.is_active).collect())
        }
        Actor::User { id, .. } => repo::orgs::of_user(ctx.control(), &ctx.tenant, *id).await,
        Actor::Anonymous { .. } => Err(Error::unauthenticated("Missing bearer token")),
    }
}

pub async fn get_org(ctx: &TenantCtx, org: &str) -> Result<Org> {
    require_tenant_admin(ctx)?;
    find(ctx, org).await
}

async fn find(ctx: &TenantCtx, org: &str) -> Result<Org> {
    let found = match OrgId::new(org) {
        Ok(org) => repo::orgs::find(ctx.control(), &ctx.tenant, &org).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| Error::not_found("Org not found"))
}

/// Makes an organisation and, where each has one, its database. Repeating a call that was interrupted finishes it.
///
/// Fails with `Conflict` when it exists and is complete, `LimitReached` when the tenant may have no more.
pub async fn create_org(ctx: &TenantCtx, id: &str, name: Option<String>, is_active: bool) -> Result<Org> {
    require_superuser(ctx)?;
    let id = OrgId::new(id)?;
    let name = name.unwrap_or_else(|| id.to_string());
    check_text("name", &name, 1, MAX_NAME)?;
    let tx = ctx.control().begin().await?;
    require_not_ending(&tx, &ctx.tenant).await?;
    let made = repo::orgs::insert(&tx, &ctx.tenant, &id, &name, is_active, ctx.now()).await?;
    if let Some(org) = &made {
        quota::require_added(ctx, &tx, Resource::Orgs).await?;
        let after = serde_json::to_value(org).ok();
        record_act(ctx, &tx, Act { action: "org.created", subject: format!("org/{id}"), before: None, after }).await?;
    }
    tx.commit().await?;
    let completed = provision(ctx, &id).await?;
    match made {
        Some(org) => Ok(org),
        None if completed => find(ctx, id.as_str()).await,
        None => Err(Error::conflict("Org already exists")),
    }
}

/// Makes the organisation's database, where there is one to make; says whether there was.
pub(super) async fn provision(ctx: &TenantCtx, org: &OrgId) -> Result<bool> {
    let tenancy = ctx.tenancy();
    if !tenancy.admits(&ctx.tenant)? || tenancy.is_ready(&ctx.tenant, org).await? {
        return Ok(false);
    }
    tenancy.provision(&ctx.tenant, org).await?;
    Ok(true)
}

/// Changes an organisation: a superuser any, its administrator that one.
pub async fn update_org(ctx: &TenantCtx, org: &str, change: OrgChange) -> Result<Org> {
    require_org_admin(ctx, org)?;
    if let Some(name) = &change.name {
        check_text("name", name, 1, MAX_NAME)?;
    }
    let before = find(ctx, org).await?;
    let tx = ctx.control().begin().await?;
    let after = repo::orgs::update(&tx, &before, change).await?;
    let act = Act {
        action: "org.updated",
        subject: format!("org/{org}"),
        before: serde_json::to_value(&before).ok(),
        after: serde_json::to_value(&after).ok(),
    };
    record_act(ctx, &tx, act).await?;
    tx.commit().await?;
    Ok(after)
}
