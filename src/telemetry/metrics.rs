//! Metrics in the text format of Prometheus. Values that others count are read when somebody looks.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::error::{Error, Result};

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Makes the process collect metrics; repeatable.
pub fn install() -> Result<()> {
    if HANDLE.get().is_some() {
        return Ok(());
    }
    let handle = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| Error::internal("Metrics cannot be collected").caused_by(error))?;
    // Another thread may have been faster; then its recorder failed to install and this one is the only one.
    HANDLE.get_or_init(|| handle);
    Ok(())
}

/// Everything that was collected, as text; empty before [`install`].
pub fn render() -> String {
    HANDLE.get().map(PrometheusHandle::render).unwrap_or_default()
}
