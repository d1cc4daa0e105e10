//! Where an item is used: the lines that lead to it, with both their ends.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::Tag;
use super::item::{Relationship, TreeRelationship};
use super::item_fields::{ItemFields, ShownItem, encoded};
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::{AnyValue, Encoded};
use crate::domain::bom::compare::{LineField, designators};
use crate::domain::bom::{self, UsedLine};
use crate::domain::meta::Item;

pub struct WhereUsedApi;

/// What a line says of its child.
#[derive(Object)]
struct UsedLineValues {
    quantity: Option<f64>,
    uom: Option<String>,
    find_num: Option<String>,
    refdes: Option<String>,
    effectivity_from: Option<String>,
    effectivity_to: Option<String>,
    /// Not looked up here.
    effectivities: Option<Vec<AnyValue>>,
    /// Not looked up here: `GET /bom/{bom_line_id}/substitutes`.
    substitutes: Option<Vec<AnyValue>>,
    config_condition: Option<AnyValue>,
}

/// The same in the form in which lines are compared.
#[derive(Object)]
struct UsedLineNormalized {
    quantity: Option<f64>,
    /// In upper case.
    uom: Option<String>,
    find_num: Option<String>,
    /// One by one, in their natural order.
    refdes: Option<Vec<String>>,
    effectivity_from: Option<String>,
    effectivity_to: Option<String>,
    effectivities: Option<Vec<AnyValue>>,
    substitutes: Option<Vec<AnyValue>>,
    config_condition: Option<AnyValue>,
}

#[derive(Object)]
struct UsedLineResponse {
    relationship: TreeRelationship,
    parent: ItemFields,
    child: ItemFields,
    parent_number: Option<String>,
    parent_name: Option<String>,
    child_number: Option<String>,
    child_name: Option<String>,
    line: UsedLineValues,
    line_normalized: UsedLineNormalized,
    /// 1 for the lines that lead to the item itself.
    level: u32,
}

#[derive(Object)]
struct UsedLinesResponse {
    item_id: String,
    count: u64,
    /// Level by level, each line once.
    parents: Vec<UsedLineResponse>,
    recursive: bool,
    max_levels: i64,
    /// There are more than these 10,000.
    truncated: bool,
}

/// Writes [`UsedLineValues`] and [`UsedLineNormalized`].
#[derive(Serialize)]
struct LineValues<'a, R> {
    quantity: Option<&'a Value>,
    uom: Option<String>,
    find_num: Option<&'a str>,
    refdes: R,
    effectivity_from: Option<&'a Value>,
    effectivity_to: Option<&'a Value>,
    effectivities: (),
    substitutes: (),
    config_condition: Option<&'a Value>,
}

impl<'a, R> LineValues<'a, R> {
    fn new(line: &'a Item, uom: Option<String>, find_num: Option<&'a str>, refdes: R) -> Self {
        let value = |name: &str| line.properties.get(name);
        Self {
            quantity: value("quantity"),
            uom,
            find_num,
            refdes,
            effectivity_from: value("effectivity_from"),
            effectivity_to: value("effectivity_to"),
            effectivities: (),
            substitutes: (),
            config_condition: value("config_condition"),
        }
    }
}

/// Writes [`UsedLineResponse`].
#[derive(Serialize)]
struct ShownUse<'a> {
    relationship: Relationship<'a>,
    parent: ShownItem<'a>,
    child: ShownItem<'a>,
    parent_number: Option<&'a str>,
    parent_name: Option<&'a str>,
    child_number: Option<&'a str>,
    child_name: Option<&'a str>,
    line: LineValues<'a, Option<&'a str>>,
    line_normalized: LineValues<'a, Option<Vec<String>>>,
    level: u32,
}

impl<'a> From<&'a UsedLine> for ShownUse<'a> {
    fn from(used: &'a UsedLine) -> Self {
        let UsedLine { level, line, parent, child } = used;
        let (uom, find_num) = (line.text("uom"), line.text("find_num"));
        Self {
            relationship: Relationship(line),
            parent: ShownItem(parent),
            child: ShownItem(child),
            parent_number: parent.number.as_deref(),
            parent_name: parent.item.name(),
            child_number: child.number.as_deref(),
            child_name: child.item.name(),
            line: LineValues::new(line, uom.map(str::to_owned), find_num, line.text("refdes")),
            line_normalized: LineValues::new(
                line,
                uom.map(|uom| uom.trim().to_uppercase()),
                find_num.map(str::trim),
                line.text("refdes").map(designators),
            ),
            level: *level,
        }
    }
}

/// Writes [`UsedLinesResponse`].
#[derive(Serialize)]
struct ShownUses<'a> {
    item_id: Uuid,
    count: usize,
    parents: Vec<ShownUse<'a>>,
    recursive: bool,
    max_levels: i64,
    truncated: bool,
}

/// A field of a line, and how much a difference in it matters.
#[derive(Object)]
struct WhereUsedLineField {
    field: String,
    /// `major`, `minor` or `info`.
    severity: String,
    /// The form in which it is compared.
    normalized: String,
    description: String,
}

impl From<LineField> for WhereUsedLineField {
    fn from(field: LineField) -> Self {
        Self {
            field: field.name().to_owned(),
            severity: field.severity().as_str().to_owned(),
            normalized: field.normalized().to_owned(),
            description: field.description().to_owned(),
        }
    }
}

#[derive(Object)]
struct WhereUsedSchemaResponse {
    line_fields: Vec<WhereUsedLineField>,
}

fn ten() -> i64 {
    10
}

#[OpenApi(prefix_path = "/bom", tag = "Tag::Bom")]
impl WhereUsedApi {
    /// Find where an item is used
    ///
    /// The BOM lines that lead to an item or, recursively, those above it to the top; each once. Where the caller may not
    /// read an end of a line, neither it nor what is above it is shown.
    #[oai(path = "/:item_id/where-used", method = "get", operation_id = "get_bom_where_used")]
    async fn where_used(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        #[oai(default)] recursive: Query<bool>,
        /// 1 to 100; for recursive answers.
        #[oai(default = "ten")]
        max_levels: Query<i64>,
    ) -> ApiResult<Encoded<UsedLinesResponse>> {
        let (recursive, max_levels) = (recursive.0, max_levels.0);
        let found = bom::lines_above(&caller.0, &item_id, recursive, max_levels).await?;
        let parents: Vec<ShownUse> = found.lines.iter().map(ShownUse::from).collect();
        let (item_id, truncated) = (found.item_id, found.truncated);
        Ok(encoded(&ShownUses { item_id, count: parents.len(), parents, recursive, max_levels, truncated })?)
    }

    /// Describe the lines of a where-used answer
    #[oai(path = "/where-used/schema", method = "get", operation_id = "get_where_used_schema")]
    async fn schema(&self, _caller: OrgCaller) -> ApiResult<Json<WhereUsedSchemaResponse>> {
        let line_fields = LineField::ALL.map(WhereUsedLineField::from).into();
        Ok(Json(WhereUsedSchemaResponse { line_fields }))
    }
}
