//! `yuantus db`: schema versions, bringing databases up to date, and comparing them with what they should be.

mod status;
mod upgrade;
mod verify;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use super::{command_app, print};
use crate::app::ControlSchema;
use crate::config::Loaded;
use crate::error::Result;
use crate::tenancy::Event;

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Upgrade the control database, and with --all every product database that is behind
    Upgrade(upgrade::Upgrade),
    /// Print schema versions, as the control database has them; opens no product database
    Status {
        /// Every product database, not only a summary
        #[arg(long)]
        all: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare real schemas with the expected ones, and name each difference; exit code 1 if there is one
    Verify(verify::Verify),
}

pub async fn run(command: DbCommand, loaded: Loaded) -> Result<()> {
    let schema = match &command {
        DbCommand::Upgrade(upgrade) if !upgrade.dry_run() => ControlSchema::Create,
        _ => ControlSchema::Inspect,
    };
    let app = command_app(loaded, schema).await?;
    let done = match command {
        DbCommand::Upgrade(upgrade) => upgrade.run(&app).await,
        DbCommand::Status { all, json } => status::run(&app, all, json).await,
        DbCommand::Verify(verify) => verify.run(&app).await,
    };
    app.close().await;
    done
}

/// A bar on a terminal, and nothing where there is none.
struct Progress(ProgressBar);

impl Progress {
    fn new() -> Self {
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta} {msg}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn tell(&self, event: Event<'_>) {
        match event {
            Event::Begin(databases) => self.0.set_length(u64::try_from(databases).unwrap_or(u64::MAX)),
            Event::Done(database) => {
                self.0.set_message(database.to_owned());
                self.0.inc(1);
            }
        }
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

fn version(version: Option<&str>) -> String {
    version.unwrap_or("none").to_owned()
}
