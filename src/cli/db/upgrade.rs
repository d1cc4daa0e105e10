//! `yuantus db upgrade`.

use std::str::FromStr;

use clap::{ArgGroup, Args};
use migration::{identity, tenant};
use serde::Serialize;

use super::{Progress, print, version};
use crate::app::App;
use crate::config::TenancyMode;
use crate::db::{self, SchemaVersion, Standing};
use crate::error::{Error, Result};
use crate::tenancy::{Canary, DatabaseResult, Outcome, Plan, Report, Stop, Survey};
use crate::types::TenantId;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("scope").args(["all", "tenant"]).multiple(true)))]
pub struct Upgrade {
    /// Product databases too
    #[arg(long)]
    all: bool,
    /// Only this tenant's product databases
    #[arg(long, value_name = "TENANT")]
    tenant: Option<TenantId>,
    /// How many databases at the same time
    #[arg(long, value_name = "N", default_value_t = 8)]
    parallel: usize,
    /// Upgrade so many first (a number, or a share such as 5%), and the rest only if all of them succeed
    #[arg(long, value_name = "N|PCT%", requires = "scope")]
    canary: Option<CanarySize>,
    /// Begin no more databases once so many have failed
    #[arg(long, value_name = "N", default_value_t = 10)]
    max_failures: usize,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy)]
struct CanarySize(Canary);

impl FromStr for CanarySize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, percent) = text.strip_suffix('%').map_or((text, false), |digits| (digits, true));
        match digits.parse() {
            Ok(number) if percent && number <= 100 => Ok(Self(Canary::Percent(number))),
            Ok(number) if !percent => Ok(Self(Canary::Number(number))),
            _ => Err("expected a number, or a share from 0% to 100%".to_owned()),
        }
    }
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Done {
    control: DatabaseResult,
    databases: Vec<DatabaseResult>,
    summary: Summary,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    upgraded: usize,
    failed: usize,
    not_started: usize,
    /// Only a dry run leaves any.
    behind: usize,
    up_to_date: u64,
    newer_served: u64,
    newer_refused: u64,
    stopped: Option<Stop>,
}

impl Upgrade {
    pub fn dry_run(&self) -> bool {
        self.dry_run
    }

    pub async fn run(self, app: &App) -> Result<()> {
        let (control, readable) = self.control(app).await?;
        // Single mode has one product database, which belongs to the plain command.
        let products = self.all || self.tenant.is_some() || app.tenancy.mode() == TenancyMode::Single;
        let report = if products && readable { Some(self.products(app).await?) } else { None };
        let done = Done::new(control, report);
        if self.json {
            print::json(&done)?
        } else {
            done.print()?
        }
        if self.dry_run && products && !readable && !self.json {
            print::line("The product databases are listed once the control database is up to date.")?;
        }
        done.verdict()
    }

    /// Upgrades the control database; says also whether this binary can read what it knows of the others.
    async fn control(&self, app: &App) -> Result<(DatabaseResult, bool)> {
        let control = app.tenancy.control();
        let (from, to, result, readable) = if self.dry_run {
            let found = db::schema::<identity::Migrator>(control).await?;
            let standing = found.as_ref().map_or(Standing::Behind, SchemaVersion::standing::<identity::Migrator>);
            if let Some(found) = found.as_ref().filter(|_| standing == Standing::NewerRefused) {
                return Err(found.too_new::<identity::Migrator>());
            }
            let version = found.map(|found| found.version);
            let outcome = if standing == Standing::Behind { Outcome::Behind } else { Outcome::AlreadyCurrent };
            (version.clone(), version, outcome, standing.is_served())
        } else {
            let done = db::upgrade::<identity::Migrator>(control).await?;
            let outcome = if done.applied > 0 { Outcome::Upgraded } else { Outcome::AlreadyCurrent };
            (done.from, Some(done.to.version), outcome, true)
        };
        Ok((DatabaseResult { database: "control".to_owned(), from, to, result, error: None, seconds: 0.0 }, readable))
    }

