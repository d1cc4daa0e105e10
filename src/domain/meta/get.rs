//! Reading items.

use std::collections::HashSet;

use serde_json::Value;
use uuid::Uuid;

use super::aml::AmlItem;
use super::item::{Item, not_found, parse_id};
use super::labels::{self, Labels};
use super::mirrors::{ItemView, without_mirrors};
use super::model::{ItemType, Model};
use super::query::{Column, Field, Filter, Kind, Operand, Test};
use super::repo;
use super::repo::query::Wanted;
use super::values::normalise;
use super::write::Write;
use crate::context::Ctx;
use crate::domain::lifecycle::State;
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// The most items that a get without an id answers with.
const MOST_FOUND: u64 = 1000;
/// The most properties that such a get compares.
const MOST_FILTERS: usize = 50;

/// An item of a type, if the caller may read it.
///
/// Fails with `NotFound` also for what may not be discovered, `Forbidden` for what may be discovered only.
pub async fn get_item(ctx: &Ctx, item_type: &str, id: &str) -> Result<ItemView> {
    let id = parse_id(id)?;
    let by_model = async |model: Model| {
        let (item, revision) = readable(ctx, &model, model.item_type(item_type)?, id).await?;
        Ok::<_, Error>((ItemView::new(&model, item), revision == model.revision()))
    };
    // By the model as it is remembered, which saves asking for its revision: the item brings that along. Where it has
    // changed, or nothing is found that could show it, the model is read anew.
    if let Some(model) = Model::remembered(ctx)
        && let Ok((view, true)) = by_model(model).await
    {
        return Ok(view);
    }
    Ok(by_model(Model::load(ctx).await?).await?.0)
}

/// An item type with its properties, for clients that build forms.
pub async fn get_item_type(ctx: &Ctx, id: &str) -> Result<ItemType> {
    Model::load(ctx).await?.item_type(id).cloned()
}

/// Every item type, by its id.
pub async fn get_item_types(ctx: &Ctx) -> Result<Vec<ItemType>> {
    Ok(Model::load(ctx).await?.item_types().cloned().collect())
}

/// The states that items of a type pass through, each with those that one step leads to; none without a lifecycle.
pub fn states_of<'a>(model: &'a Model, kind: &ItemType) -> Vec<(&'a State, Vec<&'a str>)> {
    let Some(map) = kind.lifecycle_map_id else { return Vec::new() };
    let lifecycles = model.lifecycles();
    let mut states: Vec<&State> = lifecycles.states().filter(|state| state.map_id == map).collect();
    // Ids grow with time: the order in which they were made.
    states.sort_by_key(|state| (!state.is_start, state.id));
    states.into_iter().map(|state| (state, lifecycles.next_states(state.id))).collect()
}

/// The item, if the caller may read it, with the revision of the model at which it was read.
pub(super) async fn readable(ctx: &Ctx, model: &Model, kind: &ItemType, id: Uuid) -> Result<(Item, i64)> {
    let found = repo::items::find_with_revision(&*ctx.db, id).await?;
    let (item, revision) = found.filter(|(item, _)| item.item_type == kind.id).ok_or_else(|| not_found(id))?;
    let ends = repo::items::ends_of(&*ctx.db, std::slice::from_ref(&item)).await?;
    require_visible(model, &item, &ends)?;
    Ok((item, revision))
}

/// The caller may read the item; a relationship only with both its ends, of which it tells.
pub(super) fn require_visible(model: &Model, item: &Item, ends: &[Item]) -> Result<()> {
    model.require_readable(item)?;
    let readable = readable_ends(model, ends);
    if ends_are_in(item, &readable) { Ok(()) } else { Err(not_found(item.id)) }
}

fn readable_ends(model: &Model, ends: &[Item]) -> HashSet<Uuid> {
    ends.iter().filter(|end| model.allow(end, Action::Get)).map(|end| end.id).collect()
}

fn ends_are_in(item: &Item, ids: &HashSet<Uuid>) -> bool {
    item.source_id.into_iter().chain(item.related_id).all(|end| ids.contains(&end))
}

/// An item of any type, if the caller may read it.
pub async fn require_item(ctx: &Ctx, model: &Model, id: Uuid) -> Result<Item> {
    let item = repo::items::find(&*ctx.db, id).await?.ok_or_else(|| not_found(id))?;
    let ends = repo::items::ends_of(&*ctx.db, std::slice::from_ref(&item)).await?;
    require_visible(model, &item, &ends)?;
    Ok(item)
}

/// The item of a type that bears a number, if there is one and the caller may read it.
pub async fn find_by_number(ctx: &Ctx, model: &Model, kind: &ItemType, number: &str) -> Result<Option<Item>> {
    if number.contains('\0') {
        return Ok(None);
    }
    let item = repo::items::by_key(&*ctx.db, &kind.id, number).await?;
    Ok(item.filter(|item| model.allow(item, Action::Get)))
}

