//! Deleting items.

use serde_json::{Value, json};

use super::aml::AmlItem;
use super::item::Item;
use super::model::DataType;
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
    let (users, lines) = repo::items::users_of(&write.tx, item.id, MOST_NAMED).await?;
    let (referring, references) = referring_to(write, item).await?;
    let count = lines + references;
    if count == 0 {
        return Ok(());
    }
    let readable = |item: &Item| write.model.allow(item, Action::Get);
    let lines = users.iter().filter(|(_, source)| readable(source)).map(|(line, source)| {
        let mut named = name(write, source);
        named["relationship_id"] = json!(line.id);
        named["relationship"] = json!(line.item_type);
        named
    });
    let references = referring.iter().filter(|(_, item)| readable(item)).map(|(property, item)| {
        let mut named = name(write, item);
        named["property"] = json!(property);
        named
    });
    let named: Vec<Value> = lines.chain(references).take(MOST_NAMED as usize).collect();
    Err(Error::conflict(format!("Item is used by {count} other items"))
        .code("ITEM_IN_USE", "It is used elsewhere. Remove it there first.")
        .details(json!({ "count": count, "used_by": named })))
}

fn name(write: &Write<'_>, item: &Item) -> Value {
    let number = write.model.item_type(&item.item_type).ok().and_then(|kind| kind.number(item));
    json!({ "id": item.id, "type": item.item_type, "number": number, "name": item.name() })
}

/// The first few items that refer to one by a declared property, each with the property, and how many there are.
async fn referring_to(write: &Write<'_>, item: &Item) -> Result<(Vec<(String, Item)>, u64)> {
    let (mut found, mut count) = (Vec::new(), 0);
    for kind in write.model.item_types() {
        for property in kind.properties.iter().filter(|property| property.data_type == DataType::Item) {
            let (items, many) =
                repo::query::referring(&write.tx, &kind.id, &property.name, item.id, MOST_NAMED).await?;
            count += many;
            found.extend(items.into_iter().map(|item| (property.name.clone(), item)));
        }
    }
    Ok((found, count))
}
