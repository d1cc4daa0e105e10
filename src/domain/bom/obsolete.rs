//! What a structure still uses although it is obsolete, and what takes its place.
//!
//! An item is obsolete by its state (`Obsolete`, `End of Life`, `EOL`), by a property that says so (`obsolete: true`, or a
//! `lifecycle_status` or `status` of that kind), or because it is not the current one of its line of items. Its replacement
//! is the item, or the number of an item of the same type, that one of the properties in [`REPLACEMENTS`] names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::explode::check_levels;
use super::tree::{Held, TreeRequest, held};
use super::{PART_BOM, too_large};
use crate::context::Ctx;
use crate::domain::meta::{self, Item, ItemView, Model, parse_id};
use crate::error::{Error, Result};

/// The properties that name what replaces an item; the first that is given counts.
pub const REPLACEMENTS: [&str; 8] = [
    "superseded_by",
    "superseded_by_id",
    "replacement_id",
    "replacement_item_id",
    "replacement",
    "replaced_by",
    "replaced_by_id",
    "replacement_number",
];
/// Names of states of what should not be used any more, in lower case without blanks, hyphens and underscores.
const OBSOLETE: [&str; 5] = ["obsolete", "endoflife", "eol", "discontinued", "superseded"];
/// The most entries that one answer names.
const MOST_ENTRIES: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObsoleteReason {
    State,
    Flag,
    NotCurrent,
}

impl ObsoleteReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "obsolete_state",
            Self::Flag => "obsolete_flag",
            Self::NotCurrent => "not_current",
        }
    }
}

/// A line that leads to something obsolete.
#[derive(Debug, Clone)]
pub struct ObsoleteLine {
    pub line: Arc<Item>,
    pub parent: ItemView,
    pub child: ItemView,
    pub replacement: Option<ItemView>,
    /// From 1: the lines of the root; the nearest level of the line.
    pub level: u32,
    pub reasons: Vec<ObsoleteReason>,
}

/// Where to look.
#[derive(Debug, Clone)]
pub struct ObsoleteRequest {
    pub recursive: bool,
    pub levels: i64,
    /// Types of lines; `Part BOM` where none is named.
    pub kinds: Vec<String>,
    /// Where the request names levels and types: `query` or `body`.
    pub place: &'static str,
}

/// The lines below an item, each once, that lead to something obsolete, as far as the caller may read.
///
/// Fails with `NotFound`, `Invalid` for levels outside 1 to 100 or a type that is no structure, `BadRequest`
/// `TREE_TOO_LARGE`.
pub async fn obsolete_lines(ctx: &Ctx, root: &str, request: &ObsoleteRequest) -> Result<(Uuid, Vec<ObsoleteLine>)> {
    let levels = check_levels(request.levels, &[request.place, "levels"])?;
    let model = Model::load(ctx).await?;
    let root = meta::require_item(ctx, &model, parse_id(root)?).await?;
    let depth = if request.recursive { i32::try_from(levels).unwrap_or(i32::MAX) } else { 1 };
    let mut found = Vec::new();
    for kind in kinds(&model, request)? {
        let tree = TreeRequest { depth, ..TreeRequest::default() };
        found.extend(held(ctx, model.clone(), kind, root.clone(), tree, |held| scan(&held)).await?);
    }
    let mut lines = with_replacements(ctx, &model, found).await?;
    lines.sort_by_key(|line| line.level);
    Ok((root.id, lines))
}

fn kinds<'a>(model: &Model, request: &'a ObsoleteRequest) -> Result<Vec<&'a str>> {
    let mut kinds: Vec<&str> = request.kinds.iter().map(|kind| kind.trim()).filter(|kind| !kind.is_empty()).collect();
    if kinds.is_empty() {
        kinds.push(PART_BOM);
    }
    kinds.sort_unstable();
    kinds.dedup();
    for kind in &kinds {
        let is_structure = model.item_type(kind).is_ok_and(|kind| kind.is_relationship && kind.is_acyclic);
        if !is_structure {
            let message = format!("{kind} is no type of the lines of a structure");
            return Err(Error::invalid_field("value_error", &[request.place, "relationship_types"], message));
        }
    }
    Ok(kinds)
}

