//! What the server says about itself: logs and health. No product words here; callers bring their own probes and spans.

pub mod health;
mod json_line;
pub mod logging;
pub mod metrics;

pub use health::{Health, Probe, run_all};
pub use logging::LogFormat;
