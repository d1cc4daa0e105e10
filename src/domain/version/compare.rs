//! What differs between two versions of an item.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::content::Held;
use super::lines::{VersionLine, seen};
use super::model::Version;
use super::read::require_version;
use super::repo;
use crate::context::Ctx;
use crate::domain::meta::{Item, Model, Values, same_value};
use crate::error::{Error, Result};

/// A value on either side; none where there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    pub field: String,
    pub left: Option<Value>,
    pub right: Option<Value>,
}

/// A line whose values differ.
#[derive(Debug, Clone)]
pub struct LineChange {
    /// As it is in the second version.
    pub line: VersionLine,
    pub changes: Vec<FieldChange>,
}

/// What the second version has more, less, or otherwise than the first.
#[derive(Debug, Clone)]
pub struct Comparison {
    pub left: Version,
    pub right: Version,
    pub properties: Vec<FieldChange>,
    pub lines_added: Vec<VersionLine>,
    pub lines_removed: Vec<VersionLine>,
    pub lines_changed: Vec<LineChange>,
}

/// Compares two versions of one item, for whoever may read it; without lines that the caller may not get.
///
/// Fails with `NotFound`, `BadRequest` for versions of two items.
pub async fn compare_versions(ctx: &Ctx, left: &str, right: &str) -> Result<Comparison> {
    let (model, item, left) = require_version(ctx, left).await?;
    let (_, _, right) = require_version(ctx, right).await?;
    if left.item_id != right.item_id {
        return Err(Error::bad_request("The versions are of different items"));
    }
    let (before, lines_before) = side(ctx, &model, &item, &left).await?;
    let (after, mut lines_after) = side(ctx, &model, &item, &right).await?;
    let (mut removed, mut changed) = (Vec::new(), Vec::new());
    for (id, old) in lines_before {
        match lines_after.remove(&id) {
            Some(line) => {
                let changes = differences(&old.line.properties, &line.line.properties);
                if !changes.is_empty() {
                    changed.push(LineChange { line, changes });
                }
            }
            None => removed.push(old),
        }
    }
    Ok(Comparison {
        left: left.of(&item),
        right: right.of(&item),
        properties: differences(&before, &after),
        lines_added: lines_after.into_values().collect(),
        lines_removed: removed,
        lines_changed: changed,
    })
}

async fn side(
    ctx: &Ctx,
    model: &Model,
    item: &Item,
    version: &Version,
) -> Result<(Values, BTreeMap<Uuid, VersionLine>)> {
    let lines = repo::lines_of(&*ctx.db, version).await?;
    let held = Held::new(model, item, version, lines);
    let lines = seen(ctx, model, item.id, &held.lines).await?;
    Ok((held.content.properties, lines.into_iter().map(|line| (line.line.id, line)).collect()))
}

/// The values that differ, by their names.
fn differences(left: &Values, right: &Values) -> Vec<FieldChange> {
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let differs = |name: &&String| match (left.get(*name), right.get(*name)) {
        (Some(left), Some(right)) => !same_value(left, right),
        _ => true,
    };
    let change = |name: &String| FieldChange {
        field: name.clone(),
        left: left.get(name).cloned(),
        right: right.get(name).cloned(),
    };
    names.into_iter().filter(differs).map(change).collect()
}
