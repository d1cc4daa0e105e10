//! How far a file is with its preview.

use super::super::model::{Conversion, File};
use super::super::read::require_file;
use super::ask::PREVIEW_JOB;
use crate::context::Ctx;
use crate::error::Result;
use crate::jobs::{self, JobFilter, JobRecord, Status};
use crate::types::PageRequest;

/// The latest jobs that are told of.
const MOST_JOBS: u64 = 20;

/// The file with the status and the error as they are at this moment, and the jobs that were asked for, the latest first.
#[derive(Debug, Clone)]
pub struct Summary {
    pub file: File,
    pub jobs: Vec<JobRecord>,
}

pub async fn conversion_summary(ctx: &Ctx, id: &str) -> Result<Summary> {
    let known = require_file(ctx, id).await?;
    let filter = JobFilter {
        task_type: Some(PREVIEW_JOB.to_owned()),
        file_id: Some(known.id.to_string()),
        ..JobFilter::default()
    };
    let jobs = jobs::list(ctx, &filter, PageRequest { limit: MOST_JOBS, offset: 0 }).await?.items;
    // A job has written its outcome before it ends: read after the jobs, the file is as far as they are.
    let mut file = if known.conversion == Conversion::Queued { require_file(ctx, id).await? } else { known };
    if file.conversion == Conversion::Queued {
        (file.conversion, file.conversion_error) = underway(jobs.first());
    }
    Ok(Summary { file, jobs })
}

/// What has become of a wish whose outcome is not written yet.
fn underway(latest: Option<&JobRecord>) -> (Conversion, Option<String>) {
    match latest.map(|job| job.status) {
        Some(Status::Processing) => (Conversion::Processing, None),
        Some(Status::Failed) => (Conversion::Failed, latest.and_then(|job| job.last_error.clone())),
        // It was called off, or put away after its time.
        Some(Status::Cancelled) | None => (Conversion::Pending, None),
        Some(Status::Pending | Status::Completed) => (Conversion::Queued, None),
    }
}