/// The items of a type that bear one of many numbers, in a few queries; only what the caller may read.
pub async fn find_by_numbers(ctx: &Ctx, model: &Model, kind: &ItemType, numbers: &[String]) -> Result<Vec<Item>> {
    let found = repo::items::by_keys(&*ctx.db, &kind.id, numbers).await?;
    Ok(found.into_iter().filter(|item| model.allow(item, Action::Get)).collect())
}

/// The items of a type that bear one of many numbers, as a write sees them, whoever may read them.
pub async fn with_numbers(write: &Write<'_>, kind: &ItemType, numbers: &[String]) -> Result<Vec<Item>> {
    repo::items::by_keys(&write.tx, &kind.id, numbers).await
}

/// The items of a type whose numbers begin with a prefix.
pub async fn find_by_prefix(ctx: &Ctx, model: &Model, kind: &ItemType, prefix: &str) -> Result<Vec<Item>> {
    let found = repo::items::by_key_prefix(&*ctx.db, &kind.id, prefix).await?;
    Ok(found.into_iter().filter(|item| model.allow(item, Action::Get)).collect())
}

/// What a get found; `truncated` when there is more of it.
pub(super) struct Found {
    pub items: Vec<Item>,
    pub truncated: bool,
}

/// AML get: one item by its id, or those whose properties equal the given ones.
pub(super) async fn get(ctx: &Ctx, given: &AmlItem) -> Result<(Model, Found)> {
    // As for one item.
    if let Some(model) = Model::remembered(ctx)
        && let Ok((found, Some(revision))) = find(ctx, &model, given).await
        && revision == model.revision()
    {
        return Ok((model, found));
    }
    let model = Model::load(ctx).await?;
    let (found, _) = find(ctx, &model, given).await?;
    Ok((model, found))
}

async fn find(ctx: &Ctx, model: &Model, given: &AmlItem) -> Result<(Found, Option<i64>)> {
    let mut given = given.clone();
    labels::resolve(&mut given, model, &mut Labels::new())?;
    let kind = model.item_type(&given.item_type)?;
    if let Some(id) = given.id {
        let (item, revision) = readable(ctx, model, kind, id).await?;
        return Ok((Found { items: vec![item], truncated: false }, Some(revision)));
    }
    let mut properties = given.properties;
    let mut all: Vec<Filter> = properties.remove("state").map(state_filter).transpose()?.into_iter().collect();
    if properties.len() > MOST_FILTERS {
        let message = format!("At most {MOST_FILTERS} properties");
        return Err(Error::invalid_field("too_long", &["body", "properties"], message));
    }
    for (name, value) in normalise(kind, without_mirrors(kind, properties, "")?)? {
        all.push(equals(kind, name, value)?);
    }
    // A number is one row of an index: no list needs to be made of it.
    if let [Filter::Test(Field::Column(Column::Key), Test::Is(Operand::Json(Value::String(number))))] = all.as_slice() {
        let found = repo::items::by_key_with_revision(&*ctx.db, &kind.id, number).await?;
        let (item, revision) = found.unzip();
        let items = item.filter(|item| model.allow(item, Action::Get)).into_iter().collect();
        return Ok((Found { items, truncated: false }, revision));
    }
    let filter = Filter::All(all);
    let wanted = Wanted { model, kind: &kind.id, filter: &filter };
    let (mut items, revision) = repo::query::first_with_revision(&*ctx.db, &wanted, MOST_FOUND + 1).await?;
    let truncated = items.len() as u64 > MOST_FOUND;
    items.truncate(MOST_FOUND as usize);
    Ok((Found { items, truncated }, revision))
}

/// The ends of a relationship are no properties, but are looked for like them.
fn equals(kind: &ItemType, name: String, value: Value) -> Result<Filter> {
    let end = [("source_id", Column::SourceId), ("related_id", Column::RelatedId)];
    let end = end.into_iter().find(|(end, _)| kind.is_relationship && *end == name);
    let is_number = kind.number_property.as_deref() == Some(&name) && !kind.is_relationship;
    let (field, value) = match (end, value) {
        (Some((_, column)), Value::String(id)) => (Field::Column(column), Operand::Id(parse_id(&id)?)),
        (None, number @ Value::String(_)) if is_number => (Field::Column(Column::Key), Operand::Json(number)),
        (_, value) => (Field::Property(name, Kind::Free), Operand::Json(value)),
    };
    Ok(Filter::Test(field, Test::Is(value)))
}

fn state_filter(given: Value) -> Result<Filter> {
    match given {
        Value::String(state) if !state.chars().any(char::is_control) => {
            Ok(Filter::Test(Field::Column(Column::State), Test::Is(Operand::Json(state.into()))))
        }
        _ => Err(Error::invalid_field("string_type", &["body", "properties", "state"], "Expected the name of a state")),
    }
}
