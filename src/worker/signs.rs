//! Signs of life of this worker, for whoever asks whether jobs are run at all.

use tokio::time::{MissedTickBehavior, interval};

use super::slots::Slots;
use crate::context::now;
use crate::tenancy::{SIGN_EVERY, Tenancy, WorkerSign};

/// Gives one now and then, until it is dropped.
pub async fn give(tenancy: &Tenancy, id: String, slots: &Slots) {
    let started_at = now();
    let mut ticks = interval(SIGN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    loop {
        ticks.tick().await;
        let sign = WorkerSign {
            id: id.clone(),
            started_at,
            seen_at: now(),
            concurrency: number(slots.all()),
            running: number(slots.in_use()),
        };
        if let Err(error) = tenancy.sign_of_life(sign).await {
            tracing::warn!(error = %error.chain(), "the sign of life of this worker was not recorded");
        }
    }
}
