//! Rows of the queue.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, UpdateMany, Value,
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::context::Ctx;
use crate::db::Tx;
use crate::db::dialect::{skip_locked, statement};
use crate::entity::tenant::job::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::jobs::enqueue::NewJob;
use crate::jobs::list::JobFilter;
use crate::jobs::progress::Progress;
use crate::jobs::queue::{Lease, Outlook};
use crate::jobs::record::Status;
use crate::types::PageRequest;

/// In bytes.
pub const LONGEST_FILE_ID: usize = 200;

pub async fn insert(tx: &Tx, ctx: &Ctx, job: NewJob) -> Result<Uuid> {
    let (id, now) = (Uuid::now_v7(), ctx.now());
    let file = job.payload.get("file_id").and_then(Json::as_str);
    // A longer one is the id of no file, and does not fit into an index.
    let file = file.filter(|id| id.len() <= LONGEST_FILE_ID).map(str::to_owned);
    let row = ActiveModel {
        id: Set(id),
        org_id: Set(ctx.org.to_string()),
        task_type: Set(job.task_type),
        payload: Set(job.payload),
        status: Set(Status::Pending.to_string()),
        priority: Set(job.priority),
        worker_id: Set(None),
        attempt_count: Set(0),
        max_attempts: Set(Ord::max(job.max_attempts, 1)),
        result: Set(None),
        last_error: Set(None),
        dedupe_key: Set(job.dedupe_key),
        created_at: Set(now),
        scheduled_at: Set(job.run_at.unwrap_or(now)),
        started_at: Set(None),
        completed_at: Set(None),
        lease_until: Set(None),
        created_by_id: Set(ctx.actor.user_id()),
        progress: Set(0),
        progress_message: Set(None),
        file_id: Set(file),
        asked_as: Set(job.asked_as.map(|asker| asker.as_str().to_owned())),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(id)
}

pub async fn unfinished(
    db: &impl ConnectionTrait,
    org: &str,
    task_type: &str,
    dedupe_key: &str,
) -> Result<Option<Uuid>> {
    let found = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::DedupeKey.eq(dedupe_key))
        .filter(Column::OrgId.eq(org))
        .filter(Column::TaskType.eq(task_type))
        .filter(Column::Status.is_in(Status::UNFINISHED.map(Status::as_str)))
        .into_tuple()
        .one(db)
        .await?;
    Ok(found)
}

/// Whether a job of this kind was made since then, by anybody.
pub async fn was_asked_since(db: &impl ConnectionTrait, task_type: &str, since: DateTime<Utc>) -> Result<bool> {
    let made = Entity::find().filter(Column::TaskType.eq(task_type)).filter(Column::CreatedAt.gte(since));
    Ok(made.select_only().column(Column::Id).into_tuple::<Uuid>().one(db).await?.is_some())
}

pub async fn find(db: &impl ConnectionTrait, org: &str, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).filter(Column::OrgId.eq(org)).one(db).await?)
}

pub async fn count(db: &impl ConnectionTrait, org: &str, filter: &JobFilter) -> Result<u64> {
    Ok(matching(org, filter).count(db).await?)
}

pub async fn list(db: &impl ConnectionTrait, org: &str, filter: &JobFilter, page: PageRequest) -> Result<Vec<Model>> {
    let newest_first = matching(org, filter).order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
    Ok(newest_first.limit(page.limit).offset(page.offset).all(db).await?)
}

fn matching(org: &str, filter: &JobFilter) -> Select<Entity> {
    let mut jobs = Entity::find().filter(Column::OrgId.eq(org));
    if let Some(status) = filter.status {
        jobs = jobs.filter(Column::Status.eq(status.as_str()));
    }
    if let Some(task_type) = &filter.task_type {
        jobs = jobs.filter(Column::TaskType.eq(task_type));
    }
    if let Some(file) = &filter.file_id {
        jobs = jobs.filter(Column::FileId.eq(file));
    }
    if let Some(user) = filter.asked_by {
        jobs = jobs.filter(Column::CreatedById.eq(user));
    }
    jobs
}

