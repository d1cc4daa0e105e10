//! SQL of permission sets.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryOrder};

use super::model::Entry;
use crate::db::Tx;
use crate::entity::tenant::{permission, permission_entry};
use crate::error::Result;

pub(super) async fn set_ids(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    let rows = permission::Entity::find().order_by_asc(permission::Column::Id).all(db).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

pub(super) async fn entries(db: &impl ConnectionTrait) -> Result<Vec<Entry>> {
    let rows = permission_entry::Entity::find().all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| Entry {
            permission_id: row.permission_id,
            identity_id: row.identity_id,
            create: row.can_create,
            get: row.can_get,
            update: row.can_update,
            delete: row.can_delete,
            discover: row.can_discover,
        })
        .collect())
}

pub(super) async fn insert_set(tx: &Tx, id: &str, name: &str) -> Result<()> {
    let row = permission::ActiveModel { id: Set(id.to_owned()), name: Set(name.to_owned()) };
    permission::Entity::insert(row)
        .on_conflict(OnConflict::column(permission::Column::Id).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

pub(super) async fn insert_entry(tx: &Tx, entry: &Entry) -> Result<()> {
    let row = permission_entry::ActiveModel {
        id: Set(format!("{}:{}", entry.permission_id, entry.identity_id)),
        permission_id: Set(entry.permission_id.clone()),
        identity_id: Set(entry.identity_id.clone()),
        can_create: Set(entry.create),
        can_get: Set(entry.get),
        can_update: Set(entry.update),
        can_delete: Set(entry.delete),
        can_discover: Set(entry.discover),
    };
    permission_entry::Entity::insert(row)
        .on_conflict(OnConflict::column(permission_entry::Column::Id).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(())
}
