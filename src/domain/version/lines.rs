//! The lines of versions: read of any, and changed of drafts beside the current version.

use std::collections::{BTreeMap, HashMap, HashSet};

use uuid::Uuid;

use super::apply::{add_to_draft, change_in_draft, remove_from_draft};
use super::content::Held;
use super::model::Version;
use super::open::open_version;
use super::read::require_version;
use super::repo;
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model, Turns, Values, Write};
use crate::domain::permission::Action;
use crate::error::{Error, Result};
use crate::types::PageRequest;

/// A line of a version, and the item that it leads to as it is now.
#[derive(Debug, Clone)]
pub struct VersionLine {
    pub line: Item,
    pub related: Item,
    /// The number of the item that it leads to.
    pub number: Option<String>,
}

/// A line to be.
#[derive(Debug, Clone, Default)]
pub struct NewVersionLine {
    pub child_id: String,
    /// The relationship type.
    pub kind: String,
    /// A line of the version that this one hangs on; without one the item.
    pub parent_line_id: Option<String>,
    pub properties: Values,
}

/// Those of some lines that the caller may get with what they lead to and hang on.
pub(super) async fn seen(
    ctx: &Ctx,
    model: &Model,
    item: Uuid,
    lines: &BTreeMap<Uuid, Item>,
) -> Result<Vec<VersionLine>> {
    let ids: HashSet<Uuid> = lines.values().filter_map(|line| line.related_id).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let related = repo::items(&*ctx.db, &ids).await?;
    Ok(shown(model, item, lines, &related))
}

fn shown(model: &Model, item: Uuid, lines: &BTreeMap<Uuid, Item>, related: &HashMap<Uuid, Item>) -> Vec<VersionLine> {
    let is_seen = |line: &Item| {
        let related = line.related_id.and_then(|id| related.get(&id));
        model.allow(line, Action::Get) && related.is_some_and(|item| model.allow(item, Action::Get))
    };
    // What hangs on a hidden line is hidden with it.
    let reaches_top = |line: &Item| {
        let above = |line: &&Item| line.source_id.and_then(|id| lines.get(&id));
        let up: Vec<&Item> = std::iter::successors(Some(line), above).take(lines.len() + 1).collect();
        up.iter().all(|line| is_seen(line)) && up.last().is_some_and(|top| top.source_id == Some(item))
    };
    let one = |line: &Item| {
        let related = related.get(&line.related_id?)?.clone();
        let number = model.item_type(&related.item_type).ok().and_then(|kind| kind.number(&related)).map(str::to_owned);
        Some(VersionLine { line: line.clone(), related, number })
    };
    lines.values().filter(|line| reaches_top(line)).filter_map(one).collect()
}

/// The lines of a version, in the order of creation, for whoever may read its item: of the current version those of the item.
pub async fn version_lines(ctx: &Ctx, version: &str, page: PageRequest) -> Result<Vec<VersionLine>> {
    let (model, item, version) = require_version(ctx, version).await?;
    let lines = repo::lines_of(&*ctx.db, &version).await?;
    let held = Held::new(&model, &item, &version, lines);
    let lines = seen(ctx, &model, item.id, &held.lines).await?;
    let (skip, most) = (usize::try_from(page.offset), usize::try_from(page.limit));
    Ok(lines.into_iter().skip(skip.unwrap_or(usize::MAX)).take(most.unwrap_or(usize::MAX)).collect())
}

/// A draft that the caller may change, and its item; both stay until the write ends.
async fn open_draft(write: &Write<'_>, version: &str) -> Result<(Item, Version, Held)> {
    let (item, version) = open_version(write, version).await?;
    write.model.require(&item, Action::Update)?;
    version.require_draft()?;
    version.require_free(write.ctx)?;
    let held = Held::read(write, &item, &version).await?;
    Ok((item, version, held))
}

