//! Metrics in the text format of Prometheus. Values that others count are read when somebody looks.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::error::{Error, Result};

/// Durations, in seconds: from what a person does not notice to what runs overnight.
const BUCKETS: [f64; 12] = [0.01, 0.05, 0.25, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Makes the process collect metrics; repeatable.
pub fn install() -> Result<()> {
    if HANDLE.get().is_some() {
        return Ok(());
    }
    let broken = |error| Error::internal("Metrics cannot be collected").caused_by(error);
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &BUCKETS).map_err(broken)?;
    let handle = builder.install_recorder().map_err(broken)?;
    // Another thread may have been faster; then its recorder failed to install and this one is the only one.
    HANDLE.get_or_init(|| handle);
    describe_jobs();
    describe_quotas();
    Ok(())
}

/// Folds what was measured since, so that it does not pile up where nobody looks.
pub fn tidy() {
    if let Some(handle) = HANDLE.get() {
        handle.run_upkeep();
    }
}

/// Everything that was collected, as text; empty before [`install`].
pub fn render() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}

/// Background work. `kind` is one that the program knows; nothing names a tenant.
fn describe_jobs() {
    metrics::describe_counter!("yuantus_jobs_started_total", "Attempts to run a job that were begun");
    metrics::describe_counter!("yuantus_jobs_completed_total", "Jobs that were done");
    metrics::describe_counter!("yuantus_jobs_failed_total", "Jobs that failed for good");
    metrics::describe_counter!("yuantus_jobs_retried_total", "Attempts that failed and will be repeated");
    metrics::describe_counter!("yuantus_jobs_lost_total", "Attempts that were taken over or called off");
    metrics::describe_histogram!("yuantus_job_wait_seconds", "From a job's being due to its being begun");
    metrics::describe_histogram!("yuantus_job_seconds", "How long an attempt took");
    metrics::describe_gauge!("yuantus_jobs_unknown_type", "Waiting jobs of types that no program here knows");
    metrics::describe_counter!("yuantus_outbox_delivered_total", "Events handed to all who want them");
    metrics::describe_counter!("yuantus_outbox_failed_total", "Events whose delivery failed and will be repeated");
    metrics::describe_gauge!("yuantus_workers_alive", "Processes that run jobs and have been heard of lately");
    metrics::describe_gauge!("yuantus_worker_heard_seconds_ago", "Since any process that runs jobs was last heard of");
}

/// Limits of tenants. `resource` is one of six; nothing names a tenant.
fn describe_quotas() {
    metrics::describe_counter!("yuantus_quota_refused_total", "Requests that were refused at a limit of their tenant");
    metrics::describe_counter!("yuantus_quota_passed_total", "Requests that passed a limit that only warns");
}

pub fn quota_refused(resource: &'static str) {
    metrics::counter!("yuantus_quota_refused_total", "resource" => resource).increment(1);
}

pub fn quota_passed(resource: &'static str) {
    metrics::counter!("yuantus_quota_passed_total", "resource" => resource).increment(1);
}

pub fn job_started(kind: &str, waited: Duration) {
    metrics::counter!("yuantus_jobs_started_total", "kind" => kind.to_owned()).increment(1);
    metrics::histogram!("yuantus_job_wait_seconds").record(waited);
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Completed,
    Failed,
    Retried,
    Lost,
}

pub fn job_ended(kind: &str, how: Ended, took: Duration) {
    let name = match how {
        Ended::Completed => "yuantus_jobs_completed_total",
        Ended::Failed => "yuantus_jobs_failed_total",
        Ended::Retried => "yuantus_jobs_retried_total",
        Ended::Lost => "yuantus_jobs_lost_total",
    };
    metrics::counter!(name, "kind" => kind.to_owned()).increment(1);
    metrics::histogram!("yuantus_job_seconds", "kind" => kind.to_owned()).record(took);
}

pub fn jobs_of_unknown_type(count: u64) {
    metrics::gauge!("yuantus_jobs_unknown_type").set(u32::try_from(count).unwrap_or(u32::MAX));
}

pub fn events_delivered(delivered: usize, failed: usize) {
    metrics::counter!("yuantus_outbox_delivered_total").increment(delivered as u64);
    metrics::counter!("yuantus_outbox_failed_total").increment(failed as u64);
}

/// `heard` is how long ago the latest sign of life was, if there was any.
pub fn workers_alive(count: usize, heard: Option<Duration>) {
    metrics::gauge!("yuantus_workers_alive").set(u32::try_from(count).unwrap_or(u32::MAX));
    if let Some(heard) = heard {
        metrics::gauge!("yuantus_worker_heard_seconds_ago").set(heard.as_secs_f64());
    }
}
