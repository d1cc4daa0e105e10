//! Choosing where a tenant's organisation shall live, before anything of it is made. For the command line.

use serde_json::json;

use super::seed::insert_missing;
use crate::config::DatabaseUrl;
use crate::context::PlatformCtx;
use crate::domain::audit::{Act, record_platform_act};
use crate::error::Result;
use crate::storage::ObjectPlace;
use crate::tenancy::{TenantState, Wanted};
use crate::types::{OrgId, TenantId};

/// Records the place, and the tenant and organisation where they are missing. Their database comes with the next
/// `create_tenant`, or with the organisation's first use where the tenant is active.
///
/// Fails with `Conflict` when the organisation has a database already, or the named one is another's or not empty.
pub async fn place_org(ctx: &PlatformCtx, tenant: &TenantId, org: &OrgId, wanted: &Wanted) -> Result<()> {
    let tenancy = ctx.tenancy();
    tenancy.check_place(wanted).await?;
    let tx = ctx.control().begin().await?;
    insert_missing(ctx, &tx, tenant, org, TenantState::Provisioning).await?;
    tenancy.place(&tx, tenant, org, wanted).await?;
    let database = wanted.database_url.as_ref().and_then(|url| DatabaseUrl::parse(url.expose()).ok());
    let after = json!({
        "database": database.map(|url| url.redacted()),
        "bucket": wanted.objects.bucket(),
        "prefix": wanted.objects.prefix(),
    });
    let act = Act { action: "org.placed", subject: format!("org/{org}"), before: None, after: Some(after) };
    record_platform_act(ctx, &tx, tenant, act).await?;
    tx.commit().await
}

/// Records that the objects of an organisation are at another place from now on, where they have been copied to.
///
/// Fails with `NotFound` for one without a database, and as the storage does when the place cannot be used.
pub async fn move_files(ctx: &PlatformCtx, tenant: &TenantId, org: &OrgId, objects: &ObjectPlace) -> Result<()> {
    let tenancy = ctx.tenancy();
    tenancy.check_place(&Wanted { database_url: None, objects: objects.clone() }).await?;
    let tx = ctx.control().begin().await?;
    let before = tenancy.move_objects(&tx, tenant, org, objects).await?;
    let act = Act {
        action: "org.files_moved",
        subject: format!("org/{org}"),
        before: Some(json!({ "bucket": before.bucket, "prefix": before.prefix })),
        after: Some(json!({ "bucket": objects.bucket(), "prefix": objects.prefix() })),
    };
    record_platform_act(ctx, &tx, tenant, act).await?;
    tx.commit().await
}
