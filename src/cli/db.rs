//! `yuantus db`: schema versions, and bringing databases up to date.

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use migration::{identity, latest, tenant};
use serde::Serialize;

use super::{command_app, print};
use crate::app::{App, ControlSchema};
use crate::config::{Loaded, TenancyMode};
use crate::db::{schema_version, upgrade};
use crate::error::{Error, Result};
use crate::tenancy::Placement;

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Upgrade the control database, and with --all every product database
    Upgrade {
        /// Product databases too
        #[arg(long)]
        all: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print schema versions, as the control database has them; opens no product database
    Status {
        /// Every product database, not only a summary
        #[arg(long)]
        all: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(command: DbCommand, loaded: Loaded) -> Result<()> {
    let schema = match command {
        DbCommand::Upgrade { .. } => ControlSchema::Create,
        DbCommand::Status { .. } => ControlSchema::Inspect,
    };
    let app = command_app(loaded, schema).await?;
    let done = match command {
        DbCommand::Upgrade { all, json } => upgrade_databases(&app, all, json).await,
        DbCommand::Status { all, json } => status(&app, all, json).await,
    };
    app.close().await;
    done
}

/// One database, before and after.
#[derive(Debug, Serialize)]
struct Row {
    database: String,
    from: Option<String>,
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "none".to_owned());
        let outcome = match &self.error {
            Some(error) => format!("failed: {error}"),
            None if self.from == self.to => "up to date".to_owned(),
            None => "upgraded".to_owned(),
        };
        vec![self.database.clone(), version(&self.from), version(&self.to), outcome]
    }
}

async fn upgrade_databases(app: &App, all: bool, json: bool) -> Result<()> {
    let control = upgrade::<identity::Migrator>(app.tenancy.control()).await?;
    let mut rows = vec![Row { database: "control".to_owned(), from: control.from, to: Some(control.to), error: None }];
    // Single mode has one product database, which belongs to the plain command.
    if all || app.tenancy.mode() == TenancyMode::Single {
        rows.extend(upgrade_products(app).await?);
    }
    let failed = rows.iter().filter(|row| row.error.is_some()).count();
    if json {
        print::json(&rows)?;
    } else {
        let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
        print::table(&["DATABASE", "FROM", "TO", "RESULT"], &cells)?;
    }
    if failed > 0 {
        return Err(Error::unavailable(format!("{failed} databases were not upgraded and are unchanged")));
    }
    Ok(())
}

async fn upgrade_products(app: &App) -> Result<Vec<Row>> {
    let wanted = latest::<tenant::Migrator>();
    let places = app.tenancy.ready_places().await?;
    let behind: Vec<&Placement> =
        places.iter().filter(|place| place.schema_version.as_deref() != Some(wanted.as_str())).collect();
    let bar = ProgressBar::new(behind.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    let mut rows = Vec::new();
    for place in behind {
        bar.set_message(name(place));
        rows.push(match app.tenancy.upgrade(place).await {
            Ok(done) => Row { database: name(place), from: done.from, to: Some(done.to), error: None },
            Err(error) => Row {
                database: name(place),
                from: place.schema_version.clone(),
                to: place.schema_version.clone(),
                error: Some(error.chain()),
            },
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(rows)
}

fn name(place: &Placement) -> String {
    if place.org.is_empty() { place.tenant.clone() } else { format!("{}/{}", place.tenant, place.org) }
}

#[derive(Debug, Serialize)]
struct Status {
    control: Option<String>,
    control_wanted: String,
    product_wanted: String,
    up_to_date: usize,
    behind: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    databases: Option<Vec<DatabaseStatus>>,
}

#[derive(Debug, Serialize)]
struct DatabaseStatus {
    database: String,
    schema_version: Option<String>,
    up_to_date: bool,
}

async fn status(app: &App, all: bool, json: bool) -> Result<()> {
    let control = schema_version::<identity::Migrator>(app.tenancy.control()).await?;
    let wanted = latest::<tenant::Migrator>();
    let places = match control {
        Some(_) => app.tenancy.ready_places().await?,
        None => Vec::new(),
    };
    let databases: Vec<DatabaseStatus> = places
        .iter()
        .map(|place| DatabaseStatus {
            database: name(place),
            up_to_date: place.schema_version.as_deref() == Some(wanted.as_str()),
            schema_version: place.schema_version.clone(),
        })
        .collect();
    let up_to_date = databases.iter().filter(|database| database.up_to_date).count();
    let status = Status {
        control,
        control_wanted: latest::<identity::Migrator>(),
        product_wanted: wanted,
        up_to_date,
        behind: databases.len() - up_to_date,
        databases: all.then_some(databases),
    };
    if json { print::json(&status) } else { print_status(&status) }
}

fn print_status(status: &Status) -> Result<()> {
    let control = status.control.as_deref().unwrap_or("none");
    let verdict = if control == status.control_wanted { "up to date" } else { "behind; run: yuantus db upgrade" };
    print::line(format!("control database   {control} ({verdict})"))?;
    let advice = if status.behind > 0 { "; run: yuantus db upgrade --all" } else { "" };
    print::line(format!("product databases  {} up to date, {} behind{advice}", status.up_to_date, status.behind))?;
    let Some(databases) = &status.databases else { return Ok(()) };
    let rows: Vec<Vec<String>> = databases
        .iter()
        .map(|database| {
            let version = database.schema_version.clone().unwrap_or_else(|| "none".to_owned());
            vec![
                database.database.clone(),
                version,
                if database.up_to_date { "up to date" } else { "behind" }.to_owned(),
            ]
        })
        .collect();
    print::table(&["DATABASE", "VERSION", "STATE"], &rows)
}