fn scan(held: &Held) -> Result<Vec<ObsoleteLine>> {
    let mut known: HashMap<Uuid, Vec<ObsoleteReason>> = HashMap::new();
    let mut found = Vec::new();
    for (depth, parent, line, (_, child)) in held.lines_by_level() {
        let reasons = known.entry(child.id).or_insert_with(|| reasons(child));
        if reasons.is_empty() {
            continue;
        }
        if found.len() == MOST_ENTRIES {
            return Err(too_large(format!("More than {MOST_ENTRIES} lines lead to something obsolete")));
        }
        let view = |item: &Item| ItemView::new(&held.model, item.clone());
        found.push(ObsoleteLine {
            line: line.clone(),
            parent: view(parent),
            child: view(child),
            replacement: None,
            level: depth + 1,
            reasons: reasons.clone(),
        });
    }
    Ok(found)
}

fn reasons(item: &Item) -> Vec<ObsoleteReason> {
    let is_flagged = |name: &str| match item.properties.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    };
    let by_property = ["lifecycle_status", "status"].iter().any(|name| item.text(name).is_some_and(means_obsolete));
    let table = [
        (ObsoleteReason::State, means_obsolete(&item.state) || by_property),
        (ObsoleteReason::Flag, is_flagged("obsolete") || is_flagged("is_obsolete")),
        (ObsoleteReason::NotCurrent, !item.is_current),
    ];
    table.into_iter().filter_map(|(reason, holds)| holds.then_some(reason)).collect()
}

fn means_obsolete(state: &str) -> bool {
    let bare: String = state.chars().filter(|letter| letter.is_alphanumeric()).collect();
    OBSOLETE.contains(&bare.to_lowercase().as_str())
}

/// Finds the replacements: a few queries for all of them.
async fn with_replacements(ctx: &Ctx, model: &Model, mut lines: Vec<ObsoleteLine>) -> Result<Vec<ObsoleteLine>> {
    let mut ids: HashSet<Uuid> = HashSet::new();
    let mut numbers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in &lines {
        match named_replacement(&line.child.item) {
            Some(Named::Id(id)) => _ = ids.insert(id),
            Some(Named::Number(number)) => {
                numbers.entry(line.child.item.item_type.clone()).or_default().push(number.to_owned());
            }
            None => {}
        }
    }
    let by_id = super::links::parts(ctx, model, ids).await?;
    let mut by_number: HashMap<(String, String), ItemView> = HashMap::new();
    for (kind, numbers) in numbers {
        let found = meta::find_by_numbers(ctx, model, model.item_type(&kind)?, &numbers).await?;
        for view in found.into_iter().map(|item| super::links::view(model, item)) {
            by_number.extend(view.number.clone().map(|number| ((kind.clone(), number), view)));
        }
    }
    for line in &mut lines {
        let child = &line.child.item;
        let found = match named_replacement(child) {
            Some(Named::Id(id)) => by_id.get(&id),
            Some(Named::Number(number)) => by_number.get(&(child.item_type.clone(), number.to_owned())),
            None => None,
        };
        line.replacement = found.filter(|found| found.item.id != child.id).cloned();
    }
    Ok(lines)
}

enum Named<'a> {
    Id(Uuid),
    Number(&'a str),
}

fn named_replacement(item: &Item) -> Option<Named<'_>> {
    let named = REPLACEMENTS.iter().find_map(|name| item.text(name).map(str::trim).filter(|text| !text.is_empty()))?;
    Some(Uuid::parse_str(named).map_or(Named::Number(named), Named::Id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_what_should_not_be_used_are_known_however_they_are_written() {
        for state in ["Obsolete", "OBSOLETE", "End of Life", "end_of_life", "EOL", "Discontinued"] {
            assert!(means_obsolete(state), "{state}");
        }
        for state in ["Draft", "Released", "Not obsolete", "Suspended", ""] {
            assert!(!means_obsolete(state), "{state}");
        }
    }
}
