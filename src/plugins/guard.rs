//! A fence around what plugins run: a panic or a hang ends there, and is reported with the plugin's name.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use crate::context::Ctx;
use crate::error::{Error, Kind, Result};

/// Runs a plugin's part to its end or `limit`. It cannot stop what never awaits.
pub async fn guarded<T>(plugin: &str, limit: Duration, part: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(limit, AssertUnwindSafe(part).catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(Error::internal(format!("The plugin {plugin} panicked"))),
        Err(_) => Err(Error::internal(format!("The plugin {plugin} took longer than {} s", limit.as_secs()))),
    }
}

/// Whether the plugin is at fault, and not what it was asked.
pub fn is_failure(error: &Error) -> bool {
    matches!(error.kind(), Kind::Internal | Kind::Config | Kind::Unavailable)
}

/// A failure of a plugin as the caller of the product sees it: whose it is, and what can be done.
pub fn named(plugin: &str, error: Error) -> Error {
    let advice = "Try again. If it goes on, an administrator can switch the plugin off.";
    let failed = match error.kind() {
        Kind::Unavailable => Error::unavailable(format!("The plugin {plugin} cannot answer now")).retry_after(1),
        _ => Error::internal(format!("The plugin {plugin} failed")),
    };
    failed.code("PLUGIN_FAILED", advice).details(serde_json::json!({ "plugin_id": plugin })).caused_by(error)
}

/// Counts a failure for the organisation, beside what is going on: that may hold the database's only turn to write, and is
/// about to give it up.
pub fn note_failure(ctx: &Ctx, plugin: &str, error: &Error) {
    tracing::warn!(plugin, tenant = %ctx.tenant, org = %ctx.org, error = %error.chain(), "a plugin failed");
    let (ctx, plugin, message) = (ctx.clone(), plugin.to_owned(), error.message().to_owned());
    tokio::spawn(async move {
        if let Err(error) = super::repo::note_failure(&ctx, &plugin, &message).await {
            tracing::warn!(plugin, error = %error.chain(), "a plugin's failure was not counted");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_and_hangs_become_errors_with_the_plugins_name() {
        async fn breaks() -> Result<()> {
            panic!("defect")
        }
        let limit = Duration::from_millis(10);
        for error in [
            guarded("erp", limit, breaks()).await.unwrap_err(),
            guarded("erp", limit, std::future::pending::<Result<()>>()).await.unwrap_err(),
        ] {
            assert!(is_failure(&error) && error.message().contains("erp"), "{error}");
            assert_eq!(named("erp", error).code_name(), Some("PLUGIN_FAILED"));
        }
        assert_eq!(guarded("erp", limit, async { Ok(1) }).await.unwrap(), 1);
    }
}
