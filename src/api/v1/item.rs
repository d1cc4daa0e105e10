//! Items as the API shows them: with their properties beside the fields that every item has.

use std::collections::BTreeMap;

use poem_openapi::Object;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::api::shapes::{FreeObject, Time};
use crate::domain::bom::{self, BomLine, BomNode, BomTree};
use crate::domain::meta::{ETag, FIELDS, Item, ItemView};
use crate::error::Error;

/// An item with its properties as an object of their own.
#[derive(Object)]
pub struct ItemResponse {
    id: String,
    #[oai(rename = "type")]
    item_type: String,
    item_number: Option<String>,
    number: Option<String>,
    name: Option<String>,
    revision: Option<String>,
    generation: i32,
    state: String,
    config_id: String,
    is_current: bool,
    properties: FreeObject,
    created_at: Time,
    updated_at: Option<Time>,
    created_by_id: Option<i64>,
    modified_by_id: Option<i64>,
    owner_id: Option<i64>,
    /// Names the item as it is now: the `If-Match` of a later change.
    etag: String,
    /// Relationships: the item that it hangs on, and the one that it leads to.
    #[oai(skip_serializing_if_is_none)]
    source_id: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    related_id: Option<String>,
    /// Expanded: the item that a relationship hangs on.
    #[oai(skip_serializing_if_is_none)]
    source: Option<Box<ItemResponse>>,
    /// Expanded: the item that a relationship leads to.
    #[oai(skip_serializing_if_is_none)]
    related: Option<Box<ItemResponse>>,
    /// Expanded: relationships by their type, in the order in which they were added.
    #[oai(skip_serializing_if_is_none)]
    relationships: Option<BTreeMap<String, Vec<ItemResponse>>>,
    /// Expanded: the items that properties refer to, by property.
    #[oai(skip_serializing_if_is_none)]
    references: Option<BTreeMap<String, ItemResponse>>,
}

impl From<ItemView> for ItemResponse {
    fn from(view: ItemView) -> Self {
        let ItemView { item, number, properties, expanded } = view;
        let text = |name: &str| item.text(name).map(str::to_owned);
        let etag = ETag::of(&item).to_string();
        let boxed = |view: Option<Box<ItemView>>| view.map(|view| Box::new(Self::from(*view)));
        Self {
            id: item.id.to_string(),
            item_number: text("item_number").or_else(|| number.clone()),
            number,
            name: text("name"),
            revision: text("revision"),
            item_type: item.item_type,
            generation: item.generation,
            state: item.state,
            config_id: item.config_id.to_string(),
            is_current: item.is_current,
            properties: FreeObject(properties),
            created_at: item.created_on.into(),
            updated_at: item.modified_on.map(Time::from),
            created_by_id: item.created_by_id,
            modified_by_id: item.modified_by_id,
            owner_id: item.owner_id,
            etag,
            source_id: item.source_id.map(|id| id.to_string()),
            related_id: item.related_id.map(|id| id.to_string()),
            source: boxed(expanded.source),
            related: boxed(expanded.related),
            relationships: some(expanded.relationships, |lines| lines.into_iter().map(Self::from).collect()),
            references: some(expanded.references, Self::from),
        }
    }
}

/// What was expanded; none where nothing was.
fn some<A, B>(map: BTreeMap<String, A>, shown: impl Fn(A) -> B) -> Option<BTreeMap<String, B>> {
    (!map.is_empty()).then(|| map.into_iter().map(|(name, value)| (name, shown(value))).collect())
}

/// A part of a tree. Its properties stand beside these fields: cost, weight and whatever else it has.
#[derive(Object)]
pub struct TreeNode {
    id: String,
    item_type_id: String,
    config_id: String,
    generation: i32,
    is_current: bool,
    state: String,
    /// The lifecycle state.
    current_state: Option<String>,
    current_version_id: Option<String>,
    created_by_id: Option<i64>,
    created_on: Time,
    modified_by_id: Option<i64>,
    modified_on: Option<Time>,
    owner_id: Option<i64>,
    permission_id: Option<String>,
    source_id: Option<String>,
    related_id: Option<String>,
    item_number: Option<String>,
    number: Option<String>,
    name: Option<String>,
    cost: Option<f64>,
    weight: Option<f64>,
    /// Of a manufacturing part: what it was made from, and when.
    source_ebom_id: Option<String>,
    converted_at: Option<String>,
    children: Vec<TreeLine>,
}

/// A line of a tree and the part it leads to.
#[derive(Object)]
struct TreeLine {
    relationship: TreeRelationship,
    child: TreeNode,
    /// Only in baselines that keep them: what may stand in for the child.
    #[oai(skip_serializing_if_is_none)]
    substitutes: Option<Vec<TreeSubstitute>>,
}

