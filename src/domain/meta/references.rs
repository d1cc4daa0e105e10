//! Properties that refer to items: what they name is there, of the right type, and readable by whoever names it.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::get::require_visible;
use super::item::Item;
use super::model::{DataType, ItemType};
use super::repo;
use super::values::Values;
use super::write::Write;
use crate::error::{Error, Problem, Result};

/// The references among values that `before` did not have: what was right once is not asked again.
fn new_references<'a>(kind: &'a ItemType, before: Option<&Values>, values: &Values) -> BTreeMap<&'a str, Uuid> {
    let references = kind.properties.iter().filter(|property| property.data_type == DataType::Item);
    let changed = references.filter_map(|property| {
        let value = values.get(&property.name)?;
        let is_new = before.and_then(|before| before.get(&property.name)) != Some(value);
        is_new.then(|| Some((property.name.as_str(), Uuid::parse_str(value.as_str()?).ok()?)))?
    });
    changed.collect()
}

/// Fails with `Invalid`, naming each field whose item is not there, of another type, or hidden from the caller: the three
/// are told in the same words. What is referred to stays until the write ends.
pub(super) async fn require(
    write: &Write<'_>,
    kind: &ItemType,
    before: Option<&Values>,
    values: &Values,
) -> Result<()> {
    let wanted = new_references(kind, before, values);
    if wanted.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = wanted.values().copied().collect();
    let found = repo::stored::referred(&write.tx, &ids).await?;
    let ends: HashMap<Uuid, Item> =
        repo::items::ends_of(&write.tx, &found).await?.into_iter().map(|end| (end.id, end)).collect();
    let is_right = |name: &str, id: Uuid| {
        let item = found.iter().find(|item| item.id == id)?;
        let target = kind.property(name).and_then(|property| property.target_type());
        let own: Vec<Item> =
            item.source_id.into_iter().chain(item.related_id).filter_map(|end| ends.get(&end).cloned()).collect();
        (target.is_none_or(|target| target == item.item_type) && require_visible(write.model, item, &own).is_ok())
            .then_some(())
    };
    let problems: Vec<Problem> = wanted
        .iter()
        .filter(|(name, id)| is_right(name, **id).is_none())
        .map(|(name, _)| {
            let target = kind.property(name).and_then(|property| property.target_type()).unwrap_or("item");
            Problem::new("reference", &["body", "properties", name], format!("There is no {target} with this id"))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}
