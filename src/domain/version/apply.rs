//! Bringing a version to another content: the current one with its item and the item's lines, by the rules of every change;
//! a draft beside it within itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::content::Held;
use super::merge::{Content, Line};
use super::model::Version;
use super::repo;
use crate::domain::audit::Change;
use crate::domain::meta::{self, Item, Model, Turns, VERSION, Values, Write};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// What changed of a version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    pub properties: usize,
    pub lines_added: usize,
    pub lines_changed: usize,
    pub lines_removed: usize,
}

/// What a write must have to itself that may add lines of any structure.
pub(super) fn structures(model: &Model) -> Turns {
    model
        .item_types()
        .fold(Turns::default(), |turns, kind| if kind.is_relationship { turns.structure(kind) } else { turns })
}

/// The lines that differ.
struct Difference<'a> {
    added: Vec<(Uuid, &'a Line)>,
    changed: Vec<(Uuid, &'a Line)>,
    removed: Vec<Uuid>,
}

impl<'a> Difference<'a> {
    fn between(before: &Content, after: &'a Content) -> Self {
        let mut found = Self { added: Vec::new(), changed: Vec::new(), removed: Vec::new() };
        for (id, line) in &after.lines {
            match before.lines.get(id) {
                Some(old) if (&old.kind, old.parent, old.child) != (&line.kind, line.parent, line.child) => {
                    // The ends of a line do not change: it goes and comes back.
                    found.removed.push(*id);
                    found.added.push((*id, line));
                }
                Some(old) if !old.is_same(line) => found.changed.push((*id, line)),
                Some(_) => {}
                None => found.added.push((*id, line)),
            }
        }
        found.removed.extend(before.lines.keys().filter(|id| !after.lines.contains_key(id)));
        // What hangs on a line goes before it and comes after it.
        found.removed.sort_by_key(|id| std::cmp::Reverse(depth(before, *id)));
        found.added.sort_by_key(|(id, _)| depth(after, *id));
        found
    }
}

fn depth(content: &Content, id: Uuid) -> usize {
    let parent = |id: &Uuid| content.lines.get(id).map(|line| line.parent).filter(|id| content.lines.contains_key(id));
    std::iter::successors(Some(id), parent).take(content.lines.len() + 1).count()
}

/// Brings a version to a content. The version is open, its item is locked, and the caller may change both.
///
/// Fails as changes of items and lines do, and with `Conflict` `HIDDEN_RELATIONSHIPS` where lines would change that lead to
/// what the caller may not get.
pub(super) async fn apply(
    write: &Write<'_>,
    item: &Item,
    version: &Version,
    before: &Held,
    after: &Content,
) -> Result<(Item, Version, Changed)> {
    let lines = Difference::between(&before.content, after);
    let touched = lines.added.iter().chain(&lines.changed).map(|(_, line)| line.child);
    let gone = lines.removed.iter().filter_map(|id| before.content.lines.get(id)).map(|line| line.child);
    require_seen(write, touched.chain(gone).collect()).await?;
    let mut changed = Changed {
        properties: 0,
        lines_added: lines.added.len(),
        lines_changed: lines.changed.len(),
        lines_removed: lines.removed.len(),
    };
    let (mut item, mut version) = (item.clone(), version.clone());
    let differing = changes(&before.content.properties, &after.properties);
    if !differing.is_empty() {
        changed.properties = differing.len();
        (item, version) = set_properties(write, item, version, differing).await?;
    }
    let mut place = Place { write, item: &item, version: &version, lines: before.lines.clone() };
    for id in lines.removed {
        place.remove(id).await?;
    }
    for (id, line) in lines.changed {
        place.change(id, line).await?;
    }
    for (id, line) in lines.added {
        place.add(id, line).await?;
    }
    Ok((item, version, changed))
}

/// The change that leads from some values to others; `null` removes.
fn changes(before: &Values, after: &Values) -> Values {
    let set = after.iter().filter(|(name, value)| before.get(*name).is_none_or(|old| !meta::same_value(old, value)));
    let gone = before.keys().filter(|name| !after.contains_key(*name)).map(|name| (name.clone(), Value::Null));
    set.map(|(name, value)| (name.clone(), value.clone())).chain(gone).collect()
}

async fn set_properties(write: &Write<'_>, item: Item, version: Version, given: Values) -> Result<(Item, Version)> {
    let kind = write.model.item_type(&item.item_type)?;
    if version.is_current {
        let current_version_id = item.current_version_id;
        let item = meta::update_item(write, kind, item.id, given).await?;
        return Ok((Item { current_version_id, ..item }, version));
    }
    let version = change_draft(write, &item, version, given).await?;
    Ok((item, version))
}

/// Changes the properties of a draft; the item stays as it is.
pub(super) async fn change_draft(write: &Write<'_>, item: &Item, version: Version, given: Values) -> Result<Version> {
    let kind = write.model.item_type(&item.item_type)?;
    let changed = meta::prepare_change(write, kind, &version.as_item(item), given).await?;
    let Some(changed) = changed else { return Ok(version) };
    let after = Version { properties: changed.properties, ..version.clone() };
    repo::set_down(write.tx(), &after).await?;
    let shown = |version: &Version| json!({ "item_id": version.item_id, "properties": version.properties });
    note(write, "version.properties_changed", &after, (Some(shown(&version)), Some(shown(&after)))).await?;
    Ok(after)
}

/// The caller may get all of these; else they are told that there is more than they see.
pub(super) async fn require_seen(write: &Write<'_>, items: BTreeSet<Uuid>) -> Result<()> {
    let ids: Vec<Uuid> = items.into_iter().collect();
    let found = repo::items(write.tx(), &ids).await?;
    let hidden = found.values().filter(|item| !write.model.allow(item, Action::Get)).count();
    if hidden == 0 {
        return Ok(());
    }
    Err(Error::conflict(format!("{hidden} lines lead to what you may not see"))
        .code("HIDDEN_RELATIONSHIPS", "Lines would change that you may not see. Ask somebody who may.")
        .details(json!({ "count": hidden })))
}

/// Where lines are changed: on the item, or within a draft.
struct Place<'a> {
    write: &'a Write<'a>,
    item: &'a Item,
    version: &'a Version,
    /// As they stand.
    lines: BTreeMap<Uuid, Item>,
}