/// Whether there was an unfinished job to call off. The end of its lease stays: until then the run may not know of it.
pub async fn cancel(tx: &Tx, org: &str, id: Uuid, at: DateTime<Utc>) -> Result<bool> {
    let done = Entity::update_many()
        .col_expr(Column::Status, Expr::value(Status::Cancelled.as_str()))
        .col_expr(Column::CompletedAt, Expr::value(at))
        .filter(Column::Id.eq(id))
        .filter(Column::OrgId.eq(org))
        .filter(Column::Status.is_in(Status::UNFINISHED.map(Status::as_str)))
        .exec(tx)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Ends a job that is unfinished, whoever has its lease.
pub async fn settle(tx: &Tx, org: &str, id: Uuid, at: DateTime<Utc>, result: Json) -> Result<()> {
    ended(Status::Completed, at)
        .col_expr(Column::Result, Expr::value(Some(result)))
        .col_expr(Column::Progress, Expr::value(100))
        .filter(Column::Id.eq(id))
        .filter(Column::OrgId.eq(org))
        .filter(Column::Status.is_in(Status::UNFINISHED.map(Status::as_str)))
        .exec(tx)
        .await?;
    Ok(())
}

/// Whether there was a failed or cancelled job to put back. Its attempts are counted anew.
pub async fn put_back(tx: &Tx, org: &str, id: Uuid, at: DateTime<Utc>) -> Result<bool> {
    let done = waiting(at)
        .col_expr(Column::AttemptCount, Expr::value(0))
        .col_expr(Column::StartedAt, Expr::value(None::<DateTime<Utc>>))
        .col_expr(Column::CompletedAt, Expr::value(None::<DateTime<Utc>>))
        .col_expr(Column::Progress, Expr::value(0))
        .col_expr(Column::ProgressMessage, Expr::value(None::<String>))
        .filter(Column::Id.eq(id))
        .filter(Column::OrgId.eq(org))
        .filter(Column::Status.is_in([Status::Failed, Status::Cancelled].map(Status::as_str)))
        .exec(tx)
        .await?;
    Ok(done.rows_affected > 0)
}

pub async fn unknown(db: &impl ConnectionTrait, types: &[&str], limit: u64) -> Result<Vec<(String, u64)>> {
    let found: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::TaskType)
        .column_as(Column::Id.count(), "jobs")
        .filter(Column::Status.eq(Status::Pending.as_str()))
        .filter(Column::TaskType.is_not_in(types.iter().copied()))
        .group_by(Column::TaskType)
        .order_by_asc(Column::TaskType)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().map(|(name, count)| (name, count.unsigned_abs())).collect())
}

/// One statement of small look-ups, each answered by an index.
pub async fn outlook(db: &impl ConnectionTrait, types: &[&str], now: DateTime<Utc>) -> Result<Outlook> {
    let events = "FROM outbox WHERE delivered_at IS NULL AND scheduled_at";
    let of_types = in_list("task_type", types, 2);
    let pending = format!("FROM jobs WHERE status = 'pending' AND {of_types} AND scheduled_at");
    let leased = format!("FROM jobs WHERE status = 'processing' AND {of_types} AND lease_until");
    let sql = format!(
        "SELECT (SELECT MIN(scheduled_at) {events} <= $1) AS event, (SELECT MIN(scheduled_at) {pending} <= $1) AS job, \
         (SELECT MIN(lease_until) {leased} <= $1) AS lost, (SELECT MIN(scheduled_at) {events} > $1) AS next_event, \
         (SELECT MIN(scheduled_at) {pending} > $1) AS next_job, (SELECT MIN(lease_until) {leased} > $1) AS next_lost"
    );
    let mut values: Vec<Value> = vec![now.into()];
    values.extend(types.iter().map(|name| Value::from(*name)));
    let Some(row) = db.query_one_raw(statement(db, sql, values)).await? else { return Ok(Outlook::default()) };
    let time = |name: &str| row.try_get::<Option<DateTime<Utc>>>("", name);
    let next = [time("next_event")?, time("next_job")?, time("next_lost")?].into_iter().flatten().min();
    Ok(Outlook {
        events_due: time("event")?.is_some(),
        jobs_due: time("job")?.is_some() || time("lost")?.is_some(),
        next,
    })
}

/// Which jobs to take from.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// Their lease ran out.
    Lost,
    Pending,
}

impl Which {
    fn condition(self) -> &'static str {
        match self {
            Self::Lost => "status = 'processing' AND lease_until <= $2",
            // Not comparable by index, so that the engine reads the queue in order and stops at the first, instead of
            // sorting all that is due.
            Self::Pending => "status = 'pending' AND COALESCE(scheduled_at, scheduled_at) <= $2",
        }
    }
}

