//! `[worker]`: background jobs of this process.

use serde::Deserialize;

use super::check::{Check, within};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    pub enabled_in_process: bool,
    pub concurrency: u32,
    pub poll_interval_ms: u64,
    pub lease_seconds: u64,
    pub sweep_seconds: u64,
}

impl Worker {
    pub(super) fn validate(&self) -> Check {
        within("worker.concurrency", self.concurrency.into(), 1..=256)?;
        within("worker.poll_interval_ms", self.poll_interval_ms, 10..=60_000)?;
        within("worker.lease_seconds", self.lease_seconds, 2..=3600)?;
        within("worker.sweep_seconds", self.sweep_seconds, 10..=86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refusal;

    #[test]
    fn a_worker_that_would_do_nothing_is_refused() {
        for name in ["CONCURRENCY", "POLL_INTERVAL_MS", "LEASE_SECONDS", "SWEEP_SECONDS"] {
            let name = &format!("YUANTUS_WORKER__{name}");
            assert!(refusal(&[(name, "0")]).contains(name));
        }
    }
}
