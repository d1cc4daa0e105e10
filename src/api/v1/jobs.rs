//! Background work: asking for it, looking at it, calling it off and putting it back.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{FreeObject, Time};
use crate::app::App;
use crate::domain::jobs::{self, JobRequest, parse_job_id};
use crate::jobs::{JobFilter, JobRecord};
use crate::types::{Page, PageRequest};

pub struct JobsApi;

#[derive(Object, Deserialize)]
struct CreateJobRequest {
    /// A type that no worker knows stays pending until one that does runs.
    task_type: String,
    /// Ids of what it is about, at most 16 KiB.
    #[oai(default)]
    #[serde(default)]
    payload: FreeObject,
    /// 0 to 1000; lower runs first.
    #[oai(default = "usual_priority")]
    #[serde(default = "usual_priority")]
    priority: i32,
    /// 1 to 25; 3 when not given.
    max_attempts: Option<i32>,
    /// While a job of this type and key is unfinished, it is answered instead of a second one.
    dedupe_key: Option<String>,
    /// The same with a key that is made of type and payload.
    #[oai(default)]
    #[serde(default)]
    dedupe: bool,
}

fn usual_priority() -> i32 {
    10
}

impl From<CreateJobRequest> for JobRequest {
    fn from(body: CreateJobRequest) -> Self {
        Self {
            task_type: body.task_type,
            payload: body.payload.0,
            priority: body.priority,
            max_attempts: body.max_attempts,
            dedupe_key: body.dedupe_key,
            dedupe: body.dedupe,
        }
    }
}

/// A job. It is put back after a failed attempt until `max_attempts` are used up; then it has failed.
#[derive(Object)]
struct JobResponse {
    id: String,
    task_type: String,
    payload: Any<Value>,
    /// pending, processing, completed, failed or cancelled.
    status: String,
    priority: i32,
    worker_id: Option<String>,
    attempt_count: i32,
    max_attempts: i32,
    /// Of the latest failed attempt.
    last_error: Option<String>,
    dedupe_key: Option<String>,
    created_at: Time,
    /// Not run before this.
    scheduled_at: Time,
    started_at: Option<Time>,
    completed_at: Option<Time>,
    created_by_id: Option<i64>,
    /// In percent.
    progress: i32,
    /// What the running attempt is at.
    progress_message: Option<String>,
    /// What a completed job answered.
    result: Option<Any<Value>>,
    /// Of a single job that names a file.
    diagnostics: Option<JobDiagnostics>,
}

/// The file that a job is about. What is not known is null.
#[derive(Object)]
struct JobDiagnostics {
    file_id: String,
    storage_type: String,
    cad_connector_id: Option<String>,
    cad_format: Option<String>,
    document_type: Option<String>,
    assets: Option<JobAssets>,
    storage_exists: Option<bool>,
    storage_head_latency_ms: Option<u64>,
}

/// Which results there are of a file.
#[derive(Object)]
struct JobAssets {
    preview: bool,
    geometry: bool,
    cad_manifest: bool,
    cad_document: bool,
    cad_metadata: bool,
    cad_bom: bool,
}

impl From<JobRecord> for JobResponse {
    fn from(job: JobRecord) -> Self {
        Self {
            id: job.id.to_string(),
            task_type: job.task_type,
            payload: Any(job.payload),
            status: job.status.to_string(),
            priority: job.priority,
            worker_id: job.worker_id,
            attempt_count: job.attempt_count,
            max_attempts: job.max_attempts,
            last_error: job.last_error,
            dedupe_key: job.dedupe_key,
            created_at: job.created_at.into(),
            scheduled_at: job.scheduled_at.into(),
            started_at: job.started_at.map(Time::from),
            completed_at: job.completed_at.map(Time::from),
            created_by_id: job.created_by_id,
            progress: job.progress,
            progress_message: job.progress_message,
            result: job.result.map(Any),
            diagnostics: None,
        }
    }
}

