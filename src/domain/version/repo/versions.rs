//! Rows of versions and their history.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::super::model::{Happening, Lock, LockContext, Version};
use super::lines::IDS_PER_QUERY;
use crate::db::Tx;
use crate::domain::meta::Values;
use crate::entity::tenant::{item_version, version_event};
use crate::error::Result;
use crate::types::PageRequest;

pub(super) fn object(value: Value) -> Option<Values> {
    match value {
        Value::Object(values) => Some(values),
        _ => None,
    }
}

impl From<item_version::Model> for Version {
    fn from(row: item_version::Model) -> Self {
        let context = LockContext {
            client_host: row.checkout_client_host,
            workspace_path: row.checkout_workspace_path,
            client_info: row.checkout_client_info.and_then(object),
        };
        let (by, by_name) = (row.checked_out_by_id, row.checked_out_by_name);
        Self {
            id: row.id,
            item_id: row.item_id,
            generation: row.generation,
            revision: row.revision,
            label: row.version_label,
            state: row.state,
            state_id: row.state_id,
            is_current: row.is_current,
            is_released: row.is_released,
            is_superseded: row.is_superseded,
            branch_name: row.branch_name,
            predecessor_id: row.predecessor_id,
            branched_from_id: row.branched_from_id,
            merged_into_id: row.merged_into_id,
            merged_at: row.merged_at,
            // Written as an object always.
            properties: object(row.properties).unwrap_or_default(),
            description: row.description,
            lock: row.checked_out_at.map(|since| Lock { by, by_name, since, context }),
            created_by_id: row.created_by_id,
            created_at: row.created_at,
            released_by_id: row.released_by_id,
            released_at: row.released_at,
        }
    }
}

impl From<version_event::Model> for Happening {
    fn from(row: version_event::Model) -> Self {
        Self {
            id: row.id,
            version_id: row.version_id,
            action: row.action,
            comment: row.comment,
            changes: row.changes,
            user_id: row.user_id,
            created_at: row.created_at,
        }
    }
}

pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Version>> {
    Ok(item_version::Entity::find_by_id(id).one(db).await?.map(Version::from))
}

/// The revisions that versions are, by their ids.
pub async fn revisions(db: &impl ConnectionTrait, versions: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    let mut found = HashMap::new();
    for some in versions.chunks(IDS_PER_QUERY) {
        let rows = item_version::Entity::find()
            .select_only()
            .columns([item_version::Column::Id, item_version::Column::Revision])
            .filter(item_version::Column::Id.is_in(some.iter().copied()));
        found.extend(rows.into_tuple::<(Uuid, String)>().all(db).await?);
    }
    Ok(found)
}

pub async fn of_item(db: &impl ConnectionTrait, item: Uuid, page: PageRequest) -> Result<Vec<Version>> {
    let rows = item_version::Entity::find()
        .filter(item_version::Column::ItemId.eq(item))
        .order_by_asc(item_version::Column::Id)
        .offset(page.offset)
        .limit(page.limit);
    Ok(rows.all(db).await?.into_iter().map(Version::from).collect())
}

/// The released versions of an item, and the current one.
pub async fn released_or_current(db: &impl ConnectionTrait, item: Uuid) -> Result<Vec<Version>> {
    let either = Condition::any();
    let either = either.add(item_version::Column::IsReleased.eq(true)).add(item_version::Column::IsCurrent.eq(true));
    let rows = item_version::Entity::find().filter(item_version::Column::ItemId.eq(item)).filter(either);
    Ok(rows.all(db).await?.into_iter().map(Version::from).collect())
}

pub async fn any_checked_out(db: &impl ConnectionTrait, item: Uuid) -> Result<bool> {
    let rows = item_version::Entity::find().select_only().column(item_version::Column::Id);
    let rows = rows.filter(item_version::Column::ItemId.eq(item));
    let held = rows.filter(item_version::Column::CheckedOutAt.is_not_null()).limit(1);
    Ok(held.into_tuple::<Uuid>().one(db).await?.is_some())
}

pub async fn history(db: &impl ConnectionTrait, item: Uuid, page: PageRequest) -> Result<Vec<Happening>> {
    let newest_first = version_event::Entity::find()
        .filter(version_event::Column::ItemId.eq(item))
        .order_by_desc(version_event::Column::CreatedAt)
        .order_by_desc(version_event::Column::Id)
        .offset(page.offset)
        .limit(page.limit);
    Ok(newest_first.all(db).await?.into_iter().map(Happening::from).collect())
}

fn locked(lock: Option<&Lock>) -> item_version::ActiveModel {
    let context = lock.map(|lock| lock.context.clone()).unwrap_or_default();
    item_version::ActiveModel {
        checked_out_by_id: Set(lock.and_then(|lock| lock.by)),
        checked_out_by_name: Set(lock.and_then(|lock| lock.by_name.clone())),
        checked_out_at: Set(lock.map(|lock| lock.since)),
        checkout_client_host: Set(context.client_host),
        checkout_workspace_path: Set(context.workspace_path),
        checkout_client_info: Set(context.client_info.map(Value::Object)),
        ..Default::default()
    }
}

async fn change(tx: &Tx, id: Uuid, changed: item_version::ActiveModel) -> Result<()> {
    item_version::Entity::update_many().set(changed).filter(item_version::Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}

/// Stores who has a version checked out, or that nobody has.
pub async fn set_lock(tx: &Tx, id: Uuid, lock: Option<&Lock>) -> Result<()> {
    change(tx, id, locked(lock)).await
}

/// The same, with what the version is like.
pub async fn set_down(tx: &Tx, version: &Version) -> Result<()> {
    let changed = item_version::ActiveModel {
        state: Set(version.state.clone()),
        state_id: Set(version.state_id),
        properties: Set(Value::Object(version.properties.clone())),
        ..locked(version.lock.as_ref())
    };
    change(tx, version.id, changed).await
}
