//! Rows of deliveries.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};
use uuid::Uuid;

use crate::context::Ctx;
use crate::db::{Sql, Tx};
use crate::domain::webhook::model::{Delivery, Status};
use crate::entity::tenant::job;
use crate::entity::tenant::webhook_delivery::{ActiveModel, Column, Entity, Model};
use crate::error::{Error, Result};
use crate::jobs;
use crate::types::page::{Page, PageRequest};

/// Deliveries kept of one webhook.
const KEPT: u64 = 1000;

impl TryFrom<Model> for Delivery {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self> {
        let status = Status::parse(&row.status)
            .ok_or_else(|| Error::internal(format!("A delivery has the unknown status {:?}", row.status)))?;
        Ok(Self {
            id: row.id,
            webhook_id: row.webhook_id,
            event_id: row.event_id,
            event: row.event,
            subject: row.subject,
            payload: row.payload,
            status,
            job_id: row.job_id,
            redelivery_of: row.redelivery_of,
            attempt_count: row.attempt_count,
            response_status: row.response_status,
            response_body: row.response_body,
            error: row.error,
            duration_ms: row.duration_ms,
            created_at: row.created_at,
            attempted_at: row.attempted_at,
            finished_at: row.finished_at,
        })
    }
}

pub async fn insert(tx: &Tx, ctx: &Ctx, delivery: &Delivery) -> Result<()> {
    let row = ActiveModel {
        id: Set(delivery.id),
        org_id: Set(ctx.org.to_string()),
        webhook_id: Set(delivery.webhook_id),
        event_id: Set(delivery.event_id),
        event: Set(delivery.event.clone()),
        subject: Set(delivery.subject.clone()),
        payload: Set(delivery.payload.clone()),
        job_id: Set(delivery.job_id),
        redelivery_of: Set(delivery.redelivery_of),
        created_at: Set(delivery.created_at),
        ..changing(delivery)
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Stores how an attempt ended.
pub async fn update(tx: &Tx, delivery: &Delivery) -> Result<()> {
    Entity::update_many().set(changing(delivery)).filter(Column::Id.eq(delivery.id)).exec(tx).await?;
    Ok(())
}

fn changing(delivery: &Delivery) -> ActiveModel {
    ActiveModel {
        status: Set(delivery.status.as_str().to_owned()),
        attempt_count: Set(delivery.attempt_count),
        response_status: Set(delivery.response_status),
        response_body: Set(delivery.response_body.clone()),
        error: Set(delivery.error.clone()),
        duration_ms: Set(delivery.duration_ms),
        attempted_at: Set(delivery.attempted_at),
        finished_at: Set(delivery.finished_at),
        ..Default::default()
    }
}

pub async fn find(db: &impl ConnectionTrait, ctx: &Ctx, id: Uuid) -> Result<Option<Delivery>> {
    let found = Entity::find_by_id(id).filter(Column::OrgId.eq(ctx.org.as_str())).one(db).await?;
    found.map(Delivery::try_from).transpose()
}

/// The newest first.
pub async fn page(
    db: &impl ConnectionTrait,
    ctx: &Ctx,
    webhook: Uuid,
    status: Option<Status>,
    event: Option<&str>,
    page: PageRequest,
) -> Result<Page<Delivery>> {
    let mut wanted = Condition::all().add(Column::OrgId.eq(ctx.org.as_str())).add(Column::WebhookId.eq(webhook));
    if let Some(status) = status {
        wanted = wanted.add(Column::Status.eq(status.as_str()));
    }
    if let Some(event) = event {
        wanted = wanted.add(Column::Event.eq(event));
    }
    let query = Entity::find().filter(wanted);
    let total = query.clone().count(db).await?;
    let rows = query.order_by_desc(Column::Id).limit(page.limit).offset(page.offset).all(db).await?;
    Ok(Page { items: rows.into_iter().map(Delivery::try_from).collect::<Result<_>>()?, total })
}

/// Whether an event of the same subject came earlier to the webhook, but after `since`, is still to be sent and was not tried
/// yet.
pub async fn has_earlier_untried(db: &impl ConnectionTrait, delivery: &Delivery, since: DateTime<Utc>) -> Result<bool> {
    let found: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::WebhookId.eq(delivery.webhook_id))
        .filter(Column::Status.eq(Status::Pending.as_str()))
        .filter(Column::Subject.eq(delivery.subject.as_str()))
        .filter(Column::Id.lt(delivery.id))
        .filter(Column::CreatedAt.gt(since))
        .filter(Column::JobId.in_subquery(unfinished_jobs()))
        .into_tuple()
        .one(db)
        .await?;
    Ok(found.is_some())
}

fn unfinished_jobs() -> SelectStatement {
    let unfinished = jobs::Status::UNFINISHED.map(jobs::Status::as_str);
    job::Entity::find().select_only().column(job::Column::Id).filter(job::Column::Status.is_in(unfinished)).into_query()
}

/// Whether the job of another delivery of the webhook runs, and began before this one: of two that meet, one goes on.
pub async fn is_under_way(db: &impl ConnectionTrait, webhook: Uuid, job: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let mut sql = Sql::new("SELECT 1 AS one FROM jobs mine, jobs other WHERE mine.id = ");
    sql.bind(job)
        .push(" AND other.task_type = mine.task_type AND other.status = 'processing' AND other.lease_until > ");
    sql.bind(now).push(
        " AND (other.started_at < mine.started_at OR (other.started_at = mine.started_at AND other.id < mine.id))",
    );
    sql.push(" AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_id = ").bind(webhook);
    sql.push(" AND d.status IN ('pending', 'retrying') AND d.job_id = other.id) LIMIT 1");
    Ok(db.query_one_raw(sql.statement(db)).await?.is_some())
}

/// The deliveries of the webhook that are still to be sent and came earlier; at most some thousands are counted.
pub async fn count_ahead(db: &impl ConnectionTrait, delivery: &Delivery) -> Result<u64> {
    const MOST: u64 = 3000;
    let rows: Vec<Uuid> = open_of(delivery.webhook_id)
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.lt(delivery.id))
        .limit(MOST)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.len() as u64)
}

