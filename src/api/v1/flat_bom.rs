//! BOMs as parts lists: each part once.

use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use uuid::Uuid;

use super::Tag;
use super::item_fields::encoded;
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::Encoded;
use crate::domain::bom::{self, FlatBom, FlatPart, TreeQuery, Unconverted};

pub struct FlatBomApi;

/// A part of the list.
#[derive(Object)]
struct FlatBomPart {
    item_id: String,
    item_type: String,
    item_number: Option<String>,
    name: Option<String>,
    state: String,
    /// Of one root: an exact decimal. Where it is partial, what could be added.
    quantity: String,
    uom: String,
    /// Some of it could not be added; `unconverted` says why.
    is_partial: bool,
    /// In how many places below the root it is.
    occurrences: u64,
    /// From how many lines.
    lines: u64,
    /// The levels on which it is, from 1.
    first_level: u32,
    last_level: u32,
}

/// A line that adds nothing to what its child is needed.
#[derive(Object)]
struct FlatBomGap {
    relationship_id: String,
    parent_id: Option<String>,
    child_id: Option<String>,
    /// The unit of the line, and that of the list.
    uom: String,
    wanted_uom: String,
    /// `no_quantity`, `unit`: no conversion is known, `digits`: more than can be kept.
    reason: String,
}

#[derive(Object)]
struct FlatBomResponse {
    item_id: String,
    item_number: Option<String>,
    levels: u32,
    count: u64,
    /// By their first level, and there by number.
    items: Vec<FlatBomPart>,
    is_partial: bool,
    unconverted: Vec<FlatBomGap>,
}

/// Writes [`FlatBomPart`].
#[derive(Serialize)]
struct ShownPart<'a> {
    item_id: Uuid,
    item_type: &'a str,
    item_number: Option<&'a str>,
    name: Option<&'a str>,
    state: &'a str,
    quantity: String,
    uom: &'a str,
    is_partial: bool,
    occurrences: u64,
    lines: usize,
    first_level: u32,
    last_level: u32,
}

impl<'a> From<&'a FlatPart> for ShownPart<'a> {
    fn from(part: &'a FlatPart) -> Self {
        Self {
            item_id: part.item.id,
            item_type: &part.item.item_type,
            item_number: part.number.as_deref(),
            name: part.item.name(),
            state: &part.item.state,
            quantity: part.quantity.to_string(),
            uom: &part.uom,
            is_partial: part.is_partial,
            occurrences: part.occurrences,
            lines: part.lines,
            first_level: part.first_level,
            last_level: part.last_level,
        }
    }
}

/// Writes [`FlatBomGap`].
#[derive(Serialize)]
struct ShownGap<'a> {
    relationship_id: Uuid,
    parent_id: Option<Uuid>,
    child_id: Option<Uuid>,
    uom: &'a str,
    wanted_uom: &'a str,
    reason: &'static str,
}

impl<'a> From<&'a Unconverted> for ShownGap<'a> {
    fn from(gap: &'a Unconverted) -> Self {
        Self {
            relationship_id: gap.line.id,
            parent_id: gap.line.source_id,
            child_id: gap.line.related_id,
            uom: &gap.uom,
            wanted_uom: &gap.wanted,
            reason: gap.gap.as_str(),
        }
    }
}

/// Writes [`FlatBomResponse`].
#[derive(Serialize)]
struct ShownFlatBom<'a> {
    item_id: Uuid,
    item_number: Option<&'a str>,
    levels: u32,
    count: usize,
    items: Vec<ShownPart<'a>>,
    is_partial: bool,
    unconverted: Vec<ShownGap<'a>>,
}

impl<'a> From<&'a FlatBom> for ShownFlatBom<'a> {
    fn from(bom: &'a FlatBom) -> Self {
        Self {
            item_id: bom.root.id,
            item_number: bom.number.as_deref(),
            levels: bom.levels,
            count: bom.parts.len(),
            items: bom.parts.iter().map(ShownPart::from).collect(),
            is_partial: bom.parts.iter().any(|part| part.is_partial),
            unconverted: bom.unconverted.iter().map(ShownGap::from).collect(),
        }
    }
}

fn ten() -> i64 {
    10
}

#[OpenApi(prefix_path = "/bom", tag = "Tag::Bom")]
impl FlatBomApi {
    /// Read the parts list
    ///
    /// Each part below an item once, with how much of it one item needs. Amounts are added in one unit: the part's own
    /// (`uom`), else that of its lines where they agree, else the principal one of their dimension (EA, M, KG, L, M2, S).
    #[oai(path = "/:item_id/explode", method = "get", operation_id = "get_flat_bom")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn flat(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// 1 to 100.
        #[oai(default = "ten")]
        levels: Query<i64>,
        /// ISO 8601; without it every line counts, whenever it holds.
        effective_date: Query<Option<String>>,
        lot_number: Query<Option<String>>,
        serial_number: Query<Option<String>>,
        unit_position: Query<Option<String>>,
        /// Options as a JSON object: `{"Color": "Red"}`.
        config: Query<Option<String>>,
    ) -> ApiResult<Encoded<FlatBomResponse>> {
        let query = TreeQuery {
            as_of: None,
            depth: 0,
            date: effective_date.0,
            lot: lot_number.0,
            serial: serial_number.0,
            unit: unit_position.0,
            config: config.0,
        };
        let render = |bom: &FlatBom| encoded(&ShownFlatBom::from(bom));
        Ok(bom::flat(&caller.0, &item_id, levels.0, query.all_dates()?, render).await?)
    }
}
