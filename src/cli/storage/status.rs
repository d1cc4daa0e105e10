//! `yuantus storage status`.

use clap::Args;
use futures::stream::{self, StreamExt};
use serde::Serialize;

use super::bar::{number, size};
use super::fleet::{AT_ONCE, Place, Scope};
use crate::app::App;
use crate::cli::print;
use crate::domain::file::{Usage, usage};
use crate::error::{Error, Result};

/// How much each database's part of the storage holds: files and contents by what the database says; orphans, which nothing
/// refers to, by what lies there
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    scope: Scope,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Line {
    database: String,
    #[serde(flatten)]
    usage: Option<Usage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

pub async fn run(given: Status, app: &App) -> Result<()> {
    let places = given.scope.places(app).await?;
    let bar = number("databases");
    bar.set_length(places.len() as u64);
    let one = |place: Place| {
        let bar = bar.clone();
        async move {
            let found = one(app, &place).await;
            bar.inc(1);
            let (usage, error) = match found {
                Ok(usage) => (Some(usage), None),
                Err(error) => (None, Some(error.chain())),
            };
            Line { database: place.name(), usage, error }
        }
    };
    let mut lines: Vec<Line> = stream::iter(places).map(one).buffer_unordered(AT_ONCE).collect().await;
    bar.finish_and_clear();
    lines.sort_by(|one, other| one.database.cmp(&other.database));
    if given.json {
        print::json(&lines)?
    } else {
        show(&lines)?
    }
    match lines.iter().filter(|line| line.error.is_some()).count() {
        0 => Ok(()),
        failed => Err(Error::unavailable(format!("{failed} databases could not be asked"))),
    }
}

async fn one(app: &App, place: &Place) -> Result<Usage> {
    let found = {
        let ctx = place.ctx(app).await?;
        usage(&ctx).await
    };
    place.close(app).await;
    found
}

fn show(lines: &[Line]) -> Result<()> {
    let header = ["DATABASE", "FILES", "SIZE", "CONTENTS", "SIZE", "ORPHANS", "SIZE", "UNATTACHED", "SIZE"];
    let row = |line: &Line| {
        let cells = line.usage.map(|usage| {
            [
                (usage.files, usage.bytes),
                (usage.contents, usage.contents_bytes),
                (usage.orphans, usage.orphans_bytes),
                (usage.unattached_files, usage.unattached_bytes),
            ]
        });
        let cells = cells.into_iter().flatten().flat_map(|(count, bytes)| [count.to_string(), size(bytes)]);
        let failed = line.error.iter().map(|error| format!("failed: {error}"));
        std::iter::once(line.database.clone()).chain(cells).chain(failed).collect()
    };
    print::table(&header, &lines.iter().map(row).collect::<Vec<Vec<String>>>())
}
