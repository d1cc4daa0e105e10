//! Rows of effectivities.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::super::effectivity::{Effectivity, EffectivityKind};
use super::versions::object;
use crate::db::Tx;
use crate::entity::tenant::effectivity::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::types::PageRequest;

/// Enough ids for one statement.
const IDS_PER_QUERY: usize = 1000;

impl From<Model> for Effectivity {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            item_id: row.item_id,
            version_id: row.version_id,
            kind: row.effectivity_type,
            start: row.start_date,
            end: row.end_date,
            // Written as an object always.
            payload: object(row.payload).unwrap_or_default(),
            created_at: row.created_at,
            created_by_id: row.created_by_id,
        }
    }
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Effectivity>> {
    Ok(Entity::find_by_id(id).one(db).await?.map(Effectivity::from))
}

/// Those of an item or of a version.
fn of_either(item: Option<Uuid>, version: Option<Uuid>) -> sea_orm::Select<Entity> {
    match (item, version) {
        (Some(item), _) => Entity::find().filter(Column::ItemId.eq(item)),
        (None, version) => Entity::find().filter(Column::VersionId.eq(version)),
    }
}

pub async fn count(tx: &Tx, item: Option<Uuid>, version: Option<Uuid>) -> Result<u64> {
    Ok(of_either(item, version).count(tx).await?)
}

pub async fn of(
    db: &impl ConnectionTrait,
    item: Option<Uuid>,
    version: Option<Uuid>,
    page: PageRequest,
) -> Result<Vec<Effectivity>> {
    let rows = of_either(item, version).order_by_asc(Column::CreatedAt).order_by_asc(Column::Id);
    let rows = rows.offset(page.offset).limit(page.limit).all(db).await?;
    Ok(rows.into_iter().map(Effectivity::from).collect())
}

/// The date effectivities of versions, by version.
pub async fn dates_of_versions(
    db: &impl ConnectionTrait,
    versions: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Effectivity>>> {
    let mut found: HashMap<Uuid, Vec<Effectivity>> = HashMap::new();
    for some in versions.chunks(IDS_PER_QUERY) {
        let rows = Entity::find().filter(Column::VersionId.is_in(some.iter().copied()));
        let rows = rows.filter(Column::EffectivityType.eq(EffectivityKind::Date.as_str())).all(db).await?;
        for row in rows {
            let Some(version) = row.version_id else { continue };
            found.entry(version).or_default().push(row.into());
        }
    }
    Ok(found)
}

pub async fn insert(tx: &Tx, effectivity: &Effectivity) -> Result<()> {
    let row = ActiveModel {
        id: Set(effectivity.id),
        item_id: Set(effectivity.item_id),
        version_id: Set(effectivity.version_id),
        effectivity_type: Set(effectivity.kind.clone()),
        start_date: Set(effectivity.start),
        end_date: Set(effectivity.end),
        payload: Set(Value::Object(effectivity.payload.clone())),
        created_at: Set(effectivity.created_at),
        created_by_id: Set(effectivity.created_by_id),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn set_dates(tx: &Tx, effectivity: &Effectivity) -> Result<()> {
    let changed =
        ActiveModel { start_date: Set(effectivity.start), end_date: Set(effectivity.end), ..Default::default() };
    Entity::update_many().set(changed).filter(Column::Id.eq(effectivity.id)).exec(tx).await?;
    Ok(())
}

pub async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
