//! Which organisations a command is for, and going through them: some at a time, until it is told to stop.

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::cli::termination;
use crate::context::{Actor, Ctx};
use crate::domain::identity;
use crate::error::{Error, Result};
use crate::jobs::Site;
use crate::storage::{ObjectPlace, TenantStore};
use crate::tenancy::Placement;
use crate::types::{OrgId, TenantId};

/// Organisations at the same time.
pub const AT_ONCE: usize = 4;

#[derive(Debug, Args)]
pub struct Scope {
    /// Only this tenant
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<TenantId>,
    /// Only this organisation
    #[arg(long, value_name = "ORG", requires = "tenant")]
    pub org: Option<OrgId>,
}

/// One organisation and where it is recorded.
#[derive(Debug, Clone)]
pub struct Place {
    pub tenant: TenantId,
    pub org: OrgId,
    placement: Placement,
}

impl Scope {
    /// The organisations that have a database, those of suspended tenants too.
    pub async fn places(&self, app: &App) -> Result<Vec<Place>> {
        let mut found = Vec::new();
        let ready = app.tenancy.ready_places().await?;
        for placement in ready.into_iter().filter(|one| self.tenant.as_ref().is_none_or(|t| one.tenant == t.as_str())) {
            let tenant = TenantId::new(placement.tenant.as_str())?;
            for org in orgs(app, &tenant, &placement).await? {
                if self.org.as_ref().is_none_or(|only| *only == org) {
                    found.push(Place { tenant: tenant.clone(), org, placement: placement.clone() });
                }
            }
        }
        match (&self.tenant, found.is_empty()) {
            (Some(tenant), true) => Err(Error::not_found(format!("Tenant {tenant} has no such database"))
                .code("NO_DATABASE", "See: yuantus tenant list")),
            _ => Ok(found),
        }
    }
}

/// Where organisations share a database, each has its own objects.
async fn orgs(app: &App, tenant: &TenantId, placement: &Placement) -> Result<Vec<OrgId>> {
    if !placement.org.is_empty() {
        return Ok(vec![OrgId::new(placement.org.as_str())?]);
    }
    let orgs = identity::list_orgs(&app.platform("cli").within(tenant.clone())).await?;
    orgs.into_iter().map(|org| OrgId::new(org.id)).collect()
}

impl Place {
    pub fn name(&self) -> String {
        format!("{}/{}", self.tenant, self.org)
    }

    /// Where its objects are recorded to be.
    pub fn objects(&self) -> Result<ObjectPlace> {
        self.placement.objects()
    }

    pub fn store(&self, app: &App) -> Result<TenantStore> {
        app.tenancy.store_at(&self.placement, &self.org)
    }

    /// The command line at work in it, also where its tenant is suspended.
    pub async fn ctx(&self, app: &App) -> Result<Ctx> {
        let site = Site::open(&app.tenancy, &self.placement).await?;
        let mut ctx = site.ctx(self.org.as_str())?;
        ctx.actor = Actor::System { name: "cli" };
        Ok(ctx)
    }
}

/// Ends when the command is interrupted: it begins nothing new then, and what is under way is finished. A second time ends the
/// process.
pub fn stop_on_interrupt() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        termination().await;
        told.cancel();
        eprintln!("stopping: what is under way is finished; interrupt again to end at once");
        termination().await;
        std::process::exit(130);
    });
    stop
}

/// What an interrupted command ends with.
pub fn interrupted() -> Error {
    Error::unavailable("Interrupted; run it again to go on")
}
