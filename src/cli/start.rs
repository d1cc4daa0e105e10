//! `yuantus start`: serves until it is told to end.

use std::sync::Arc;

use clap::Args;

use super::demo::{self, Demo};
use super::worker::Running;
use super::{build, init_logging, print, termination};
use crate::api::{self, Bound};
use crate::app::{App, ControlSchema};
use crate::config::Loaded;
use crate::domain::identity;
use crate::error::Result;

#[derive(Debug, Args)]
pub struct Start {
    /// With a tenant `demo` that holds a sample product; its login is printed
    #[arg(long)]
    demo: bool,
}

pub async fn run(command: Start, loaded: Loaded) -> Result<()> {
    init_logging(&loaded.config)?;
    let app = Arc::new(build(loaded.config, ControlSchema::AsConfigured).await?);
    let demo = if command.demo { Some(demo::prepare(&app).await?) } else { None };
    let bound = api::bind(&app).await?;
    announce(&app, &bound, demo.as_ref()).await?;
    let worker = app.config.worker.enabled_in_process.then(|| Running::start(&app));
    // The worker does so itself.
    let upkeep = worker.is_none().then(|| tokio::spawn(crate::worker::look_after(app.tenancy.clone())));
    let served = api::serve(bound, app.clone(), termination()).await;
    if let Some(worker) = worker {
        worker.stop().await;
    }
    if let Some(upkeep) = upkeep {
        upkeep.abort();
    }
    app.close().await;
    tracing::info!("stopped");
    served
}

/// Written to standard output, where scripts and people look for the address.
async fn announce(app: &App, bound: &Bound, demo: Option<&Demo>) -> Result<()> {
    let port = bound.address.map_or(app.config.server.port, |address| address.port());
    let address = format!("http://{}:{port}", app.config.server.host);
    print::line(format!("Yuantus {} listening on {address}", env!("CARGO_PKG_VERSION")))?;
    print::line(format!("  documentation  {address}/docs\n  data           {}", app.config.data_dir.display()))?;
    match demo {
        Some(demo) => print::line(format!(
            "  sample         {} with its BOM\n  tenant         {}\n  org            {}\n  user           {}\n  password       {}",
            demo.sample.root_number, demo.tenant, demo.org, demo.username, demo.password
        )),
        None if identity::list_tenants(&app.platform("cli")).await?.is_empty() => {
            print::line("  no tenant yet   create one: yuantus tenant create acme")
        }
        None => Ok(()),
    }
}