/// Adds a line to a draft beside the current version, checked as a line of an item is: the child may be read, and nothing
/// comes below itself in the structure of now.
///
/// Fails with `Conflict` `VERSION_RELEASED`, `VERSION_MERGED`, `VERSION_CURRENT`, `RELATIONSHIP_EXISTS`, `CYCLE_DETECTED`.
pub async fn add_version_line(ctx: &Ctx, version: &str, new: NewVersionLine) -> Result<VersionLine> {
    let child = meta::parse_id(&new.child_id)?;
    let mut model = Model::load(ctx).await?;
    let turns = |model: &Model| Ok(Turns::default().structure(model.item_type(&new.kind)?));
    let write = Write::begin_fresh(ctx, &mut model, turns).await?;
    let (item, version, held) = open_draft(&write, version).await?;
    let kind = write.model.item_type(&new.kind)?;
    let source = match &new.parent_line_id {
        Some(id) => parent(&held, id)?,
        None if kind.is_acyclic && kind.is_relationship => &item,
        None => return Err(no_structure(&new.kind)),
    };
    let added = add_to_draft(&write, &version, &new.kind, None, (source, child), new.properties).await?;
    let shown = one(&write, added).await?;
    write.commit().await?;
    Ok(shown)
}

fn parent<'a>(held: &'a Held, id: &str) -> Result<&'a Item> {
    let found = Uuid::parse_str(id).ok().and_then(|id| held.lines.get(&id));
    found.ok_or_else(|| {
        Error::invalid_field("reference", &["body", "parent_line_id"], "The version has no line with this id")
    })
}

fn no_structure(kind: &str) -> Error {
    let message = format!("Lines of the type {kind} are no structure: they are the item's, whatever its version");
    Error::invalid_field("value_error", &["body", "relationship_type"], message)
}

/// Changes the values of a line of a draft; `null` removes one.
pub async fn change_version_line(ctx: &Ctx, version: &str, line: &str, given: Values) -> Result<VersionLine> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (item, version, held) = open_draft(&write, version).await?;
    let there = require_line(&write, &item, &held, line).await?;
    let after = change_in_draft(&write, &version, &there, given).await?;
    let shown = one(&write, after).await?;
    write.commit().await?;
    Ok(shown)
}

/// Removes a line of a draft. Fails with `Conflict` `ITEM_IN_USE` while others hang on it.
pub async fn remove_version_line(ctx: &Ctx, version: &str, line: &str) -> Result<()> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (item, version, held) = open_draft(&write, version).await?;
    let there = require_line(&write, &item, &held, line).await?;
    let hanging = held.lines.values().filter(|other| other.source_id == Some(there.id)).count();
    if hanging > 0 {
        return Err(Error::conflict(format!("{hanging} lines hang on line {}", there.id))
            .code("ITEM_IN_USE", "Other lines hang on it. Remove them first.")
            .details(serde_json::json!({ "count": hanging })));
    }
    remove_from_draft(&write, &version, &there).await?;
    write.commit().await
}

/// A line that the caller may see.
async fn require_line(write: &Write<'_>, item: &Item, held: &Held, id: &str) -> Result<Item> {
    let missing = || Error::not_found(format!("Line {id} not found"));
    let id = Uuid::parse_str(id).map_err(|_| missing())?;
    let ids: Vec<Uuid> = held.lines.values().filter_map(|line| line.related_id).collect();
    let related = repo::items(write.tx(), &ids).await?;
    let seen = shown(write.model, item.id, &held.lines, &related);
    seen.into_iter().find(|found| found.line.id == id).map(|found| found.line).ok_or_else(missing)
}

async fn one(write: &Write<'_>, line: Item) -> Result<VersionLine> {
    let ids: Vec<Uuid> = line.related_id.into_iter().collect();
    let related = repo::items(write.tx(), &ids).await?.into_values().next();
    let related = related.ok_or_else(|| Error::internal(format!("Line {} leads nowhere", line.id)))?;
    let number =
        write.model.item_type(&related.item_type).ok().and_then(|kind| kind.number(&related)).map(str::to_owned);
    Ok(VersionLine { line, related, number })
}
