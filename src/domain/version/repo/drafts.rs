//! Rows of drafts beside the current version, and of their lines.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use serde_json::Value;
use uuid::Uuid;

use super::super::ancestry::{Ancestry, Step};
use super::super::model::Version;
use super::lines::{current_versions, live_lines, own_lines, released_at};
use crate::db::{Sql, Tx};
use crate::domain::meta::Item;
use crate::entity::tenant::{item_version, version_line};
use crate::error::Result;

/// Stores a draft that has just been made.
pub async fn insert(tx: &Tx, version: &Version) -> Result<()> {
    let row = item_version::ActiveModel {
        id: Set(version.id),
        item_id: Set(version.item_id),
        generation: Set(version.generation),
        revision: Set(version.revision.clone()),
        version_label: Set(version.label.clone()),
        state: Set(version.state.clone()),
        is_current: Set(false),
        is_released: Set(false),
        is_superseded: Set(false),
        branch_name: Set(version.branch_name.clone()),
        predecessor_id: Set(version.predecessor_id),
        branched_from_id: Set(version.branched_from_id),
        properties: Set(Value::Object(version.properties.clone())),
        description: Set(version.description.clone()),
        checked_out_by_id: Set(None),
        checked_out_by_name: Set(None),
        checked_out_at: Set(None),
        checkout_client_host: Set(None),
        checkout_workspace_path: Set(None),
        checkout_client_info: Set(None),
        created_by_id: Set(version.created_by_id),
        created_at: Set(version.created_at),
        released_by_id: Set(None),
        released_at: Set(None),
        state_id: Set(version.state_id),
        last_iteration: Set(0),
        merged_into_id: Set(None),
        merged_at: Set(None),
    };
    item_version::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn has_branch(tx: &Tx, item: Uuid, name: &str) -> Result<bool> {
    let rows = item_version::Entity::find().filter(item_version::Column::ItemId.eq(item));
    Ok(rows.filter(item_version::Column::BranchName.eq(name)).count(tx).await? > 0)
}

pub async fn count(tx: &Tx, item: Uuid) -> Result<u64> {
    Ok(item_version::Entity::find().filter(item_version::Column::ItemId.eq(item)).count(tx).await?)
}

pub async fn set_merged(tx: &Tx, id: Uuid, into: Uuid, at: DateTime<Utc>) -> Result<()> {
    let merged =
        item_version::ActiveModel { merged_into_id: Set(Some(into)), merged_at: Set(Some(at)), ..Default::default() };
    item_version::Entity::update_many().set(merged).filter(item_version::Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}

/// What each version of an item follows.
pub async fn ancestry(tx: &Tx, item: Uuid) -> Result<Ancestry> {
    use item_version::Column;
    let rows = item_version::Entity::find().select_only();
    let rows = rows.columns([Column::Id, Column::PredecessorId, Column::BranchedFromId, Column::CreatedAt]);
    let rows = rows.filter(Column::ItemId.eq(item)).into_tuple::<(Uuid, Option<Uuid>, Option<Uuid>, DateTime<Utc>)>();
    let step = |(id, follows, branched_from, created_at): (Uuid, Option<Uuid>, Option<Uuid>, DateTime<Utc>)| {
        (id, Step { follows, is_branch: branched_from.is_some(), created_at })
    };
    Ok(rows.all(tx).await?.into_iter().map(step).collect())
}

/// The lines of a version with what hangs on them: its own, or those of its item.
pub async fn lines_of(db: &impl ConnectionTrait, version: &Version) -> Result<Vec<Item>> {
    if version.is_live() {
        return live_lines(db, &[version.item_id]).await;
    }
    Ok(own_lines(db, &[version.id]).await?.into_iter().map(|own| own.line).collect())
}

const COLUMNS: &str = "line_id, item_type_id, config_id, generation, state, current_state, unique_key, source_id, \
    related_id, related_version_id, properties, effectivities, permission_id, owner_id, created_by_id, created_on, \
    modified_by_id, modified_on, change_count";

/// Gives a version the lines that another has of its own.
pub async fn copy_own_lines(tx: &Tx, from: Uuid, to: Uuid) -> Result<()> {
    let mut sql = Sql::new(format!("INSERT INTO version_lines (version_id, {COLUMNS}) SELECT "));
    sql.bind(to).push(", ").push(COLUMNS).push(" FROM version_lines WHERE version_id = ").bind(from);
    tx.execute_raw(sql.statement(tx)).await?;
    Ok(())
}

/// The version of an item that a line leads to: what was released last, else its current one; none where it has none yet.
pub async fn version_to_lead_to(tx: &Tx, item: Uuid, now: DateTime<Utc>) -> Result<Option<Uuid>> {
    let released = released_at(tx, &[item], now).await?.remove(&(item, None));
    match released {
        Some(version) => Ok(Some(version.id)),
        None => Ok(current_versions(tx, std::iter::once(item)).await?.remove(&item)),
    }
}

/// Stores a line of a draft; one without ends is none.
pub async fn insert_line(tx: &Tx, version: Uuid, line: &Item, leads_to: Option<Uuid>) -> Result<()> {
    let (Some(source), Some(related)) = (line.source_id, line.related_id) else { return Ok(()) };
    let row = version_line::ActiveModel {
        version_id: Set(version),
        line_id: Set(line.id),
        item_type_id: Set(line.item_type.clone()),
        config_id: Set(line.config_id),
        generation: Set(line.generation),
        state: Set(line.state.clone()),
        current_state: Set(line.current_state),
        unique_key: Set(line.unique_key.clone()),
        source_id: Set(source),
        related_id: Set(related),
        related_version_id: Set(leads_to),
        properties: Set(Value::Object(line.properties.clone())),
        effectivities: Set(None),
        permission_id: Set(line.permission_id.clone()),
        owner_id: Set(line.owner_id),
        created_by_id: Set(line.created_by_id),
        created_on: Set(line.created_on),
        modified_by_id: Set(line.modified_by_id),
        modified_on: Set(line.modified_on),
        change_count: Set(line.change_count),
    };
    version_line::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Stores what may change of a line of a draft.
pub async fn update_line(tx: &Tx, version: Uuid, line: &Item) -> Result<()> {
    let changed = version_line::ActiveModel {
        unique_key: Set(line.unique_key.clone()),
        properties: Set(Value::Object(line.properties.clone())),
        modified_by_id: Set(line.modified_by_id),
        modified_on: Set(line.modified_on),
        change_count: Set(line.change_count),
        ..Default::default()
    };
    version_line::Entity::update_many()
        .set(changed)
        .filter(version_line::Column::VersionId.eq(version))
        .filter(version_line::Column::LineId.eq(line.id))
        .exec(tx)
        .await?;
    Ok(())
}

pub async fn delete_line(tx: &Tx, version: Uuid, line: Uuid) -> Result<()> {
    version_line::Entity::delete_by_id((version, line)).exec(tx).await?;
    Ok(())
}