/// A part that may stand in for the child of a line.
#[derive(Object)]
struct TreeSubstitute {
    item_id: String,
    /// The lowest comes first.
    rank: Option<i64>,
    note: Option<String>,
}

/// A line. Its properties stand beside these fields and once more together.
#[derive(Object)]
pub(super) struct TreeRelationship {
    id: String,
    item_type_id: String,
    config_id: String,
    generation: i32,
    is_current: bool,
    state: String,
    current_state: Option<String>,
    current_version_id: Option<String>,
    created_by_id: Option<i64>,
    created_on: Time,
    modified_by_id: Option<i64>,
    modified_on: Option<Time>,
    owner_id: Option<i64>,
    permission_id: Option<String>,
    source_id: Option<String>,
    related_id: Option<String>,
    quantity: f64,
    uom: String,
    find_num: Option<String>,
    refdes: Option<String>,
    effectivity_from: Option<String>,
    effectivity_to: Option<String>,
    /// Of a manufacturing line: the engineering line that it was.
    source_rel_id: Option<String>,
    properties: LineProperties,
}

/// What a line says about its child.
#[derive(Object)]
struct LineProperties {
    quantity: f64,
    uom: String,
    find_num: Option<String>,
    refdes: Option<String>,
    effectivity_from: Option<String>,
    effectivity_to: Option<String>,
    source_rel_id: Option<String>,
}

/// The most bytes of a tree in one answer.
pub const MAX_TREE_BYTES: usize = 256 << 20;

/// The refusal of a tree that takes more.
pub fn too_many_bytes() -> Error {
    bom::too_large(format!("The tree has more than {} MiB", MAX_TREE_BYTES >> 20))
}

/// Writes a tree as [`TreeNode`].
pub struct Tree<'a>(pub &'a BomTree);

impl Serialize for Tree<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        Node { node: &self.0.root, tree: self.0 }.serialize(out)
    }
}

struct Node<'a> {
    node: &'a BomNode,
    tree: &'a BomTree,
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let item = &self.node.item;
        let number = self.tree.number_of(item);
        let mut map = out.serialize_map(None)?;
        base_fields(&mut map, item)?;
        own_properties(&mut map, item)?;
        map.serialize_entry("number", &number)?;
        let lines: Vec<Line> =
            self.node.children.iter().map(|line| Line { line, parent: item, tree: self.tree }).collect();
        map.serialize_entry("children", &lines)?;
        map.end()
    }
}

struct Line<'a> {
    line: &'a BomLine,
    parent: &'a Item,
    tree: &'a BomTree,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let line = &self.line.relationship;
        let mut map = out.serialize_map(None)?;
        map.serialize_entry("relationship", &Relationship(line))?;
        map.serialize_entry("child", &Node { node: &self.line.child, tree: self.tree })?;
        if let Some(substitutes) = self.tree.substitutes_of(self.parent, line) {
            map.serialize_entry("substitutes", substitutes)?;
        }
        map.end()
    }
}

/// Writes a line as [`TreeRelationship`].
pub(super) struct Relationship<'a>(pub &'a Item);

impl Serialize for Relationship<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        base_fields(&mut map, self.0)?;
        own_properties(&mut map, self.0)?;
        map.serialize_entry("properties", &self.0.properties)?;
        map.end()
    }
}

pub(super) fn base_fields<M: SerializeMap>(map: &mut M, item: &Item) -> Result<(), M::Error> {
    map.serialize_entry("id", &item.id)?;
    map.serialize_entry("item_type_id", &item.item_type)?;
    map.serialize_entry("config_id", &item.config_id)?;
    map.serialize_entry("generation", &item.generation)?;
    map.serialize_entry("is_current", &item.is_current)?;
    map.serialize_entry("state", &item.state)?;
    map.serialize_entry("current_state", &item.current_state)?;
    map.serialize_entry("current_version_id", &item.current_version_id)?;
    map.serialize_entry("created_by_id", &item.created_by_id)?;
    map.serialize_entry("created_on", &item.created_on)?;
    map.serialize_entry("modified_by_id", &item.modified_by_id)?;
    map.serialize_entry("modified_on", &item.modified_on)?;
    map.serialize_entry("owner_id", &item.owner_id)?;
    map.serialize_entry("permission_id", &item.permission_id)?;
    map.serialize_entry("source_id", &item.source_id)?;
    map.serialize_entry("related_id", &item.related_id)
}

pub(super) fn own_properties<M: SerializeMap>(map: &mut M, item: &Item) -> Result<(), M::Error> {
    // A property of the same name does not replace a field of every item.
    let is_field = |name: &str| FIELDS.contains(&name) || matches!(name, "state" | "number");
    for (name, value) in item.properties.iter().filter(|(name, _)| !is_field(name)) {
        map.serialize_entry(name, value)?;
    }
    Ok(())
}
