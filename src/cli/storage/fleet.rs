//! Which databases a command is for, and going through them: some at a time, until it is told to stop.

use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::cli::termination;
use crate::context::{Actor, Ctx};
use crate::domain::identity;
use crate::error::{Error, Result};
use crate::jobs::Site;
use crate::storage::ObjectPlace;
use crate::tenancy::Placement;
use crate::types::{OrgId, TenantId};

/// Databases at the same time.
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

/// A product database and its objects: those of one organisation, or of all of a tenant's where they share it.
#[derive(Debug, Clone)]
pub struct Place {
    pub tenant: TenantId,
    /// None where all of the tenant's share it.
    pub org: Option<OrgId>,
    placement: Placement,
}

impl Scope {
    /// The databases that are ready, those of suspended tenants too.
    pub async fn places(&self, app: &App) -> Result<Vec<Place>> {
        let mut found = Vec::new();
        for placement in app.tenancy.ready_places().await? {
            let tenant = TenantId::new(placement.tenant.as_str())?;
            let org = Some(placement.org.as_str()).filter(|org| !org.is_empty()).map(OrgId::new).transpose()?;
            let is_meant = self.tenant.as_ref().is_none_or(|only| *only == tenant)
                && (self.org.is_none() || org.is_none() || self.org == org);
            if is_meant {
                found.push(Place { tenant, org, placement });
            }
        }
        match (&self.tenant, found.is_empty()) {
            (Some(tenant), true) => Err(Error::not_found(format!("Tenant {tenant} has no such database"))
                .code("NO_DATABASE", "See: yuantus tenant list")),
            _ => Ok(found),
        }
    }
}

impl Place {
    pub fn name(&self) -> String {
        self.placement.name()
    }

    /// Where its objects are recorded to be.
    pub fn objects(&self) -> Result<ObjectPlace> {
        self.placement.objects()
    }

    /// The command line at work in it, also where its tenant is suspended; in the name of the first organisation of several.
    pub async fn ctx(&self, app: &App) -> Result<Ctx> {
        let site = Site::open(&app.tenancy, &self.placement).await?;
        let org = match &self.org {
            Some(org) => org.to_string(),
            None => {
                let orgs = identity::list_orgs(&app.platform("cli").within(self.tenant.clone())).await?;
                orgs.into_iter().next().map(|org| org.id).unwrap_or_default()
            }
        };
        let mut ctx = site.ctx(&org)?;
        ctx.actor = Actor::System { name: "cli" };
        Ok(ctx)
    }

    /// Closes its database again: a command over all of them keeps none open.
    pub async fn close(&self, app: &App) {
        app.tenancy.close_unused(&self.placement.place()).await;
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
