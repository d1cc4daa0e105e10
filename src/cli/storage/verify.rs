//! `yuantus storage verify`.

use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use futures::stream::{self, StreamExt};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::bar::{bytes, size};
use super::fleet::{AT_ONCE, Place, Scope, interrupted, stop_on_interrupt};
use crate::app::{App, gc_grace};
use crate::cli::print;
use crate::domain::file::{Finding, Hurt, Listener, Problem, Verified, VerifyRules, usage, verify};
use crate::error::{Error, Result};

/// The longest upload, before which a content that was touched may still be on its way.
const QUIET: std::time::Duration = std::time::Duration::from_secs(3600);

/// Read every content again and compare it with its checksum
///
/// Names what is missing or damaged, with the files and items it hurts, and counts what nothing refers to. What is found so can
/// be mended by bringing the same file again, or by copying it from another storage (yuantus storage copy). Exit code 1 if
/// something is missing, damaged or not readable.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    scope: Scope,
    /// Read only so many of a hundred contents, others each time; of the rest the size is compared
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=100))]
    sample: u8,
    /// Contents of one database that are read at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    parallel: u8,
    /// Move damaged contents to damaged/, so that the next upload of the same file writes them anew
    #[arg(long)]
    set_aside: bool,
    /// List at most so many findings; all are counted
    #[arg(long, value_name = "N", default_value_t = 100)]
    list: usize,
    /// Also list what nothing refers to
    #[arg(long)]
    orphans: bool,
    /// Each finding and each database as a line of JSON, all of them
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    database: &'a str,
    #[serde(flatten)]
    of: &'a T,
}

#[derive(Serialize)]
struct Failed {
    error: String,
}

/// Prints findings as they come.
struct Printer<'a> {
    given: &'a Verify,
    database: String,
    bar: &'a ProgressBar,
    listed: &'a AtomicUsize,
}

pub async fn run(given: Verify, app: &App) -> Result<()> {
    let quiet = QUIET.min(gc_grace(&app.config));
    let rules = VerifyRules {
        percent: given.sample,
        at_once: usize::from(given.parallel),
        set_aside: given.set_aside.then_some(quiet),
    };
    let places = given.scope.places(app).await?;
    let (stop, bar, listed) = (stop_on_interrupt(), bytes(), AtomicUsize::new(0));
    let one = |place: Place| {
        let printer = Printer { given: &given, database: place.name(), bar: &bar, listed: &listed };
        let (rules, stop) = (&rules, &stop);
        async move { (place.name(), one(app, &place, rules, stop, &printer).await) }
    };
    let begun = stream::iter(places).take_while(|_| std::future::ready(!stop.is_cancelled()));
    let mut done: Vec<(String, Result<Verified>)> = begun.map(one).buffer_unordered(AT_ONCE).collect().await;
    bar.finish_and_clear();
    done.sort_by(|one, other| one.0.cmp(&other.0));
    let unlisted = listed.into_inner().saturating_sub(given.list);
    if unlisted > 0 && !given.json {
        print::line(format!("and {unlisted} more; --list N shows them"))?;
    }
    let mut unsound = 0;
    for (database, verified) in &done {
        unsound += usize::from(!verified.as_ref().is_ok_and(Verified::is_sound));
        show(database, verified, given.json)?;
    }
    let left = |verified: &Verified| verified.damaged.saturating_sub(verified.set_aside);
    let left: u64 = done.iter().filter_map(|(_, verified)| verified.as_ref().ok()).map(left).sum();
    if given.set_aside && left > 0 && !given.json {
        let minutes = quiet.as_secs().div_ceil(60);
        print::line(format!(
            "{left} damaged contents were touched within the last {minutes} minutes and are left in their place: an upload of \
             theirs may be under way. Run this again later to set them aside."
        ))?;
    }
    match unsound {
        _ if stop.is_cancelled() => Err(interrupted()),
        0 => Ok(()),
        unsound => {
            Err(Error::unavailable(format!("{unsound} databases have lost contents, or could not be looked at")))
        }
    }
}

async fn one(
    app: &App,
    place: &Place,
    rules: &VerifyRules,
    stop: &CancellationToken,
    printer: &Printer<'_>,
) -> Result<Verified> {
    let done = {
        let ctx = place.ctx(app).await?;
        // About as much is to be read; what comes and goes meanwhile does not matter to a bar.
        let known = usage(&ctx).await?;
        printer.bar.set_message(printer.database.clone());
        printer.bar.inc_length(known.bytes / 100 * u64::from(rules.percent));
        verify(&ctx, rules, stop, printer).await
    };
    place.close(app).await;
    done
}

impl Listener for Printer<'_> {
    fn read(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    fn found(&self, finding: Finding) {
        let is_orphan = matches!(finding.problem, Problem::Orphaned { .. });
        if self.given.json {
            // A closed pipe ends the command at its next line.
            let _ = self.bar.suspend(|| print::json_line(&Line { database: &self.database, of: &finding }));
            return;
        }
        if (is_orphan && !self.given.orphans) || self.listed.fetch_add(1, Ordering::Relaxed) >= self.given.list {
            return;
        }
        let _ = self.bar.suspend(|| self.print(&finding));
    }
}

impl Printer<'_> {
    fn print(&self, finding: &Finding) -> Result<()> {
        let what = match &finding.problem {
            Problem::Missing => "missing".to_owned(),
            Problem::Damaged { found_sha256, found_size, set_aside } => {
                let found = found_sha256.as_deref().unwrap_or("something else");
                let aside = if *set_aside { "; set aside" } else { "" };
                format!("damaged: it is {found} with {found_size} bytes{aside}")
            }
            Problem::Unreadable { error } => format!("not readable: {error}"),
            Problem::Orphaned { .. } => "nothing refers to it".to_owned(),
        };
        print::line(format!("{} {} ({}) {what}", self.database, finding.sha256, size(finding.size)))?;
        for Hurt { file_id, filename, is_preview, items } in &finding.files {
            let part = if *is_preview { "preview of " } else { "" };
            // A name may hold anything, also what moves a terminal's cursor.
            print::line(format!("    {part}file {file_id} {}", filename.escape_debug()))?;
            for item in items {
                let number = item.number.as_deref().unwrap_or_default().escape_debug().to_string();
                print::line(format!("        {} {number} {}", item.item_type, item.item_id))?;
            }
        }
        Ok(())
    }
}

fn show(database: &str, verified: &Result<Verified>, json: bool) -> Result<()> {
    match verified {
        Ok(of) if json => print::json_line(&Line { database, of }),
        Err(error) if json => print::json_line(&Line { database, of: &Failed { error: error.chain() } }),
        Err(error) => print::line(format!("{database}: failed: {}", error.chain())),
        Ok(of) => print::line(format!(
            "{database}: {} contents, {} read ({}), {} missing, {} damaged ({} set aside), {} not readable, {} orphaned ({})",
            of.contents,
            of.read,
            size(of.bytes_read),
            of.missing,
            of.damaged,
            of.set_aside,
            of.unreadable,
            of.orphaned,
            size(of.orphaned_bytes)
        )),
    }
}
