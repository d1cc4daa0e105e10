//! Items as a change of the model meets them: all of one type, page by page.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use super::super::item::Item;
use crate::db::Tx;
use crate::entity::tenant::item;
use crate::error::Result;

const PAGE: u64 = 500;

/// The next items of a type in the order of their ids; none after the last.
pub async fn page(tx: &Tx, kind: &str, after: Option<Uuid>) -> Result<Vec<Item>> {
    let mut query = item::Entity::find().filter(item::Column::ItemTypeId.eq(kind));
    if let Some(after) = after {
        query = query.filter(item::Column::Id.gt(after));
    }
    let rows = query.order_by_asc(item::Column::Id).limit(PAGE).all(tx).await?;
    Ok(rows.into_iter().map(Item::from).collect())
}

pub async fn any(db: &impl ConnectionTrait, kind: &str) -> Result<bool> {
    let found = item::Entity::find().select_only().column(item::Column::Id);
    let found = found.filter(item::Column::ItemTypeId.eq(kind)).limit(1);
    Ok(found.into_tuple::<Uuid>().one(db).await?.is_some())
}

/// Stores the properties of an item that a change of the model rewrote, and counts the change: who has seen the former ones
/// is told.
pub async fn rewrite(tx: &Tx, item: &Item) -> Result<()> {
    let changed = item::ActiveModel {
        properties: Set(Value::Object(item.properties.clone())),
        modified_by_id: Set(item.modified_by_id),
        modified_on: Set(item.modified_on),
        change_count: Set(item.change_count + 1),
        ..Default::default()
    };
    item::Entity::update_many().set(changed).filter(item::Column::Id.eq(item.id)).exec(tx).await?;
    Ok(())
}

/// The items of these ids, kept from being deleted until the transaction ends.
pub async fn referred(tx: &Tx, ids: &[Uuid]) -> Result<Vec<Item>> {
    use sea_orm::sea_query::LockType;
    let mut found = Vec::new();
    for some in ids.chunks(1000) {
        let query = item::Entity::find().filter(item::Column::Id.is_in(some.iter().copied()));
        // In one order, so that two who refer to the same items do not wait for each other.
        let rows = query.order_by_asc(item::Column::Id).lock(LockType::KeyShare).all(tx).await?;
        found.extend(rows.into_iter().map(Item::from));
    }
    Ok(found)
}
