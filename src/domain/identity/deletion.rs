//! Deleting a tenant, or one of its organisations, with everything in it. For the command line.
//!
//! Recorded steps, each repeatable: refused to its users, databases dropped, objects removed, rows removed. Asking again
//! after a crash goes on. What stays is the id, which is never used again: a token of the old tenant must not open a new one.

use std::time::Duration;

use serde::Serialize;

use super::model::OrgChange;
use super::repo::{self, tenants::Change};
use crate::config::TenancyMode;
use crate::context::{PlatformCtx, TenantCtx};
use crate::db::Db;
use crate::domain::audit::{Act, record_act, record_platform_act};
use crate::domain::quota;
use crate::error::{Error, Result};
use crate::storage::TenantStore;
use crate::tenancy::{Placement, TenantState};
use crate::types::{OrgId, TenantId};

/// Servers remember whom they serve for less than this.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// What a deletion takes away.
#[derive(Debug, Clone, Serialize)]
pub struct Losses {
    pub orgs: Vec<String>,
    /// Without passwords.
    pub databases: Vec<String>,
    /// Users of the tenant; of one organisation its members, who stay users of the tenant.
    pub users: usize,
}

/// What deleting would take away. Fails as the deletion would.
pub async fn losses(ctx: &PlatformCtx, tenant: &TenantId, org: Option<&OrgId>) -> Result<Losses> {
    require_deletable(ctx, tenant, org).await?;
    let tenancy = ctx.tenancy();
    let of = |place: &Placement| org.is_none_or(|org| place.org == org.as_str());
    let places = tenancy.placements_of(tenant).await?;
    let databases: Result<Vec<String>> =
        places.iter().filter(|place| of(place)).map(|place| tenancy.database_shown(place)).collect();
    let (orgs, users) = match org {
        Some(org) => (vec![org.to_string()], repo::members::list(ctx.control(), tenant, org).await?.len()),
        None => {
            let orgs = repo::orgs::list(ctx.control(), tenant).await?;
            (orgs.into_iter().map(|org| org.id).collect(), repo::users::list(ctx.control(), tenant).await?.len())
        }
    };
    Ok(Losses { orgs, databases: databases?, users })
}

async fn require_deletable(ctx: &PlatformCtx, tenant: &TenantId, org: Option<&OrgId>) -> Result<()> {
    let tenancy = ctx.tenancy();
    if tenancy.mode() == TenancyMode::Single {
        return Err(Error::bad_request(
            "Mode single has one database, which may hold more than the tenant; drop it by hand",
        ));
    }
    if tenant == tenancy.platform_tenant() {
        return Err(Error::forbidden("The platform's own tenant is not deleted"));
    }
    super::get_tenant(ctx, tenant.as_str()).await?;
    let Some(org) = org else { return Ok(()) };
    if tenancy.mode() == TenancyMode::DbPerTenant {
        return Err(Error::bad_request("The organisations of a tenant share one database here; delete the tenant"));
    }
    let found = repo::orgs::find(ctx.control(), tenant, org).await?;
    found.map(|_| ()).ok_or_else(|| Error::not_found("Org not found"))
}

/// Deletes a tenant; `abandon` is done with each database and its objects before they go.
///
/// Fails with `NotFound` when it is not there or is deleted already, `Forbidden` for the platform's own.
pub async fn delete_tenant(
    ctx: &PlatformCtx,
    tenant: &TenantId,
    abandon: impl AsyncFn(&Db, &TenantStore) -> Result<u64>,
) -> Result<()> {
    require_deletable(ctx, tenant, None).await?;
    refuse_tenant(ctx, tenant).await?;
    tokio::time::sleep(LAST_REQUESTS).await;
    let places = ctx.tenancy().placements_of(tenant).await?;
    for place in &places {
        drop_with_objects(ctx, place, &abandon).await?;
    }
    let tx = ctx.control().begin().await?;
    repo::tenants::clear(&tx, tenant).await?;
    ctx.tenancy().forget_places(&tx, tenant).await?;
    quota::forget_tenant(&ctx.within(tenant.clone()), &tx).await?;
    let state = Some((TenantState::Deleted, None));
    repo::tenants::update(&tx, tenant, Change { state, ..Change::default() }, ctx.now()).await?;
    record_platform_act(ctx, &tx, tenant, act("tenant.deleted", format!("tenant/{tenant}"))).await?;
    tx.commit().await
}

async fn refuse_tenant(ctx: &PlatformCtx, tenant: &TenantId) -> Result<()> {
    let tx = ctx.control().begin().await?;
    let state = Some((TenantState::Deleting, None));
    repo::tenants::update(&tx, tenant, Change { state, ..Change::default() }, ctx.now()).await?;
    record_platform_act(ctx, &tx, tenant, act("tenant.deleting", format!("tenant/{tenant}"))).await?;
    tx.commit().await
}

/// Deletes one organisation of a tenant; its members stay users of the tenant. As [`delete_tenant`] otherwise.
pub async fn delete_org(
    ctx: &PlatformCtx,
    tenant: &TenantId,
    org: &OrgId,
    abandon: impl AsyncFn(&Db, &TenantStore) -> Result<u64>,
) -> Result<()> {
    require_deletable(ctx, tenant, Some(org)).await?;
    let within = ctx.within(tenant.clone());
    refuse_org(&within, org).await?;
    tokio::time::sleep(LAST_REQUESTS).await;
    let places = ctx.tenancy().placements_of(tenant).await?;
    for place in places.iter().filter(|place| place.org == org.as_str()) {
        drop_with_objects(ctx, place, &abandon).await?;
    }
    let tx = ctx.control().begin().await?;
    repo::orgs::remove(&tx, tenant, org).await?;
    ctx.tenancy().bury_place(&tx, tenant, org).await?;
    quota::forget_org(&tx, tenant, org).await?;
    record_act(&within, &tx, act("org.deleted", format!("org/{org}"))).await?;
    tx.commit().await
}

async fn refuse_org(ctx: &TenantCtx, org: &OrgId) -> Result<()> {
    let tx = ctx.control().begin().await?;
    let found = repo::orgs::find(&tx, &ctx.tenant, org).await?.ok_or_else(|| Error::not_found("Org not found"))?;
    repo::orgs::update(&tx, &found, OrgChange { is_active: Some(false), ..OrgChange::default() }).await?;
    record_act(ctx, &tx, act("org.deleting", format!("org/{org}"))).await?;
    tx.commit().await
}

/// The objects belong to the database: who was never given one has none either.
async fn drop_with_objects(
    ctx: &PlatformCtx,
    place: &Placement,
    abandon: &impl AsyncFn(&Db, &TenantStore) -> Result<u64>,
) -> Result<()> {
    let tenancy = ctx.tenancy();
    let store = tenancy.store_at(place)?;
    // Parts that S3 holds are no objects, and only the database knows of them.
    if place.is_ready() {
        match tenancy.open_place(place).await {
            Ok(db) => {
                abandon(&db, &store).await?;
            }
            // Of another version, damaged, or dropped by a deletion that was killed then.
            Err(error) => {
                tracing::warn!(place = %place.name(), error = %error.chain(), "uploads in parts are left to the bucket's rule");
            }
        }
    }
    tenancy.drop_database(place).await?;
    store.delete_all().await
}

fn act(action: &'static str, subject: String) -> Act<'static> {
    Act { action, subject, before: None, after: None }
}
