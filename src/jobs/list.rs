//! Looking through an organisation's jobs.

use super::record::{JobRecord, Status};
use super::repo;
use crate::context::Ctx;
use crate::error::Result;
use crate::types::{Page, PageRequest, UserId};

/// Which jobs; what is not given does not narrow.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    pub status: Option<Status>,
    pub task_type: Option<String>,
    /// Jobs about one file.
    pub file_id: Option<String>,
    /// Jobs that a user asked for.
    pub asked_by: Option<UserId>,
}

/// The organisation's jobs, the latest first.
pub async fn list(ctx: &Ctx, filter: &JobFilter, page: PageRequest) -> Result<Page<JobRecord>> {
    let (org, db) = (ctx.org.as_str(), &*ctx.db);
    let total = repo::jobs::count(db, org, filter).await?;
    let rows = repo::jobs::list(db, org, filter, page).await?;
    let items: Result<Vec<JobRecord>> = rows.into_iter().map(JobRecord::try_from).collect();
    Ok(Page { items: items?, total })
}
