//! Bills of materials as lists: what an item is made of, and what it is used in.

use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use serde_json::{Map, Value};

use super::Tag;
use super::item::{ItemResponse, MAX_TREE_BYTES, Tree, TreeNode};
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::{Encoded, FreeObject};
use crate::domain::bom::{self, BomTree, Occurrence, Use, WhereUsed};
use crate::error::Result;

pub struct AmlBomApi;

/// One occurrence of a part below the root.
#[derive(Object)]
struct ExplodedItem {
    /// From 1: the children of the root.
    level: u64,
    /// The ids from the root to this part.
    path: Vec<String>,
    item_id: String,
    item_type: String,
    item_number: Option<String>,
    name: Option<String>,
    state: String,
    parent_id: String,
    relationship_id: String,
    /// Of its parent: an exact decimal.
    quantity: Option<String>,
    /// Of one root: an exact decimal; null where it has more than 28 digits.
    total_quantity: Option<String>,
    uom: Option<String>,
    find_num: Option<String>,
    refdes: Option<String>,
    /// Only where they are asked for.
    #[oai(skip_serializing_if_is_none)]
    properties: Option<FreeObject>,
    /// Those of the line, only where they are asked for.
    #[oai(skip_serializing_if_is_none)]
    relationship_properties: Option<FreeObject>,
}

#[derive(Object)]
pub struct ExplodeResponse {
    item_id: String,
    item_number: Option<String>,
    max_level: i64,
    count: u64,
    /// Each part before those that it is made of.
    items: Vec<ExplodedItem>,
    tree: TreeNode,
}

/// Writes [`ExplodeResponse`].
#[derive(Serialize)]
pub struct Exploded<'a> {
    item_id: uuid::Uuid,
    item_number: Option<&'a str>,
    max_level: i64,
    count: usize,
    items: Occurrences<'a>,
    tree: Tree<'a>,
}

impl<'a> Exploded<'a> {
    pub fn new(tree: &'a BomTree, max_level: i64, include_properties: bool) -> Result<Self> {
        let list = bom::occurrences(tree)?;
        Ok(Self {
            item_id: tree.root.item.id,
            item_number: tree.number_of(&tree.root.item),
            max_level,
            count: list.len(),
            items: Occurrences { tree, list, include_properties },
            tree: Tree(tree),
        })
    }
}

struct Occurrences<'a> {
    tree: &'a BomTree,
    list: Vec<Occurrence<'a>>,
    include_properties: bool,
}

impl Serialize for Occurrences<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut list = out.serialize_seq(Some(self.list.len()))?;
        for occurrence in &self.list {
            list.serialize_element(&Written::new(self.tree, occurrence, self.include_properties))?;
        }
        list.end()
    }
}

/// Writes [`ExplodedItem`].
#[derive(Serialize)]
struct Written<'a> {
    level: usize,
    path: &'a [uuid::Uuid],
    item_id: uuid::Uuid,
    item_type: &'a str,
    item_number: Option<&'a str>,
    name: Option<&'a str>,
    state: &'a str,
    parent_id: Option<uuid::Uuid>,
    relationship_id: uuid::Uuid,
    quantity: Option<String>,
    total_quantity: Option<String>,
    uom: Option<&'a str>,
    find_num: Option<&'a str>,
    refdes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship_properties: Option<&'a Map<String, Value>>,
}

impl<'a> Written<'a> {
    fn new(tree: &'a BomTree, occurrence: &'a Occurrence<'a>, include_properties: bool) -> Self {
        let (line, item) = (&occurrence.line.relationship, &occurrence.line.child.item);
        Self {
            level: occurrence.level,
            path: &occurrence.path,
            item_id: item.id,
            item_type: &item.item_type,
            item_number: tree.number_of(item),
            name: item.name(),
            state: &item.state,
            parent_id: line.source_id,
            relationship_id: line.id,
            quantity: occurrence.quantity.map(|quantity| quantity.to_string()),
            total_quantity: occurrence.total_quantity.map(|quantity| quantity.to_string()),
            uom: line.text("uom"),
            find_num: line.text("find_num"),
            refdes: line.text("refdes"),
            properties: include_properties.then_some(&item.properties),
            relationship_properties: include_properties.then_some(&line.properties),
        }
    }
}

/// A line that leads to the item, or to something that it is in.
#[derive(Object)]
struct UseResponse {
    /// 1 for the lines that lead to the item itself.
    level: u32,
    relationship_id: String,
    /// What the line leads to.
    child_id: Option<String>,
    quantity: Option<f64>,
    uom: Option<String>,
    find_num: Option<String>,
    parent: ItemResponse,
    /// Nothing that the caller may see is made of the parent.
    is_top: bool,
}

impl From<Use> for UseResponse {
    fn from(given: Use) -> Self {
        let line = &given.relationship;
        let text = |name: &str| line.text(name).map(str::to_owned);
        Self {
            level: given.level,
            relationship_id: line.id.to_string(),
            child_id: line.related_id.map(|id| id.to_string()),
            quantity: line.properties.get("quantity").and_then(Value::as_f64),
            uom: text("uom"),
            find_num: text("find_num"),
            parent: given.parent.into(),
            is_top: given.is_top,
        }
    }
}

#[derive(Object)]
pub struct WhereUsedResponse {
    item_id: String,
    item_number: Option<String>,
    max_level: i64,
    count: u64,
    /// There are more than these.
    truncated: bool,
    /// Level by level.
    items: Vec<UseResponse>,
}

impl WhereUsedResponse {
    pub fn new(found: WhereUsed, max_level: i64) -> Self {
        Self {
            item_id: found.item.item.id.to_string(),
            item_number: found.item.number,
            max_level,
            count: found.uses.len() as u64,
            truncated: found.truncated,
            items: found.uses.into_iter().map(UseResponse::from).collect(),
        }
    }
}

#[OpenApi(prefix_path = "/aml", tag = "Tag::Aml")]
impl AmlBomApi {
    /// Explode a BOM
    ///
    /// Every occurrence of every part below an item, with what one item needs of it, as a list and as a tree.
    #[oai(path = "/bom/explode", method = "post", operation_id = "explode_aml_bom")]
    async fn explode(
        &self,
        caller: OrgCaller,
        item_id: Query<String>,
        /// 1 to 100.
        #[oai(default = "ten")]
        max_level: Query<i64>,
        #[oai(default)] include_properties: Query<bool>,
    ) -> ApiResult<Encoded<ExplodeResponse>> {
        let (level, properties) = (max_level.0, include_properties.0);
        let encoded = move |tree: &BomTree| {
            let exploded = Exploded::new(tree, level, properties)?;
            Encoded::within(MAX_TREE_BYTES, &exploded)?.ok_or_else(super::item::too_many_bytes)
        };
        Ok(bom::explode(&caller.0, &item_id, level, encoded).await?)
    }

    /// Find where an item is used
    ///
    /// The BOM lines that lead to an item, those that lead to their parents, and so on to the top. Where the caller may not
    /// read an end of a line, neither it nor what is above it is shown.
    #[oai(path = "/where-used", method = "post", operation_id = "find_aml_where_used")]
    async fn where_used(
        &self,
        caller: OrgCaller,
        item_id: Query<String>,
        /// 1 to 100.
        #[oai(default = "ten")]
        max_level: Query<i64>,
    ) -> ApiResult<Json<WhereUsedResponse>> {
        let found = bom::where_used(&caller.0, &item_id, max_level.0).await?;
        Ok(Json(WhereUsedResponse::new(found, max_level.0)))
    }
}

fn ten() -> i64 {
    10
}
