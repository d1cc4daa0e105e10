//! `yuantus init-storage`, and the checks that `yuantus storage check-links` shows in the same way.

use clap::Args;

use super::print;
use crate::app::storage_target;
use crate::config::{Config, Loaded};
use crate::error::{Error, Result};
use crate::storage::{Check, ObjectPlace, Storage, Verdict};
use crate::telemetry;

/// Make the storage of files ready: the bucket or directory, and everything that files need of it, tried
///
/// It is made where it is missing; then an object is written, read, linked to and deleted, and the bucket is told to clear away
/// unfinished uploads after seven days. What does not work is named with what to do about it. May be repeated; needs no
/// database. Exit code 1 if something failed.
#[derive(Debug, Args)]
pub struct InitStorage {
    /// Another bucket of the configured S3 server: one that a tenant is to have for itself
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(given: InitStorage, loaded: Loaded) -> Result<()> {
    telemetry::logging::init("warn", telemetry::LogFormat::Auto)?;
    let storage = Storage::connect(&storage_target(&loaded.config))?;
    let place = ObjectPlace::new(given.bucket.as_deref(), None)?;
    let checks = storage.prepare(&place, is_secure(&loaded.config)).await?;
    show(&checks, given.json)
}

/// Whether browsers reach the server over HTTPS.
pub fn is_secure(config: &Config) -> bool {
    config.server.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
}

/// Prints checks, and fails if one of them did.
pub fn show(checks: &[Check], json: bool) -> Result<()> {
    if json {
        print::json(&checks)?;
    } else {
        for check in checks {
            print::line(format!("{:8} {:19} {}", word(check.result), check.check, check.detail))?;
            for advice in &check.advice {
                print::line(format!("{:28} - {advice}", ""))?;
            }
        }
    }
    match checks.iter().filter(|check| check.is_failed()).count() {
        0 => Ok(()),
        failed => Err(Error::unavailable(format!("{failed} of {} checks failed", checks.len()))),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Warning => "warning",
        Verdict::Failed => "FAILED",
        Verdict::Skipped => "skipped",
    }
}
