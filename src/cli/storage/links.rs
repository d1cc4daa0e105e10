//! `yuantus storage check-links`.

use clap::Args;

use crate::app::storage_target;
use crate::cli::init_storage::{is_secure, show};
use crate::cli::termination;
use crate::config::Loaded;
use crate::error::Result;
use crate::storage::{ObjectPlace, Storage};
use crate::telemetry;

/// Make a link to a file and follow it; says why it does not work
///
/// Where files are kept in S3, downloads are links that lead browsers there. This makes one to a small object, follows it from
/// this machine and compares what comes. Exit code 1 if it does not lead to the file.
#[derive(Debug, Args)]
pub struct CheckLinks {
    /// Another bucket of the configured S3 server: that of a tenant
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// Print a link to be tried in a browser, and keep its object until Ctrl-C or for five minutes
    #[arg(long)]
    show: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub async fn run(given: CheckLinks, loaded: Loaded) -> Result<()> {
    telemetry::logging::init("warn", telemetry::LogFormat::Auto)?;
    let storage = Storage::connect(&storage_target(&loaded.config))?;
    let place = ObjectPlace::new(given.bucket.as_deref(), None)?;
    let checked = show(&storage.check_links(&place, is_secure(&loaded.config)).await?, given.json);
    if given.show
        && let Some(sample) = storage.sample(&place).await?
    {
        eprintln!(
            "Open this in a browser where users are; it shows: This link works. End with Ctrl-C.\n\n{}\n",
            sample.link
        );
        // Being interrupted is how this ends.
        let _ = tokio::time::timeout(sample.life, termination()).await;
        sample.remove().await?;
    }
    checked
}
