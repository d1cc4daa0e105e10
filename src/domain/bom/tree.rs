//! The tree below a part.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::compare::Substitute;
use super::effectivity::{Effectivity, When, in_force};
use super::{PART_BOM, repo};
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model, parse_id, query_moment};
use crate::domain::version::{self, Basis, Structure, StructureLine, too_large};
use crate::error::{Error, Result};
use crate::types::{Condition, Selections, natural};

/// The most levels a request may ask for.
pub(super) const MAX_DEPTH: i32 = 100;
/// The most nodes one answer holds; a shared subassembly counts wherever it occurs.
const MAX_NODES: usize = 250_000;

/// Trees that are put together at once; each may keep a processor and much memory busy for a while.
pub(super) static PLACES: Semaphore = Semaphore::const_new(4);

/// Which tree.
#[derive(Debug, Clone, Default)]
pub struct TreeRequest {
    pub depth: i32,
    pub when: When,
    /// The configuration; none keeps every line.
    pub selections: Option<Selections>,
    /// Other contents than those of now.
    pub basis: Option<Basis>,
}

/// Which tree, as a client writes it.
#[derive(Debug, Clone, Default)]
pub struct TreeQuery {
    pub depth: i32,
    /// ISO 8601.
    pub date: Option<String>,
    pub lot: Option<String>,
    pub serial: Option<String>,
    pub unit: Option<String>,
    /// The chosen options, as a JSON object.
    pub config: Option<String>,
    /// ISO 8601: what stood released then.
    pub as_of: Option<String>,
}

impl TreeQuery {
    /// Without a date every line is kept, whenever it holds.
    pub fn all_dates(self) -> Result<TreeRequest> {
        let at = self.date.as_deref().map(|text| query_moment("effective_date", text)).transpose()?;
        self.request(at)
    }

    /// Without a date it is the given moment.
    pub fn at_date_or(self, now: DateTime<Utc>) -> Result<TreeRequest> {
        let at = self.date.as_deref().map(|text| query_moment("date", text)).transpose()?;
        self.request(at.or(Some(now)))
    }

    fn request(self, at: Option<DateTime<Utc>>) -> Result<TreeRequest> {
        let selections = self.config.as_deref().map(parse_selections).transpose()?;
        let when = When { at, lot: self.lot, serial: self.serial, unit: self.unit };
        let as_of = self.as_of.as_deref().map(|text| query_moment("as_of", text)).transpose()?;
        Ok(TreeRequest { depth: self.depth, when, selections, basis: as_of.map(Basis::AsOf) })
    }
}

fn parse_selections(text: &str) -> Result<Selections> {
    serde_json::from_str(text).map_err(|_| {
        let message = "Expected the chosen options as a JSON object: {\"Color\": \"Red\"}";
        Error::invalid_field("value_error", &["query", "config"], message)
    })
}

/// Substitutes by the key of the parent and the line.
pub type Substitutes = HashMap<(Uuid, Uuid), Vec<Substitute>>;

/// A BOM from its root down.
#[derive(Debug, Clone)]
pub struct BomTree {
    pub root: BomNode,
    /// Of a kept tree: what may stand in for the children of its lines.
    pub substitutes: Option<Substitutes>,
    /// The property that numbers the items of the tree.
    pub number_property: Option<String>,
}

impl BomTree {
    /// What may stand in for the child of a line of an item; none where the tree does not tell.
    pub fn substitutes_of(&self, parent: &Item, line: &Item) -> Option<&[Substitute]> {
        let all = self.substitutes.as_ref()?;
        // A node is known by its version or, as it is now, by its item.
        let of = |key: Uuid| all.get(&(key, line.id));
        let found = parent.current_version_id.and_then(of).or_else(|| of(parent.id));
        Some(found.map_or(&[], Vec::as_slice))
    }

    /// The number of an item of the tree.
    pub fn number_of<'a>(&self, item: &'a Item) -> Option<&'a str> {
        self.number_property.as_deref().and_then(|property| item.text(property))
    }
}

/// A part and what it is made of.
#[derive(Debug, Clone)]
pub struct BomNode {
    pub item: Arc<Item>,
    pub children: Vec<BomLine>,
}

/// A line, and the part it leads to.
#[derive(Debug, Clone)]
pub struct BomLine {
    pub relationship: Arc<Item>,
    pub child: BomNode,
}

/// The tree below an item, without what the caller may not read, as `render` makes an answer of it. Two queries for the
/// structure as it is now, whatever its size; putting it together and rendering keep no thread of other requests.
///
/// Fails with `NotFound`, `Invalid` for a depth outside 0 to 100, `BadRequest` `TREE_TOO_LARGE`, and as `render` does.
pub async fn tree<T: Send + 'static>(
    ctx: &Ctx,
    root: &str,
    request: TreeRequest,
    render: impl FnOnce(&BomTree) -> Result<T> + Send + 'static,
) -> Result<T> {
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, parse_id(root)?).await?;
    built(ctx, model, item, request, render).await
}

