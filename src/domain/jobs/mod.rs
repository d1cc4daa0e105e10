//! Background work as its users see it: asking for it, looking at it, calling it off and putting it back.
//!
//! The queue itself is `crate::jobs`; here stand who may do what, and the bounds of what may be asked for.

mod rules;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::context::{Actor, Ctx};
use crate::db::Tx;
use crate::domain::audit::{self, Change};
use crate::error::{Error, Result};
use crate::jobs::{self, Asker, JobFilter, JobRecord, Registry, Status};
use crate::types::{Page, PageRequest};

/// The most jobs of one answer.
pub const MOST_LISTED: u64 = 500;

/// The state of a job that was given up: dead, until somebody puts it back.
pub const FAILED: Status = Status::Failed;

/// What a client asks for.
#[derive(Debug, Clone, Default)]
pub struct JobRequest {
    pub task_type: String,
    pub payload: Map<String, Value>,
    /// Lower runs first.
    pub priority: i32,
    pub max_attempts: Option<i32>,
    /// An unfinished job of the same type and key is answered instead of a second one.
    pub dedupe_key: Option<String>,
    /// The same, with a key made of type and payload where none is given.
    pub dedupe: bool,
}

/// Asks for a job, or finds the unfinished one of the same key. A type that this program does not know waits for one that does.
///
/// Fails with `Invalid` for values out of bounds, `Forbidden` for a kind that the caller may not ask for.
pub async fn request_job(ctx: &Ctx, registry: &Registry, request: JobRequest) -> Result<JobRecord> {
    require_asker(&ctx.actor, registry, &request.task_type)?;
    let new = rules::checked(request)?;
    let tx = ctx.begin().await?;
    let task_type = new.task_type.clone();
    let done = jobs::enqueue_or_find(&tx, ctx, new).await?;
    if done.is_new {
        record(ctx, &tx, "job.requested", done.id, json!({ "task_type": task_type })).await?;
        tx.commit().await?;
    } else {
        // Before the next connection is asked for: who waits for the key holds one, too.
        drop(tx);
    }
    get_job(ctx, done.id).await
}

/// The organisation's jobs, the latest first.
pub async fn list_jobs(ctx: &Ctx, filter: &JobFilter, page: PageRequest) -> Result<Page<JobRecord>> {
    rules::check_filter(filter)?;
    rules::check_page(page, MOST_LISTED)?;
    jobs::list(ctx, filter, page).await
}

/// Fails with `NotFound` for a job of another organisation, too.
pub async fn get_job(ctx: &Ctx, id: Uuid) -> Result<JobRecord> {
    jobs::find(ctx, id).await
}

/// Calls a job off: whoever asked for it may, and administrators. One that runs learns of it within seconds, and its result is
/// not kept.
///
/// Fails with `NotFound`, `Forbidden`, and `Conflict` for a job that has finished.
pub async fn cancel_job(ctx: &Ctx, id: Uuid) -> Result<JobRecord> {
    let job = require_owner(ctx, id).await?;
    let tx = ctx.begin().await?;
    jobs::cancel(&tx, ctx, id).await?;
    record(ctx, &tx, "job.cancelled", id, json!({ "task_type": job.task_type })).await?;
    tx.commit().await?;
    get_job(ctx, id).await
}

/// Puts a failed or cancelled job back into the queue with all its attempts: whoever asked for it may, and administrators.
///
/// Fails with `NotFound`, `Forbidden`, and `Conflict` for a job in another state.
pub async fn retry_job(ctx: &Ctx, id: Uuid) -> Result<JobRecord> {
    let job = require_owner(ctx, id).await?;
    let tx = ctx.begin().await?;
    jobs::put_back(&tx, ctx, id).await?;
    record(ctx, &tx, "job.retried", id, json!({ "task_type": job.task_type })).await?;
    tx.commit().await?;
    get_job(ctx, id).await
}

/// Reads a job's id from a path. What is no UUID names no job.
pub fn parse_job_id(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| Error::not_found("Job not found"))
}

fn require_asker(actor: &Actor, registry: &Registry, task_type: &str) -> Result<()> {
    let asker = registry.get(task_type).map_or(Asker::Members, |job| job.asked_by());
    let may = match asker {
        Asker::Members => true,
        Asker::Administrators => actor.is_administrator(),
        Asker::Program => false,
    };
    if may {
        return Ok(());
    }
    let advice = match asker {
        Asker::Administrators => "Only an administrator may ask for this kind of job.",
        _ => "The program asks for this kind of job by itself; use the operation that needs it.",
    };
    Err(Error::forbidden(format!("Jobs of the kind {task_type} may not be asked for")).code("JOB_KIND_CLOSED", advice))
}

async fn require_owner(ctx: &Ctx, id: Uuid) -> Result<JobRecord> {
    let job = get_job(ctx, id).await?;
    let own = job.created_by_id.is_some() && job.created_by_id == ctx.actor.user_id();
    if own || ctx.actor.is_administrator() {
        return Ok(job);
    }
    Err(Error::forbidden("Only whoever asked for the job, or an administrator, may do this").code(
        "PERMISSION_DENIED",
        "Only whoever asked for this job, or an administrator, may call it off or repeat it.",
    ))
}

async fn record(ctx: &Ctx, tx: &Tx, action: &'static str, id: Uuid, after: Value) -> Result<()> {
    let change =
        Change { action, subject_type: "Job".to_owned(), subject_id: id.to_string(), before: None, after: Some(after) };
    audit::record(ctx, tx, vec![change]).await
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::jobs::{Job, Task};

    struct Kind(&'static str, Asker);

    #[async_trait]
    impl Job for Kind {
        fn name(&self) -> &'static str {
            self.0
        }

        async fn run(&self, _: Ctx, _: Task) -> Result<Value> {
            Ok(Value::Null)
        }

        fn asked_by(&self) -> Asker {
            self.1
        }
    }

    #[test]
    fn who_may_ask_for_a_kind_is_the_kinds_to_say() {
        let registry = Registry::default()
            .with(Kind("own", Asker::Program))
            .with(Kind("check", Asker::Administrators))
            .with(Kind("preview", Asker::Members));
        let user = |superuser| Actor::User {
            tenant: crate::types::TenantId::new("acme").unwrap(),
            id: 7,
            name: "ada".to_owned(),
            roles: vec!["viewer".to_owned()],
            superuser,
        };
        for (kind, member, administrator) in
            [("own", false, false), ("check", false, true), ("preview", true, true), ("nobody-knows", true, true)]
        {
            assert_eq!(require_asker(&user(false), &registry, kind).is_ok(), member, "{kind}");
            assert_eq!(require_asker(&user(true), &registry, kind).is_ok(), administrator, "{kind}");
        }
    }
}
