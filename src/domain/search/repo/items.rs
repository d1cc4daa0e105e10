//! Items as the index reads them.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::db::{Db, Tx};
use crate::domain::meta::Item;
use crate::entity::tenant::item::{Column, Entity};
use crate::entity::tenant::item_type;
use crate::error::Result;

pub async fn by_ids(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Item>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find().filter(Column::Id.is_in(ids.iter().copied())).all(db).await?;
    Ok(rows.into_iter().map(Item::from).collect())
}

pub async fn page(tx: &Tx, kind: Option<&str>, after: Option<Uuid>, most: u64) -> Result<Vec<Item>> {
    let mut query = Entity::find().order_by_asc(Column::Id).limit(most);
    if let Some(kind) = kind {
        query = query.filter(Column::ItemTypeId.eq(kind));
    }
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    Ok(query.all(tx).await?.into_iter().map(Item::from).collect())
}

pub async fn count(db: &Db, kind: Option<&str>) -> Result<u64> {
    let mut query = Entity::find();
    if let Some(kind) = kind {
        query = query.filter(Column::ItemTypeId.eq(kind));
    }
    Ok(query.count(db).await?)
}

/// The property that numbers the items of each type that has one.
pub async fn number_properties(tx: &Tx) -> Result<HashMap<String, String>> {
    let rows = item_type::Entity::find()
        .select_only()
        .columns([item_type::Column::Id, item_type::Column::NumberProperty])
        .filter(item_type::Column::NumberProperty.is_not_null());
    Ok(rows.into_tuple::<(String, String)>().all(tx).await?.into_iter().collect())
}
