//! Tenants: provisioning a whole one in one call, listing, changing, suspending. For the platform and the command line.

use super::members::changed;
use super::model::{MAX_NAME, Member, NewUser, Org, Tenant, TenantOverview, check_text, require_tenant_admin};
use super::orgs::provision;
use super::repo::{self, tenants::Change};
use super::session::Identity;
use super::users::{created, prepare};
use crate::context::{ADMIN_ROLE, PlatformCtx, TenantCtx};
use crate::db::Tx;
use crate::domain::audit::{Act, record_act, record_platform_act};
use crate::error::{Error, Result};
use crate::tenancy::TenantState;
use crate::types::{OrgId, TenantId, UserId};

/// A tenant to be, with its first organisation and administrator.
#[derive(Debug, Clone)]
pub struct NewTenant {
    pub id: String,
    pub name: Option<String>,
    pub is_active: bool,
    /// None makes a tenant without an organisation, and so without a database.
    pub org_id: Option<String>,
    pub admin: Option<NewUser>,
}

/// What may change of a tenant.
#[derive(Debug, Clone, Default)]
pub struct TenantChange {
    pub name: Option<String>,
    pub is_active: Option<bool>,
}

/// The right to act on all tenants: a superuser of the platform's tenant, where that is enabled.
pub fn platform(identity: &Identity, ctx: &TenantCtx) -> Result<PlatformCtx> {
    let of_platform = ctx.tenant == identity.platform_tenant;
    if identity.platform_enabled && of_platform && ctx.actor.is_superuser() {
        return Ok(PlatformCtx::granted(ctx));
    }
    Err(Error::forbidden("Platform admin required"))
}

/// Makes a tenant with its organisation, database and administrator. A call that was interrupted is finished by repeating
/// it; a tenant that is complete is `Conflict` and stays untouched.
pub async fn create_tenant(ctx: &PlatformCtx, new: NewTenant) -> Result<Tenant> {
    let registered = register_tenant(ctx, new).await?;
    complete_tenant(ctx, &registered).await
}

/// A tenant that is written down, and not yet provisioned.
#[derive(Debug, Clone)]
pub struct Registered {
    pub tenant: TenantId,
    pub org: Option<OrgId>,
    /// The administrator was made now, with the given password; not by an earlier call with another.
    pub admin_created: bool,
}

/// Writes down a tenant, its organisation and its administrator, in one transaction; nothing is provisioned yet.
///
/// Fails with `Conflict` when the tenant is complete, `Forbidden` when this installation admits it no data.
pub async fn register_tenant(ctx: &PlatformCtx, new: NewTenant) -> Result<Registered> {
    let id = TenantId::new(new.id.clone()).map_err(|_| bad_id("id"))?;
    let org = new.org_id.clone().map(|org| OrgId::new(org).map_err(|_| bad_id("default_org_id"))).transpose()?;
    let name = new.name.clone().unwrap_or_else(|| id.to_string());
    check_text("name", &name, 1, MAX_NAME)?;
    ctx.tenancy().admits(&id)?;
    let hash = match &new.admin {
        Some(admin) => Some(prepare(admin).await?),
        None => None,
    };
    let within = ctx.within(id.clone());
    let tx = ctx.control().begin().await?;
    if repo::tenants::insert(&tx, &id, &name, new.is_active, TenantState::Provisioning, ctx.now()).await? {
        let act = Act { action: "tenant.created", subject: format!("tenant/{id}"), before: None, after: None };
        record_platform_act(ctx, &tx, &id, act).await?;
    } else if !is_provisioning(&tx, &id).await? {
        return Err(Error::conflict("Tenant already exists"));
    } else if let Some(name) = new.name {
        // It was given its place before it was made.
        repo::tenants::update(&tx, &id, Change { name: Some(name), ..Change::default() }, ctx.now()).await?;
    }
    if let Some(org) = &org {
        add_org(&within, &tx, org).await?;
    }
    let admin_created = match (&new.admin, &hash) {
        (Some(admin), Some(hash)) => add_admin(&within, &tx, org.as_ref(), admin, hash).await?,
        _ => false,
    };
    tx.commit().await?;
    Ok(Registered { tenant: id, org, admin_created })
}

async fn is_provisioning(tx: &Tx, id: &TenantId) -> Result<bool> {
    let found = repo::tenants::find(tx, id).await?;
    Ok(found.is_some_and(|tenant| tenant.state == TenantState::Provisioning.as_str()))
}

/// Makes the database of a registered tenant, and lets its users in.
pub async fn complete_tenant(ctx: &PlatformCtx, registered: &Registered) -> Result<Tenant> {
    if let Some(org) = &registered.org {
        provision(&ctx.within(registered.tenant.clone()), org).await?;
    }
    let tx = ctx.control().begin().await?;
    require_not_ending(&tx, &registered.tenant).await?;
    let state = Some((TenantState::Active, None));
    let tenant =
        repo::tenants::update(&tx, &registered.tenant, Change { state, ..Change::default() }, ctx.now()).await?;
    tx.commit().await?;
    Ok(tenant)
}

/// A deletion that has begun is not undone by whoever comes later.
pub(super) async fn require_not_ending(tx: &Tx, id: &TenantId) -> Result<()> {
    let ending = repo::tenants::find(tx, id).await?.is_some_and(|tenant| TenantState::is_ending(&tenant.state));
    if ending { Err(repo::tenants::ending(id)) } else { Ok(()) }
}

