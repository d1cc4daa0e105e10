//! `yuantus worker`: runs the jobs of all tenants, for installations whose API processes do not.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{build, init_logging, termination};
use crate::app::{App, ControlSchema};
use crate::config::Loaded;
use crate::error::Result;
use crate::worker::{Worker, WorkerSettings};

const EXPLANATION: &str = "\
Any number of workers may run, on any number of machines, with the same settings. They share the work of all tenants by
turns; each job is run by one of them. A worker that is killed loses its jobs to the others when their lease ends
(worker.lease_seconds). SIGTERM lets running jobs finish, for server.shutdown_grace_seconds; what is left is put back.

What the workers do: yuantus jobs list --tenant T. Whether any is alive: yuantus_workers_alive of GET /api/v1/metrics.";

#[derive(Debug, Args)]
#[command(after_help = EXPLANATION)]
pub struct WorkerArgs {
    /// Jobs that run at the same time; worker.concurrency when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    concurrency: Option<u32>,
}

pub async fn run(args: WorkerArgs, mut loaded: Loaded) -> Result<()> {
    if let Some(concurrency) = args.concurrency {
        loaded.config.worker.concurrency = concurrency;
    }
    init_logging(&loaded.config)?;
    let app = Arc::new(build(loaded.config, ControlSchema::AsConfigured).await?);
    let running = Running::start(&app);
    termination().await;
    running.stop().await;
    app.close().await;
    Ok(())
}

/// The worker of this process.
pub struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub fn start(app: &App) -> Self {
        let settings = WorkerSettings {
            grace: Duration::from_secs(app.config.server.shutdown_grace_seconds),
            ..WorkerSettings::from(&app.config.worker)
        };
        let worker = Worker::new(app.tenancy.clone(), app.jobs.clone(), app.subscribers.clone(), settings);
        let shutdown = CancellationToken::new();
        Self { task: tokio::spawn(worker.run(shutdown.clone())), shutdown }
    }

    /// Takes nothing new and lets running jobs finish.
    pub async fn stop(self) {
        self.shutdown.cancel();
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the worker did not end cleanly");
        }
    }
}
