//! What a process does now and then: closes idle databases, forgets old login failures.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::context::PlatformCtx;
use crate::domain::identity::forget_login_failures;
use crate::tenancy::Tenancy;

const CLOSE_IDLE_EVERY: Duration = Duration::from_secs(15);
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// The longest window that can be configured for counting failed logins.
const LONGEST_LOGIN_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// Runs until it is dropped.
pub async fn upkeep(tenancy: Arc<Tenancy>) {
    let (mut close_idle, mut forget) = (interval(CLOSE_IDLE_EVERY), interval(FORGET_EVERY));
    close_idle.set_missed_tick_behavior(MissedTickBehavior::Delay);
    forget.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = close_idle.tick() => tenancy.close_idle().await,
            _ = forget.tick() => {
                let ctx = PlatformCtx::local(tenancy.clone(), "worker");
                match forget_login_failures(&ctx, LONGEST_LOGIN_WINDOW).await {
                    Ok(forgotten) => tracing::debug!(forgotten, "old login failures forgotten"),
                    Err(error) => tracing::warn!(error = %error.chain(), "old login failures were not forgotten"),
                }
            }
        }
    }
}