    async fn products(&self, app: &App) -> Result<Report> {
        let tenancy = &app.tenancy;
        if self.dry_run {
            return tenancy.preview_fleet::<tenant::Migrator>(self.tenant.as_ref()).await;
        }
        let plan = Plan {
            parallel: self.parallel,
            canary: self.canary.map(|CanarySize(canary)| canary),
            tenant: self.tenant.clone(),
            max_failures: self.max_failures,
        };
        let progress = Progress::new();
        let report = tenancy.upgrade_fleet::<tenant::Migrator>(&plan, &|event| progress.tell(event)).await;
        progress.end();
        let mut report = report?;
        report.databases.extend(unclaimed(app).await?);
        Ok(report)
    }
}

async fn unclaimed(app: &App) -> Result<Option<DatabaseResult>> {
    let done = app.tenancy.upgrade_unclaimed::<tenant::Migrator>().await?;
    Ok(done.map(|done| DatabaseResult {
        database: "product".to_owned(),
        from: done.from,
        to: Some(done.to.version),
        result: if done.applied > 0 { Outcome::Upgraded } else { Outcome::AlreadyCurrent },
        error: None,
        seconds: 0.0,
    }))
}

impl Done {
    fn new(control: DatabaseResult, report: Option<Report>) -> Self {
        let Some(report) = report else { return Self { control, databases: Vec::new(), summary: Summary::default() } };
        let Survey { up_to_date, newer_served, newer_refused, .. } = report.before;
        let current = u64::try_from(report.count(Outcome::AlreadyCurrent)).unwrap_or(0);
        let summary = Summary {
            upgraded: report.count(Outcome::Upgraded),
            failed: report.count(Outcome::Failed),
            not_started: report.count(Outcome::NotStarted),
            behind: report.count(Outcome::Behind),
            up_to_date: up_to_date + current,
            newer_served,
            newer_refused,
            stopped: report.stopped,
        };
        Self { control, databases: report.databases, summary }
    }

    fn print(&self) -> Result<()> {
        let rows: Vec<Vec<String>> = std::iter::once(&self.control).chain(&self.databases).map(cells).collect();
        print::table(&["DATABASE", "FROM", "TO", "RESULT"], &rows)?;
        print::line(self.summary.sentence())
    }

    fn verdict(&self) -> Result<()> {
        let Summary { failed, not_started, newer_refused, .. } = self.summary;
        if failed > 0 || not_started > 0 {
            return Err(Error::unavailable(format!(
                "{failed} databases failed and are unchanged, {not_started} were not begun; \
                 mend the cause and run it again"
            )));
        }
        if newer_refused > 0 {
            return Err(Error::unavailable(format!(
                "{newer_refused} databases are newer than this binary can work with; run the newer yuantus"
            )));
        }
        Ok(())
    }
}

impl Summary {
    fn sentence(&self) -> String {
        let newer = self.newer_served + self.newer_refused;
        let mut parts = Vec::new();
        for (count, what) in [
            (self.upgraded, "upgraded"),
            (self.failed, "failed"),
            (self.not_started, "not begun"),
            (self.behind, "to upgrade"),
            (usize::try_from(newer).unwrap_or(usize::MAX), "newer than this binary"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        parts.push(format!("{} up to date", self.up_to_date));
        let stopped = match self.stopped {
            Some(Stop::CanaryFailed) => "; stopped: one of the first failed",
            Some(Stop::TooManyFailures) => "; stopped: too many failed",
            None => "",
        };
        format!("product databases: {}{stopped}", parts.join(", "))
    }
}

fn cells(row: &DatabaseResult) -> Vec<String> {
    let outcome = match (row.result, &row.error) {
        (_, Some(error)) => format!("failed: {error}"),
        (Outcome::Upgraded, _) => "upgraded".to_owned(),
        (Outcome::AlreadyCurrent, _) => "up to date".to_owned(),
        (Outcome::Failed, _) => "failed".to_owned(),
        (Outcome::NotStarted, _) => "not begun".to_owned(),
        (Outcome::Behind, _) => "would be upgraded".to_owned(),
    };
    vec![row.database.clone(), version(row.from.as_deref()), version(row.to.as_deref()), outcome]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_are_a_number_or_a_share() {
        assert_eq!("5".parse::<CanarySize>().unwrap().0, Canary::Number(5));
        assert_eq!("5%".parse::<CanarySize>().unwrap().0, Canary::Percent(5));
        for wrong in ["", "%", "101%", "-1", "many"] {
            assert!(wrong.parse::<CanarySize>().is_err(), "{wrong}");
        }
    }
}
