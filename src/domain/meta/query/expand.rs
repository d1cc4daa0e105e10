//! Items with those around them: the lines that hang on them, what these lead to, and what their properties refer to, to a
//! depth. A level takes two queries, however many items it has.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::budget::Budget;
use crate::context::Ctx;
use crate::domain::meta::item::Item;
use crate::domain::meta::mirrors::ItemView;
use crate::domain::meta::model::{DataType, ItemType, Model};
use crate::domain::meta::repo;
use crate::error::{Error, Result};

/// The most items that are expanded in one answer; one that occurs in two places counts twice.
const MOST_EXPANDED: usize = 10_000;
/// The deepest expansion.
const MAX_DEPTH: i64 = 10;
/// The most names of one request.
const MOST_NAMES: usize = 20;

/// What to show around items: relationship types, and properties that refer to items (`source_id` and `related_id` of a
/// relationship too).
#[derive(Debug, Clone, Default)]
pub struct Expand {
    pub names: Vec<String>,
    /// Levels; 1 shows what is next to the items.
    pub depth: i64,
}

impl Expand {
    /// Nothing is wanted around the item, to a depth that is allowed.
    pub(super) fn is_plain(&self) -> bool {
        self.names.is_empty() && (1..=MAX_DEPTH).contains(&self.depth)
    }

    /// Fails with `Invalid` for a name that no type knows.
    pub(super) fn check(&self, model: &Model, part: &[&str]) -> Result<Checked> {
        let refuse = |name: &str, message: String| {
            let loc: Vec<&str> = part.iter().copied().chain([name]).collect();
            Err(Error::invalid_field("value_error", &loc, message))
        };
        if !(1..=MAX_DEPTH).contains(&self.depth) {
            return refuse("depth", format!("1 to {MAX_DEPTH} levels"));
        }
        if self.names.len() > MOST_NAMES {
            return refuse("expand", format!("At most {MOST_NAMES} names"));
        }
        let mut checked = Checked { depth: self.depth.unsigned_abs(), ..Checked::default() };
        for name in &self.names {
            match name.as_str() {
                "source_id" => checked.source = true,
                "related_id" => checked.related = true,
                name if model.item_type(name).is_ok_and(|kind| kind.is_relationship) => {
                    checked.relationships.insert(name.to_owned());
                }
                name if model.item_types().any(|kind| refers(kind, name)) => {
                    checked.properties.insert(name.to_owned());
                }
                name => {
                    let message =
                        format!("{name:?} is neither a relationship type nor a property that refers to items");
                    return refuse("expand", message);
                }
            }
        }
        Ok(checked)
    }
}

fn refers(kind: &ItemType, property: &str) -> bool {
    kind.property(property).is_some_and(|property| property.data_type == DataType::Item)
}

/// An expansion whose names are known.
#[derive(Debug, Clone, Default)]
pub(super) struct Checked {
    relationships: BTreeSet<String>,
    properties: BTreeSet<String>,
    source: bool,
    related: bool,
    depth: u64,
}

impl Checked {
    fn is_empty(&self) -> bool {
        self.relationships.is_empty() && self.properties.is_empty() && !self.source && !self.related
    }

    /// The items as they are shown, with what is around them.
    pub(super) async fn around(&self, ctx: &Ctx, model: &Model, items: Vec<Item>) -> Result<Vec<ItemView>> {
        if self.is_empty() {
            return Ok(items.into_iter().map(|item| ItemView::new(model, item)).collect());
        }
        let around = self.read(ctx, model, &items).await?;
        let mut builder = Builder { wanted: self, model, around: &around, shown: 0, budget: Budget::default() };
        items.into_iter().map(|item| builder.view(item, self.depth)).collect()
    }

    async fn read(&self, ctx: &Ctx, model: &Model, items: &[Item]) -> Result<Around> {
        let kinds: Vec<&str> = self.relationships.iter().map(String::as_str).collect();
        let (mut around, mut budget) = (Around::default(), Budget::default());
        let mut reached: HashSet<Uuid> = items.iter().map(|item| item.id).collect();
        let mut frontier = items.to_vec();
        for _ in 0..self.depth {
            let sources: Vec<Uuid> = frontier.iter().map(|item| item.id).collect();
            let mut lines = Vec::new();
            if !kinds.is_empty() && !sources.is_empty() {
                lines =
                    repo::query::lines_of(&*ctx.db, model, &kinds, &sources, MOST_EXPANDED + 1, &mut budget).await?;
                around.require_bounded(lines.len())?;
            }
            let mut ids: BTreeSet<Uuid> = frontier.iter().flat_map(|item| self.referred(model, item)).collect();
            ids.extend(lines.iter().filter_map(|line| line.related_id));
            ids.retain(|id| !around.items.contains_key(id));
            around.require_bounded(lines.len() + ids.len())?;
            let found = repo::query::with_ids(&*ctx.db, model, &ids, &mut budget).await?;
            frontier = lines.iter().chain(&found).filter(|item| reached.insert(item.id)).cloned().collect();
            around.items.extend(found.into_iter().map(|item| (item.id, item)));
            for line in lines {
                around.lines.entry(line.source_id.unwrap_or_default()).or_default().push(line);
            }
        }
        Ok(around)
    }

