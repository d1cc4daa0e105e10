//! Deleting items.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::aml::{AmlItem, require_id};
use super::check_outs::require_changeable;
use super::get::require_visible;
use super::item::Item;
use super::model::{DataType, ItemType};
use super::relate::{remove_relationship, require_line};
use super::repo;
use super::repo::uses::Going;
use super::update::lock_item;
use super::write::Write;
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// The most users of an item that a refusal names.
const MOST_NAMED: u64 = 20;

/// Deletes one item or line within a larger write: an item with its own lines. Fails as a request to delete it does.
pub async fn delete_item(write: &Write<'_>, kind: &ItemType, id: Uuid) -> Result<Item> {
    let given = AmlItem { item_type: kind.id.clone(), id: Some(id), ..AmlItem::default() };
    delete(write, &given).await
}

/// Deletes an item with its own lines. One that others use is refused, naming by what.
pub(super) async fn delete(write: &Write<'_>, given: &AmlItem) -> Result<Item> {
    let kind = write.model.item_type(&given.item_type)?;
    let item = lock_item(write, kind, require_id(given)?).await?;
    if kind.is_relationship {
        require_line(write, &item, Action::Delete).await?;
        given.basis.require(write.model, &item)?;
        remove_relationship(write, &item).await?;
        return Ok(item);
    }
    write.model.require(&item, Action::Delete)?;
    given.basis.require(write.model, &item)?;
    require_changeable(write, &item).await?;
    // Before it is asked who refers to it: whoever is about to do so is waited for, and then seen.
    repo::items::lock_to_delete(&write.tx, item.id).await?;
    refuse_versions(write, &item).await?;
    let lines = repo::items::lines_to_delete(&write.tx, item.id).await?;
    refuse_hidden_lines(write, &item, &lines).await?;
    refuse_if_used(write, &item, &lines).await?;
    repo::effectivities::remove_of_versions(&write.tx, item.id).await?;
    // At once, since lines may lead to each other.
    repo::items::delete_with_lines(&write.tx, item.id).await.map_err(in_use)?;
    for line in &lines {
        write.record("relationship.deleted", line, line.snapshot(), None).await?;
    }
    write.record("item.deleted", &item, item.snapshot(), None).await?;
    Ok(item)
}

/// What was released of an item stays, and nobody's work on a version of it goes with it.
async fn refuse_versions(write: &Write<'_>, item: &Item) -> Result<()> {
    if repo::versions::with_released(&write.tx, &[item.id]).await?.contains(&item.id) {
        let advice =
            "Versions of it were released, and what is released stays. Promote it to an obsolete state instead.";
        return Err(Error::conflict(format!("Versions of item {} are released", item.id))
            .code("RELEASED_VERSIONS", advice)
            .details(json!({ "item_id": item.id })));
    }
    match repo::versions::check_outs_of_item(&write.tx, item.id).await?.iter().find(|one| !one.is_mine(write.ctx)) {
        Some(check_out) => Err(check_out.refusal()),
        None => Ok(()),
    }
}

/// The lines of an item go with it whatever their own sets say, but none that the caller does not know of.
async fn refuse_hidden_lines(write: &Write<'_>, item: &Item, lines: &[Item]) -> Result<()> {
    let others = repo::items::ends_of(&write.tx, lines).await?;
    let others: HashMap<Uuid, Item> = others.into_iter().map(|end| (end.id, end)).collect();
    let is_hidden = |line: &&Item| {
        let ends = line.source_id.into_iter().chain(line.related_id);
        let ends: Vec<Item> = ends.filter_map(|end| others.get(&end).cloned()).collect();
        require_visible(write.model, line, &ends).is_err()
    };
    let count = lines.iter().filter(is_hidden).count();
    if count == 0 {
        return Ok(());
    }
    Err(Error::conflict(format!("Item {} has {count} relationships that you may not see", item.id))
        .code("HIDDEN_RELATIONSHIPS", "It has relationships that you may not see. Ask somebody who may to delete it.")
        .details(json!({ "count": count })))
}

/// Refuses to delete what others use: by relationships that lead to it or hang on it, or by properties. Names those that
/// the caller may get. `lines` go with it.
pub(super) async fn refuse_if_used(write: &Write<'_>, item: &Item, lines: &[Item]) -> Result<()> {
    let going = Going { root: item.id, with_lines: !lines.is_empty() };
    let ids: Vec<Uuid> = std::iter::once(item.id).chain(lines.iter().map(|line| line.id)).collect();
    let users = repo::uses::by_relationships(&write.tx, write.model, going, MOST_NAMED).await?;
    let mut count = users.count;
    let mut named = name_relationships(write, &ids, users.shown).await?;
    let users = repo::uses::by_versions(&write.tx, write.model, going, MOST_NAMED).await?;
    count += users.count;
    named.extend(users.shown.iter().map(|item| {
        let mut named = name(write, item);
        named["relationship"] = json!("version");
        named
    }));
    for kind in write.model.item_types() {
        for property in kind.properties.iter().filter(|property| property.data_type == DataType::Item) {
            let place = (kind.id.as_str(), property.name.as_str());
            let users = repo::uses::by_property(&write.tx, write.model, place, going, &ids, MOST_NAMED).await?;
            count += users.count;
            named.extend(users.shown.iter().map(|item| {
                let mut named = name(write, item);
                named["property"] = json!(property.name);
                named
            }));
        }
    }
    if count == 0 {
        return Ok(());
    }
    named.truncate(MOST_NAMED as usize);
    Err(Error::conflict(format!("Item is used by {count} other items"))
        .code("ITEM_IN_USE", ADVICE)
        .details(json!({ "count": count, "used_by": named })))
}

const ADVICE: &str = "It is used elsewhere. Remove it there first.";

/// What came to use it in spite of all.
pub(super) fn in_use(error: Error) -> Error {
    if error.code_name() != Some("REFERENCE_VIOLATION") {
        return error;
    }
    Error::conflict("Item is used by other items").code("ITEM_IN_USE", ADVICE).caused_by(error)
}

/// A relationship by the item that it hangs on; by itself, where it hangs on what goes.
async fn name_relationships(write: &Write<'_>, going: &[Uuid], lines: Vec<Item>) -> Result<Vec<Value>> {
    let ends = repo::items::ends_of(&write.tx, &lines).await?;
    let named = lines.iter().map(|line| {
        let source = ends.iter().find(|end| Some(end.id) == line.source_id && !going.contains(&end.id));
        let mut named = name(write, source.unwrap_or(line));
        named["relationship_id"] = json!(line.id);
        named["relationship"] = json!(line.item_type);
        named
    });
    Ok(named.collect())
}

fn name(write: &Write<'_>, item: &Item) -> Value {
    let number = write.model.item_type(&item.item_type).ok().and_then(|kind| kind.number(item));
    json!({ "id": item.id, "type": item.item_type, "number": number, "name": item.name() })
}