impl JobResponse {
    /// With what is known of its file.
    fn in_detail(job: JobRecord, app: &App) -> Self {
        let diagnostics = job.file_id.clone().map(|file_id| JobDiagnostics {
            file_id,
            storage_type: app.config.storage.kind.to_string(),
            cad_connector_id: None,
            cad_format: None,
            document_type: None,
            assets: None,
            storage_exists: None,
            storage_head_latency_ms: None,
        });
        Self { diagnostics, ..Self::from(job) }
    }
}

#[derive(Object)]
struct JobList {
    /// All that match, also beyond this part.
    total: u64,
    items: Vec<JobResponse>,
}

impl From<Page<JobRecord>> for JobList {
    fn from(page: Page<JobRecord>) -> Self {
        Self { total: page.total, items: page.items.into_iter().map(JobResponse::from).collect() }
    }
}

#[OpenApi(prefix_path = "/jobs", tag = "Tag::Jobs")]
impl JobsApi {
    /// Ask for a job
    ///
    /// Answers at once; the job runs when a worker comes to it.
    #[oai(path = "/", method = "post", operation_id = "create_job")]
    async fn create(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        body: Body<CreateJobRequest>,
    ) -> ApiResult<Json<JobResponse>> {
        Ok(Json(jobs::request_job(&caller.0, &app.jobs, body.0.into()).await?.into()))
    }

    /// List jobs
    ///
    /// The organisation's, the latest first. Finished ones are kept for 30 days. What a job is about, and what came of it, is
    /// shown to whoever asked for it and to administrators; to all members where they may ask for its kind.
    #[oai(path = "/", method = "get", operation_id = "list_jobs")]
    #[allow(clippy::too_many_arguments, reason = "one for each parameter of the query")]
    async fn list(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        /// pending, processing, completed, failed or cancelled.
        status: Query<Option<String>>,
        task_type: Query<Option<String>>,
        /// Jobs whose payload names this file.
        file_id: Query<Option<String>>,
        /// 1 to 500.
        #[oai(default = "page_size")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<JobList>> {
        let status = status.0.as_deref().map(str::parse).transpose()?;
        let filter = JobFilter { status, task_type: task_type.0, file_id: file_id.0, asked_by: None };
        let page = PageRequest { limit: limit.0, offset: offset.0 };
        Ok(Json(jobs::list_jobs(&caller.0, &app.jobs, &filter, page).await?.into()))
    }

    /// Get a job
    #[oai(path = "/:job_id", method = "get", operation_id = "get_job")]
    async fn get(&self, caller: OrgCaller, app: Data<&Arc<App>>, job_id: Path<String>) -> ApiResult<Json<JobResponse>> {
        let job = jobs::get_job(&caller.0, &app.jobs, parse_job_id(&job_id)?).await?;
        Ok(Json(JobResponse::in_detail(job, &app)))
    }

    /// Call a job off
    ///
    /// For whoever asked for it, and administrators. One that runs is stopped within seconds.
    #[oai(path = "/:job_id/cancel", method = "post", operation_id = "cancel_job")]
    async fn cancel(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        job_id: Path<String>,
    ) -> ApiResult<Json<JobResponse>> {
        Ok(Json(jobs::cancel_job(&caller.0, &app.jobs, parse_job_id(&job_id)?).await?.into()))
    }

    /// Put a job back
    ///
    /// A failed or cancelled one, with all its attempts. For whoever asked for it, and administrators.
    #[oai(path = "/:job_id/retry", method = "post", operation_id = "retry_job")]
    async fn retry(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        job_id: Path<String>,
    ) -> ApiResult<Json<JobResponse>> {
        Ok(Json(jobs::retry_job(&caller.0, &app.jobs, parse_job_id(&job_id)?).await?.into()))
    }
}

fn page_size() -> u64 {
    50
}
