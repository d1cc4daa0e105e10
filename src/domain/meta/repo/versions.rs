//! Rows of versions, as far as items depend on them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

use super::super::check_outs::CheckOut;
use super::super::item::Item;
use super::super::versions::VersionEvent;
use super::query::IDS_PER_QUERY;
use crate::db::Tx;
use crate::domain::audit::new_id;
use crate::entity::tenant::{file_attachment, item, item_version, version_event, version_file};
use crate::error::Result;
use crate::types::UserId;

/// When something was released, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Release {
    pub by: Option<UserId>,
    pub at: DateTime<Utc>,
}

/// A version that is to be the current one.
pub struct NewVersion<'a> {
    pub id: Uuid,
    pub revision: &'a str,
    pub label: &'a str,
    pub branch: &'a str,
    pub predecessor: Option<Uuid>,
    pub release: Option<Release>,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

/// Stores a version of an item, which is like the item, and makes it the current one in the place of any other.
pub async fn insert_current(tx: &Tx, item: &Item, new: NewVersion<'_>) -> Result<()> {
    let past = item_version::ActiveModel { is_current: Set(false), ..Default::default() };
    let current = item_version::Entity::update_many().set(past).filter(item_version::Column::ItemId.eq(item.id));
    current.filter(item_version::Column::IsCurrent.eq(true)).exec(tx).await?;
    let row = item_version::ActiveModel {
        id: Set(new.id),
        item_id: Set(item.id),
        generation: Set(item.generation),
        revision: Set(new.revision.to_owned()),
        version_label: Set(new.label.to_owned()),
        state: Set(item.state.clone()),
        is_current: Set(true),
        is_released: Set(new.release.is_some()),
        is_superseded: Set(false),
        branch_name: Set(new.branch.to_owned()),
        predecessor_id: Set(new.predecessor),
        branched_from_id: Set(None),
        properties: Set(Value::Object(item.properties.clone())),
        description: Set(None),
        checked_out_by_id: Set(None),
        checked_out_by_name: Set(None),
        checked_out_at: Set(None),
        checkout_client_host: Set(None),
        checkout_workspace_path: Set(None),
        checkout_client_info: Set(None),
        created_by_id: Set(new.created_by_id),
        created_at: Set(new.created_at),
        released_by_id: Set(new.release.and_then(|release| release.by)),
        released_at: Set(new.release.map(|release| release.at)),
        state_id: Set(item.current_state),
        last_iteration: Set(0),
        merged_into_id: Set(None),
        merged_at: Set(None),
    };
    item_version::Entity::insert(row).exec_without_returning(tx).await?;
    let current = item::ActiveModel { current_version_id: Set(Some(new.id)), ..Default::default() };
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
        state_id: Set(item.current_state),
        ..Default::default()
    };
    let update = item_version::Entity::update_many().set(released).filter(item_version::Column::Id.eq(id));
    Ok(update.filter(item_version::Column::IsReleased.eq(false)).exec(tx).await?.rows_affected > 0)
}

/// What stood released on a branch before this version stands behind it now.
pub async fn supersede(tx: &Tx, version: Uuid, item: Uuid, branch: &str) -> Result<()> {
    let superseded = item_version::ActiveModel { is_superseded: Set(true), ..Default::default() };
    item_version::Entity::update_many()
        .set(superseded)
        .filter(item_version::Column::ItemId.eq(item))
        .filter(item_version::Column::BranchName.eq(branch))
        .filter(item_version::Column::IsReleased.eq(true))
        .filter(item_version::Column::IsSuperseded.eq(false))
        .filter(item_version::Column::Id.ne(version))
        .exec(tx)
        .await?;
    Ok(())
}

/// What of a version its item goes by.
#[derive(Debug, Clone)]
pub struct Standing {
    pub id: Uuid,
    pub revision: String,
    pub label: String,
    pub branch: String,
    pub is_released: bool,
    pub released_at: Option<DateTime<Utc>>,
    pub check_out: Option<CheckOut>,
}

