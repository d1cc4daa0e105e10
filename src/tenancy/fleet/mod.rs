//! Migrations of all product databases: a few first, then the rest side by side, as long as not too many fail.
//!
//! The control database says which are behind, so that one that is up to date is not opened. Each database is migrated in
//! one transaction under its own lock; what failed is unchanged, says why, and is taken again by the next run.

mod indexes;
mod records;
mod verify;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures::stream::{self, StreamExt};
use migration::ChangeList;
use serde::Serialize;

use super::Tenancy;
use super::provision::{missing, open_existing};
use super::registry::{self, Placement};
use crate::config::TenancyMode;
use crate::db::{self, Limits, Standing, Upgrade};
use crate::error::{Error, Result};
use crate::types::TenantId;

pub use records::Survey;
pub use verify::Verified;

/// How many go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canary {
    Number(usize),
    /// Of those that are behind, rounded up.
    Percent(usize),
}

impl Canary {
    fn of(self, total: usize) -> usize {
        match self {
            Self::Number(number) => number.min(total),
            Self::Percent(percent) => (total * percent.min(100)).div_ceil(100),
        }
    }
}

/// How to go through the fleet.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Databases at the same time; each takes one connection.
    pub parallel: usize,
    /// The rest begins only when all of these have succeeded.
    pub canary: Option<Canary>,
    /// Only this tenant's databases.
    pub tenant: Option<TenantId>,
    /// No more databases are begun once so many have failed.
    pub max_failures: usize,
}

/// What became of one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Upgraded,
    /// It was up to date, and the control database did not know.
    AlreadyCurrent,
    Failed,
    /// The run was stopped before.
    NotStarted,
    /// A dry run: it would be upgraded.
    Behind,
}

/// One database of a run.
#[derive(Debug, Clone, Serialize)]
pub struct DatabaseResult {
    pub database: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub result: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub seconds: f64,
}

impl DatabaseResult {
    fn untouched(placement: &Placement, result: Outcome) -> Self {
        let version = placement.schema_version.clone();
        Self { database: placement.name(), from: version.clone(), to: version, result, error: None, seconds: 0.0 }
    }
}

/// Why a run ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    CanaryFailed,
    TooManyFailures,
}

/// What a run did.
#[derive(Debug, Serialize)]
pub struct Report {
    /// As the control database had it before.
    pub before: Survey,
    /// Those that were behind, in order of their names.
    pub databases: Vec<DatabaseResult>,
    pub stopped: Option<Stop>,
}

impl Report {
    pub fn count(&self, result: Outcome) -> usize {
        self.databases.iter().filter(|database| database.result == result).count()
    }
}

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum Event<'a> {
    /// So many databases will be visited.
    Begin(usize),
    /// One of them is done.
    Done(&'a str),
}

