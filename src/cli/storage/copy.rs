//! `yuantus storage copy`: contents from one storage to another, organisation by organisation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::Args;
use futures::stream::{self, StreamExt, TryStreamExt};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::bar::{bytes, seen, size};
use super::fleet::{AT_ONCE, Place, Scope, interrupted, stop_on_interrupt};
use crate::app::{App, storage_target};
use crate::cli::print;
use crate::error::{Error, Kind, Result};
use crate::storage::{Copied, Listed, Location, ObjectPlace, Storage, StorageTarget, TenantStore};
use crate::types::OrgId;

/// Contents of one organisation at the same time.
const CONTENTS_AT_ONCE: usize = 8;
/// Names of contents that are listed for one organisation; the rest are counted.
const MOST_LISTED: usize = 100;

/// Copy contents from one storage to another, each checked on the way; repeating goes on where it stopped
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Copy {
    /// The storage to read from
    #[arg(long, value_name = "STORAGE")]
    from: Location,
    /// The storage to write to; its bucket must exist
    #[arg(long, value_name = "STORAGE")]
    to: Location,
    #[command(flatten)]
    scope: Scope,
    /// Read again what is there already, and copy what is damaged; without it the size decides
    #[arg(long)]
    recheck: bool,
    /// Say what would be copied, and copy nothing
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
A STORAGE is one of
  configured                 the one that is configured, each organisation at its own place there
  local:/path                a directory
  s3:BUCKET[?OPTIONS]        OPTIONS: endpoint=URL or endpoint=amazon, region=NAME, prefix=eu/west, style=path or style=host;
                             what is not given is as configured, the prefix that of each organisation; prefix= is none

The keys of S3 are the configured ones, or those in the environment: YUANTUS_COPY_FROM_S3_ACCESS_KEY_ID with
YUANTUS_COPY_FROM_S3_SECRET_ACCESS_KEY, and the same with COPY_TO.

Names stay as they are, nothing is deleted anywhere, and what is there already is not copied again: copy while the server runs,
configure the new storage, restart, and run the same command once more for what was uploaded meanwhile.

Examples:
  yuantus storage copy --from configured --to 's3:files?endpoint=https://objects.example.com' --dry-run
  yuantus storage copy --from local:/var/lib/yuantus/objects --to configured
  yuantus storage copy --from configured --to s3:acme-files --tenant acme";

#[derive(Debug, Default, Serialize)]
struct Report {
    organisation: String,
    /// Contents in the source.
    contents: u64,
    present: u64,
    copied: u64,
    copied_bytes: u64,
    /// Contents that are not what their names say; not copied.
    damaged: u64,
    failed: u64,
    /// Why the whole organisation was not copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
struct Problem {
    sha256: String,
    problem: String,
}

impl Report {
    fn is_whole(&self) -> bool {
        self.damaged == 0 && self.failed == 0 && self.error.is_none()
    }

    fn count(&mut self, content: &Listed, done: Result<Copied>) {
        self.contents += 1;
        match done {
            Ok(Copied::Present | Copied::Gone) => self.present += 1,
            Ok(Copied::Copied) => {
                self.copied += 1;
                self.copied_bytes += content.size;
            }
            Ok(Copied::Damaged) => {
                self.damaged += 1;
                self.note(content.object.to_string(), "damaged in the source; not copied".to_owned());
            }
            Err(error) => {
                self.failed += 1;
                self.note(content.object.to_string(), error.chain());
            }
        }
    }

    fn note(&mut self, sha256: String, problem: String) {
        if self.problems.len() < MOST_LISTED {
            self.problems.push(Problem { sha256, problem });
        }
    }
}

/// One organisation in both storages.
struct Pair {
    name: String,
    from: TenantStore,
    to: TenantStore,
}

pub async fn run(given: Copy, app: &App) -> Result<()> {
    let configured = storage_target(&app.config);
    let from = connect(&given.from, &configured, "FROM")?;
    let to = connect(&given.to, &configured, "TO")?;
    to.probe().await?;
    let places = given.scope.places(app).await?;
    let (mut pairs, mut reports) = (Vec::new(), Vec::new());
    for place in &places {
        match pair(&given, place, &from, &to) {
            Ok(pair) => pairs.push(pair),
            Err(error) => {
                reports.push(Report { organisation: place.name(), error: Some(error.chain()), ..Report::default() })
            }
        }
    }
    let stop = stop_on_interrupt();
    let total = count(&pairs, &stop).await;
    let bar = bytes();
    bar.set_length(total);
    let all = |pair| copy(pair, &given, &bar, &stop);
    reports.extend(stream::iter(pairs).map(all).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
    bar.finish_and_clear();
    reports.sort_by(|one, other| one.organisation.cmp(&other.organisation));
    if given.json {
        print::json(&reports)?
    } else {
        show(&reports, &given)?
    }
    if stop.is_cancelled() {
        return Err(interrupted());
    }
    match reports.iter().filter(|report| !report.is_whole()).count() {
        0 if given.json || given.dry_run => Ok(()),
        0 => next_steps(&given, &configured, &places),
        some => Err(Error::unavailable(format!(
            "{some} organisations were not copied wholly; mend the cause and run it again"
        ))),
    }
}

fn connect(location: &Location, configured: &StorageTarget, which: &str) -> Result<Storage> {
    let variable =
        |name: &str| std::env::var(format!("YUANTUS_COPY_{which}_S3_{name}")).ok().filter(|key| !key.is_empty());
    let keys = match (variable("ACCESS_KEY_ID"), variable("SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Some((id, secret)),
        (None, None) => None,
        _ => {
            let names = format!("YUANTUS_COPY_{which}_S3_ACCESS_KEY_ID and YUANTUS_COPY_{which}_S3_SECRET_ACCESS_KEY");
            return Err(Error::config(format!("{names} are set together or not at all")));
        }
    };
    if let Location::Local { path } = location
        && which == "FROM"
        && !path.is_dir()
    {
        return Err(Error::bad_request(format!("{} is no directory", path.display())));
    }
    Storage::connect(&location.target(configured, keys))
}

fn pair(given: &Copy, place: &Place, from: &Storage, to: &Storage) -> Result<Pair> {
    let own = place.objects()?;
    for location in [&given.from, &given.to] {
        if let (Some(bucket), None, Some(_)) = (own.bucket(), &given.scope.tenant, location.bucket()) {
            return Err(Error::conflict(format!("It has a bucket of its own, {bucket}; copy it by itself"))
                .code("OWN_BUCKET", "Repeat the command with --tenant and the bucket that it shall be copied to."));
        }
    }
    let bind = |storage: &Storage, location: &Location| {
        storage.bind_at(&location.place(&own)?, &place.tenant, place.org.as_ref())
    };
    let pair = Pair { name: place.name(), from: bind(from, &given.from)?, to: bind(to, &given.to)? };
    if pair.from.is_same_as(&pair.to) {
        return Err(Error::bad_request("Both storages are the same place"));
    }
    Ok(pair)
}

/// The bytes of all sources, as far as they can be listed; what cannot be is reported when it is copied.
async fn count(pairs: &[Pair], stop: &CancellationToken) -> u64 {
    let bar = seen("contents");
    bar.set_message("counting");
    let of = |pair: &Pair| {
        let (from, bar) = (pair.from.clone(), bar.clone());
        async move {
            let listed = from.contents().await?.try_fold(0, |sum: u64, content| {
                bar.inc(1);
                std::future::ready(Ok(sum + content.size))
            });
            listed.await
        }
    };
    let counted = stream::iter(pairs)
        .map(of)
        .buffer_unordered(AT_ONCE)
        .fold(0, |sum, one: Result<u64>| std::future::ready(sum + one.unwrap_or(0)));
    let counted = stop.run_until_cancelled(counted).await.unwrap_or(0);
    bar.finish_and_clear();
    counted
}

async fn copy(pair: Pair, given: &Copy, bar: &ProgressBar, stop: &CancellationToken) -> Report {
    bar.set_message(pair.name.clone());
    let report = Mutex::new(Report { organisation: pair.name.clone(), ..Report::default() });
    let each = |content: Listed| {
        let (pair, report) = (&pair, &report);
        async move {
            let done = one(pair, given, &content, bar).await;
            lock(report).count(&content, done);
            Ok(())
        }
    };
    let listed = async {
        let contents = pair.from.contents().await?;
        let until = contents.take_while(|_| std::future::ready(!stop.is_cancelled()));
        until.try_for_each_concurrent(CONTENTS_AT_ONCE, each).await
    };
    let failed = listed.await.err();
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.error = failed.map(|error| error.chain());
    report
}

fn lock(report: &Mutex<Report>) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Moves the bar by the content's size, whatever was read for it.
async fn one(pair: &Pair, given: &Copy, content: &Listed, bar: &ProgressBar) -> Result<Copied> {
    let told = AtomicU64::new(0);
    let tell = |bytes: u64| {
        let before = told.fetch_add(bytes, Ordering::Relaxed);
        bar.inc(bytes.min(content.size.saturating_sub(before)));
    };
    let done = if given.dry_run {
        would_copy(pair, content).await
    } else {
        pair.to.copy_from(&pair.from, content, given.recheck, &tell).await
    };
    bar.inc(content.size.saturating_sub(told.load(Ordering::Relaxed)));
    done
}

async fn would_copy(pair: &Pair, content: &Listed) -> Result<Copied> {
    match pair.to.size(&content.object).await {
        Ok(size) if size == content.size => Ok(Copied::Present),
        Ok(_) => Ok(Copied::Copied),
        Err(error) if error.kind() == Kind::NotFound => Ok(Copied::Copied),
        Err(error) => Err(error),
    }
}

fn show(reports: &[Report], given: &Copy) -> Result<()> {
    for report in reports {
        for Problem { sha256, problem } in &report.problems {
            print::line(format!("{} {sha256}: {problem}", report.organisation))?;
        }
        if let Some(error) = &report.error {
            print::line(format!("{}: {error}", report.organisation))?;
        }
        let Report { organisation, contents, present, copied, copied_bytes, damaged, failed, .. } = report;
        let verb = if given.dry_run { "to copy" } else { "copied" };
        print::line(format!(
            "{organisation}: {contents} contents, {present} there already, {copied} {verb} ({}), {damaged} damaged, {failed} failed",
            size(*copied_bytes)
        ))?;
    }
    Ok(())
}

/// What turns a copy into a move.
fn next_steps(given: &Copy, configured: &StorageTarget, places: &[Place]) -> Result<()> {
    let from = match &given.from {
        Location::Configured => Location::of(configured),
        other => other.clone(),
    };
    match (&given.to, &given.scope.tenant) {
        (Location::Configured, _) => print::line("This is the configured storage: nothing needs to be changed."),
        (Location::S3 { place, .. }, Some(_)) => {
            print::line("To use it, if it is on the configured server, and to copy what was uploaded meanwhile:")?;
            places.iter().try_for_each(|moved| move_one(moved, &given.from, &from, place))
        }
        (to, _) => print::line(format!(
            "To use it, set for servers and workers, and restart them: {}\n\
             Then copy what was uploaded meanwhile: yuantus storage copy --from '{from}' --to configured",
            settings(to)
        )),
    }
}

/// Once it is recorded at its new place the old one must be named exactly.
fn move_one(moved: &Place, given: &Location, from: &Location, to: &ObjectPlace) -> Result<()> {
    let from = match given {
        Location::Configured => from.clone().exactly(&moved.objects()?)?,
        _ => from.clone(),
    };
    let option = |name: &str, value: Option<&str>| value.map(|value| format!(" --{name} {value}")).unwrap_or_default();
    let (tenant, org) = (&moved.tenant, option("org", moved.org.as_ref().map(OrgId::as_str)));
    let place = option("bucket", to.bucket()) + &option("prefix", to.prefix());
    print::line(format!("  yuantus tenant place {tenant}{org}{place} --files-copied"))?;
    print::line(format!("  yuantus storage copy --from '{from}' --to configured --tenant {tenant}{org}"))
}

fn settings(to: &Location) -> String {
    match to {
        Location::Local { path } => format!("YUANTUS_STORAGE_TYPE=local YUANTUS_LOCAL_STORAGE_PATH={}", path.display()),
        Location::S3 { place, endpoint, region, .. } => {
            let mut text =
                format!("YUANTUS_STORAGE_TYPE=s3 YUANTUS_S3_BUCKET_NAME={}", place.bucket().unwrap_or_default());
            for (name, value) in [("ENDPOINT_URL", endpoint), ("REGION", region)] {
                if let Some(value) = value {
                    text.push_str(&format!(" YUANTUS_S3_{name}={value}"));
                }
            }
            text.push_str(", with its keys and YUANTUS_S3_PUBLIC_ENDPOINT_URL");
            text
        }
        Location::Configured => String::new(),
    }
}
