//! How far a rebuilding of the index has come.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::super::document::Kind;
use crate::db::{Db, Tx};
use crate::entity::tenant::search_rebuild::{ActiveModel, Column, Entity, Model};
use crate::error::Result;

pub async fn find(tx: &Tx, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(id).one(tx).await?)
}

/// The latest of a kind.
pub async fn latest(db: &Db, kind: Kind) -> Result<Option<Model>> {
    let rows = Entity::find().filter(Column::Kind.eq(kind.as_str()));
    Ok(rows.order_by_desc(Column::StartedAt).one(db).await?)
}

/// Begins one; finished ones of its kind are forgotten.
pub async fn insert(tx: &Tx, rebuild: &Model) -> Result<()> {
    Entity::delete_many()
        .filter(Column::Kind.eq(rebuild.kind.as_str()))
        .filter(Column::FinishedAt.is_not_null())
        .exec(tx)
        .await?;
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