/// Who listens to a run.
pub type Told<'a> = &'a (dyn Fn(Event<'_>) + Sync);

impl Tenancy {
    /// How many databases are where, from the control database alone.
    ///
    /// Fails with `NotFound` for a tenant without a database.
    pub async fn survey<L: ChangeList>(&self, tenant: Option<&TenantId>) -> Result<Survey> {
        let survey = records::survey::<L>(&self.control, tenant).await?;
        match tenant {
            Some(tenant) if survey.total() == 0 => {
                Err(Error::not_found(format!("Tenant {tenant} has no database; see: yuantus tenant show {tenant}")))
            }
            _ => Ok(survey),
        }
    }

    /// Every recorded database with its standing, ready or not, from the control database alone.
    pub async fn fleet<L: ChangeList>(&self) -> Result<Vec<(Placement, Standing)>> {
        let standing = |placement: &Placement| {
            db::standing::<L>(placement.schema_version.as_deref(), placement.schema_readable_from.as_deref())
        };
        let placements = records::all(&self.control).await?;
        Ok(placements.into_iter().map(|placement| (placement.clone(), standing(&placement))).collect())
    }

    /// What [`Tenancy::upgrade_fleet`] would do. Opens no product database.
    pub async fn preview_fleet<L: ChangeList>(&self, tenant: Option<&TenantId>) -> Result<Report> {
        let before = self.survey::<L>(tenant).await?;
        let behind = if before.behind == 0 { Vec::new() } else { records::behind::<L>(&self.control, tenant).await? };
        let databases = behind.iter().map(|placement| DatabaseResult::untouched(placement, Outcome::Behind)).collect();
        Ok(Report { before, databases, stopped: None })
    }

    /// Brings the databases that are behind to the present schema. Failures are in the report.
    ///
    /// Fails itself only when the control database does, or knows no database of the tenant.
    pub async fn upgrade_fleet<L: ChangeList>(&self, plan: &Plan, told: Told<'_>) -> Result<Report> {
        let before = self.survey::<L>(plan.tenant.as_ref()).await?;
        if before.behind == 0 {
            return Ok(Report { before, databases: Vec::new(), stopped: None });
        }
        let behind = records::behind::<L>(&self.control, plan.tenant.as_ref()).await?;
        told(Event::Begin(behind.len()));
        let run = Run {
            tenancy: self,
            parallel: plan.parallel.clamp(1, self.most_at_once()),
            told,
            failures: AtomicUsize::new(0),
        };
        let (canary, rest) = behind.split_at(plan.canary.map_or(0, |canary| canary.of(behind.len())));
        let mut databases = run.wave::<L>(canary, 1).await;
        let canary_failed = run.failed() > 0;
        let budget = if canary_failed { 0 } else { plan.max_failures.max(1) };
        databases.extend(run.wave::<L>(rest, budget).await);
        databases.sort_by(|one, other| one.database.cmp(&other.database));
        let mut report = Report { before, databases, stopped: None };
        if report.count(Outcome::NotStarted) > 0 {
            report.stopped = Some(if canary_failed { Stop::CanaryFailed } else { Stop::TooManyFailures });
        }
        Ok(report)
    }

    /// Single mode: upgrades the one database while no tenant has claimed it and it has a schema.
    pub async fn upgrade_unclaimed<L: ChangeList>(&self) -> Result<Option<Upgrade>> {
        if self.settings.mode != TenancyMode::Single || records::survey::<L>(&self.control, None).await?.total() > 0 {
            return Ok(None);
        }
        let target = self.rules.single_target()?;
        let Some(database) = db::connect_existing(&target, self.one_connection()).await? else { return Ok(None) };
        let done = db::upgrade_existing::<L>(&database).await;
        database.close().await?;
        done
    }

    async fn upgrade_place<L: ChangeList>(&self, placement: &Placement) -> Result<Upgrade> {
        let database = open_existing(&self.rules.target(placement)?, self.one_connection()).await?;
        let done = db::upgrade_existing::<L>(&database).await;
        database.close().await?;
        done?.ok_or_else(missing)
    }

    fn one_connection(&self) -> Limits {
        Limits { max_connections: 1, ..self.settings.database_limits }
    }

    /// As many databases as may be open in a process, each with fewer connections than there.
    fn most_at_once(&self) -> usize {
        self.settings.pool_limits.max_open.max(1)
    }
}

struct Run<'a> {
    tenancy: &'a Tenancy,
    parallel: usize,
    told: Told<'a>,
    failures: AtomicUsize,
}

impl Run<'_> {
    fn failed(&self) -> usize {
        self.failures.load(Ordering::Acquire)
    }

    /// Goes through some databases until so many have failed since the run began; what is under way then is finished.
    async fn wave<L: ChangeList>(&self, placements: &[Placement], budget: usize) -> Vec<DatabaseResult> {
        let visit = |placement| async move {
            if self.failed() >= budget {
                return DatabaseResult::untouched(placement, Outcome::NotStarted);
            }
            let done = self.one::<L>(placement).await;
            (self.told)(Event::Done(&done.database));
            done
        };
        stream::iter(placements).map(visit).buffer_unordered(self.parallel).collect().await
    }

    async fn one<L: ChangeList>(&self, placement: &Placement) -> DatabaseResult {
        let began = Instant::now();
        let mut result = DatabaseResult::untouched(placement, Outcome::Failed);
        match self.upgrade_and_record::<L>(placement).await {
            Ok(done) => {
                result.result = if done.applied > 0 { Outcome::Upgraded } else { Outcome::AlreadyCurrent };
                (result.from, result.to) = (done.from, Some(done.to.version));
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::AcqRel);
                result.error = Some(error.chain());
            }
        }
        result.seconds = began.elapsed().as_secs_f64();
        result
    }

    /// The version is recorded once it is committed, never before; if recording fails, the next run finds it done.
    async fn upgrade_and_record<L: ChangeList>(&self, placement: &Placement) -> Result<Upgrade> {
        let (control, place) = (&self.tenancy.control, placement.place());
        match self.tenancy.upgrade_place::<L>(placement).await {
            Ok(done) => {
                registry::record_version(control, &place, &done.to).await?;
                Ok(done)
            }
            Err(error) => {
                if let Err(unrecorded) = records::failed(control, &place, &error.chain()).await {
                    tracing::warn!(database = placement.name(), error = %unrecorded.chain(), "the failure is not recorded");
                }
                Err(error)
            }
        }
    }
}