fn open_of(webhook: Uuid) -> Select<Entity> {
    let open = Status::ALL.into_iter().filter(|status| !status.is_finished()).map(Status::as_str);
    Entity::find().filter(Column::WebhookId.eq(webhook)).filter(Column::Status.is_in(open))
}

/// The other deliveries of the webhook whose latest attempt, since then, failed.
pub async fn count_failing(db: &impl ConnectionTrait, delivery: &Delivery, since: DateTime<Utc>) -> Result<u64> {
    let failing = [Status::Retrying, Status::Failed].map(Status::as_str);
    let count = Entity::find()
        .filter(Column::WebhookId.eq(delivery.webhook_id))
        .filter(Column::Status.is_in(failing))
        .filter(Column::AttemptedAt.gte(since))
        .filter(Column::Id.ne(delivery.id))
        .count(db)
        .await?;
    Ok(count)
}

/// Whether deliveries of the webhook wait for a job that has ended: called off, or lost with its worker.
pub async fn has_orphans(db: &impl ConnectionTrait, webhook: Uuid) -> Result<bool> {
    let orphans = open_of(webhook).filter(Column::JobId.not_in_subquery(unfinished_jobs()));
    let one: Option<Uuid> = orphans.select_only().column(Column::Id).into_tuple().one(db).await?;
    Ok(one.is_some())
}

/// Ends them.
pub async fn end_orphans(tx: &Tx, webhook: Uuid, reason: &str, at: DateTime<Utc>) -> Result<()> {
    let open = Status::ALL.into_iter().filter(|status| !status.is_finished()).map(Status::as_str);
    let ended = ActiveModel {
        status: Set(Status::Failed.as_str().to_owned()),
        error: Set(Some(reason.to_owned())),
        finished_at: Set(Some(at)),
        ..Default::default()
    };
    Entity::update_many()
        .set(ended)
        .filter(Column::WebhookId.eq(webhook))
        .filter(Column::Status.is_in(open))
        .filter(Column::JobId.not_in_subquery(unfinished_jobs()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Deletes what has left the log of a webhook: finished deliveries that are too old or too many.
pub async fn prune(tx: &Tx, webhook: Uuid, before: DateTime<Utc>) -> Result<()> {
    let oldest_kept: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::WebhookId.eq(webhook))
        .order_by_desc(Column::Id)
        .offset(KEPT - 1)
        .limit(1)
        .into_tuple()
        .one(tx)
        .await?;
    let mut surplus = Condition::any().add(Column::CreatedAt.lt(before));
    if let Some(id) = oldest_kept {
        surplus = surplus.add(Column::Id.lt(id));
    }
    let finished = Status::ALL.into_iter().filter(|status| status.is_finished()).map(Status::as_str);
    Entity::delete_many()
        .filter(Column::WebhookId.eq(webhook))
        .filter(Column::Status.is_in(finished))
        .filter(surplus)
        .exec(tx)
        .await?;
    Ok(())
}
