//! The background of a process: one loop that serves the queues and outboxes of all tenants, fairly and with a bounded
//! number of open databases.
//!
//! It looks at a database when a commit in this process announced work there, when a bell in the control database says that one
//! in another process did, when something there becomes due, and in a slow sweep through all of them. It knows no product
//! rules: those are in the jobs and subscribers it is given.

mod agenda;
mod bells;
mod execute;
mod ledger;
mod round;
mod signs;
mod slots;
mod strangers;
mod sweep;
mod upkeep;
mod visit;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::config;
use crate::jobs::{Registry, Subscriber};
use crate::tenancy::Tenancy;
pub use upkeep::look_after;

use ledger::Ledger;
use round::Round;
use slots::Slots;
use strangers::Strangers;
use visit::Visitor;

/// How a worker runs.
#[derive(Debug, Clone, Copy)]
pub struct WorkerSettings {
    /// Jobs that run at the same time.
    pub concurrency: usize,
    /// How often the bells of other processes are looked at, and at most a database that nothing called for.
    pub poll_interval: Duration,
    /// A sweep through all databases takes this long.
    pub sweep: Duration,
    /// From the start to the first step of the first sweep.
    pub sweep_delay: Duration,
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
            sweep: Duration::from_secs(900),
            sweep_delay: Duration::from_secs(5),
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
            sweep: Duration::from_secs(section.sweep_seconds),
            lease: Duration::from_secs(section.lease_seconds),
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
        let worker_id = format!("worker-{}", Uuid::new_v4().simple());
        let visitor = Visitor {
            ledger: Ledger::new(self.tenancy.clone(), worker_id.clone()),
            tenancy: self.tenancy.clone(),
            registry: self.registry,
            subscribers: self.subscribers,
            settings: self.settings,
            worker_id: worker_id.clone(),
            slots: Slots::new(self.settings.concurrency),
            strangers: Strangers::default(),
            shutdown: shutdown.clone(),
        };
        tracing::info!(worker = worker_id, concurrency = self.settings.concurrency, "worker started");
        let slots = visitor.slots.clone();
        let mut round = Round::new(visitor);
        let (tenancy, id) = (self.tenancy.clone(), worker_id.clone());
        // Until the last job has ended.
        let signs = tokio::spawn(async move { signs::give(&tenancy, id, &slots).await });
        tokio::select! {
            () = round.serve() => {}
            // Never ends by itself.
            () = upkeep::upkeep(self.tenancy.clone()) => {}
        }
        round.finish().await;
        signs.abort();
        if let Err(error) = self.tenancy.worker_gone(&worker_id).await {
            tracing::warn!(error = %error.chain(), "the end of the worker was not recorded");
        }
        tracing::info!("worker stopped");
    }
}

#[cfg(test)]
mod tests;
