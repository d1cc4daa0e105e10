//! SQL of permission sets.

use std::collections::HashMap;

use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TryInsertResult,
};

use super::model::Entry;
use super::sets::SetSummary;
use crate::db::{Db, Sql, Tx};
use crate::entity::tenant::{permission, permission_entry};
use crate::error::Result;

impl From<permission_entry::Model> for Entry {
    fn from(row: permission_entry::Model) -> Self {
        Self {
            permission_id: row.permission_id,
            identity_id: row.identity_id,
            create: row.can_create,
            get: row.can_get,
            update: row.can_update,
            delete: row.can_delete,
            discover: row.can_discover,
        }
    }
}

fn row(entry: &Entry) -> permission_entry::ActiveModel {
    permission_entry::ActiveModel {
        id: Set(entry.id()),
        permission_id: Set(entry.permission_id.clone()),
        identity_id: Set(entry.identity_id.clone()),
        can_create: Set(entry.create),
        can_get: Set(entry.get),
        can_update: Set(entry.update),
        can_delete: Set(entry.delete),
        can_discover: Set(entry.discover),
    }
}

pub(super) async fn set_ids(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    let rows = permission::Entity::find().order_by_asc(permission::Column::Id).all(db).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

pub(super) async fn entries(db: &impl ConnectionTrait) -> Result<Vec<Entry>> {
    Ok(permission_entry::Entity::find().all(db).await?.into_iter().map(Entry::from).collect())
}

pub(super) async fn summaries(db: &Db) -> Result<Vec<SetSummary>> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for entry in entries(db).await? {
        *counts.entry(entry.permission_id).or_default() += 1;
    }
    let rows = permission::Entity::find().order_by_asc(permission::Column::Id).all(db).await?;
    let summary = |row: permission::Model| SetSummary {
        access_count: counts.get(&row.id).copied().unwrap_or_default(),
        id: row.id,
        name: row.name,
    };
    Ok(rows.into_iter().map(summary).collect())
}

/// The name of a set.
pub(super) async fn find_set(db: &impl ConnectionTrait, id: &str) -> Result<Option<String>> {
    if id.contains('\0') {
        return Ok(None);
    }
    Ok(permission::Entity::find_by_id(id).one(db).await?.map(|row| row.name))
}

pub(super) async fn find_set_locked(tx: &Tx, id: &str) -> Result<Option<String>> {
    if id.contains('\0') {
        return Ok(None);
    }
    Ok(permission::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(tx).await?.map(|row| row.name))
}

pub(super) async fn entries_of(db: &impl ConnectionTrait, set: &str) -> Result<Vec<Entry>> {
    let rows = permission_entry::Entity::find()
        .filter(permission_entry::Column::PermissionId.eq(set))
        .order_by_asc(permission_entry::Column::IdentityId)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Says whether there was none of this id.
pub(super) async fn insert_set(tx: &Tx, id: &str, name: &str) -> Result<bool> {
    let row = permission::ActiveModel { id: Set(id.to_owned()), name: Set(name.to_owned()) };
    let inserted = permission::Entity::insert(row)
        .on_conflict(OnConflict::column(permission::Column::Id).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0))
}

pub(super) async fn rename_set(tx: &Tx, id: &str, name: &str) -> Result<()> {
    let row = permission::ActiveModel { name: Set(name.to_owned()), ..Default::default() };
    permission::Entity::update_many().set(row).filter(permission::Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}

/// Its entries go with it.
pub(super) async fn delete_set(tx: &Tx, id: &str) -> Result<()> {
    permission::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

/// Says whether the set did not name the identity yet.
pub(super) async fn insert_entry(tx: &Tx, entry: &Entry) -> Result<bool> {
    let inserted = permission_entry::Entity::insert(row(entry))
        .on_conflict(OnConflict::column(permission_entry::Column::Id).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(rows) if rows > 0))
}

pub(super) async fn update_entry(tx: &Tx, entry: &Entry) -> Result<()> {
    permission_entry::Entity::update(row(entry)).exec(tx).await?;
    Ok(())
}

pub(super) async fn delete_entry(tx: &Tx, set: &str, identity: &str) -> Result<()> {
    permission_entry::Entity::delete_many()
        .filter(permission_entry::Column::PermissionId.eq(set))
        .filter(permission_entry::Column::IdentityId.eq(identity))
        .exec(tx)
        .await?;
    Ok(())
}

/// What names a set.
pub(super) struct Usage {
    pub types: Vec<String>,
    /// `lifecycle / state`.
    pub states: Vec<String>,
    pub items: i64,
}

pub(super) async fn usage(tx: &Tx, set: &str) -> Result<Usage> {
    let types = names(tx, "SELECT id AS name FROM item_types WHERE permission_id = ", set).await?;
    let states = "SELECT m.name || ' / ' || s.name AS name FROM lifecycle_states s \
                  JOIN lifecycle_maps m ON m.id = s.map_id WHERE s.permission_id = ";
    let states = names(tx, states, set).await?;
    let mut items = Sql::new("SELECT COUNT(*) AS many FROM items WHERE permission_id = ");
    items.bind(set);
    let row = tx.query_one_raw(items.statement(tx)).await?;
    let items = row.map(|row| row.try_get("", "many")).transpose()?.unwrap_or_default();
    Ok(Usage { types, states, items })
}

async fn names(tx: &Tx, query: &str, set: &str) -> Result<Vec<String>> {
    let mut sql = Sql::new(query);
    sql.bind(set).push(" ORDER BY 1");
    let rows = tx.query_all_raw(sql.statement(tx)).await?;
    rows.iter().map(|row| Ok(row.try_get("", "name")?)).collect()
}