pub async fn standing(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Standing>> {
    let row = item_version::Entity::find_by_id(id).one(db).await?;
    Ok(row.map(|row| Standing {
        id: row.id,
        revision: row.revision.clone(),
        label: row.version_label.clone(),
        branch: row.branch_name.clone(),
        is_released: row.is_released,
        released_at: row.released_at,
        check_out: held(row),
    }))
}

/// Those of the items of which a version is released.
pub async fn with_released(db: &impl ConnectionTrait, items: &[Uuid]) -> Result<HashSet<Uuid>> {
    let mut found = HashSet::new();
    for some in items.chunks(IDS_PER_QUERY) {
        let rows = item_version::Entity::find().select_only().column(item_version::Column::ItemId).distinct();
        let rows = rows.filter(item_version::Column::ItemId.is_in(some.iter().copied()));
        let rows = rows.filter(item_version::Column::IsReleased.eq(true));
        found.extend(rows.into_tuple::<Uuid>().all(db).await?);
    }
    Ok(found)
}

/// The revisions that an item has on a branch.
pub async fn revisions(tx: &Tx, item: Uuid, branch: &str) -> Result<Vec<String>> {
    let rows = item_version::Entity::find().select_only().column(item_version::Column::Revision);
    let rows = rows.filter(item_version::Column::ItemId.eq(item)).filter(item_version::Column::BranchName.eq(branch));
    Ok(rows.into_tuple().all(tx).await?)
}

/// Binds what hangs on an item to a version of it, where it is not bound already.
pub async fn bind_attachments(tx: &Tx, version: Uuid, item: Uuid, at: DateTime<Utc>) -> Result<()> {
    let bound = version_file::Entity::find().filter(version_file::Column::VersionId.eq(version)).all(tx).await?;
    let mut known: HashSet<(Uuid, String)> = bound.into_iter().map(|row| (row.file_id, row.file_role)).collect();
    let attached = file_attachment::Entity::find().filter(file_attachment::Column::ItemId.eq(item));
    let attached = attached.order_by_asc(file_attachment::Column::Id).all(tx).await?;
    let missing = attached.into_iter().filter(|row| known.insert((row.file_id, row.file_role.clone())));
    let places = (0..).zip(missing).map(|(sequence, row)| Place {
        file_id: row.file_id,
        file_role: row.file_role,
        sequence,
        is_primary: false,
        created_by_id: row.created_by_id,
        from_attachment: true,
    });
    bind(tx, version, places, at).await
}

/// Binds the files of a version to another, but for those that hang on the item itself.
pub async fn copy_files(tx: &Tx, from: Uuid, to: Uuid, at: DateTime<Utc>) -> Result<()> {
    let bound = version_file::Entity::find().filter(version_file::Column::VersionId.eq(from));
    let bound = bound.filter(version_file::Column::FromAttachment.eq(false)).order_by_asc(version_file::Column::Id);
    let places = bound.all(tx).await?.into_iter().map(|row| Place {
        file_id: row.file_id,
        file_role: row.file_role,
        sequence: row.sequence,
        is_primary: row.is_primary,
        created_by_id: row.created_by_id,
        from_attachment: false,
    });
    bind(tx, to, places, at).await
}

/// Binds the files of a version to another one, but for those that this has in the same role.
pub async fn take_files(tx: &Tx, from: Uuid, to: Uuid, at: DateTime<Utc>) -> Result<u64> {
    let of = |version: Uuid| version_file::Entity::find().filter(version_file::Column::VersionId.eq(version));
    let there = of(to).all(tx).await?;
    let is_new = |row: &version_file::Model| {
        !there.iter().any(|one| one.file_id == row.file_id && one.file_role == row.file_role)
    };
    let taken: Vec<Place> = of(from)
        .filter(version_file::Column::FromAttachment.eq(false))
        .order_by_asc(version_file::Column::Id)
        .all(tx)
        .await?
        .into_iter()
        .filter(is_new)
        .map(|row| Place {
            file_id: row.file_id,
            file_role: row.file_role,
            sequence: row.sequence,
            // What is primary stays what it was.
            is_primary: row.is_primary && !there.iter().any(|one| one.is_primary),
            created_by_id: row.created_by_id,
            from_attachment: false,
        })
        .collect();
    let many = taken.len() as u64;
    bind(tx, to, taken.into_iter(), at).await?;
    Ok(many)
}

/// What a file is to a version.
struct Place {
    file_id: Uuid,
    file_role: String,
    sequence: i32,
    is_primary: bool,
    created_by_id: Option<UserId>,
    from_attachment: bool,
}

async fn bind(tx: &Tx, version: Uuid, places: impl Iterator<Item = Place>, at: DateTime<Utc>) -> Result<()> {
    let rows: Vec<version_file::ActiveModel> = places
        .map(|place| version_file::ActiveModel {
            id: Set(new_id()),
            version_id: Set(version),
            file_id: Set(place.file_id),
            file_role: Set(place.file_role),
            sequence: Set(place.sequence),
            is_primary: Set(place.is_primary),
            checked_out_by_id: Set(None),
            checked_out_by_name: Set(None),
            checked_out_at: Set(None),
            created_by_id: Set(place.created_by_id),
            created_at: Set(at),
            from_attachment: Set(place.from_attachment),
        })
        .collect();
    if !rows.is_empty() {
        version_file::Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
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

/// Who has versions of an item checked out, the current one or drafts beside it.
pub async fn check_outs_of_item(db: &impl ConnectionTrait, item: Uuid) -> Result<Vec<CheckOut>> {
    let rows = item_version::Entity::find().filter(item_version::Column::ItemId.eq(item));
    let rows = rows.filter(item_version::Column::CheckedOutAt.is_not_null()).all(db).await?;
    Ok(rows.into_iter().filter_map(held).collect())
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
