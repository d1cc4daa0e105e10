//! Adding and removing BOM lines.

use serde_json::Value;
use uuid::Uuid;

use super::PART_BOM;
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model, Turns, Values, Write, parse_id};
use crate::error::{Error, Kind, Result};

/// A line to be.
#[derive(Debug, Clone)]
pub struct NewLine {
    pub child_id: String,
    /// quantity, uom, find_num, refdes, effectivity_from, effectivity_to, config_condition and any other.
    pub values: Values,
}

#[derive(Debug, Clone)]
pub struct AddedLine {
    pub relationship_id: Uuid,
    pub parent_id: Uuid,
    pub child_id: Uuid,
    /// Where the line has dates.
    pub effectivity_id: Option<Uuid>,
}

/// Adds a child to a parent.
///
/// Fails with `BadRequest` for a second line of the same child and unit, `Conflict` `CYCLE_DETECTED` with the path.
pub async fn add_line(ctx: &Ctx, parent: &str, new: NewLine) -> Result<AddedLine> {
    let (parent, child) = (parse_id(parent)?, parse_id(&new.child_id)?);
    let mut model = Model::load(ctx).await?;
    let structure = |model: &Model| Ok(Turns::default().structure(model.item_type(PART_BOM)?));
    let write = Write::begin_fresh(ctx, &mut model, structure).await?;
    let added = add_line_within(&write, parent, child, new.values).await.map_err(as_recorded)?;
    write.commit().await?;
    Ok(added)
}

/// The same within a larger write; fails as [`meta::add_relationship`] does.
pub async fn add_line_within(write: &Write<'_>, parent: Uuid, child: Uuid, values: Values) -> Result<AddedLine> {
    let kind = write.model.item_type(PART_BOM)?;
    let line = meta::add_relationship(write, kind, parent, child, values).await?;
    let effectivity_id = meta::recorded_period(kind, &line);
    Ok(AddedLine { relationship_id: line.id, parent_id: parent, child_id: child, effectivity_id })
}

/// Clients of this operation know plain texts for what the meta engine answers with a code.
fn as_recorded(error: Error) -> Error {
    match (error.kind(), error.code_name()) {
        (Kind::Forbidden, _) => Error::forbidden("Permission denied"),
        (_, Some("RELATIONSHIP_EXISTS")) => {
            let details = error.details_value();
            let text =
                |path: &str| details.and_then(|details| details.pointer(path)).and_then(Value::as_str).unwrap_or("?");
            let (parent, child, uom) = (text("/source_id"), text("/related_id"), text("/key/uom"));
            let message = format!("BOM relationship already exists: {parent} -> {child} (uom={uom})");
            Error::bad_request(message)
        }
        _ => error,
    }
}

/// Removes the line to a child; `uom` tells which, where there are several.
///
/// Fails with `NotFound` when there is none, `BadRequest` when several units are there and none is named.
pub async fn remove_line(ctx: &Ctx, parent: &str, child: &str, uom: Option<&str>) -> Result<Uuid> {
    let missing = || Error::not_found(format!("BOM relationship not found: {parent} -> {child}"));
    let (parent_id, child_id) = (parse_id(parent).map_err(|_| missing())?, parse_id(child).map_err(|_| missing())?);
    let mut model = Model::load(ctx).await?;
    // A parent or child that may not be seen has no line that may.
    let refused = |error: Error| match (error.kind(), error.code_name()) {
        (Kind::NotFound, _) => missing(),
        (_, Some("STATE_LOCKED")) => locked_as_recorded(&error),
        _ => as_recorded(error),
    };
    meta::require_item(ctx, &model, child_id).await.map_err(refused)?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let lines = meta::locked_lines(&write, write.model.item_type(PART_BOM)?, parent_id).await.map_err(refused)?;
    let uom = uom.map(|uom| uom.trim().to_uppercase());
    let fits = |line: &&Item| {
        line.related_id == Some(child_id) && uom.as_deref().is_none_or(|uom| line.text("uom") == Some(uom))
    };
    let mut fitting = lines.iter().filter(fits);
    let line = fitting.next().ok_or_else(missing)?;
    if fitting.next().is_some() {
        return Err(Error::bad_request("There are lines in several units; name one: ?uom=EA"));
    }
    meta::remove_relationship(&write, line).await.map_err(refused)?;
    write.commit().await?;
    Ok(line.id)
}

fn locked_as_recorded(error: &Error) -> Error {
    let state = error.details_value().and_then(|details| details.get("state")).and_then(Value::as_str);
    Error::conflict(format!("Item is locked in state '{}'", state.unwrap_or_default()))
}
