//! What a process does now and then: closes idle databases, tells others of new work, forgets old login failures.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::context::PlatformCtx;
use crate::domain::identity::forget_login_failures;
use crate::telemetry::metrics;
use crate::tenancy::Tenancy;

const CLOSE_IDLE_EVERY: Duration = Duration::from_secs(15);
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// The longest window that can be configured for counting failed logins.
const LONGEST_LOGIN_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// What every process that serves tenants does, whether it runs jobs or not: closes what nobody uses, and tells the workers of
/// other processes of new work. Runs until it is dropped.
pub async fn look_after(tenancy: Arc<Tenancy>) {
    tokio::join!(close_idle(&tenancy), tenancy.pass_on_wakeups());
}

async fn close_idle(tenancy: &Tenancy) {
    let mut ticks = interval(CLOSE_IDLE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        tenancy.close_idle().await;
        metrics::tidy();
    }
}

/// Runs until it is dropped.
pub async fn upkeep(tenancy: Arc<Tenancy>) {
    tokio::join!(look_after(tenancy.clone()), forget_failures(tenancy));
}

async fn forget_failures(tenancy: Arc<Tenancy>) {
    let mut ticks = interval(FORGET_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let ctx = PlatformCtx::local(tenancy.clone(), "worker");
        match forget_login_failures(&ctx, LONGEST_LOGIN_WINDOW).await {
            Ok(forgotten) => tracing::debug!(forgotten, "old login failures forgotten"),
            Err(error) => tracing::warn!(error = %error.chain(), "old login failures were not forgotten"),
        }
    }
}