/// The tree of a version: of a released one exactly what was released, on every level.
///
/// Fails with `NotFound` ("Version … not found"), else as [`tree`] does.
pub async fn version_tree<T: Send + 'static>(
    ctx: &Ctx,
    version: &str,
    request: TreeRequest,
    render: impl FnOnce(&BomTree) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (model, item, version) = version::require_version(ctx, version).await?;
    let request = TreeRequest { basis: Some(Basis::Version(Box::new(version))), ..request };
    built(ctx, model, item, request, render).await
}

async fn built<T: Send + 'static>(
    ctx: &Ctx,
    model: Model,
    item: Item,
    request: TreeRequest,
    render: impl FnOnce(&BomTree) -> Result<T> + Send + 'static,
) -> Result<T> {
    built_of(ctx, model, PART_BOM, item, request, render).await
}

/// The same along lines of another type.
pub(super) async fn built_of<T: Send + 'static>(
    ctx: &Ctx,
    model: Model,
    kind: &str,
    item: Item,
    request: TreeRequest,
    render: impl FnOnce(&BomTree) -> Result<T> + Send + 'static,
) -> Result<T> {
    if !(0..=MAX_DEPTH).contains(&request.depth) {
        let message = format!("0 to {MAX_DEPTH} levels");
        return Err(Error::invalid_field("value_error", &["query", "depth"], message));
    }
    let number_property = model.item_type(&item.item_type)?.number_property.clone();
    let make = move |held: Held| render(&held.into_tree(number_property)?);
    held(ctx, model, kind, item, request, make).await
}

/// What lies below an item and holds, each item and line once: for whoever puts it together.
pub(super) struct Held {
    pub root: Node,
    pub lines: Lines,
    pub depth: u32,
    pub model: Model,
}

impl Held {
    fn into_tree(self, number_property: Option<String>) -> Result<BomTree> {
        let root = Builder { lines: self.lines, nodes: 0, most: MAX_NODES }.node(self.root, self.depth)?;
        Ok(BomTree { root, substitutes: None, number_property })
    }

    /// The lines on which something hangs within the depth, by how far from the root their parent is at least; each once.
    pub fn lines_by_level(&self) -> Vec<(u32, &Item, &Arc<Item>, &Node)> {
        let mut seen = HashSet::from([self.root.0]);
        let (mut level, mut found) = (vec![&self.root], Vec::new());
        for depth in 0..self.depth {
            let mut next = Vec::new();
            for (key, parent) in level {
                for (line, child) in self.lines.get(key).into_iter().flatten() {
                    found.push((depth, parent.as_ref(), line, child));
                    if seen.insert(child.0) {
                        next.push(child);
                    }
                }
            }
            level = next;
        }
        found
    }

    /// The number of an item.
    pub fn number_of(&self, item: &Item) -> Option<String> {
        let kind = self.model.item_type(&item.item_type).ok()?;
        kind.number(item).map(str::to_owned)
    }
}

/// Reads what is below an item along lines of one type, and makes something of it where no thread of other requests waits.
/// The depth is checked by the caller.
pub(super) async fn held<T: Send + 'static>(
    ctx: &Ctx,
    model: Model,
    kind: &str,
    item: Item,
    request: TreeRequest,
    make: impl FnOnce(Held) -> Result<T> + Send + 'static,
) -> Result<T> {
    let depth = u32::try_from(request.depth).unwrap_or(0);
    let structure = match request.basis.clone() {
        Some(basis) => version::structure(ctx, &model, kind, &item, basis, depth).await?,
        None => version::current_structure(ctx, &model, kind, item.id, depth).await?,
    };
    let recorded = recorded_effectivities(ctx, &structure, &request.when).await?;
    put_together(model, item, (structure, recorded), request, make).await
}

/// The tree that a structure is which is kept somewhere, as `render` makes an answer of it.
///
/// Fails with `BadRequest` `TREE_TOO_LARGE`, and as `render` does.
pub async fn kept_tree<T: Send + 'static>(
    model: Model,
    root: Item,
    (structure, substitutes): (Structure, Option<Substitutes>),
    render: impl FnOnce(&BomTree) -> Result<T> + Send + 'static,
) -> Result<T> {
    let number_property = model.item_type(&root.item_type)?.number_property.clone();
    let request = TreeRequest { depth: i32::MAX, ..TreeRequest::default() };
    let make = move |held: Held| render(&BomTree { substitutes, ..held.into_tree(number_property)? });
    put_together(model, root, (structure, Recorded::new()), request, make).await
}

