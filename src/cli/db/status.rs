//! `yuantus db status`.

use migration::{identity, latest, tenant};
use serde::Serialize;

use super::{print, version};
use crate::app::App;
use crate::db::{SchemaVersion, Standing, schema};
use crate::error::Result;
use crate::tenancy::{Placement, Survey};

#[derive(Debug, Serialize)]
struct Status {
    control: Option<String>,
    control_wanted: String,
    control_state: &'static str,
    product_wanted: String,
    #[serde(flatten)]
    products: Survey,
    #[serde(skip_serializing_if = "Option::is_none")]
    databases: Option<Vec<DatabaseStatus>>,
}

#[derive(Debug, Serialize)]
struct DatabaseStatus {
    database: String,
    schema_version: Option<String>,
    up_to_date: bool,
    state: String,
    /// Why the last migration, or the making of the database, failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl DatabaseStatus {
    fn new(placement: Placement, standing: Standing) -> Self {
        let ready = placement.is_ready();
        Self {
            database: placement.name(),
            up_to_date: ready && standing == Standing::Current,
            state: if ready { standing.as_str().to_owned() } else { format!("not ready: {}", placement.state) },
            error: placement.migration_error.or(placement.state_reason),
            schema_version: placement.schema_version,
        }
    }
}

pub async fn run(app: &App, all: bool, json: bool) -> Result<()> {
    let found = schema::<identity::Migrator>(app.tenancy.control()).await?;
    let standing = found.as_ref().map_or(Standing::Behind, SchemaVersion::standing::<identity::Migrator>);
    // What another schema says of the product databases cannot be read.
    let readable = standing.is_served();
    let databases = if readable && all {
        let fleet = app.tenancy.fleet::<tenant::Migrator>().await?;
        Some(fleet.into_iter().map(|(placement, standing)| DatabaseStatus::new(placement, standing)).collect())
    } else {
        all.then(Vec::new)
    };
    let status = Status {
        control: found.map(|found| found.version),
        control_wanted: latest::<identity::Migrator>(),
        control_state: standing.as_str(),
        product_wanted: latest::<tenant::Migrator>(),
        products: if readable { app.tenancy.survey::<tenant::Migrator>(None).await? } else { Survey::default() },
        databases,
    };
    if json { print::json(&status) } else { print_status(&status, standing) }
}

fn print_status(status: &Status, standing: Standing) -> Result<()> {
    let advice = match standing {
        Standing::Behind => "; run: yuantus db upgrade",
        Standing::NewerRefused => "; run the newer yuantus",
        Standing::Current | Standing::NewerServed => "",
    };
    let control = version(status.control.as_deref());
    print::line(format!("control database   {control} ({}{advice})", standing.as_str()))?;
    if !standing.is_served() {
        return print::line("product databases  known once the control database can be read");
    }
    print::line(format!("product databases  {}", products(status.products)))?;
    let Some(databases) = &status.databases else { return Ok(()) };
    let rows: Vec<Vec<String>> = databases.iter().map(cells).collect();
    print::table(&["DATABASE", "VERSION", "STATE"], &rows)
}

fn products(survey: Survey) -> String {
    let mut text = format!("{} up to date, {} behind", survey.up_to_date, survey.behind);
    if survey.newer_served > 0 {
        text.push_str(&format!(", {} newer, served", survey.newer_served));
    }
    if survey.newer_refused > 0 {
        text.push_str(&format!(", {} newer, refused; run the newer yuantus", survey.newer_refused));
    }
    if survey.behind > 0 {
        text.push_str("; run: yuantus db upgrade --all");
    }
    text
}

fn cells(row: &DatabaseStatus) -> Vec<String> {
    let error = row.error.as_ref().map(|error| format!("; last failure: {error}")).unwrap_or_default();
    vec![row.database.clone(), version(row.schema_version.as_deref()), format!("{}{error}", row.state)]
}
