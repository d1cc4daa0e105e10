//! Deleting items.

use serde_json::json;

use super::aml::AmlItem;
use super::item::Item;
use super::relate::{remove_relationship, require_line};
use super::repo;
use super::update::locked_item;
use super::write::Write;
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// The most users of an item that a refusal names.
const MOST_NAMED: u64 = 20;

/// Deletes an item with its own lines. One that others use is refused, naming by what.
pub(super) async fn delete(write: &Write<'_>, given: &AmlItem) -> Result<Item> {
    let kind = write.model.item_type(&given.item_type)?;
    let item = locked_item(write, kind, given).await?;
    if kind.is_relationship {
        require_line(write, &item, Action::Delete).await?;
        given.basis.require(write.model, &item)?;
        remove_relationship(write, &item).await?;
        return Ok(item);
    }
    write.model.require(&item, Action::Delete)?;
    given.basis.require(write.model, &item)?;
    write.model.require_unlocked(&item)?;
    refuse_if_used(write, &item).await?;
    for line in repo::items::lines_of(&write.tx, item.id).await? {
        repo::items::delete(&write.tx, line.id).await?;
        write.record("relationship.deleted", &line, line.snapshot(), None).await?;
    }
    repo::items::delete(&write.tx, item.id).await?;
    write.record("item.deleted", &item, item.snapshot(), None).await?;
    Ok(item)
}

async fn refuse_if_used(write: &Write<'_>, item: &Item) -> Result<()> {
    let (users, count) = repo::items::users_of(&write.tx, item.id, MOST_NAMED).await?;
    if count == 0 {
        return Ok(());
    }
    let named: Vec<_> = users
        .iter()
        .filter(|(_, source)| write.model.allow(source, Action::Get))
        .map(|(line, source)| {
            let number = write.model.item_type(&source.item_type).ok().and_then(|kind| kind.number(source));
            json!({
                "relationship_id": line.id, "relationship": line.item_type, "id": source.id,
                "type": source.item_type, "number": number, "name": source.name(),
            })
        })
        .collect();
    Err(Error::conflict(format!("Item is used by {count} other items"))
        .code("ITEM_IN_USE", "It is used elsewhere. Remove it there first.")
        .details(json!({ "count": count, "used_by": named })))
}