async fn put_together<T: Send + 'static>(
    model: Model,
    item: Item,
    (structure, recorded): (Structure, Recorded),
    request: TreeRequest,
    make: impl FnOnce(Held) -> Result<T> + Send + 'static,
) -> Result<T> {
    let depth = u32::try_from(request.depth).unwrap_or(0);
    let place = PLACES.acquire().await.map_err(|closed| Error::internal("Trees cannot be made").caused_by(closed))?;
    let made = tokio::task::spawn_blocking(move || {
        let _place = place;
        let root = structure.root;
        let item = Arc::new(model.governed(structure.nodes.get(&root).cloned().unwrap_or(item)));
        let lines = visible_lines(&model, structure, &recorded, &request);
        make(Held { root: (root, item), lines, depth, model })
    });
    made.await.map_err(|error| Error::internal("Making a tree stopped halfway").caused_by(error))?
}

/// A part in one of its contents, by the key that its structure knows it by.
pub(super) type Node = (Uuid, Arc<Item>);

pub(super) type Lines = HashMap<Uuid, Vec<(Arc<Item>, Node)>>;

/// Every line that holds and whose child may be read, by parent and in the order of find numbers.
fn visible_lines(model: &Model, structure: Structure, recorded: &Recorded, request: &TreeRequest) -> Lines {
    let items: HashMap<Uuid, Arc<Item>> =
        structure.nodes.into_iter().map(|(key, item)| (key, Arc::new(model.governed(item)))).collect();
    let keep = |StructureLine { line, to, effectivities }: StructureLine| {
        let child = items.get(&to)?.clone();
        let sealed = effectivities.map(|kept| Effectivity::read_all(&kept));
        let effectivities = match &sealed {
            Some(sealed) => sealed,
            None => recorded.get(&line.id).map_or(&[][..], Vec::as_slice),
        };
        let kept = in_force(&line, effectivities, &request.when) && selected(&line, request.selections.as_ref());
        kept.then(|| (Arc::new(model.governed(line)), (to, child)))
    };
    structure
        .lines
        .into_iter()
        .map(|(parent, lines)| {
            let mut kept: Vec<_> = lines.into_iter().filter_map(keep).collect();
            kept.sort_by(|left, right| by_find_number(&left.0, &right.0));
            (parent, kept)
        })
        .collect()
}

type Recorded = HashMap<Uuid, Vec<Effectivity>>;

async fn recorded_effectivities(ctx: &Ctx, structure: &Structure, when: &When) -> Result<Recorded> {
    if when.at.is_none() && !when.filters_beyond_dates() {
        return Ok(HashMap::new());
    }
    let live = structure.lines.values().flatten().filter(|line| line.effectivities.is_none());
    let lines: Vec<Uuid> = live.map(|line| line.line.id).collect();
    repo::of_lines(&*ctx.db, &lines).await
}

fn selected(line: &Item, selections: Option<&Selections>) -> bool {
    match (line.properties.get("config_condition"), selections) {
        // What cannot be understood keeps no line away.
        (Some(condition), Some(selections)) => {
            Condition::read(condition).map_or(true, |condition| condition.holds(selections))
        }
        _ => true,
    }
}

/// Lines with find numbers come first, in their order; the rest as they were added (the sort is stable).
pub(super) fn by_find_number(left: &Item, right: &Item) -> std::cmp::Ordering {
    match (left.text("find_num"), right.text("find_num")) {
        (Some(left), Some(right)) => natural::compare(left, right),
        (left, right) => left.is_none().cmp(&right.is_none()),
    }
}

struct Builder {
    lines: Lines,
    nodes: usize,
    most: usize,
}

impl Builder {
    fn node(&mut self, (key, item): Node, depth: u32) -> Result<BomNode> {
        self.nodes += 1;
        if self.nodes > self.most {
            return Err(too_large(format!("The tree has more than {} nodes", self.most)));
        }
        let below = if depth == 0 { Vec::new() } else { self.lines.get(&key).cloned().unwrap_or_default() };
        let mut children = Vec::with_capacity(below.len());
        for (relationship, child) in below {
            children.push(BomLine { relationship, child: self.node(child, depth - 1)? });
        }
        Ok(BomNode { item, children })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::meta::{AmlAction, AmlItem, apply};
    use crate::domain::testing::TestOrg;
    use serde_json::json;

    #[tokio::test]
    async fn a_tree_with_too_many_nodes_is_given_up() {
        let org = TestOrg::new().await;
        let given = AmlItem {
            item_type: "Part".to_owned(),
            action: AmlAction::Add,
            properties: json!({ "item_number": "P" }).as_object().cloned().unwrap(),
            ..AmlItem::default()
        };
        let part = Arc::new(apply(&org.ctx, given).await.unwrap().items[0].item.clone());
        let build = |most: usize| {
            let node = (part.id, part.clone());
            let lines = HashMap::from([(part.id, vec![(part.clone(), node.clone())])]);
            Builder { lines, nodes: 0, most }.node(node, 9)
        };
        assert!(build(10).is_ok());
        let error = build(9).unwrap_err();
        assert_eq!((error.code_name(), error.message()), (Some("TREE_TOO_LARGE"), "The tree has more than 9 nodes"));
    }
}
