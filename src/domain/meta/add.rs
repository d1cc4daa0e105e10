//! Adding items.

use uuid::Uuid;

use super::aml::AmlItem;
use super::apply::apply_relationships;
use super::item::Item;
use super::mirrors::without_mirrors;
use super::model::ItemType;
use super::values::{Values, is_blank, normalise, require_whole, with_defaults};
use super::write::Write;
use super::{hooks, numbering, period, references, relate, repo, unique};
use crate::domain::audit::new_id;
use crate::error::{Error, Result};
use crate::plugins::Moment;

/// How many numbers are drawn for an item before it is refused.
const DRAWS: usize = 5;

/// Adds an item of any type, with what is nested in it.
pub(super) async fn add(write: &Write<'_>, given: AmlItem) -> Result<Item> {
    let kind = write.model.item_type(&given.item_type)?;
    if kind.is_relationship {
        let line = relate::add_from_values(write, kind, given.new_id, None, given.properties).await?;
        apply_relationships(write, &line, given.relationships).await?;
        return Ok(line);
    }
    let item = add_with_id(write, kind, given.new_id, given.properties).await?;
    apply_relationships(write, &item, given.relationships).await?;
    Ok(item)
}

/// Adds one item of a type within a larger write.
pub async fn add_item(write: &Write<'_>, kind: &ItemType, given: Values) -> Result<Item> {
    add_with_id(write, kind, None, given).await
}

async fn add_with_id(write: &Write<'_>, kind: &ItemType, id: Option<Uuid>, given: Values) -> Result<Item> {
    let item = if numbering::may_be_drawn_twice(write, kind, &given) {
        add_with_drawn_number(write, kind, id, given).await?
    } else {
        let item = prepare_item(write, kind, id, given).await?;
        repo::items::insert(&write.tx, &item).await.map_err(|error| duplicate(error, kind, &item))?;
        item
    };
    record_added(write, kind, &item).await?;
    Ok(item)
}

/// Draws again where somebody else took the number at the same moment: by hand, or under another prefix (`A` and 11 read as
/// `A1` and 1 do).
async fn add_with_drawn_number(write: &Write<'_>, kind: &ItemType, id: Option<Uuid>, given: Values) -> Result<Item> {
    let mut attempt = 1;
    loop {
        let item = prepare_item(write, kind, id, given.clone()).await?;
        let stored = write.tx.attempt(repo::items::insert(&write.tx, &item)).await?;
        match stored.map_err(|error| duplicate(error, kind, &item)) {
            Ok(()) => return Ok(item),
            Err(error) if attempt < DRAWS && error.code_name() == Some("DUPLICATE_NUMBER") => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The item as it is to be stored.
pub(super) async fn prepare_item(write: &Write<'_>, kind: &ItemType, id: Option<Uuid>, given: Values) -> Result<Item> {
    write.model.require_create(kind)?;
    let mut item = blank(write, kind, id)?;
    let given = without_mirrors(kind, given, &item.state)?;
    let mut values = with_defaults(write.ctx, kind, normalise(kind, given)?)?;
    // The state is the lifecycle's, not a value that could disagree with it.
    values.remove("state");
    if let Some(property) = &kind.number_property
        && is_blank(values.get(property))
    {
        let number = numbering::draw(write, kind, &values).await?;
        values.insert(property.clone(), number.into());
    }
    item.properties = values;
    let item = hooks::before_write(write, kind, Moment::Add, None, item).await?;
    require_whole(kind, &item.properties)?;
    references::require(write, kind, None, &item.properties).await?;
    Ok(item)
}

/// What follows the storing of a new item.
pub(super) async fn record_added(write: &Write<'_>, kind: &ItemType, item: &Item) -> Result<()> {
    period::record(write, kind, None, item).await?;
    write.record("item.created", item, None, item.snapshot()).await
}

/// A new item of a type, in the start state of its lifecycle.
pub(super) fn blank(write: &Write<'_>, kind: &ItemType, id: Option<Uuid>) -> Result<Item> {
    let start = match kind.lifecycle_map_id {
        Some(map) => Some(
            write
                .model
                .lifecycles()
                .start(map)
                .ok_or_else(|| Error::conflict(format!("The lifecycle of {} has no start state", kind.id)))?,
        ),
        None => None,
    };
    Ok(Item {
        id: id.unwrap_or_else(new_id),
        item_type: kind.id.clone(),
        config_id: new_id(),
        generation: 1,
        is_current: true,
        state: start.map_or("Active", |state| &state.name).to_owned(),
        current_state: start.map(|state| state.id),
        current_version_id: None,
        unique_key: None,
        source_id: None,
        related_id: None,
        properties: Values::new(),
        permission_id: None,
        owner_id: None,
        created_by_id: write.ctx.actor.user_id(),
        created_on: write.ctx.now(),
        modified_by_id: None,
        modified_on: None,
        change_count: 0,
    })
}

/// A number that is taken, in words of the product.
pub(super) fn duplicate(error: Error, kind: &ItemType, item: &Item) -> Error {
    if error.code_name() != Some("DUPLICATE") {
        return error;
    }
    let error = match unique::value_taken(error, kind, item) {
        Ok(taken) => return taken,
        Err(error) => error,
    };
    let number = item.unique_key.clone().unwrap_or_default();
    Error::conflict(format!("{} {number} already exists", kind.label))
        .code(
            "DUPLICATE_NUMBER",
            format!("{} {number} exists already. Choose another number, or leave it out to draw one.", kind.label),
        )
        .details(serde_json::json!({ "resource": kind.id, "number": number }))
        .caused_by(error)
}
