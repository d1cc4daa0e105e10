//! The background of a process: one loop that serves the queues and outboxes of all tenants, fairly and with a bounded
//! number of open databases.
//!
//! It looks at a database when a commit in this process announced work there, when something there becomes due, and in a
//! full scan at the start and every minute. It knows no product rules: those are in the jobs and subscribers it is given.

mod agenda;
mod execute;
mod round;
mod slots;
mod upkeep;
mod visit;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config;
use crate::jobs::{Registry, Subscriber};
use crate::tenancy::Tenancy;
pub use upkeep::close_idle;

use round::Round;
use slots::Slots;
use visit::Visitor;

/// How a worker runs.
#[derive(Debug, Clone, Copy)]
pub struct WorkerSettings {
    /// Jobs that run at the same time.
    pub concurrency: usize,
    /// A database that nothing called for is looked at no more often than this.
    pub poll_interval: Duration,
    /// From the end of one full scan to the next.
    pub scan_interval: Duration,
    /// How long a job belongs to a worker that is not heard of any more.
    pub lease: Duration,
    /// How long running jobs may take to finish when the process ends.
    pub grace: Duration,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            concurrency: 2,
            poll_interval: Duration::from_secs(1),
            scan_interval: Duration::from_secs(60),
            lease: Duration::from_secs(60),
            grace: Duration::from_secs(25),
        }
    }
}

impl From<&config::Worker> for WorkerSettings {
    fn from(section: &config::Worker) -> Self {
        Self {
            concurrency: section.concurrency as usize,
            poll_interval: Duration::from_millis(section.poll_interval_ms),
            ..Self::default()
        }
    }
}

/// The worker of a process. There is one: it alone hears the wake-ups of its tenancy.
pub struct Worker {
    tenancy: Arc<Tenancy>,
    registry: Registry,
    subscribers: Vec<Arc<dyn Subscriber>>,
    settings: WorkerSettings,
}

impl Worker {
    pub fn new(
        tenancy: Arc<Tenancy>,
        registry: Registry,
        subscribers: Vec<Arc<dyn Subscriber>>,
        settings: WorkerSettings,
    ) -> Self {
        Self { tenancy, registry, subscribers, settings }
    }

    /// Serves until `shutdown`; then takes nothing new, lets running jobs finish within the grace time, and puts back those
    /// that did not. A failure of one database is logged and concerns that one only.
    pub async fn run(self, shutdown: CancellationToken) {
        let visitor = Visitor {
            tenancy: self.tenancy.clone(),
            registry: self.registry,
            subscribers: self.subscribers,
            settings: self.settings,
            worker_id: format!("worker-{}", Uuid::new_v4().simple()),
            slots: Slots::new(self.settings.concurrency),
            shutdown: shutdown.clone(),
        };
        tracing::info!(worker = visitor.worker_id, concurrency = self.settings.concurrency, "worker started");
        let mut round = Round::new(visitor);
        tokio::select! {
            () = round.serve() => {}
            // Never ends by itself.
            () = upkeep::upkeep(self.tenancy) => {}
        }
        round.finish().await;
        tracing::info!("worker stopped");
    }
}

#[cfg(test)]
mod tests;