fn bad_id(field: &str) -> Error {
    let message = "1 to 63 characters a-z, 0-9 and inner hyphens, starting and ending with a letter or digit";
    Error::invalid_field("value_error", &["body", field], message)
}

async fn add_org(ctx: &TenantCtx, tx: &Tx, org: &OrgId) -> Result<()> {
    let Some(org) = repo::orgs::insert(tx, &ctx.tenant, org, org.as_str(), true, ctx.now()).await? else {
        return Ok(());
    };
    let after = serde_json::to_value(&org).ok();
    let act = Act { action: "org.created", subject: format!("org/{}", org.id), before: None, after };
    record_act(ctx, tx, act).await
}

/// Makes the administrator and its membership; says whether it was made. One of that name is left as it is: repeating must
/// not change a password.
async fn add_admin(ctx: &TenantCtx, tx: &Tx, org: Option<&OrgId>, admin: &NewUser, hash: &str) -> Result<bool> {
    let existing = repo::users::by_name(tx, &ctx.tenant, &admin.username).await?;
    let made = existing.is_none();
    let user = match existing {
        Some(user) => user,
        None => {
            let user = repo::users::insert(tx, &ctx.tenant, admin, None, hash, ctx.now()).await?;
            record_act(ctx, tx, created(&user)).await?;
            user
        }
    };
    if let Some(org) = org {
        add_membership(ctx, tx, org, user.id, &[ADMIN_ROLE.to_owned()]).await?;
    }
    Ok(made)
}

/// Makes a membership unless there is one.
pub(super) async fn add_membership(
    ctx: &TenantCtx,
    tx: &Tx,
    org: &OrgId,
    user: UserId,
    roles: &[String],
) -> Result<Option<Member>> {
    if repo::members::find(tx, &ctx.tenant, org, user).await?.is_some() {
        return Ok(None);
    }
    let member = repo::members::put(tx, &ctx.tenant, org, user, roles, true, ctx.now()).await?;
    record_act(ctx, tx, changed("member.added", None, &member)).await?;
    Ok(Some(member))
}

pub async fn list_tenants(ctx: &PlatformCtx) -> Result<Vec<Tenant>> {
    repo::tenants::list(ctx.control()).await
}

/// Every tenant with its organisations and databases, for operators.
pub async fn tenant_overviews(ctx: &PlatformCtx) -> Result<Vec<TenantOverview>> {
    repo::tenants::overviews(ctx.control()).await
}

pub async fn get_tenant(ctx: &PlatformCtx, id: &str) -> Result<Tenant> {
    let found = match TenantId::new(id) {
        Ok(id) => repo::tenants::find(ctx.control(), &id).await?,
        Err(_) => None,
    };
    let there = found.filter(|tenant| tenant.state != TenantState::Deleted.as_str());
    there.ok_or_else(|| Error::not_found("Tenant not found"))
}

/// The caller's own tenant.
pub async fn get_own_tenant(ctx: &TenantCtx) -> Result<Tenant> {
    require_tenant_admin(ctx)?;
    let found = repo::tenants::find(ctx.control(), &ctx.tenant).await?;
    found.ok_or_else(|| Error::not_found("Tenant not found"))
}

pub async fn update_tenant(ctx: &PlatformCtx, id: &str, change: TenantChange) -> Result<Tenant> {
    if let Some(name) = &change.name {
        check_text("name", name, 1, MAX_NAME)?;
    }
    let change = Change { name: change.name, is_active: change.is_active, state: None };
    changed_tenant(ctx, id, "tenant.updated", change).await
}

/// Stops serving a tenant, with the reason that its users are told.
pub async fn suspend_tenant(ctx: &PlatformCtx, id: &str, reason: Option<String>) -> Result<Tenant> {
    let state = Some((TenantState::Suspended, reason));
    changed_tenant(ctx, id, "tenant.suspended", Change { state, ..Change::default() }).await
}

/// Serves a suspended tenant again.
pub async fn resume_tenant(ctx: &PlatformCtx, id: &str) -> Result<Tenant> {
    let state = Some((TenantState::Active, None));
    changed_tenant(ctx, id, "tenant.resumed", Change { state, is_active: Some(true), name: None }).await
}

async fn changed_tenant(ctx: &PlatformCtx, id: &str, action: &'static str, change: Change) -> Result<Tenant> {
    let before = get_tenant(ctx, id).await?;
    let tenant = TenantId::new(id)?;
    let tx = ctx.control().begin().await?;
    require_not_ending(&tx, &tenant).await?;
    let after = repo::tenants::update(&tx, &tenant, change, ctx.now()).await?;
    let act = Act {
        action,
        subject: format!("tenant/{id}"),
        before: serde_json::to_value(&before).ok(),
        after: serde_json::to_value(&after).ok(),
    };
    record_platform_act(ctx, &tx, &tenant, act).await?;
    tx.commit().await?;
    Ok(after)
}

/// The organisations of any tenant, for the platform.
pub async fn orgs_of(ctx: &PlatformCtx, tenant: &str) -> Result<Vec<Org>> {
    let tenant = get_tenant(ctx, tenant).await?;
    repo::orgs::list(ctx.control(), &TenantId::new(tenant.id)?).await
}
