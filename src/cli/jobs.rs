//! `yuantus jobs`: the background work of one organisation, for operators.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{command_app, org_ctx, print};
use crate::app::{App, ControlSchema};
use crate::config::Loaded;
use crate::context::Ctx;
use crate::domain::jobs::{self, MOST_LISTED, parse_job_id};
use crate::error::Result;
use crate::jobs::{JobFilter, JobRecord};
use crate::types::PageRequest;

#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// List jobs, the latest first; `--status failed` shows those that were given up
    List(List),
    /// Everything about one job: its payload, progress, result and latest error
    Show(One),
    /// Call off a job that waits or runs
    Cancel(One),
    /// Put a failed or cancelled job back into the queue, with all its attempts
    Retry(Retry),
}

/// Whose jobs.
#[derive(Debug, Args)]
struct Of {
    #[arg(long)]
    tenant: String,
    #[arg(long, default_value = "org-1")]
    org: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    of: Of,
    /// pending, processing, completed, failed or cancelled
    #[arg(long)]
    status: Option<String>,
    #[arg(long = "type", value_name = "TYPE")]
    task_type: Option<String>,
    /// Jobs about this file
    #[arg(long, value_name = "ID")]
    file: Option<String>,
    /// At most 500
    #[arg(long, default_value_t = 50)]
    limit: u64,
    #[arg(long, default_value_t = 0)]
    offset: u64,
}

#[derive(Debug, Args)]
pub struct One {
    id: String,
    #[command(flatten)]
    of: Of,
}

#[derive(Debug, Args)]
pub struct Retry {
    /// Not needed with --all-failed
    #[arg(required_unless_present = "all_failed", conflicts_with = "all_failed")]
    id: Option<String>,
    /// Every failed job, or those of one type
    #[arg(long)]
    all_failed: bool,
    #[arg(long = "type", value_name = "TYPE", requires = "all_failed")]
    task_type: Option<String>,
    #[command(flatten)]
    of: Of,
}

pub async fn run(command: JobsCommand, loaded: Loaded) -> Result<()> {
    let app = command_app(loaded, ControlSchema::AsConfigured).await?;
    let done = execute(command, &app).await;
    // Also tells the workers of what was put back.
    app.close().await;
    done
}

async fn execute(command: JobsCommand, app: &App) -> Result<()> {
    match command {
        JobsCommand::List(list) => {
            let ctx = open(app, &list.of).await?;
            let status = list.status.as_deref().map(str::parse).transpose()?;
            let filter = JobFilter { status, task_type: list.task_type, file_id: list.file, asked_by: None };
            let page = PageRequest { limit: list.limit, offset: list.offset };
            let found = jobs::list_jobs(&ctx, &app.jobs, &filter, page).await?;
            if list.of.json { print::json(&found) } else { print_list(&found.items, found.total) }
        }
        JobsCommand::Show(one) => {
            let job = jobs::get_job(&open(app, &one.of).await?, &app.jobs, parse_job_id(&one.id)?).await?;
            if one.of.json { print::json(&job) } else { print_one(&job) }
        }
        JobsCommand::Cancel(one) => {
            let job = jobs::cancel_job(&open(app, &one.of).await?, &app.jobs, parse_job_id(&one.id)?).await?;
            if one.of.json { print::json(&job) } else { print::line(format!("Job {} is called off.", job.id)) }
        }
        JobsCommand::Retry(retry) => {
            let ctx = open(app, &retry.of).await?;
            match &retry.id {
                Some(id) => {
                    let job = jobs::retry_job(&ctx, &app.jobs, parse_job_id(id)?).await?;
                    let said = format!("Job {} waits to be run again.", job.id);
                    if retry.of.json { print::json(&job) } else { print::line(said) }
                }
                None => retry_all(app, &ctx, retry).await,
            }
        }
    }
}

async fn open(app: &App, of: &Of) -> Result<Ctx> {
    org_ctx(app, &of.tenant, &of.org).await
}

/// What cannot be put back is said and skipped: a job of the same key waits already.
async fn retry_all(app: &App, ctx: &Ctx, retry: Retry) -> Result<()> {
    let filter = JobFilter { status: Some(jobs::FAILED), task_type: retry.task_type.clone(), ..JobFilter::default() };
    // Listed first: one that fails again at once is not put back a second time.
    let mut ids = Vec::new();
    loop {
        let page = PageRequest { limit: MOST_LISTED, offset: ids.len() as u64 };
        let found = jobs::list_jobs(ctx, &app.jobs, &filter, page).await?;
        if found.items.is_empty() {
            break;
        }
        ids.extend(found.items.iter().map(|job| job.id));
    }
    let (mut done, mut refused) = (0_u64, Vec::new());
    for id in ids {
        match jobs::retry_job(ctx, &app.jobs, id).await {
            Ok(_) => done += 1,
            Err(error) => refused.push((id, error.chain())),
        }
    }
    if retry.of.json {
        let refused: Vec<_> = refused.iter().map(|(id, why)| json!({ "id": id, "reason": why })).collect();
        return print::json(&json!({ "put_back": done, "refused": refused }));
    }
    for (id, why) in &refused {
        print::line(format!("Job {id} stays as it is: {why}"))?;
    }
    print::line(format!("{done} jobs wait to be run again."))
}

fn print_list(jobs: &[JobRecord], total: u64) -> Result<()> {
    let rows: Vec<Vec<String>> = jobs
        .iter()
        .map(|job| {
            vec![
                job.id.to_string(),
                job.task_type.clone(),
                job.status.to_string(),
                format!("{}/{}", job.attempt_count, job.max_attempts),
                format!("{} %", job.progress),
                job.created_at.format("%Y-%m-%d %H:%M:%SZ").to_string(),
                one_line(job.last_error.as_deref().unwrap_or_default()),
            ]
        })
        .collect();
    print::table(&["JOB", "TYPE", "STATUS", "ATTEMPT", "DONE", "CREATED", "LATEST ERROR"], &rows)?;
    print::line(format!("{} of {total}", jobs.len()))
}

/// An error may be long and have lines; a table has not.
fn one_line(text: &str) -> String {
    const MOST: usize = 80;
    let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= MOST { flat } else { format!("{}…", flat.chars().take(MOST - 1).collect::<String>()) }
}

fn print_one(job: &JobRecord) -> Result<()> {
    let time = |at: Option<chrono::DateTime<chrono::Utc>>| at.map_or("-".to_owned(), |at| at.to_rfc3339());
    print::line(format!("{}  {}  {}", job.id, job.task_type, job.status))?;
    print::line(format!("attempts: {} of {}  priority: {}", job.attempt_count, job.max_attempts, job.priority))?;
    let message = job.progress_message.as_deref().unwrap_or_default();
    print::line(format!("done: {} %  {message}", job.progress).trim_end())?;
    print::line(format!(
        "created: {}  due: {}  started: {}  ended: {}",
        time(Some(job.created_at)),
        time(Some(job.scheduled_at)),
        time(job.started_at),
        time(job.completed_at)
    ))?;
    let user = job.created_by_id.map_or("the program".to_owned(), |id| format!("user {id}"));
    let worker = job.worker_id.as_deref().unwrap_or("-");
    print::line(format!("asked for by: {user}  worker: {worker}"))?;
    if let Some(key) = &job.dedupe_key {
        print::line(format!("key: {key}"))?;
    }
    print::line(format!("payload: {}", job.payload))?;
    if let Some(result) = &job.result {
        print::line(format!("result: {result}"))?;
    }
    match &job.last_error {
        Some(error) => print::line(format!("latest error: {error}")),
        None => Ok(()),
    }
}
