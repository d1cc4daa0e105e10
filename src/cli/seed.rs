//! `yuantus seed-identity`, `seed-meta` and `seed-data`, as existing scripts call them: repeatable, making what is missing.

use clap::Args;

use super::{command_app, org_ctx, print};
use crate::app::{App, ControlSchema};
use crate::config::{Loaded, TenancyMode};
use crate::domain::identity::{self, IdentitySeed, NewUser};
use crate::domain::sample::seed_sample;
use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId};

#[derive(Debug, Args)]
pub struct SeedIdentity {
    #[arg(long, default_value = "tenant-1")]
    tenant: String,
    #[arg(long, default_value = "org-1")]
    org: String,
    #[arg(long, default_value = "admin")]
    username: String,
    #[arg(long, default_value = "admin")]
    password: String,
    #[arg(long)]
    email: Option<String>,
    #[arg(long, default_value_t = 1)]
    user_id: i64,
    /// Roles in the organisation, separated by commas
    #[arg(long, default_value = "admin", value_delimiter = ',')]
    roles: Vec<String>,
    /// Passes every check in the tenant (the default)
    #[arg(long, overrides_with = "no_superuser")]
    superuser: bool,
    /// Has only the rights of its roles
    #[arg(long)]
    no_superuser: bool,
}

#[derive(Debug, Args)]
pub struct SeedMeta {
    /// Not needed in single mode
    #[arg(long)]
    tenant: Option<String>,
    /// Not needed in single mode
    #[arg(long)]
    org: Option<String>,
}

#[derive(Debug, Args)]
pub struct SeedData {
    #[arg(long, default_value = "tenant-1")]
    tenant: String,
    #[arg(long, default_value = "org-1")]
    org: String,
}

pub async fn identity(given: SeedIdentity, loaded: Loaded) -> Result<()> {
    let app = command_app(loaded, ControlSchema::AsConfigured).await?;
    let done = seed_identity(given, &app).await;
    app.close().await;
    done
}

async fn seed_identity(given: SeedIdentity, app: &App) -> Result<()> {
    let seed = IdentitySeed {
        tenant: TenantId::new(given.tenant)?,
        org: OrgId::new(given.org)?,
        user: NewUser {
            id: Some(given.user_id),
            username: given.username,
            password: given.password,
            email: given.email,
            is_superuser: !given.no_superuser,
        },
        roles: given.roles,
    };
    let done = identity::seed_identity(&app.platform("seed"), &seed).await?;
    let word = |made: bool| if made { "created" } else { "exists" };
    print::line(format!(
        "tenant {} {}, org {} {}, user {} {}, membership {}",
        seed.tenant,
        word(done.tenant),
        seed.org,
        word(done.org),
        seed.user.username,
        word(done.user),
        word(done.membership)
    ))
}

pub async fn meta(given: SeedMeta, loaded: Loaded) -> Result<()> {
    let app = command_app(loaded, ControlSchema::AsConfigured).await?;
    let done = seed_meta(given, &app).await;
    app.close().await;
    done
}

async fn seed_meta(given: SeedMeta, app: &App) -> Result<()> {
    let Some(tenant) = given.tenant else {
        if app.tenancy.mode() != TenancyMode::Single {
            return Err(Error::bad_request("seed-meta needs --tenant and --org in this tenancy mode"));
        }
        app.tenancy.open_unclaimed().await?;
        return print::line("item types are in place");
    };
    let tenant = TenantId::new(tenant)?;
    let org = OrgId::new(given.org.unwrap_or_else(|| "org-1".to_owned()))?;
    identity::ensure_org(&app.platform("seed"), &tenant, &org).await?;
    let placement = app.tenancy.provision(&tenant, &org).await?;
    app.tenancy.reseed(&placement, &tenant).await?;
    print::line(format!("item types of {tenant}/{org} are in place"))
}

pub async fn data(given: SeedData, loaded: Loaded) -> Result<()> {
    let app = command_app(loaded, ControlSchema::AsConfigured).await?;
    let done = seed_data(given, &app).await;
    app.close().await;
    done
}

async fn seed_data(given: SeedData, app: &App) -> Result<()> {
    let ctx = org_ctx(app, &given.tenant, &given.org).await?;
    let done = seed_sample(&ctx).await?;
    print::line(format!("{}: {} parts and {} lines created", done.root_number, done.parts_created, done.lines_created))
}
