//! Rows of items.

use std::collections::BTreeSet;

use sea_orm::sea_query::{LikeExpr, LockType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult,
    QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::super::item::Item;
use super::super::values::Values;
use super::graph;
use crate::db::{Sql, Tx};
use crate::entity::tenant::item;
use crate::error::Result;

impl From<item::Model> for Item {
    fn from(row: item::Model) -> Self {
        Self {
            id: row.id,
            item_type: row.item_type_id,
            config_id: row.config_id,
            generation: row.generation,
            is_current: row.is_current,
            state: row.state,
            current_state: row.current_state,
            current_version_id: row.current_version_id,
            unique_key: row.unique_key,
            source_id: row.source_id,
            related_id: row.related_id,
            // Written by this module alone, always an object.
            properties: match row.properties {
                Value::Object(properties) => properties,
                _ => Values::new(),
            },
            permission_id: row.permission_id,
            owner_id: row.owner_id,
            created_by_id: row.created_by_id,
            created_on: row.created_on,
            modified_by_id: row.modified_by_id,
            modified_on: row.modified_on,
            change_count: row.change_count,
        }
    }
}

fn row(item: &Item) -> item::Model {
    item::Model {
        id: item.id,
        item_type_id: item.item_type.clone(),
        config_id: item.config_id,
        generation: item.generation,
        is_current: item.is_current,
        state: item.state.clone(),
        current_state: item.current_state,
        current_version_id: item.current_version_id,
        unique_key: item.unique_key.clone(),
        source_id: item.source_id,
        related_id: item.related_id,
        properties: Value::Object(item.properties.clone()),
        permission_id: item.permission_id.clone(),
        owner_id: item.owner_id,
        created_by_id: item.created_by_id,
        created_on: item.created_on,
        modified_by_id: item.modified_by_id,
        modified_on: item.modified_on,
        change_count: item.change_count,
    }
}

pub async fn insert(tx: &Tx, item: &Item) -> Result<()> {
    item::Entity::insert(item::ActiveModel::from(row(item))).exec_without_returning(tx).await?;
    Ok(())
}

/// Stores many at once; more than a few hundred are for several calls.
pub async fn insert_many(tx: &Tx, items: &[&Item]) -> Result<()> {
    let rows = items.iter().map(|item| item::ActiveModel::from(row(item)));
    item::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

/// Stores what may change of an item, counts the change, and answers with the item as it is then.
pub async fn update(tx: &Tx, item: Item) -> Result<Item> {
    use sea_orm::ActiveValue::Set;
    let item = Item { change_count: item.change_count + 1, ..item };
    let changed = item::ActiveModel {
        id: Set(item.id),
        state: Set(item.state.clone()),
        current_state: Set(item.current_state),
        unique_key: Set(item.unique_key.clone()),
        properties: Set(Value::Object(item.properties.clone())),
        modified_by_id: Set(item.modified_by_id),
        modified_on: Set(item.modified_on),
        change_count: Set(item.change_count),
        ..Default::default()
    };
    item::Entity::update_many().set(changed).filter(item::Column::Id.eq(item.id)).exec(tx).await?;
    Ok(item)
}

/// Stores to what a line leads and what follows from that, counts the change, and answers with the line as it is then.
pub async fn retarget(tx: &Tx, line: Item) -> Result<Item> {
    use sea_orm::ActiveValue::Set;
    let line = update(tx, line).await?;
    let changed = item::ActiveModel { related_id: Set(line.related_id), ..Default::default() };
    item::Entity::update_many().set(changed).filter(item::Column::Id.eq(line.id)).exec(tx).await?;
    Ok(line)
}

/// Deletes a row; says whether it was there.
pub async fn delete(tx: &Tx, id: Uuid) -> Result<bool> {
    Ok(item::Entity::delete_by_id(id).exec(tx).await?.rows_affected > 0)
}

/// Deletes an item with the lines that hang on it.
pub async fn delete_with_lines(tx: &Tx, id: Uuid) -> Result<()> {
    let all = Condition::any().add(item::Column::Id.eq(id)).add(item::Column::SourceId.eq(id));
    item::Entity::delete_many().filter(all).exec(tx).await?;
    Ok(())
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Item>> {
    Ok(item::Entity::find_by_id(id).one(db).await?.map(Item::from))
}

/// The same, with the revision of the model at which it was read.
pub async fn find_with_revision(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<(Item, i64)>> {
    let mut sql = Sql::new(format!("SELECT i.*, {MODEL_REVISION} FROM items i WHERE i.id = "));
    sql.bind(id);
    let Some(row) = db.query_one_raw(sql.statement(db)).await? else { return Ok(None) };
    Ok(Some((item::Model::from_query_result(&row, "")?.into(), revision_of(&row)?)))
}

/// The item of a type that bears a number, in the same way.
pub async fn by_key_with_revision(db: &impl ConnectionTrait, kind: &str, key: &str) -> Result<Option<(Item, i64)>> {
    let mut sql = Sql::new(format!("SELECT i.*, {MODEL_REVISION} FROM items i WHERE i.item_type_id = "));
    sql.bind(kind).push(" AND i.unique_key = ").bind(key);
    let Some(row) = db.query_one_raw(sql.statement(db)).await? else { return Ok(None) };
    Ok(Some((item::Model::from_query_result(&row, "")?.into(), revision_of(&row)?)))
}

/// Selects the revision of the model beside each row: no row is read under another model than it says.
pub(super) const MODEL_REVISION: &str =
    "COALESCE((SELECT value FROM model_revision WHERE id = 1), 0) AS model_revision";

pub(super) fn revision_of(row: &QueryResult) -> Result<i64> {
    Ok(row.try_get("", "model_revision")?)
}

/// The same, locked until the transaction ends (SQLite's transaction is alone already). The key itself never changes, so
/// lines that refer to the item can be added meanwhile.
pub async fn find_locked(tx: &Tx, id: Uuid) -> Result<Option<Item>> {
    Ok(item::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(tx).await?.map(Item::from))
}

/// Locks items as [`find_locked`] does, with what they hang on, in the one order in which everybody locks: what hangs on
/// another after it, and by their ids. Answers with the ids in that order.
pub async fn lock_with_sources(tx: &Tx, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let all: Vec<(usize, Uuid)> = graph::with_sources(tx, ids).await?.into_iter().collect();
    for level in all.chunk_by(|one, other| one.0 == other.0) {
        for some in level.chunks(KEYS_PER_QUERY) {
            let some = item::Column::Id.is_in(some.iter().map(|(_, id)| *id));
            let query = item::Entity::find().filter(some).order_by_asc(item::Column::Id).select_only();
            query.column(item::Column::Id).lock(LockType::NoKeyUpdate).into_tuple::<Uuid>().all(tx).await?;
        }
    }
    Ok(all.into_iter().map(|(_, id)| id).collect())
}

/// Locked so that nobody comes to refer to it until the transaction ends.
pub async fn lock_to_delete(tx: &Tx, id: Uuid) -> Result<()> {
    item::Entity::find_by_id(id).lock(LockType::Update).one(tx).await?;
    Ok(())
}

/// The lines that hang on an item, locked in the same way.
pub async fn lines_to_delete(tx: &Tx, source: Uuid) -> Result<Vec<Item>> {
    let lines = item::Entity::find().filter(item::Column::SourceId.eq(source)).order_by_asc(item::Column::Id);
    Ok(lines.lock(LockType::Update).all(tx).await?.into_iter().map(Item::from).collect())
}

/// Stores whose an item is and which set it has of its own, counts the change, and answers with the item as it is then.
pub async fn set_access(tx: &Tx, item: Item) -> Result<Item> {
    use sea_orm::ActiveValue::Set;
    let item = Item { change_count: item.change_count + 1, ..item };
    let changed = item::ActiveModel {
        permission_id: Set(item.permission_id.clone()),
        owner_id: Set(item.owner_id),
        change_count: Set(item.change_count),
        ..Default::default()
    };
    item::Entity::update_many().set(changed).filter(item::Column::Id.eq(item.id)).exec(tx).await?;
    Ok(item)
}

pub async fn by_key(db: &impl ConnectionTrait, kind: &str, key: &str) -> Result<Option<Item>> {
    let found = item::Entity::find()
        .filter(item::Column::ItemTypeId.eq(kind))
        .filter(item::Column::UniqueKey.eq(key))
        .one(db)
        .await?;
    Ok(found.map(Item::from))
}

/// All of them, for tests.
#[cfg(test)]
pub async fn every(db: &impl ConnectionTrait) -> Result<Vec<Item>> {
    Ok(item::Entity::find().order_by_asc(item::Column::Id).all(db).await?.into_iter().map(Item::from).collect())
}

/// SQLite and PostgreSQL take tens of thousands of parameters; a thousand keeps a statement readable in a log.
const KEYS_PER_QUERY: usize = 1000;

pub async fn by_keys(db: &impl ConnectionTrait, kind: &str, keys: &[String]) -> Result<Vec<Item>> {
    let mut found = Vec::new();
    for some in keys.chunks(KEYS_PER_QUERY) {
        let rows = item::Entity::find()
            .filter(item::Column::ItemTypeId.eq(kind))
            .filter(item::Column::UniqueKey.is_in(some.iter().cloned()))
            .all(db)
            .await?;
        found.extend(rows.into_iter().map(Item::from));
    }
    Ok(found)
}

/// The items of these ids, in no order.
pub async fn by_ids(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Item>> {
    let mut found = Vec::new();
    for some in ids.chunks(KEYS_PER_QUERY) {
        let rows = item::Entity::find().filter(item::Column::Id.is_in(some.iter().copied())).all(db).await?;
        found.extend(rows.into_iter().map(Item::from));
    }
    Ok(found)
}

pub async fn by_key_prefix(db: &impl ConnectionTrait, kind: &str, prefix: &str) -> Result<Vec<Item>> {
    // The prefix is a user's text: its % and _ are characters, not patterns.
    let escaped = prefix.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let pattern = LikeExpr::new(format!("{escaped}%")).escape('\\');
    let rows = item::Entity::find()
        .filter(item::Column::ItemTypeId.eq(kind))
        .filter(item::Column::UniqueKey.like(pattern))
        .order_by_asc(item::Column::UniqueKey)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Item::from).collect())
}

pub async fn key_exists(tx: &Tx, kind: &str, key: &str) -> Result<bool> {
    Ok(by_key(tx, kind, key).await?.is_some())
}

/// The sources and related items of those that have any.
pub async fn ends_of(db: &impl ConnectionTrait, items: &[Item]) -> Result<Vec<Item>> {
    let ids: BTreeSet<Uuid> = items.iter().flat_map(|item| item.source_id.into_iter().chain(item.related_id)).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    by_ids(db, &ids).await
}

/// The lines that hang on an item.
pub async fn lines_of(tx: &Tx, source: Uuid) -> Result<Vec<Item>> {
    let rows =
        item::Entity::find().filter(item::Column::SourceId.eq(source)).order_by_asc(item::Column::Id).all(tx).await?;
    Ok(rows.into_iter().map(Item::from).collect())
}
