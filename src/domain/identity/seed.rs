//! `seed-identity`: a tenant, organisation, user and membership as scripts set them up; repeatable, creating what is missing.

use super::model::NewUser;
use super::repo;
use super::tenants::add_membership;
use super::users::{created, prepare};
use crate::context::PlatformCtx;
use crate::db::Tx;
use crate::domain::audit::{Act, record_act, record_platform_act};
use crate::error::Result;
use crate::tenancy::TenantState;
use crate::types::{OrgId, TenantId};

/// What to set up.
#[derive(Debug, Clone)]
pub struct IdentitySeed {
    pub tenant: TenantId,
    pub org: OrgId,
    pub user: NewUser,
    pub roles: Vec<String>,
}

/// What was missing and has been made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seeded {
    pub tenant: bool,
    pub org: bool,
    pub user: bool,
    pub membership: bool,
}

/// Makes a tenant and an organisation where they are missing, without any user.
pub async fn ensure_org(ctx: &PlatformCtx, tenant: &TenantId, org: &OrgId) -> Result<()> {
    let tx = ctx.control().begin().await?;
    insert_missing(ctx, &tx, tenant, org, TenantState::Active).await?;
    tx.commit().await
}

pub(super) async fn insert_missing(
    ctx: &PlatformCtx,
    tx: &Tx,
    tenant: &TenantId,
    org: &OrgId,
    state: TenantState,
) -> Result<(bool, bool)> {
    let within = ctx.within(tenant.clone());
    let new_tenant = repo::tenants::insert(tx, tenant, tenant.as_str(), true, state, ctx.now()).await?;
    if new_tenant {
        let act = Act { action: "tenant.created", subject: format!("tenant/{tenant}"), before: None, after: None };
        record_platform_act(ctx, tx, tenant, act).await?;
    }
    let new_org = repo::orgs::insert(tx, tenant, org, org.as_str(), true, ctx.now()).await?.is_some();
    if new_org {
        let act = Act { action: "org.created", subject: format!("org/{org}"), before: None, after: None };
        record_act(&within, tx, act).await?;
    }
    Ok((new_tenant, new_org))
}

/// Makes what is missing and leaves what is there, a password included.
pub async fn seed_identity(ctx: &PlatformCtx, seed: &IdentitySeed) -> Result<Seeded> {
    let within = ctx.within(seed.tenant.clone());
    let hash = prepare(&seed.user).await?;
    let mut done = Seeded::default();
    let tx = ctx.control().begin().await?;
    (done.tenant, done.org) = insert_missing(ctx, &tx, &seed.tenant, &seed.org, TenantState::Active).await?;
    let user = match repo::users::by_name(&tx, &seed.tenant, &seed.user.username).await? {
        Some(user) => user,
        None => {
            let user = repo::users::insert(&tx, &seed.tenant, &seed.user, None, &hash, ctx.now()).await?;
            record_act(&within, &tx, created(&user)).await?;
            done.user = true;
            user
        }
    };
    done.membership = add_membership(&within, &tx, &seed.org, user.id, &seed.roles).await?.is_some();
    tx.commit().await?;
    Ok(done)
}