impl Place<'_> {
    async fn remove(&mut self, id: Uuid) -> Result<()> {
        let Some(line) = self.lines.remove(&id) else { return Ok(()) };
        if self.version.is_current {
            return meta::remove_relationship(self.write, &line).await;
        }
        remove_from_draft(self.write, self.version, &line).await
    }

    async fn change(&mut self, id: Uuid, after: &Line) -> Result<()> {
        let Some(line) = self.lines.get(&id) else { return Ok(()) };
        let given = changes(&line.properties, &after.properties);
        let kind = self.write.model.item_type(&line.item_type)?;
        let changed = match self.version.is_current {
            true => meta::update_item(self.write, kind, id, given).await?,
            false => change_in_draft(self.write, self.version, line, given).await?,
        };
        self.lines.insert(id, changed);
        Ok(())
    }

    async fn add(&mut self, id: Uuid, line: &Line) -> Result<()> {
        let kind = self.write.model.item_type(&line.kind)?;
        let given = line.properties.clone();
        let added = if self.version.is_current {
            meta::add_relationship_again(self.write, kind, id, (line.parent, line.child), given).await?
        } else {
            let source = self.lines.get(&line.parent).unwrap_or(self.item);
            add_to_draft(self.write, self.version, &line.kind, Some(id), (source, line.child), given).await?
        };
        self.lines.insert(id, added);
        Ok(())
    }
}

/// Adds a line to a draft, on its item or on a line of it.
pub(super) async fn add_to_draft(
    write: &Write<'_>,
    version: &Version,
    kind: &str,
    id: Option<Uuid>,
    (source, related): (&Item, Uuid),
    given: Values,
) -> Result<Item> {
    let kind = write.model.item_type(kind)?;
    let line = meta::prepare_line(write, kind, id, (source, related), given).await?;
    let leads_to = repo::version_to_lead_to(write.tx(), related, write.ctx.now()).await?;
    let stored = repo::insert_line(write.tx(), version.id, &line, leads_to).await;
    stored.map_err(|error| meta::exists(error, kind, &line))?;
    note(write, "version.line_added", version, (None, shown(version, &line))).await?;
    Ok(line)
}

/// Changes a line of a draft.
pub(super) async fn change_in_draft(write: &Write<'_>, version: &Version, line: &Item, given: Values) -> Result<Item> {
    write.model.require(line, Action::Update)?;
    let kind = write.model.item_type(&line.item_type)?;
    let Some(after) = meta::prepare_change(write, kind, line, given).await? else { return Ok(line.clone()) };
    let after = Item { change_count: line.change_count + 1, ..after };
    let stored = repo::update_line(write.tx(), version.id, &after).await;
    stored.map_err(|error| meta::exists(error, kind, &after))?;
    note(write, "version.line_changed", version, (shown(version, line), shown(version, &after))).await?;
    Ok(after)
}

/// Removes a line of a draft on which none hangs.
pub(super) async fn remove_from_draft(write: &Write<'_>, version: &Version, line: &Item) -> Result<()> {
    write.model.require(line, Action::Delete)?;
    repo::delete_line(write.tx(), version.id, line.id).await?;
    note(write, "version.line_removed", version, (shown(version, line), None)).await
}

/// A line as the audit keeps it.
fn shown(version: &Version, line: &Item) -> Option<Value> {
    Some(json!({
        "item_id": version.item_id, "line_id": line.id, "type": line.item_type, "source_id": line.source_id,
        "related_id": line.related_id, "properties": line.properties,
    }))
}

async fn note(
    write: &Write<'_>,
    action: &'static str,
    version: &Version,
    (before, after): (Option<Value>, Option<Value>),
) -> Result<()> {
    let (subject_type, subject_id) = (VERSION.to_owned(), version.id.to_string());
    write.note(Change { action, subject_type, subject_id, before, after }).await
}
