//! Looking through an organisation's jobs.

use super::record::{JobRecord, Status};
use super::repo;
use crate::context::Ctx;
use crate::error::Result;

/// Which jobs; what is not given does not narrow.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    pub status: Option<Status>,
    pub task_type: Option<String>,
    /// Jobs about one file.
    pub file_id: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct JobPage {
    /// All that match.
    pub total: u64,
    pub jobs: Vec<JobRecord>,
}

/// The organisation's jobs, the latest first.
pub async fn list(ctx: &Ctx, filter: &JobFilter, limit: u64, offset: u64) -> Result<JobPage> {
    let (org, db) = (ctx.org.as_str(), &*ctx.db);
    let total = repo::jobs::count(db, org, filter).await?;
    let rows = repo::jobs::list(db, org, filter, limit, offset).await?;
    let jobs: Result<Vec<JobRecord>> = rows.into_iter().map(JobRecord::try_from).collect();
    Ok(JobPage { total, jobs: jobs? })
}
