//! Background work as its users see it: asking for it, looking at it, calling it off and putting it back.
//!
//! The queue itself is `crate::jobs`; here stand who may do what, and the bounds of what may be asked for.

mod rules;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::context::{Actor, Ctx};
use crate::db::Tx;
use crate::domain::audit::{self, Change};
use crate::domain::{file, quota};
use crate::error::{Error, Kind, Result};
use crate::jobs::{self, Asker, JobFilter, JobRecord, Registry, Status};
use crate::types::{Page, PageRequest};

/// The most jobs of one answer.
pub const MOST_LISTED: u64 = 500;

/// The state of a job that was given up: dead, until somebody puts it back.
pub const FAILED: Status = Status::Failed;

const ONE_JOB: quota::Request = quota::Request { files: 0, bytes: 0, jobs: 1 };

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
/// Fails with `Invalid` for values out of bounds, `Forbidden` for a kind that the caller may not ask for, `LimitReached` when
/// the tenant may have no more unfinished jobs.
pub async fn request_job(ctx: &Ctx, registry: &Registry, request: JobRequest) -> Result<JobRecord> {
    require_asker(&ctx.actor, registry, &request.task_type)?;
    let mut new = rules::checked(request)?;
    let administrator = ctx.actor.is_administrator();
    new.asked_as = Some(if administrator { Asker::Administrators } else { Asker::Members });
    if let Some(key) = &new.dedupe_key
        && let Some(id) = jobs::find_unfinished(ctx, &new.task_type, key).await?
    {
        // It takes no room that it has not taken already.
        return get_job(ctx, registry, id).await;
    }
    let room = quota::reserve(ctx, ONE_JOB).await?;
    let tx = ctx.begin().await?;
    let task_type = new.task_type.clone();
    let done = jobs::enqueue_or_find(&tx, ctx, new).await?;
    if done.is_new {
        record(ctx, &tx, "job.requested", done.id, json!({ "task_type": task_type })).await?;
        room.settle(tx).await?;
    } else {
        // Before the next connection is asked for: who waits for the key holds one, too.
        drop(tx);
    }
    get_job(ctx, registry, done.id).await
}

/// The organisation's jobs, the latest first, each as far as the caller may see it.
pub async fn list_jobs(
    ctx: &Ctx,
    registry: &Registry,
    filter: &JobFilter,
    page: PageRequest,
) -> Result<Page<JobRecord>> {
    require_known(&ctx.actor)?;
    rules::check_filter(filter)?;
    rules::check_page(page, MOST_LISTED)?;
    let filter = within_rights(ctx, filter).await?;
    Ok(jobs::list(ctx, &filter, page).await?.map(|job| shown(ctx, registry, job)))
}

/// Of a file that the caller may not read, not even that there are jobs is told, but for their own.
async fn within_rights(ctx: &Ctx, filter: &JobFilter) -> Result<JobFilter> {
    let mut filter = filter.clone();
    if let Some(file) = filter.file_id.as_deref().filter(|_| !ctx.actor.is_administrator()) {
        match file::require_file(ctx, file).await {
            Ok(_) => {}
            Err(error) if error.kind() == Kind::NotFound => {
                filter.asked_by = Some(ctx.actor.user_id().unwrap_or_default())
            }
            Err(error) => return Err(error),
        }
    }
    Ok(filter)
}

/// A job as far as the caller may see it. Fails with `NotFound` for a job of another organisation, too.
pub async fn get_job(ctx: &Ctx, registry: &Registry, id: Uuid) -> Result<JobRecord> {
    require_known(&ctx.actor)?;
    Ok(shown(ctx, registry, jobs::find(ctx, id).await?))
}

/// What a job is about and what came of it is for whoever asked for it and for administrators; for all members where they may
/// ask for its kind. Others see that it is there, and how it stands.
fn shown(ctx: &Ctx, registry: &Registry, job: JobRecord) -> JobRecord {
    let open = match registry.get(&job.task_type) {
        Some(kind) => kind.asked_by() == Asker::Members,
        None => job.asked_as == Some(Asker::Members),
    };
    if open || ctx.actor.is_administrator() || is_own(&ctx.actor, &job) {
        return job;
    }
    JobRecord {
        payload: json!({}),
        result: None,
        last_error: None,
        progress_message: None,
        dedupe_key: None,
        file_id: None,
        ..job
    }
}

fn is_own(actor: &Actor, job: &JobRecord) -> bool {
    job.created_by_id.is_some() && job.created_by_id == actor.user_id()
}

fn require_known(actor: &Actor) -> Result<()> {
    match actor {
        Actor::Anonymous { trusted: false } => Err(Error::unauthenticated("Missing bearer token")),
        _ => Ok(()),
    }
}

/// Calls a job off: whoever asked for it may, and administrators. One that runs learns of it within seconds, and its result is
/// not kept.
///
/// Fails with `NotFound`, `Forbidden`, and `Conflict` for a job that has finished.
pub async fn cancel_job(ctx: &Ctx, registry: &Registry, id: Uuid) -> Result<JobRecord> {
    let job = require_owner(ctx, id).await?;
    let tx = ctx.begin().await?;
    jobs::cancel(&tx, ctx, id).await?;
    record(ctx, &tx, "job.cancelled", id, json!({ "task_type": job.task_type })).await?;
    tx.commit().await?;
    get_job(ctx, registry, id).await
}