    /// The ids that an item refers to, as far as they are asked for.
    fn referred(&self, model: &Model, item: &Item) -> Vec<Uuid> {
        let ends = [item.source_id.filter(|_| self.source), item.related_id.filter(|_| self.related)];
        let references = self.references(model, item).into_iter().map(|(_, id)| id);
        ends.into_iter().flatten().chain(references).collect()
    }

    fn references<'a>(&'a self, model: &Model, item: &Item) -> Vec<(&'a str, Uuid)> {
        let Ok(kind) = model.item_type(&item.item_type) else { return Vec::new() };
        let id = |name: &String| item.properties.get(name).and_then(Value::as_str)?.parse().ok();
        let names = self.properties.iter().filter(|name| refers(kind, name));
        names.filter_map(|name| Some((name.as_str(), id(name)?))).collect()
    }
}

/// What was read around some items.
#[derive(Debug, Default)]
struct Around {
    items: HashMap<Uuid, Item>,
    lines: HashMap<Uuid, Vec<Item>>,
}

impl Around {
    fn require_bounded(&self, more: usize) -> Result<()> {
        let read = self.items.len() + self.lines.values().map(Vec::len).sum::<usize>();
        if read + more > MOST_EXPANDED { Err(too_large()) } else { Ok(()) }
    }
}

fn too_large() -> Error {
    Error::bad_request(format!("More than {MOST_EXPANDED} items would be expanded")).code(
        "EXPANSION_TOO_LARGE",
        "That is too much for one answer. Ask for fewer items per page, fewer names or less depth.",
    )
}

struct Builder<'a> {
    wanted: &'a Checked,
    model: &'a Model,
    around: &'a Around,
    shown: usize,
    /// An item that is shown in many places is as large in each.
    budget: Budget,
}

impl Builder<'_> {
    fn view(&mut self, item: Item, depth: u64) -> Result<ItemView> {
        self.budget.spend(&item)?;
        let mut view = ItemView::new(self.model, item);
        if depth == 0 {
            return Ok(view);
        }
        let Checked { source, related, .. } = *self.wanted;
        if let Some(id) = view.item.source_id.filter(|_| source) {
            view.expanded.source = self.end(id, depth - 1)?.map(Box::new);
        }
        if let Some(id) = view.item.related_id.filter(|_| related) {
            view.expanded.related = self.end(id, depth - 1)?.map(Box::new);
        }
        for (name, id) in self.wanted.references(self.model, &view.item) {
            if let Some(item) = self.end(id, depth - 1)? {
                view.expanded.references.insert(name.to_owned(), item);
            }
        }
        let (wanted, model) = (self.wanted, self.model);
        for name in wanted.relationships.iter().filter(|name| fits(model, name, &view.item)) {
            let lines = self.lines(name, view.item.id, depth - 1)?;
            view.expanded.relationships.insert(name.clone(), lines);
        }
        Ok(view)
    }

    fn end(&mut self, id: Uuid, depth: u64) -> Result<Option<ItemView>> {
        let Some(item) = self.around.items.get(&id) else { return Ok(None) };
        self.shown += 1;
        if self.shown > MOST_EXPANDED {
            return Err(too_large());
        }
        self.view(item.clone(), depth).map(Some)
    }

    fn lines(&mut self, kind: &str, source: Uuid, depth: u64) -> Result<Vec<ItemView>> {
        let lines = self.around.lines.get(&source).map_or(&[][..], Vec::as_slice);
        let mut views = Vec::new();
        for line in lines.iter().filter(|line| line.item_type == kind) {
            self.shown += 1;
            let mut view = self.view(line.clone(), depth)?;
            if let Some(related) = line.related_id {
                view.expanded.related = self.end(related, depth)?.map(Box::new);
            }
            views.push(view);
        }
        Ok(views)
    }
}

/// Relationships of the type may hang on the item.
fn fits(model: &Model, relationship: &str, item: &Item) -> bool {
    let source = model.item_type(relationship).ok().and_then(|kind| kind.source_type.as_deref());
    source.is_none_or(|source| source == item.item_type)
}
