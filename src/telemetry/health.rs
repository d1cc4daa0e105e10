//! Health of the parts the server depends on, asked for in parallel and in bounded time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, join_all};
use serde_json::{Map, Value, json};

use crate::error::Result;

/// One part that can be asked whether it works.
pub trait Probe: Send + Sync {
    /// A short stable name: `db`, `storage`.
    fn name(&self) -> &str;

    /// Really uses the part once. What it returns is shown to authenticated callers only.
    ///
    /// May be dropped at any await when its time is over.
    fn check(&self) -> BoxFuture<'_, Result<Map<String, Value>>>;
}

/// The answer of one part.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    pub ok: bool,
    /// For authenticated callers: facts when it works, `error` when it does not.
    pub detail: Map<String, Value>,
    pub latency: Duration,
}

/// Asks every part at once; each has `limit` to answer, so the whole takes no longer either.
///
/// The reason of a failure goes to the log in full and to `detail` in short.
pub async fn run_all(probes: &[Arc<dyn Probe>], limit: Duration) -> BTreeMap<String, Health> {
    let checks = probes.iter().map(|probe| async move { (probe.name().to_owned(), run(probe.as_ref(), limit).await) });
    join_all(checks).await.into_iter().collect()
}

async fn run(probe: &dyn Probe, limit: Duration) -> Health {
    let started = Instant::now();
    let outcome = tokio::time::timeout(limit, probe.check()).await;
    let latency = started.elapsed();
    let failed = |error: &str| Map::from_iter([("error".to_owned(), json!(error))]);
    let (ok, detail) = match outcome {
        Ok(Ok(detail)) => (true, detail),
        Ok(Err(error)) => {
            tracing::warn!(probe = probe.name(), error = error.chain(), "a health check failed");
            (false, failed(error.message()))
        }
        Err(_) => {
            tracing::warn!(probe = probe.name(), limit_ms = limit.as_millis() as u64, "a health check took too long");
            (false, failed("no answer in time"))
        }
    };
    Health { ok, detail, latency }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    struct Fake {
        name: &'static str,
        delay: Duration,
        outcome: fn() -> Result<Map<String, Value>>,
    }

    impl Probe for Fake {
        fn name(&self) -> &str {
            self.name
        }

        fn check(&self) -> BoxFuture<'_, Result<Map<String, Value>>> {
            Box::pin(async {
                tokio::time::sleep(self.delay).await;
                (self.outcome)()
            })
        }
    }

    fn fake(name: &'static str, millis: u64, outcome: fn() -> Result<Map<String, Value>>) -> Arc<dyn Probe> {
        Arc::new(Fake { name, delay: Duration::from_millis(millis), outcome })
    }

    fn fine() -> Result<Map<String, Value>> {
        Ok(Map::from_iter([("type".to_owned(), json!("local"))]))
    }

    fn down() -> Result<Map<String, Value>> {
        Err(Error::unavailable("no connection").caused_by(std::io::Error::other("password=secret")))
    }

    #[tokio::test]
    async fn parts_are_asked_at_once_and_a_hanging_one_does_not_hold_up_the_answer() {
        let probes = [fake("a", 200, fine), fake("b", 200, fine), fake("hangs", 3_600_000, fine)];
        let started = Instant::now();
        let answers = run_all(&probes, Duration::from_secs(1)).await;
        assert!(started.elapsed() < Duration::from_millis(1300), "{:?}", started.elapsed());
        assert!(answers["a"].ok && answers["b"].ok && !answers["hangs"].ok);
        assert_eq!(answers["hangs"].detail["error"], "no answer in time");
        assert_eq!(answers["a"].detail["type"], "local");
    }

    #[tokio::test]
    async fn a_failure_shows_its_message_and_not_its_cause() {
        let answers = run_all(&[fake("db", 0, down)], Duration::from_secs(1)).await;
        assert_eq!(answers["db"].detail, Map::from_iter([("error".to_owned(), json!("no connection"))]));
        assert!(!answers["db"].ok);
    }
}
