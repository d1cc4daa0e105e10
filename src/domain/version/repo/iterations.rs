//! Rows of iterations.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::super::iterations::Iteration;
use super::versions::object;
use crate::db::Tx;
use crate::entity::tenant::item_version;
use crate::entity::tenant::version_iteration::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::types::PageRequest;

impl From<Model> for Iteration {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            version_id: row.version_id,
            number: row.iteration_number,
            label: row.iteration_label,
            source_type: row.source_type,
            description: row.description,
            // Written as an object always.
            properties: object(row.properties).unwrap_or_default(),
            lines: row.lines,
            created_by_id: row.created_by_id,
            created_at: row.created_at,
        }
    }
}

pub async fn insert(tx: &Tx, iteration: &Iteration) -> Result<()> {
    let row = ActiveModel {
        id: Set(iteration.id),
        version_id: Set(iteration.version_id),
        iteration_number: Set(iteration.number),
        iteration_label: Set(iteration.label.clone()),
        source_type: Set(iteration.source_type.clone()),
        description: Set(iteration.description.clone()),
        properties: Set(Value::Object(iteration.properties.clone())),
        lines: Set(iteration.lines.clone()),
        created_by_id: Set(iteration.created_by_id),
        created_at: Set(iteration.created_at),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The next number of a version, whose item is locked.
pub async fn next_number(tx: &Tx, version: Uuid) -> Result<i32> {
    let rows = item_version::Entity::update_many().filter(item_version::Column::Id.eq(version));
    let next = Expr::col(item_version::Column::LastIteration).add(1);
    rows.col_expr(item_version::Column::LastIteration, next).exec(tx).await?;
    let row = item_version::Entity::find_by_id(version).select_only().column(item_version::Column::LastIteration);
    Ok(row.into_tuple::<i32>().one(tx).await?.unwrap_or(1))
}

fn numbered(version: Uuid) -> sea_orm::Select<Entity> {
    Entity::find().filter(Column::VersionId.eq(version)).filter(Column::IterationNumber.gt(0))
}

pub async fn count(tx: &Tx, version: Uuid) -> Result<u64> {
    Ok(numbered(version).count(tx).await?)
}

pub async fn of_version(db: &impl ConnectionTrait, version: Uuid, page: PageRequest) -> Result<Vec<Iteration>> {
    let rows = numbered(version).order_by_asc(Column::IterationNumber).offset(page.offset).limit(page.limit);
    Ok(rows.all(db).await?.into_iter().map(Iteration::from).collect())
}

pub async fn latest(db: &impl ConnectionTrait, version: Uuid) -> Result<Option<Iteration>> {
    let rows = numbered(version).order_by_desc(Column::IterationNumber).limit(1);
    Ok(rows.one(db).await?.map(Iteration::from))
}

/// What a branch began as.
pub async fn start_of(db: &impl ConnectionTrait, version: Uuid) -> Result<Option<Iteration>> {
    let row = Entity::find().filter(Column::VersionId.eq(version)).filter(Column::IterationNumber.eq(0));
    Ok(row.one(db).await?.map(Iteration::from))
}

/// Forgets what a branch began as: it gets another beginning.
pub async fn remove_start_of(tx: &Tx, version: Uuid) -> Result<()> {
    let of_version = Entity::delete_many().filter(Column::VersionId.eq(version));
    of_version.filter(Column::IterationNumber.eq(0)).exec(tx).await?;
    Ok(())
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Iteration>> {
    Ok(Entity::find_by_id(id).one(db).await?.map(Iteration::from))
}

pub async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
