//! Background work: a queue in each product database, and the outbox that turns committed changes into work.
//!
//! A job is enqueued on the caller's transaction, so it exists exactly when the change does. It runs at least once: leases
//! end when their worker does, and a job must therefore bear being run again. What jobs do belongs to the product areas;
//! when and where they run to `worker`.

mod checks;
mod enqueue;
mod list;
pub mod outbox;
mod progress;
pub mod queue;
mod record;
mod recurring;
mod repo;
mod retention;
mod retry;
mod site;
#[cfg(test)]
pub mod testing;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::context::Ctx;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::types::UserId;

pub use checks::TenantCheck;
pub use enqueue::{Enqueued, NewJob, cancel, enqueue, enqueue_or_find, find, find_unfinished, put_back, settle};
pub use list::{JobFilter, list};
pub use outbox::{Event, Subscriber};
pub use progress::{Progress, Reporter};
pub use record::{JobRecord, Status};
pub use recurring::enqueue_recurring;
pub use repo::jobs::LONGEST_FILE_ID;
pub use retention::tidy;
pub use site::Site;

/// One kind of background work.
#[async_trait]
pub trait Job: Send + Sync {
    /// The `task_type` of its rows; part of the stored data, so it never changes.
    fn name(&self) -> &'static str;

    /// Does the work in the organisation that `ctx` is bound to, acting as the program itself. The result is kept with the
    /// job.
    ///
    /// May be run again after it did part or all of its work. It is dropped at an await point when its lease is lost or the
    /// process ends. A failure is tried again later, except `Invalid` and `BadRequest`, which no repetition mends.
    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value>;

    /// Who may ask for it by its name. What the program alone asks for stays with the program.
    fn asked_by(&self) -> Asker {
        Asker::Program
    }

    /// How often it runs by itself in every database, with an empty payload; about as often, since that is looked at in passing.
    fn every(&self) -> Option<TimeDelta> {
        None
    }

    /// Whether one that runs by itself has anything to do in this database.
    async fn is_wanted(&self, _db: &Db) -> Result<bool> {
        Ok(true)
    }
}

/// Who may ask for a kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    Program,
    Administrators,
    Members,
}

impl Asker {
    /// As it is stored with a job that was asked for by name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Administrators => "administrator",
            Self::Members => "member",
        }
    }

    /// What is not known may least.
    pub fn parse(text: &str) -> Self {
        if text == Self::Administrators.as_str() { Self::Administrators } else { Self::Members }
    }

    /// Whether a kind for these may be run that was asked for so; none is the program.
    pub fn admits(self, asked_as: Option<Self>) -> bool {
        match (self, asked_as) {
            (_, None) | (Self::Members, _) => true,
            (Self::Administrators, Some(who)) => who == Self::Administrators,
            (Self::Program, Some(_)) => false,
        }
    }
}

/// What a job is told about its run.
#[derive(Debug, Clone)]
pub struct Task {
    pub id: Uuid,
    pub payload: Value,
    /// 1 for the first run.
    pub attempt: i32,
    /// Who asked for it, where that was a user.
    pub created_by: Option<UserId>,
    pub reporter: Reporter,
}

impl Task {
    /// Says how far the run is, in percent, and what it is at. Costs nothing: what is reported is written about once a
    /// second, and only while the job is still this worker's.
    pub fn report(&self, percent: u8, message: impl Into<String>) {
        self.reporter.report(percent, Some(message.into()));
    }

    /// The run cannot do its work now and ends: the job waits until then, the attempt does not count, and meanwhile its place
    /// is for other jobs. What the run answers is not kept.
    pub fn put_off(&self, until: DateTime<Utc>) -> Value {
        self.reporter.put_off(until);
        Value::Null
    }

    /// Ends when the job was called off or taken over. The run is then dropped at its next await point anyway; this is for
    /// parts of it that run elsewhere, in a thread or another process.
    pub fn stopped(&self) -> &CancellationToken {
        self.reporter.stop_token()
    }

    /// The payload as the type that the job works with; `Invalid` when it does not fit.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_value(self.payload.clone()).map_err(|error| {
            Error::invalid_field("value_error", &["body", "payload"], "The payload does not fit the job")
                .caused_by(error)
        })
    }
}

/// The kinds of jobs that this process can run; it leaves others to processes that can.
#[derive(Clone, Default)]
pub struct Registry {
    jobs: BTreeMap<&'static str, Arc<dyn Job>>,
}

impl Registry {
    /// Adds a kind of job; one of the same name gives way.
    #[must_use]
    pub fn with(mut self, job: impl Job + 'static) -> Self {
        self.jobs.insert(job.name(), Arc::new(job));
        self
    }

    /// The same for one that is shared already.
    #[must_use]
    pub fn with_shared(mut self, job: Arc<dyn Job>) -> Self {
        self.jobs.insert(job.name(), job);
        self
    }

    pub fn get(&self, name: &str) -> Option<Arc<dyn Job>> {
        self.jobs.get(name).cloned()
    }

    /// Those that run by themselves.
    fn recurring(&self) -> impl Iterator<Item = (&Arc<dyn Job>, TimeDelta)> {
        self.jobs.values().filter_map(|job| Some((job, job.every()?)))
    }

    pub fn names(&self) -> Vec<&'static str> {
        self.jobs.keys().copied().collect()
    }
}

#[cfg(test)]
mod outbox_tests;
#[cfg(test)]
mod queue_tests;
