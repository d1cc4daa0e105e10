//! What versions consist of: their own lines, and the whole below one as it was released or as it stood at a moment.
//!
//! The current version of an item consists of the item's lines while it is not released. What is released, and drafts beside
//! the current version, have lines of their own that nothing else changes. Reading descends level by level: a few queries each,
//! whatever the number of lines.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::model::Version;
use super::repo;
use crate::context::Ctx;
use crate::domain::meta::{self, Graph, Item, Model, Write};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// The most lines that are read at once.
const MOST_LINES: usize = 250_000;

/// What is read of a structure.
#[derive(Debug, Clone)]
pub enum Basis {
    /// A version of the root, and below it what it was released with; what is not released, as it is now.
    Version(Box<Version>),
    /// What stood released at the moment, and of what was not, as it is now.
    AsOf(DateTime<Utc>),
}

/// Items and the lines between them. A node is known by its key: one item may occur in several versions.
#[derive(Debug, Clone, Default)]
pub struct Structure {
    pub root: Uuid,
    /// As they were. Lines may lead to keys that are not here: to what the caller may not get.
    pub nodes: HashMap<Uuid, Item>,
    /// By the key of the parent, in the order of creation.
    pub lines: HashMap<Uuid, Vec<StructureLine>>,
}

#[derive(Debug, Clone)]
pub struct StructureLine {
    pub line: Item,
    /// The key of the child.
    pub to: Uuid,
    /// What was recorded when the line was sealed; a live line's are looked up.
    pub effectivities: Option<Value>,
}

impl Version {
    /// It consists of what its item consists of.
    pub fn is_live(&self) -> bool {
        self.is_current && !self.is_released
    }
}

/// Which contents of an item are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Pick {
    Version(Uuid),
    Live,
}

/// Everything below an item along lines of one type, at most so many levels, without what the caller may not get.
pub async fn structure(
    ctx: &Ctx,
    model: &Model,
    kind: &str,
    root: &Item,
    basis: Basis,
    depth: u32,
) -> Result<Structure> {
    let mut reader = Reader { ctx, model, kind, basis, picks: HashMap::new(), found: Structure::default(), lines: 0 };
    let first = match &reader.basis {
        Basis::Version(version) => reader.pick(root.id, Some(version.id)),
        Basis::AsOf(_) => (root.id, None),
    };
    let mut level = reader.resolve(vec![first]).await?;
    reader.found.root = level.first().map_or(root.id, |node| node.key());
    for _ in 0..depth {
        if level.is_empty() {
            break;
        }
        level = reader.step(level).await?;
    }
    Ok(reader.found)
}

/// An item in one of its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Node {
    item: Uuid,
    pick: Pick,
}

impl Node {
    fn key(self) -> Uuid {
        match self.pick {
            Pick::Version(id) => id,
            Pick::Live => self.item,
        }
    }
}

struct Reader<'a> {
    ctx: &'a Ctx,
    model: &'a Model,
    kind: &'a str,
    basis: Basis,
    /// What was wished for, and what it is.
    picks: HashMap<(Uuid, Option<Uuid>), Node>,
    found: Structure,
    lines: usize,
}

