//! `yuantus db verify`.

use clap::Args;
use migration::tenant;
use serde::Serialize;

use super::{Progress, print, version};
use crate::app::App;
use crate::config::TenancyMode;
use crate::error::{Error, Result};
use crate::tenancy::Verified;
use crate::types::TenantId;

/// How many databases at the same time.
const PARALLEL: usize = 8;

#[derive(Debug, Args)]
pub struct Verify {
    /// Every product database, besides the control database
    #[arg(long)]
    all: bool,
    /// Only this tenant's product databases
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Compared {
    databases: Vec<Verified>,
    as_expected: usize,
    different: usize,
    failed: usize,
}

impl Verify {
    pub async fn run(self, app: &App) -> Result<()> {
        let control = app.tenancy.verify_control().await;
        let readable = control.error.is_none() && !control.newer;
        let mut databases = vec![control];
        if readable && (self.all || self.tenant.is_some() || app.tenancy.mode() == TenancyMode::Single) {
            databases.extend(self.products(app).await?);
        }
        let compared = Compared {
            as_expected: databases.iter().filter(|one| one.is_well() && !one.newer).count(),
            different: databases.iter().filter(|one| !one.differences.is_empty()).count(),
            failed: databases.iter().filter(|one| one.error.is_some()).count(),
            databases,
        };
        if self.json {
            print::json(&compared)?
        } else {
            compared.print()?
        }
        if compared.different + compared.failed > 0 {
            return Err(Error::unavailable(format!(
                "{} databases differ from what is expected, {} could not be compared",
                compared.different, compared.failed
            )));
        }
        Ok(())
    }

    async fn products(&self, app: &App) -> Result<Vec<Verified>> {
        let progress = Progress::new();
        let of = self.tenant.as_ref();
        let told = |event: crate::tenancy::Event<'_>| progress.tell(event);
        let done = app.tenancy.verify_fleet::<tenant::Migrator>(of, PARALLEL, &told).await;
        progress.end();
        done
    }
}

impl Compared {
    /// The databases that are not as expected, line by line, then how many there are of each.
    fn print(&self) -> Result<()> {
        for one in &self.databases {
            for difference in &one.differences {
                print::line(format!("{}: {difference}", one.database))?;
            }
            if let Some(error) = &one.error {
                print::line(format!("{}: could not be compared: {error}", one.database))?;
            }
            if one.newer {
                let version = version(one.version.as_deref());
                print::line(format!("{}: not compared: {version} is newer than this binary knows", one.database))?;
            }
        }
        print::line(format!(
            "{} as expected, {} different, {} could not be compared",
            self.as_expected, self.different, self.failed
        ))
    }
}
