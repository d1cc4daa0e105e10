//! Rows of the outbox.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};
use uuid::Uuid;

use crate::db::Tx;
use crate::entity::tenant::outbox_event::{Column, Entity, Model};
use crate::error::Result;

/// The oldest undelivered events, without those of a subject that waits to be tried again.
pub async fn due(tx: &Tx, now: DateTime<Utc>, limit: u64) -> Result<Vec<Model>> {
    let waiting = Entity::find()
        .select_only()
        .column(Column::Subject)
        .filter(Column::DeliveredAt.is_null())
        .filter(Column::ScheduledAt.gt(now));
    let rows = Entity::find()
        .filter(Column::DeliveredAt.is_null())
        .filter(Column::ScheduledAt.lte(now))
        .filter(Column::Subject.not_in_subquery(waiting.into_query()))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(tx)
        .await?;
    Ok(rows)
}

pub async fn mark_delivered(tx: &Tx, ids: &[Uuid], at: DateTime<Utc>) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::DeliveredAt, Expr::value(at))
        .filter(Column::Id.is_in(ids.iter().copied()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Records a failed delivery and when to try again.
pub async fn put_off(tx: &Tx, event: &Model, until: DateTime<Utc>, error: &str) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::ScheduledAt, Expr::value(until))
        .col_expr(Column::AttemptCount, Expr::value(event.attempt_count.saturating_add(1)))
        .col_expr(Column::LastError, Expr::value(error))
        .filter(Column::Id.eq(event.id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Deletes up to `limit` events that were delivered before `before`.
pub async fn delete_delivered(tx: &Tx, before: DateTime<Utc>, limit: u64) -> Result<u64> {
    let done = Entity::delete_many().filter(Column::Id.in_subquery(old(before, limit).into_query())).exec(tx).await?;
    Ok(done.rows_affected)
}

pub async fn has_delivered(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<bool> {
    Ok(old(before, 1).into_tuple::<Uuid>().one(db).await?.is_some())
}

fn old(before: DateTime<Utc>, limit: u64) -> Select<Entity> {
    Entity::find().select_only().column(Column::Id).filter(Column::DeliveredAt.lt(before)).limit(limit)
}
