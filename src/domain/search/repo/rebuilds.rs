//! How far a rebuilding of the index has come.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{ExprTrait, SelectStatement};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::super::document::Kind;
use crate::db::{Db, Tx};
use crate::entity::tenant::job;
use crate::entity::tenant::search_rebuild::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::jobs::Status;

/// The kind of job of which each rebuilding is one.
pub const JOB: &str = "search.reindex";

pub async fn find(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(tx).await?)
}

/// The latest of a kind that is finished or goes on. One whose job was called off, or given up, has ended.
pub async fn latest(db: &Db, kind: Kind) -> Result<Option<Model>> {
    let live = Column::FinishedAt.is_not_null().or(Column::Id.in_subquery(unfinished_jobs()));
    let rows = Entity::find().filter(Column::Kind.eq(kind.as_str())).filter(live);
    Ok(rows.order_by_desc(Column::StartedAt).one(db).await?)
}

fn unfinished_jobs() -> SelectStatement {
    let unfinished = Status::UNFINISHED.map(Status::as_str);
    job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Status.is_in(unfinished))
        .filter(job::Column::TaskType.eq(JOB))
        .into_query()
}

/// Begins one; those of its kind that are finished or whose job has ended are forgotten.
pub async fn insert(tx: &Tx, rebuild: &Model) -> Result<()> {
    let over = Column::FinishedAt.is_not_null().or(Column::Id.not_in_subquery(unfinished_jobs()));
    Entity::delete_many().filter(Column::Kind.eq(rebuild.kind.as_str())).filter(over).exec(tx).await?;
    Entity::insert(ActiveModel::from(rebuild.clone())).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn advance(tx: &Tx, id: Uuid, after: Uuid, indexed: i64) -> Result<()> {
    let changed = ActiveModel { after_id: Set(Some(after)), indexed: Set(indexed), ..Default::default() };
    Entity::update_many().set(changed).filter(Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}

pub async fn finish(tx: &Tx, id: Uuid, at: DateTime<Utc>) -> Result<()> {
    let changed = ActiveModel { finished_at: Set(Some(at)), ..Default::default() };
    Entity::update_many().set(changed).filter(Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}
