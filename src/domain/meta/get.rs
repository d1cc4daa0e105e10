//! Reading items.

use uuid::Uuid;

use super::aml::AmlItem;
use super::item::{Item, not_found, parse_id};
use super::mirrors::{ItemView, without_mirrors};
use super::model::{ItemType, Model};
use super::repo;
use super::values::normalise;
use crate::context::Ctx;
use crate::domain::permission::Action;
use crate::error::Result;

/// The most items that a get without an id answers with.
const MOST_FOUND: u64 = 1000;

/// An item of a type, if the caller may read it.
///
/// Fails with `NotFound` also for what may not be discovered, `Forbidden` for what may be discovered only.
pub async fn get_item(ctx: &Ctx, item_type: &str, id: &str) -> Result<ItemView> {
    let model = Model::load(ctx).await?;
    let item = readable(ctx, &model, model.item_type(item_type)?, parse_id(id)?).await?;
    Ok(ItemView::new(&model, item))
}

/// An item type with its properties, for clients that build forms.
pub async fn get_item_type(ctx: &Ctx, id: &str) -> Result<ItemType> {
    Model::load(ctx).await?.item_type(id).cloned()
}

async fn readable(ctx: &Ctx, model: &Model, kind: &ItemType, id: Uuid) -> Result<Item> {
    let item = repo::items::find(&*ctx.db, id).await?.filter(|item| item.item_type == kind.id);
    let item = item.ok_or_else(|| not_found(id))?;
    model.require_readable(&item)?;
    Ok(item)
}

/// An item of any type, if the caller may read it.
pub async fn require_item(ctx: &Ctx, model: &Model, id: Uuid) -> Result<Item> {
    let item = repo::items::find(&*ctx.db, id).await?.ok_or_else(|| not_found(id))?;
    model.require_readable(&item)?;
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

/// The items of a type whose numbers begin with a prefix.
pub async fn find_by_prefix(ctx: &Ctx, model: &Model, kind: &ItemType, prefix: &str) -> Result<Vec<Item>> {
    let found = repo::items::by_key_prefix(&*ctx.db, &kind.id, prefix).await?;
    Ok(found.into_iter().filter(|item| model.allow(item, Action::Get)).collect())
}

/// AML get: one item by its id, or those whose properties equal the given ones.
pub(super) async fn get(ctx: &Ctx, model: &Model, given: AmlItem) -> Result<Vec<Item>> {
    let kind = model.item_type(&given.item_type)?;
    if let Some(id) = given.id {
        return Ok(vec![readable(ctx, model, kind, id).await?]);
    }
    let mut wanted = given.properties;
    let state = wanted.remove("state");
    let wanted = normalise(kind, without_mirrors(kind, wanted, "")?)?;
    let state = state.as_ref().and_then(serde_json::Value::as_str);
    let found = repo::items::matching(&*ctx.db, &kind.id, state, &wanted, MOST_FOUND).await?;
    Ok(found.into_iter().filter(|item| model.allow(item, Action::Get)).collect())
}
