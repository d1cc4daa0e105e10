//! Adding, changing and removing BOM lines.

use serde_json::Value;
use uuid::Uuid;

use super::{PART_BOM, PART_BOM_SUBSTITUTE, refdes};
use crate::context::Ctx;
use crate::domain::meta::{self, Basis, Item, Model, Turns, Values, Write, parse_id};
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
    /// What its author should look at; the line is stored all the same.
    pub warnings: Vec<String>,
}

/// A line after a change.
#[derive(Debug, Clone)]
pub struct ChangedLine {
    pub line: Item,
    pub effectivity_id: Option<Uuid>,
    pub warnings: Vec<String>,
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
    let warnings = refdes::warnings(&line);
    Ok(AddedLine { relationship_id: line.id, parent_id: parent, child_id: child, effectivity_id, warnings })
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

/// Removes the line to a child, with its substitutes; `uom` tells which, where there are several.
///
/// Fails with `NotFound` when there is none, `BadRequest` when several units are there and none is named.
pub async fn remove_line(ctx: &Ctx, parent: &str, child: &str, uom: Option<&str>) -> Result<Uuid> {
    let place = Place::read(parent, child, uom)?;
    let mut model = Model::load(ctx).await?;
    meta::require_item(ctx, &model, place.child).await.map_err(|error| place.refusal(error))?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let line = place.locked(&write).await?;
    let removed = remove_with_substitutes(&write, &line).await;
    removed.map_err(|error| place.refusal(error))?;
    write.commit().await?;
    Ok(line.id)
}

/// Removes a line and what may be used instead of what it leads to.
pub(super) async fn remove_with_substitutes(write: &Write<'_>, line: &Item) -> Result<()> {
    let kind = write.model.item_type(PART_BOM_SUBSTITUTE)?;
    if line.item_type == PART_BOM {
        for substitute in meta::locked_lines(write, kind, line.id).await? {
            meta::remove_relationship(write, &substitute).await?;
        }
    }
    meta::remove_relationship(write, line).await
}

/// Changes the line to a child; `null` removes a value. `uom` tells which line, where there are several.
///
/// Fails as [`remove_line`] does, with `Conflict` `STALE_ITEM` where the line is not as its author has seen it, and with
/// `BadRequest` where the child is there in the new unit already.
pub async fn change_line(
    ctx: &Ctx,
    (parent, child, uom): (&str, &str, Option<&str>),
    values: Values,
    basis: &Basis,
) -> Result<ChangedLine> {
    let place = Place::read(parent, child, uom)?;
    let mut model = Model::load(ctx).await?;
    meta::require_item(ctx, &model, place.child).await.map_err(|error| place.refusal(error))?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let line = place.locked(&write).await?;
    basis.require(write.model, &line)?;
    let kind = write.model.item_type(PART_BOM)?;
    let line = meta::update_item(&write, kind, line.id, values).await.map_err(|error| place.refusal(error))?;
    let effectivity_id = meta::recorded_period(kind, &line);
    write.commit().await?;
    Ok(ChangedLine { effectivity_id, warnings: refdes::warnings(&line), line })
}

/// Where a line is, as a client names it.
struct Place {
    parent: Uuid,
    child: Uuid,
    uom: Option<String>,
    missing: String,
}

impl Place {
    fn read(parent: &str, child: &str, uom: Option<&str>) -> Result<Self> {
        let missing = format!("BOM relationship not found: {parent} -> {child}");
        let id = |text| parse_id(text).map_err(|_| Error::not_found(missing.clone()));
        let (parent, child) = (id(parent)?, id(child)?);
        Ok(Self { parent, child, uom: uom.map(|uom| uom.trim().to_uppercase()), missing })
    }

    /// A parent or child that may not be seen has no line that may.
    fn refusal(&self, error: Error) -> Error {
        match (error.kind(), error.code_name()) {
            (Kind::NotFound, _) => Error::not_found(self.missing.clone()),
            (_, Some("STATE_LOCKED")) => locked_as_recorded(&error),
            _ => as_recorded(error),
        }
    }

    /// The line; its parent stays locked until the write ends.
    async fn locked(&self, write: &Write<'_>) -> Result<Item> {
        let lines = meta::locked_lines(write, write.model.item_type(PART_BOM)?, self.parent).await;
        let lines = lines.map_err(|error| self.refusal(error))?;
        let fits = |line: &Item| {
            line.related_id == Some(self.child) && self.uom.as_deref().is_none_or(|uom| line.text("uom") == Some(uom))
        };
        let mut fitting = lines.into_iter().filter(fits);
        let line = fitting.next().ok_or_else(|| Error::not_found(self.missing.clone()))?;
        if fitting.next().is_some() {
            return Err(Error::bad_request("There are lines in several units; name one: ?uom=EA"));
        }
        Ok(line)
    }
}

fn locked_as_recorded(error: &Error) -> Error {
    let state = error.details_value().and_then(|details| details.get("state")).and_then(Value::as_str);
    Error::conflict(format!("Item is locked in state '{}'", state.unwrap_or_default()))
}
