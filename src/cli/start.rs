//! `yuantus start`: serves until it is told to end.

use std::sync::Arc;

use clap::Args;

use super::{init_logging, print};
use crate::api::{self, Bound};
use crate::app::{App, ControlSchema};
use crate::config::Loaded;
use crate::error::Result;

#[derive(Debug, Args)]
pub struct Start {
    /// With a tenant `demo` that holds a sample product; its login is printed
    #[arg(long)]
    demo: bool,
}

pub async fn run(command: Start, loaded: Loaded) -> Result<()> {
    init_logging(&loaded.config)?;
    let app = Arc::new(App::build(loaded.config, ControlSchema::AsConfigured).await?);
    let bound = api::bind(&app).await?;
    announce(&app, &bound)?;
    let _ = command.demo;
    let served = api::serve(bound, app.clone(), termination()).await;
    app.close().await;
    tracing::info!("stopped");
    served
}

fn announce(app: &App, bound: &Bound) -> Result<()> {
    let port = bound.address.map_or(app.config.server.port, |address| address.port());
    let address = format!("http://{}:{port}", app.config.server.host);
    print::line(format!("Yuantus {} listening on {address}", env!("CARGO_PKG_VERSION")))?;
    print::line(format!("  documentation  {address}/docs\n  data           {}", app.config.data_dir.display()))
}

/// Waits for SIGTERM or an interrupt from the keyboard.
async fn termination() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be caught; an interrupt ends the server");
            let _ = interrupted.await;
        }
    }
    tracing::info!("ending: no new connections, requests in flight finish");
}
