//! How a running job says how far it is, and learns that it shall stop.

use std::fmt;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Longer messages are cut.
const LONGEST_MESSAGE: usize = 500;

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// 0 to 100.
    pub percent: u8,
    pub message: Option<String>,
}

/// The line between a run and its worker. Without a worker at the other end (in tests) it leads nowhere.
#[derive(Clone)]
pub struct Reporter {
    latest: Arc<watch::Sender<Progress>>,
    stop: CancellationToken,
    put_off: Arc<OnceLock<DateTime<Utc>>>,
}

impl Reporter {
    pub(super) fn new() -> Self {
        let latest = Arc::new(watch::Sender::new(Progress::default()));
        Self { latest, stop: CancellationToken::new(), put_off: Arc::default() }
    }

    /// Never blocks and may be called as often as one likes: the worker writes the latest about once a second.
    pub(super) fn report(&self, percent: u8, message: Option<String>) {
        let message = message.map(|message| message.chars().filter(|c| *c != '\0').take(LONGEST_MESSAGE).collect());
        let next = Progress { percent: percent.min(100), message };
        self.latest.send_if_modified(|latest| {
            let changed = *latest != next;
            if changed {
                *latest = next;
            }
            changed
        });
    }

    pub(super) fn stop_token(&self) -> &CancellationToken {
        &self.stop
    }

    pub(super) fn put_off(&self, until: DateTime<Utc>) {
        // What was said first stays.
        let _ = self.put_off.set(until);
    }

    /// For the worker: until when the run wants to be put off.
    pub fn is_put_off(&self) -> Option<DateTime<Utc>> {
        self.put_off.get().copied()
    }

    /// For the worker: what is reported from now on.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.latest.subscribe()
    }

    /// For the worker: the run is over, whether it knows or not.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl Default for Reporter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Reporter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_are_news_and_values_are_bounded() {
        let reporter = Reporter::new();
        let mut seen = reporter.watch();
        reporter.report(0, None);
        assert!(!seen.has_changed().unwrap());
        reporter.report(250, Some(format!("\0{}", "ü".repeat(600))));
        let latest = seen.borrow_and_update().clone();
        assert_eq!((latest.percent, latest.message), (100, Some("ü".repeat(LONGEST_MESSAGE))));
    }
}
