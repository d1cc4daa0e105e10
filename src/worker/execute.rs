//! Running one job under its lease: renewing it meanwhile, and saying how the attempt ended.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::visit::{Taken, Visitor};
use crate::context::now;
use crate::error::{Error, Result};
use crate::jobs::{Reporter, Site, queue};
use crate::telemetry::metrics::{self, Ended};

/// Renewals of a lease within its time, so that one slow moment does not lose it.
const RENEWALS: u32 = 3;
/// A running job learns no later than this that it was called off.
const LONGEST_UNHEARD: Duration = Duration::from_secs(5);
/// Between two notes of how far a job is.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// How long a job may take to reach a point at which it can be stopped.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

enum Outcome {
    Ended(Result<Value>),
    /// It wants to be run later.
    PutOff(DateTime<Utc>),
    /// Another worker has it, nobody wants it any more, or it cannot be stopped.
    Lost,
    /// The process ends and the job was not done in time.
    Interrupted,
}

/// Runs the job to its end, or until `abandon`. Gives back the room it took.
pub async fn execute(visitor: Arc<Visitor>, taken: Taken, abandon: CancellationToken) {
    let Taken { site, claimed, slot, turn } = taken;
    let (lease, kind, reporter) = (claimed.lease, claimed.task_type, claimed.task.reporter.clone());
    let span = tracing::info_span!("job", id = %lease.job, kind, tenant = %site.tenant, org = claimed.org,
        attempt = lease.attempt);
    let work = async {
        let started = Instant::now();
        metrics::job_started(&kind, claimed.waited);
        let outcome = match (visitor.registry.get(&kind), site.ctx(&claimed.org)) {
            (Some(job), _) if !job.asked_by().admits(claimed.asked_as) => Outcome::Ended(Err(Error::bad_request(
                "Jobs of this kind may not be asked for by name: it was not known when this one was",
            ))),
            (Some(job), Ok(mut ctx)) => {
                ctx.request_id = Some(format!("job-{}", lease.job));
                let running = tokio::spawn(async move { job.run(ctx, claimed.task).await }.in_current_span());
                let held =
                    Held { site: &site, lease: &lease, time: visitor.settings.lease, reporter: reporter.clone() };
                held.attend(running, &abandon).await
            }
            (None, _) => Outcome::Ended(Err(Error::internal("No job of this kind is known"))),
            (_, Err(error)) => Outcome::Ended(Err(error)),
        };
        let outcome = match (outcome, reporter.is_put_off()) {
            (Outcome::Ended(Ok(_)), Some(until)) => Outcome::PutOff(until),
            (outcome, _) => outcome,
        };
        if let Err(error) = conclude(&site, &lease, &kind, outcome, started).await {
            // The lease runs out and the job is run again.
            tracing::error!(error = %error.chain(), "the end of a job was not recorded");
        }
    };
    work.instrument(span).await;
    turn.release().await;
    drop(slot);
}

/// A running job and the lease that lets it run.
struct Held<'a> {
    site: &'a Site,
    lease: &'a queue::Lease,
    time: Duration,
    reporter: Reporter,
}

impl Held<'_> {
    /// Keeps the lease, and writes down how far the job is, until it ends or must.
    async fn attend(&self, mut running: JoinHandle<Result<Value>>, abandon: &CancellationToken) -> Outcome {
        let mut renewals = tokio::time::interval((self.time / RENEWALS).min(LONGEST_UNHEARD));
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewals.reset();
        let mut renewed = Instant::now();
        let (mut progress, mut news, mut next_report) = (self.reporter.watch(), false, Instant::now());
        let outcome = loop {
            let renewal = tokio::select! {
                biased;
                done = &mut running => return Outcome::Ended(done.unwrap_or_else(died)),
                () = abandon.cancelled() => break Outcome::Interrupted,
                _ = renewals.tick() => queue::extend(&self.site.db, self.lease, now(), self.time).await,
                () = tokio::time::sleep_until(next_report), if news => {
                    (news, next_report) = (false, Instant::now() + REPORT_EVERY);
                    let latest = progress.borrow_and_update().clone();
                    queue::report(&self.site.db, self.lease, now(), self.time, latest).await
                }
                Ok(()) = progress.changed(), if !news => {
                    news = true;
                    continue;
                }
            };
            match renewal {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => break Outcome::Lost,
                Err(error) if renewed.elapsed() < self.time => {
                    tracing::warn!(error = %error.chain(), "a lease was not renewed");
                }
                Err(_) => break Outcome::Lost,
            }
        };
        self.reporter.stop();
        running.abort();
        // It may have ended in the same moment. One that goes on regardless keeps its lease until that runs out, so that the
        // next owner does not meet it.
        match (tokio::time::timeout(STOP_TIMEOUT, running).await, outcome) {
            (Ok(Ok(done)), Outcome::Interrupted) => Outcome::Ended(done),
            (Ok(_), outcome) => outcome,
            (Err(_), _) => Outcome::Lost,
        }
    }
}

fn died(error: JoinError) -> Result<Value> {
    let message = if error.is_panic() { "The job panicked" } else { "The job was stopped" };
    Err(Error::internal(message).caused_by(error))
}

async fn conclude(site: &Site, lease: &queue::Lease, kind: &str, outcome: Outcome, started: Instant) -> Result<()> {
    let took = started.elapsed();
    let milliseconds = took.as_millis();
    let (held, ended) = match outcome {
        Outcome::Ended(Ok(result)) => {
            tracing::info!(milliseconds, "job done");
            (queue::complete(&site.db, lease, now(), result).await?, Some(Ended::Completed))
        }
        Outcome::Ended(Err(error)) => {
            let ended = if queue::is_final(lease, &error) { Ended::Failed } else { Ended::Retried };
            tracing::warn!(milliseconds, error = %error.chain(), last = ended == Ended::Failed, "job failed");
            (queue::fail(&site.db, lease, now(), &error).await?, Some(ended))
        }
        Outcome::PutOff(until) => {
            tracing::debug!(milliseconds, "job put off");
            (queue::release(&site.db, lease, until).await?, None)
        }
        Outcome::Interrupted => {
            tracing::info!(milliseconds, "job interrupted and put back");
            (queue::release(&site.db, lease, now()).await?, None)
        }
        Outcome::Lost => (false, None),
    };
    if !held {
        tracing::warn!(milliseconds, "the job was taken over or called off; what this run did is not recorded");
    }
    if let Some(ended) = if held { ended } else { Some(Ended::Lost) } {
        metrics::job_ended(kind, ended, took);
    }
    Ok(())
}
