//! `[worker]`: background jobs of this process.

use serde::Deserialize;

use super::check::{Check, within};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    pub enabled_in_process: bool,
    pub concurrency: u32,
    pub poll_interval_ms: u64,
}

impl Worker {
    pub(super) fn validate(&self) -> Check {
        within("worker.concurrency", self.concurrency.into(), 1..=256)?;
        within("worker.poll_interval_ms", self.poll_interval_ms, 10..=60_000)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refusal;

    #[test]
    fn a_worker_that_would_do_nothing_is_refused() {
        for name in ["YUANTUS_WORKER__CONCURRENCY", "YUANTUS_WORKER__POLL_INTERVAL_MS"] {
            assert!(refusal(&[(name, "0")]).contains(name));
        }
    }
}
