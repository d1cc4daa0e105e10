//! `yuantus worker`: runs the jobs of all tenants, for installations whose API processes do not.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{init_logging, termination};
use crate::app::{App, ControlSchema};
use crate::config::Loaded;
use crate::error::Result;
use crate::worker::{Worker, WorkerSettings};

pub async fn run(loaded: Loaded) -> Result<()> {
    init_logging(&loaded.config)?;
    let app = Arc::new(App::build(loaded.config, ControlSchema::AsConfigured).await?);
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