/// Puts a failed or cancelled job back into the queue with all its attempts: administrators may, and whoever asked for it, if
/// it is not of a kind that is closed to them.
///
/// Fails with `NotFound`, `Forbidden`, `Conflict` for a job in another state, `LimitReached` as asking for one does.
pub async fn retry_job(ctx: &Ctx, registry: &Registry, id: Uuid) -> Result<JobRecord> {
    let job = require_owner(ctx, id).await?;
    let by_program =
        job.asked_as.is_none() && registry.get(&job.task_type).is_some_and(|kind| kind.asked_by() == Asker::Program);
    // What the program did for the caller may be repeated, as may everything by an administrator.
    if !by_program && !ctx.actor.is_administrator() {
        require_asker(&ctx.actor, registry, &job.task_type)?;
    }
    let room = quota::reserve(ctx, ONE_JOB).await?;
    let tx = ctx.begin().await?;
    jobs::put_back(&tx, ctx, id).await?;
    record(ctx, &tx, "job.retried", id, json!({ "task_type": job.task_type })).await?;
    room.settle(tx).await?;
    get_job(ctx, registry, id).await
}

/// Reads a job's id from a path. What is no UUID names no job.
pub fn parse_job_id(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| Error::not_found("Job not found"))
}

fn require_asker(actor: &Actor, registry: &Registry, task_type: &str) -> Result<()> {
    require_known(actor)?;
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
    require_known(&ctx.actor)?;
    let job = jobs::find(ctx, id).await?;
    if is_own(&ctx.actor, &job) || ctx.actor.is_administrator() {
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
    use crate::domain::testing::TestOrg;
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

    #[tokio::test]
    async fn whoever_has_not_shown_who_they_are_neither_asks_nor_sees() {
        let org = TestOrg::new().await;
        let mut nobody = org.ctx.clone();
        nobody.actor = Actor::Anonymous { trusted: false };
        let registry = Registry::default();
        let request = JobRequest { task_type: "cad_preview".to_owned(), ..JobRequest::default() };
        let asked = request_job(&org.as_user(7, &[]), &registry, request.clone()).await.unwrap();
        let page = PageRequest { limit: 1, offset: 0 };
        for refused in [
            request_job(&nobody, &registry, request).await.err(),
            get_job(&nobody, &registry, asked.id).await.err(),
            list_jobs(&nobody, &registry, &JobFilter::default(), page).await.err(),
            cancel_job(&nobody, &registry, asked.id).await.err(),
            retry_job(&nobody, &registry, asked.id).await.err(),
        ] {
            assert_eq!(refused.unwrap().kind(), crate::error::Kind::Unauthenticated);
        }
    }

    #[tokio::test]
    async fn a_job_of_a_closed_kind_is_shown_in_outline() {
        let org = TestOrg::new().await;
        let registry = Registry::default().with(Kind("own", Asker::Program)).with(Kind("check", Asker::Administrators));
        let tx = org.ctx.begin().await.unwrap();
        let payload = json!({"file_id": "secret", "a": "secret"});
        let by_program = jobs::enqueue(&tx, &org.ctx, jobs::NewJob::new("own", payload.clone()).once("secret"));
        let by_program = by_program.await.unwrap();
        let mine = jobs::enqueue(&tx, &org.as_user(7, &[]), jobs::NewJob::new("own", payload)).await.unwrap();
        tx.commit().await.unwrap();
        let member = org.as_user(7, &["viewer"]);
        let outline = serde_json::to_string(&get_job(&member, &registry, by_program).await.unwrap()).unwrap();
        assert!(outline.contains("own") && !outline.contains("secret"), "{outline}");
        for (ctx, id) in [(&member, mine), (&org.ctx, by_program), (&org.ctx, mine)] {
            assert_eq!(get_job(ctx, &registry, id).await.unwrap().payload["a"], "secret");
        }
        let listed = list_jobs(&member, &registry, &JobFilter::default(), PageRequest { limit: 9, offset: 0 }).await;
        assert_eq!(listed.unwrap().items.iter().filter(|job| job.payload["a"] == "secret").count(), 1);
    }

    #[tokio::test]
    async fn what_was_asked_for_before_its_kind_was_known_stays_closed() {
        let org = TestOrg::new().await;
        let member = org.as_user(7, &["viewer"]);
        let request = JobRequest { task_type: "check".to_owned(), ..JobRequest::default() };
        let asked = request_job(&member, &Registry::default(), request).await.unwrap();
        for (kind, asked_as, may) in [
            (Asker::Members, Some(Asker::Members), true),
            (Asker::Administrators, Some(Asker::Administrators), true),
            (Asker::Administrators, asked.asked_as, false),
            (Asker::Program, asked.asked_as, false),
            (Asker::Program, Some(Asker::Administrators), false),
            (Asker::Program, None, true),
        ] {
            assert_eq!(kind.admits(asked_as), may, "{kind:?} {asked_as:?}");
        }
        let known = Registry::default().with(Kind("check", Asker::Administrators));
        cancel_job(&member, &known, asked.id).await.unwrap();
        assert_eq!(retry_job(&member, &known, asked.id).await.unwrap_err().kind(), crate::error::Kind::Forbidden);
    }
}
