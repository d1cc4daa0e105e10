//! Rows of versions, as far as items depend on them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use super::super::item::Item;
use super::super::versions::{CheckOut, VersionEvent};
use crate::db::Tx;
use crate::domain::audit::new_id;
use crate::entity::tenant::{item, item_version, version_event, version_file};
use crate::error::Result;
use crate::types::UserId;

/// Enough ids for one statement.
const IDS_PER_QUERY: usize = 1000;

/// When something was released, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Release {
    pub by: Option<UserId>,
    pub at: DateTime<Utc>,
}

/// Stores the first version of an item and makes it the current one.
pub async fn insert_first(
    tx: &Tx,
    item: &Item,
    (id, revision, label): (Uuid, &str, &str),
    release: Option<Release>,
) -> Result<()> {
    let row = item_version::ActiveModel {
        id: Set(id),
        item_id: Set(item.id),
        generation: Set(item.generation),
        revision: Set(revision.to_owned()),
        version_label: Set(label.to_owned()),
        state: Set(item.state.clone()),
        is_current: Set(true),
        is_released: Set(release.is_some()),
        is_superseded: Set(false),
        branch_name: Set("main".to_owned()),
        predecessor_id: Set(None),
        branched_from_id: Set(None),
        properties: Set(Value::Object(item.properties.clone())),
        description: Set(None),
        checked_out_by_id: Set(None),
        checked_out_by_name: Set(None),
        checked_out_at: Set(None),
        checkout_client_host: Set(None),
        checkout_workspace_path: Set(None),
        checkout_client_info: Set(None),
        created_by_id: Set(item.created_by_id),
        created_at: Set(item.created_on),
        released_by_id: Set(release.and_then(|release| release.by)),
        released_at: Set(release.map(|release| release.at)),
    };
    item_version::Entity::insert(row).exec_without_returning(tx).await?;
    let current = item::ActiveModel { current_version_id: Set(Some(id)), ..Default::default() };
    item::Entity::update_many().set(current).filter(item::Column::Id.eq(item.id)).exec(tx).await?;
    Ok(())
}

/// Releases a version with its item as it is now; false where it has been released before.
pub async fn release(tx: &Tx, id: Uuid, item: &Item, release: Release) -> Result<bool> {
    let released = item_version::ActiveModel {
        state: Set(item.state.clone()),
        is_released: Set(true),
        properties: Set(Value::Object(item.properties.clone())),
        released_by_id: Set(release.by),
        released_at: Set(Some(release.at)),
        ..Default::default()
    };
    let update = item_version::Entity::update_many().set(released).filter(item_version::Column::Id.eq(id));
    Ok(update.filter(item_version::Column::IsReleased.eq(false)).exec(tx).await?.rows_affected > 0)
}

/// Who has a version checked out.
pub async fn check_out(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<CheckOut>> {
    Ok(item_version::Entity::find_by_id(id).one(db).await?.and_then(held))
}

fn held(row: item_version::Model) -> Option<CheckOut> {
    Some(CheckOut {
        version_id: row.id,
        version_label: row.version_label,
        by: row.checked_out_by_id,
        by_name: row.checked_out_by_name,
        since: row.checked_out_at?,
    })
}

/// The check-outs there are of many versions, by their items.
pub async fn check_outs(db: &impl ConnectionTrait, versions: &[Uuid]) -> Result<HashMap<Uuid, CheckOut>> {
    let mut found = HashMap::new();
    for some in versions.chunks(IDS_PER_QUERY) {
        let rows = item_version::Entity::find().filter(item_version::Column::Id.is_in(some.iter().copied()));
        let rows = rows.filter(item_version::Column::CheckedOutAt.is_not_null()).all(db).await?;
        found.extend(rows.into_iter().filter_map(|row| Some((row.item_id, held(row)?))));
    }
    Ok(found)
}

/// How many files of a version are checked out by themselves.
pub async fn files_checked_out(db: &impl ConnectionTrait, version: Uuid) -> Result<u64> {
    let of_version = version_file::Entity::find().filter(version_file::Column::VersionId.eq(version));
    Ok(of_version.filter(version_file::Column::CheckedOutAt.is_not_null()).count(db).await?)
}

/// The item's current version, read anew and locked until the transaction ends.
pub async fn lock_current(tx: &Tx, item: Uuid) -> Result<Option<Uuid>> {
    let row = item::Entity::find_by_id(item).select_only().column(item::Column::CurrentVersionId);
    let found: Option<Option<Uuid>> = row.lock(LockType::NoKeyUpdate).into_tuple().one(tx).await?;
    Ok(found.flatten())
}

pub async fn insert_event(tx: &Tx, event: VersionEvent, by: Option<UserId>, at: DateTime<Utc>) -> Result<()> {
    let row = version_event::ActiveModel {
        id: Set(new_id()),
        version_id: Set(event.version_id),
        item_id: Set(event.item_id),
        action: Set(event.action.to_owned()),
        comment: Set(event.comment),
        changes: Set(event.changes),
        user_id: Set(by),
        created_at: Set(at),
    };
    version_event::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}