impl Reader<'_> {
    fn pick(&self, item: Uuid, version: Option<Uuid>) -> (Uuid, Option<Uuid>) {
        match self.basis {
            Basis::Version(_) => (item, version),
            Basis::AsOf(_) => (item, None),
        }
    }

    /// Finds out which contents are meant, and reads those items that are new. Answers with the new nodes.
    async fn resolve(&mut self, wanted: Vec<(Uuid, Option<Uuid>)>) -> Result<Vec<Node>> {
        let new: BTreeSet<(Uuid, Option<Uuid>)> =
            wanted.into_iter().filter(|wish| !self.picks.contains_key(wish)).collect();
        let items: Vec<Uuid> = new.iter().map(|(item, _)| *item).collect::<BTreeSet<_>>().into_iter().collect();
        let versions = match &self.basis {
            Basis::AsOf(at) => repo::released_at(&*self.ctx.db, &items, *at).await?,
            Basis::Version(_) => repo::named_or_first(&*self.ctx.db, &new).await?,
        };
        let live: HashMap<Uuid, Item> = repo::items(&*self.ctx.db, &items).await?;
        let mut nodes = Vec::new();
        for wish in new {
            // Rights are those of now, whatever the item was then.
            let Some(item) = live.get(&wish.0).filter(|item| self.model.allow(item, Action::Get)) else { continue };
            let version = versions.get(&wish).filter(|version| !version.is_live());
            let pick = version.map_or(Pick::Live, |version| Pick::Version(version.id));
            let node = Node { item: item.id, pick };
            self.picks.insert(wish, node);
            if self.found.nodes.contains_key(&node.key()) {
                continue;
            }
            let item = match version {
                Some(version) => as_in(version, item),
                None => item.clone(),
            };
            self.found.nodes.insert(node.key(), item);
            nodes.push(node);
        }
        Ok(nodes)
    }

    /// Reads the lines of a level; answers with the nodes of the next that were not met before.
    async fn step(&mut self, level: Vec<Node>) -> Result<Vec<Node>> {
        let sealed: Vec<Uuid> = level.iter().filter(|node| node.pick != Pick::Live).map(|node| node.key()).collect();
        let live: Vec<Uuid> = level.iter().filter(|node| node.pick == Pick::Live).map(|node| node.item).collect();
        let mut lines: Vec<(Uuid, Item, Option<Uuid>, Option<Value>)> = Vec::new();
        for own in repo::own_lines(&*self.ctx.db, &sealed).await? {
            lines.push((own.version_id, own.line, own.related_version_id, Some(own.effectivities)));
        }
        let of_live = repo::live_lines(&*self.ctx.db, &live).await?;
        let current = repo::current_versions(&*self.ctx.db, of_live.iter().filter_map(|line| line.related_id)).await?;
        for line in of_live {
            let (Some(source), Some(related)) = (line.source_id, line.related_id) else { continue };
            lines.push((source, line, current.get(&related).copied(), None));
        }
        let parents: HashSet<Uuid> = level.iter().map(|node| node.item).collect();
        lines.retain(|(_, line, ..)| {
            line.item_type == self.kind
                && line.source_id.is_some_and(|source| parents.contains(&source))
                && self.model.allow(line, Action::Get)
        });
        self.lines += lines.len();
        if self.lines > MOST_LINES {
            return Err(too_large(format!("The structure has more than {MOST_LINES} lines")));
        }
        let wishes = lines.iter().filter_map(|(_, line, version, _)| Some(self.pick(line.related_id?, *version)));
        let next = self.resolve(wishes.collect()).await?;
        for (parent, line, version, effectivities) in lines {
            let Some(related) = line.related_id else { continue };
            let Some(node) = self.picks.get(&self.pick(related, version)) else { continue };
            let to = node.key();
            self.found.lines.entry(parent).or_default().push(StructureLine { line, to, effectivities });
        }
        Ok(next)
    }
}

/// The refusal of a structure that is more than one answer should hold.
pub fn too_large(message: String) -> Error {
    Error::bad_request(message).code("TREE_TOO_LARGE", "The tree is too large for one answer. Ask for fewer levels.")
}

/// An item as it was in a version of its own.
fn as_in(version: &Version, item: &Item) -> Item {
    Item {
        state: version.state.clone(),
        current_state: version.state_id,
        properties: version.properties.clone(),
        current_version_id: Some(version.id),
        generation: version.generation,
        modified_by_id: version.released_by_id.or(version.created_by_id),
        modified_on: version.released_at.or(Some(version.created_at)),
        change_count: 0,
        ..item.clone()
    }
}

/// The structure of the items as they are now, read as one: two queries, whatever its size. As [`structure`] otherwise.
pub async fn current_structure(ctx: &Ctx, model: &Model, kind: &str, root: Uuid, depth: u32) -> Result<Structure> {
    Ok(readable(model, root, meta::descend(ctx, kind, root, depth).await?))
}

/// The same as a write sees it, which has the turn of the structure.
pub async fn structure_within(write: &Write<'_>, kind: &str, root: Uuid, depth: u32) -> Result<Structure> {
    Ok(readable(write.model, root, meta::descend_within(write, kind, root, depth).await?))
}

fn readable(model: &Model, root: Uuid, graph: Graph) -> Structure {
    let readable = |item: &Item| model.allow(item, Action::Get);
    let nodes = graph.items.into_iter().filter(|(_, item)| readable(item)).collect();
    let lines = graph.lines.into_iter().map(|(source, lines)| {
        let lines = lines.into_iter().filter(readable).filter_map(|line| {
            let to = line.related_id?;
            Some(StructureLine { line, to, effectivities: None })
        });
        (source, lines.collect())
    });
    Structure { root, lines: lines.collect(), nodes }
}
