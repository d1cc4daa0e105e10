//! Changing items.

use super::add::duplicate;
use super::aml::{AmlItem, require_id};
use super::apply::apply_relationships;
use super::check_outs::require_changeable;
use super::item::{Item, not_found};
use super::mirrors::without_mirrors;
use super::model::ItemType;
use super::relate::{exists, require_line, require_seen};
use super::values::{Values, merged, normalise, require_whole, same_values};
use super::write::Write;
use super::{hooks, period, references, repo};
use crate::domain::permission::Action;
use crate::error::{Error, Result};
use crate::plugins::Moment;
use uuid::Uuid;

/// Changes an item's properties (`null` removes one) and applies what is nested in it.
pub(super) async fn update(write: &Write<'_>, given: AmlItem) -> Result<Item> {
    let kind = write.model.item_type(&given.item_type)?;
    let mut item = locked_item(write, kind, &given).await?;
    require_right(write, kind, &item).await?;
    given.basis.require(write.model, &item)?;
    require_changeable(write, &item).await?;
    if !given.properties.is_empty() {
        item = change(write, kind, item, given.properties).await?;
    }
    apply_relationships(write, &item, given.relationships).await?;
    Ok(item)
}

/// The item that an action names, locked until the transaction ends: no other writer's change is overwritten unseen.
pub(super) async fn locked_item(write: &Write<'_>, kind: &ItemType, given: &AmlItem) -> Result<Item> {
    lock_item(write, kind, require_id(given)?).await
}

/// An item of any type that the caller may read, locked until the write ends. Fails as [`super::require_item`] does.
pub async fn require_locked_item(write: &Write<'_>, id: Uuid) -> Result<Item> {
    let item = repo::items::find_locked(&write.tx, id).await?.ok_or_else(|| not_found(id))?;
    require_seen(write, &item).await?;
    Ok(item)
}

/// Items of any types, locked until the write ends, in the one order of all; those that are gone are left out. Unfiltered: the
/// caller decides what may be told of them.
pub async fn lock_items(write: &Write<'_>, ids: &[Uuid]) -> Result<Vec<Item>> {
    repo::items::lock_with_sources(&write.tx, ids).await?;
    repo::items::by_ids(&write.tx, ids).await
}

/// A line is locked after what it hangs on, as everywhere: whoever locks both never waits for one who waits for it.
pub(super) async fn lock_item(write: &Write<'_>, kind: &ItemType, id: Uuid) -> Result<Item> {
    if kind.is_relationship {
        repo::items::lock_with_sources(&write.tx, &[id]).await?;
    }
    let item = repo::items::find_locked(&write.tx, id).await?.filter(|item| item.item_type == kind.id);
    item.ok_or_else(|| not_found(id))
}

/// An item of any type, locked for a change of what hangs on it: the caller may see and update it, its state allows it, and
/// nobody else has it checked out.
///
/// Errors: `NotFound` for what may not be seen, `Forbidden`, `Conflict` `STATE_LOCKED` or `VERSION_CHECKED_OUT`.
pub async fn lock_to_change(write: &Write<'_>, id: Uuid) -> Result<Item> {
    let found = repo::items::find(&write.tx, id).await?.ok_or_else(|| not_found(id))?;
    let item = lock_item(write, write.model.item_type(&found.item_type)?, id).await?;
    require_seen(write, &item).await?;
    require_right(write, write.model.item_type(&item.item_type)?, &item).await?;
    require_changeable(write, &item).await?;
    Ok(item)
}

/// The right; for a relationship also the right and the state of its source.
async fn require_right(write: &Write<'_>, kind: &ItemType, item: &Item) -> Result<()> {
    if kind.is_relationship {
        return require_line(write, item, Action::Update).await;
    }
    write.model.require(item, Action::Update)
}

/// Changes one item or line within a larger write.
pub async fn update_item(write: &Write<'_>, kind: &ItemType, id: Uuid, given: Values) -> Result<Item> {
    let item = lock_item(write, kind, id).await?;
    require_right(write, kind, &item).await?;
    require_changeable(write, &item).await?;
    change(write, kind, item, given).await
}

async fn change(write: &Write<'_>, kind: &ItemType, item: Item, given: Values) -> Result<Item> {
    let Some(after) = prepare_change(write, kind, &item, given).await? else { return Ok(item) };
    let after = repo::items::update(&write.tx, after.clone()).await.map_err(|error| {
        if kind.is_relationship { exists(error, kind, &after) } else { duplicate(error, kind, &after) }
    })?;
    period::record(write, kind, Some(&item), &after).await?;
    let action = if kind.is_relationship { "relationship.updated" } else { "item.updated" };
    write.record(action, &after, item.snapshot(), after.snapshot()).await?;
    Ok(after)
}

/// An item or line as it is to be stored after a change, here or with a version that is beside the current one: checked as
/// every change is. None where nothing changes.
pub async fn prepare_change(write: &Write<'_>, kind: &ItemType, item: &Item, given: Values) -> Result<Option<Item>> {
    let mut given = without_mirrors(kind, given, &item.state)?;
    for end in ["source_id", "related_id"] {
        if kind.is_relationship && given.remove(end).is_some() {
            let message = "The ends of a relationship do not change; delete it and add another";
            return Err(Error::invalid_field("value_error", &["body", "properties", end], message));
        }
    }
    let values = merged(&item.properties, normalise(kind, given)?);
    require_whole(kind, &values)?;
    if same_values(&values, &item.properties) {
        return Ok(None);
    }
    let after = Item {
        properties: values,
        modified_by_id: write.ctx.actor.user_id(),
        modified_on: Some(write.ctx.now()),
        ..item.clone()
    };
    let after = hooks::before_write(write, kind, Moment::Update, Some(item), after).await?;
    references::require(write, kind, Some(&item.properties), &after.properties).await?;
    Ok(Some(after))
}