/// Takes one due job, passing over those that another worker is just taking.
pub async fn take(
    tx: &Tx,
    which: Which,
    worker: &str,
    types: &[&str],
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Model>> {
    let sql = format!(
        "UPDATE jobs SET status = 'processing', worker_id = $1, attempt_count = attempt_count + 1, started_at = $2, \
         lease_until = $3, progress = 0, progress_message = NULL WHERE id = (SELECT id FROM jobs WHERE {} AND {} ORDER BY priority, scheduled_at, id LIMIT 1 {}) \
         RETURNING *",
        which.condition(),
        in_list("task_type", types, 4),
        skip_locked(tx)
    );
    let mut values: Vec<Value> = vec![worker.into(), now.into(), until.into()];
    values.extend(types.iter().map(|name| Value::from(*name)));
    let row = tx.query_one_raw(statement(tx, sql, values)).await?;
    Ok(row.map(|row| Model::from_query_result(&row, "")).transpose()?)
}

/// Gives up on jobs whose last attempt was lost with its worker.
pub async fn bury_lost(tx: &Tx, types: &[&str], now: DateTime<Utc>) -> Result<u64> {
    let lost = Condition::all()
        .add(Column::Status.eq(Status::Processing.as_str()))
        .add(Column::LeaseUntil.lte(now))
        .add(Expr::col(Column::AttemptCount).gte(Expr::col(Column::MaxAttempts)))
        .add(Column::TaskType.is_in(types.iter().copied()));
    let done = ended(Status::Failed, now)
        .col_expr(Column::LastError, Expr::value("The worker was lost while it ran the job"))
        .filter(lost)
        .exec(tx)
        .await?;
    Ok(done.rows_affected)
}

pub async fn extend(tx: &Tx, lease: &Lease, until: DateTime<Utc>, progress: Option<Progress>) -> Result<bool> {
    let mut update = Entity::update_many().col_expr(Column::LeaseUntil, Expr::value(until));
    if let Some(Progress { percent, message }) = progress {
        update = update
            .col_expr(Column::Progress, Expr::value(i32::from(percent)))
            .col_expr(Column::ProgressMessage, Expr::value(message));
    }
    Ok(update.filter(held(lease)).exec(tx).await?.rows_affected > 0)
}

/// How an attempt ended.
pub enum Ending {
    Completed { at: DateTime<Utc>, result: Json },
    Failed { at: DateTime<Utc>, error: String },
    Again { at: DateTime<Utc>, error: String },
    Released { at: DateTime<Utc> },
}

/// Ends an attempt, if its lease is still held.
pub async fn end(tx: &Tx, lease: &Lease, ending: Ending) -> Result<bool> {
    let update = match ending {
        Ending::Completed { at, result } => ended(Status::Completed, at)
            .col_expr(Column::Result, Expr::value(Some(result)))
            .col_expr(Column::Progress, Expr::value(100)),
        Ending::Failed { at, error } => ended(Status::Failed, at).col_expr(Column::LastError, Expr::value(error)),
        Ending::Again { at, error } => waiting(at).col_expr(Column::LastError, Expr::value(error)),
        Ending::Released { at } => waiting(at).col_expr(Column::AttemptCount, Expr::col(Column::AttemptCount).sub(1)),
    };
    Ok(update.filter(held(lease)).exec(tx).await?.rows_affected > 0)
}

fn ended(status: Status, at: DateTime<Utc>) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(status.as_str()))
        .col_expr(Column::CompletedAt, Expr::value(at))
        .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
}

fn waiting(until: DateTime<Utc>) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::Status, Expr::value(Status::Pending.as_str()))
        .col_expr(Column::ScheduledAt, Expr::value(until))
        .col_expr(Column::WorkerId, Expr::value(None::<String>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
}

fn held(lease: &Lease) -> Condition {
    Condition::all()
        .add(Column::Id.eq(lease.job))
        .add(Column::Status.eq(Status::Processing.as_str()))
        .add(Column::WorkerId.eq(lease.worker.as_str()))
        .add(Column::AttemptCount.eq(lease.attempt))
        .add(Column::StartedAt.eq(lease.since))
}

/// Deletes up to `limit` jobs that finished before `before`.
pub async fn delete_finished(tx: &Tx, before: DateTime<Utc>, limit: u64) -> Result<u64> {
    let done = Entity::delete_many().filter(Column::Id.in_subquery(old(before, limit).into_query())).exec(tx).await?;
    Ok(done.rows_affected)
}

pub async fn has_finished(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<bool> {
    Ok(old(before, 1).into_tuple::<Uuid>().one(db).await?.is_some())
}

fn old(before: DateTime<Utc>, limit: u64) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Status.is_in(Status::FINISHED.map(Status::as_str)))
        .filter(Column::CompletedAt.lt(before))
        .limit(limit)
}

/// `column IN ($n, …)`; nothing is in an empty list.
fn in_list(column: &str, values: &[&str], first: usize) -> String {
    if values.is_empty() {
        return "1 = 0".to_owned();
    }
    let marks: Vec<String> = (first..first + values.len()).map(|number| format!("${number}")).collect();
    format!("{column} IN ({})", marks.join(", "))
}
