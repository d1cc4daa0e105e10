//! Running one job under its lease: renewing it meanwhile, and saying how the attempt ended.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::visit::{Taken, Visitor};
use crate::context::now;
use crate::error::{Error, Result};
use crate::jobs::{Site, queue};

/// Renewals of a lease within its time, so that one slow moment does not lose it.
const RENEWALS: u32 = 3;
/// How long a job may take to reach a point at which it can be stopped.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

enum Outcome {
    Ended(Result<Value>),
    /// Another worker has it, nobody wants it any more, or it cannot be stopped.
    Lost,
    /// The process ends and the job was not done in time.
    Interrupted,
}

/// Runs the job to its end, or until `abandon`. Gives back the room it took.
pub async fn execute(visitor: Arc<Visitor>, taken: Taken, abandon: CancellationToken) {
    let Taken { site, claimed, slot } = taken;
    let (lease, kind) = (claimed.lease, claimed.task_type);
    let span = tracing::info_span!("job", id = %lease.job, kind, tenant = %site.tenant, org = claimed.org,
        attempt = lease.attempt);
    let work = async {
        let started = Instant::now();
        let outcome = match (visitor.registry.get(&kind), site.ctx(&claimed.org)) {
            (Some(job), Ok(mut ctx)) => {
                ctx.request_id = Some(format!("job-{}", lease.job));
                let running = tokio::spawn(async move { job.run(ctx, claimed.task).await }.in_current_span());
                attend(&visitor, &site, &lease, running, &abandon).await
            }
            (None, _) => Outcome::Ended(Err(Error::internal("No job of this kind is known"))),
            (_, Err(error)) => Outcome::Ended(Err(error)),
        };
        if let Err(error) = conclude(&site, &lease, outcome, started).await {
            // The lease runs out and the job is run again.
            tracing::error!(error = %error.chain(), "the end of a job was not recorded");
        }
    };
    work.instrument(span).await;
    drop(slot);
}

async fn attend(
    visitor: &Visitor,
    site: &Site,
    lease: &queue::Lease,
    mut running: JoinHandle<Result<Value>>,
    abandon: &CancellationToken,
) -> Outcome {
    let time = visitor.settings.lease;
    let mut renewals = tokio::time::interval(time / RENEWALS);
    renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
    renewals.reset();
    let mut renewed = Instant::now();
    let outcome = loop {
        tokio::select! {
            biased;
            done = &mut running => return Outcome::Ended(done.unwrap_or_else(died)),
            () = abandon.cancelled() => break Outcome::Interrupted,
            _ = renewals.tick() => match queue::extend(&site.db, lease, now(), time).await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => break Outcome::Lost,
                Err(error) if renewed.elapsed() < time => {
                    tracing::warn!(error = %error.chain(), "a lease was not renewed");
                }
                Err(_) => break Outcome::Lost,
            },
        }
    };
    running.abort();
    // It may have ended in the same moment. One that goes on regardless keeps its lease until that runs out, so that the
    // next owner does not meet it.
    match (tokio::time::timeout(STOP_TIMEOUT, running).await, outcome) {
        (Ok(Ok(done)), Outcome::Interrupted) => Outcome::Ended(done),
        (Ok(_), outcome) => outcome,
        (Err(_), _) => Outcome::Lost,
    }
}

fn died(error: JoinError) -> Result<Value> {
    let message = if error.is_panic() { "The job panicked" } else { "The job was stopped" };
    Err(Error::internal(message).caused_by(error))
}

async fn conclude(site: &Site, lease: &queue::Lease, outcome: Outcome, started: Instant) -> Result<()> {
    let milliseconds = started.elapsed().as_millis();
    let held = match outcome {
        Outcome::Ended(Ok(result)) => {
            tracing::info!(milliseconds, "job done");
            queue::complete(&site.db, lease, now(), result).await?
        }
        Outcome::Ended(Err(error)) => {
            tracing::warn!(milliseconds, error = %error.chain(), "job failed");
            queue::fail(&site.db, lease, now(), &error).await?
        }
        Outcome::Interrupted => {
            tracing::info!(milliseconds, "job interrupted and put back");
            queue::release(&site.db, lease, now()).await?
        }
        Outcome::Lost => false,
    };
    if !held {
        tracing::warn!(milliseconds, "the job was taken over or called off; what this run did is not recorded");
    }
    Ok(())
}
