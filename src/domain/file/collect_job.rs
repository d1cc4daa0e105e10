//! `storage.gc`: collecting once a day, by itself.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::Value;

use super::collect::{CollectRules, collect};
use super::repo;
use crate::context::Ctx;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::jobs::{Asker, Job, Task};

const EVERY: TimeDelta = TimeDelta::hours(24);

/// Collects contents that nothing refers to. Files that hang on nothing are left to an operator.
pub struct CollectJob {
    grace: Duration,
    by_itself: bool,
}

impl CollectJob {
    /// `by_itself`: every day; otherwise only when it is asked for.
    pub fn new(grace: Duration, by_itself: bool) -> Self {
        Self { grace, by_itself }
    }
}

#[async_trait]
impl Job for CollectJob {
    fn name(&self) -> &'static str {
        "storage.gc"
    }

    fn asked_by(&self) -> Asker {
        Asker::Administrators
    }

    fn every(&self) -> Option<TimeDelta> {
        self.by_itself.then_some(EVERY)
    }

    /// A database without contents has nothing to collect.
    async fn is_wanted(&self, db: &Db) -> Result<bool> {
        repo::collect::has_contents(db).await
    }

    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        let rules = CollectRules { grace: self.grace, unattached: false, dry_run: false };
        let collected = collect(&ctx, &rules, task.stopped(), &|| {}).await?;
        serde_json::to_value(collected).map_err(|error| Error::internal("The result cannot be kept").caused_by(error))
    }
}
