//! `yuantus storage gc`.

use std::time::Duration;

use clap::Args;
use futures::stream::{self, StreamExt};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::bar::{seen, size};
use super::fleet::{AT_ONCE, Place, Scope, interrupted, stop_on_interrupt};
use crate::app::{App, gc_grace};
use crate::cli::print;
use crate::config::Environment;
use crate::domain::file::{CollectRules, Collected, collect};
use crate::error::{Error, Result};

/// Remove the contents that nothing refers to, and what uploads left behind
///
/// Workers do so once a day by themselves (storage.gc_enabled). A content goes when nobody touched it for the grace; an object
/// that the database knows nothing of is first noted, and goes a grace later. Uploads in parts whose time is over go with their
/// parts, and so do parts of uploads that nobody knows, as after a kill. May run beside the server, be interrupted and repeated.
#[derive(Debug, Args)]
pub struct Gc {
    /// Only count what would be removed
    #[arg(long)]
    dry_run: bool,
    /// How long contents are kept that nothing refers to; at least 1, and longer than the longest upload [default: as configured]
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(0..=87_600))]
    grace: Option<u64>,
    /// Also remove files that no item or version refers to and nobody brought within the grace; without it they are counted
    #[arg(long)]
    unattached: bool,
    #[command(flatten)]
    scope: Scope,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Done {
    database: String,
    #[serde(flatten)]
    collected: Collected,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub async fn run(given: Gc, app: &App) -> Result<()> {
    let grace = match given.grace {
        None => gc_grace(&app.config),
        Some(0) if app.config.environment != Environment::Test => {
            return Err(Error::bad_request(
                "The grace is at least 1 hour: an upload that is under way must outlive it",
            ));
        }
        Some(hours) => Duration::from_secs(hours * 3600),
    };
    let rules = CollectRules { grace, unattached: given.unattached, dry_run: given.dry_run };
    let places = given.scope.places(app).await?;
    let stop = stop_on_interrupt();
    let bar = seen("contents");
    let one = |place: Place| {
        let (bar, stop, rules) = (bar.clone(), stop.clone(), &rules);
        async move {
            bar.set_message(place.name());
            let done = one(app, &place, rules, &stop, &|| bar.inc(1)).await;
            let (collected, error) = match done {
                Ok(collected) => (collected, None),
                Err(error) => (Collected::default(), Some(error.chain())),
            };
            Done { database: place.name(), collected, error }
        }
    };
    let begun = stream::iter(places).take_while(|_| std::future::ready(!stop.is_cancelled()));
    let mut done: Vec<Done> = begun.map(one).buffer_unordered(AT_ONCE).collect().await;
    bar.finish_and_clear();
    done.sort_by(|one, other| one.database.cmp(&other.database));
    if given.json {
        print::json(&done)?
    } else {
        show(&done, &rules)?
    }
    if stop.is_cancelled() {
        return Err(interrupted());
    }
    match done.iter().filter(|one| one.error.is_some() || one.collected.failed > 0).count() {
        0 => Ok(()),
        failed => Err(Error::unavailable(format!("{failed} databases were not collected wholly; run it again"))),
    }
}

async fn one(
    app: &App,
    place: &Place,
    rules: &CollectRules,
    stop: &CancellationToken,
    tell: &(dyn Fn() + Sync),
) -> Result<Collected> {
    let collected = {
        let ctx = place.ctx(app).await?;
        collect(&ctx, rules, stop, tell).await
    };
    place.close(app).await;
    collected
}

fn show(done: &[Done], rules: &CollectRules) -> Result<()> {
    let verb = if rules.dry_run { "to remove" } else { "removed" };
    for Done { database, collected, error } in done {
        if let Some(error) = error {
            print::line(format!("{database}: failed: {error}"))?;
            continue;
        }
        let Collected { contents, bytes, unknown, remains, remains_bytes, .. } = collected;
        print::line(format!(
            "{database}: {contents} contents {verb} ({}), {remains} remains of uploads {verb} ({}), {unknown} unknown objects noted",
            size(*bytes),
            size(*remains_bytes)
        ))?;
        let Collected { outdated, outdated_bytes, .. } = collected;
        if *outdated > 0 {
            print::line(format!(
                "{database}: {outdated} objects of earlier editions {verb} ({})",
                size(*outdated_bytes)
            ))?;
        }
        let Collected { unattached_files, unattached_bytes, files_removed, failed, .. } = collected;
        if *unattached_files > 0 {
            let hint = if rules.unattached {
                format!(", {files_removed} removed")
            } else {
                "; --unattached removes them".to_owned()
            };
            print::line(format!(
                "{database}: {unattached_files} files hang on nothing ({}){hint}",
                size(*unattached_bytes)
            ))?;
        }
        if *failed > 0 {
            print::line(format!("{database}: {failed} contents could not be removed; the log says why"))?;
        }
    }
    Ok(())
}
