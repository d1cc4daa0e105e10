//! Bills of materials.

use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{Any, MaybeUndefined};
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::Tag;
use super::item::{MAX_TREE_BYTES, Tree, TreeNode, too_many_bytes};
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{AnyValue, Encoded, FreeObject};
use crate::domain::bom::{self, AddedLine, BomTree, ChangedLine, NewLine, TreeQuery, TreeRequest};
use crate::domain::meta::{Basis, ETag, ETags, Values};
use crate::error::Result;

pub struct BomApi;

#[derive(Object, Deserialize)]
struct AddChildRequest {
    child_id: String,
    /// Positive, at most 10 decimal places.
    #[oai(default = "one")]
    #[serde(default = "one")]
    quantity: f64,
    #[oai(default = "each")]
    #[serde(default = "each")]
    uom: String,
    find_num: Option<String>,
    refdes: Option<String>,
    /// ISO 8601; without an offset it is UTC.
    effectivity_from: Option<String>,
    /// Included; a date alone is that whole day.
    effectivity_to: Option<String>,
    /// `{"option": "Color", "value": "Red"}`, with `op`, `all`, `any` and `not`.
    config_condition: Option<Any<Value>>,
    extra_properties: Option<FreeObject>,
}

fn one() -> f64 {
    1.0
}

fn each() -> String {
    "EA".to_owned()
}

impl From<AddChildRequest> for NewLine {
    fn from(new: AddChildRequest) -> Self {
        let mut values = new.extra_properties.unwrap_or_default().0;
        let texts = [
            ("find_num", new.find_num),
            ("refdes", new.refdes),
            ("effectivity_from", new.effectivity_from),
            ("effectivity_to", new.effectivity_to),
        ];
        let given = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))));
        values.extend(given);
        values.extend(new.config_condition.map(|condition| ("config_condition".to_owned(), condition.0)));
        values.insert("quantity".to_owned(), new.quantity.into());
        values.insert("uom".to_owned(), new.uom.into());
        Self { child_id: new.child_id, values }
    }
}

#[derive(Object)]
struct AddChildResponse {
    ok: bool,
    relationship_id: String,
    parent_id: String,
    child_id: String,
    /// Where the line has dates.
    effectivity_id: Option<String>,
    /// What its author should look at: reference designators that are not as many as the quantity says.
    warnings: Vec<String>,
}

impl From<AddedLine> for AddChildResponse {
    fn from(line: AddedLine) -> Self {
        Self {
            ok: true,
            relationship_id: line.relationship_id.to_string(),
            parent_id: line.parent_id.to_string(),
            child_id: line.child_id.to_string(),
            effectivity_id: line.effectivity_id.map(|id| id.to_string()),
            warnings: line.warnings,
        }
    }
}

/// What changes of a line; what is left out stays, `null` removes.
#[derive(Object, Deserialize)]
struct ChangeChildRequest {
    /// Positive, at most 10 decimal places.
    #[serde(default)]
    quantity: MaybeUndefined<f64>,
    #[serde(default)]
    uom: MaybeUndefined<String>,
    #[serde(default)]
    find_num: MaybeUndefined<String>,
    #[serde(default)]
    refdes: MaybeUndefined<String>,
    /// ISO 8601; without an offset it is UTC.
    #[serde(default)]
    effectivity_from: MaybeUndefined<String>,
    #[serde(default)]
    effectivity_to: MaybeUndefined<String>,
    /// `{"option": "Color", "value": "Red"}`, with `op`, `all`, `any` and `not`.
    #[serde(default)]
    config_condition: MaybeUndefined<AnyValue>,
    extra_properties: Option<FreeObject>,
}

impl From<ChangeChildRequest> for Values {
    fn from(change: ChangeChildRequest) -> Self {
        let mut values = change.extra_properties.unwrap_or_default().0;
        let given = [
            ("quantity", sent(change.quantity, Value::from)),
            ("uom", sent(change.uom, Value::from)),
            ("find_num", sent(change.find_num, Value::from)),
            ("refdes", sent(change.refdes, Value::from)),
            ("effectivity_from", sent(change.effectivity_from, Value::from)),
            ("effectivity_to", sent(change.effectivity_to, Value::from)),
            ("config_condition", sent(change.config_condition, |condition| condition.0)),
        ];
        values.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        values
    }
}

/// What was sent of a field, as JSON.
fn sent<T>(field: MaybeUndefined<T>, written: impl FnOnce(T) -> Value) -> Option<Value> {
    match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(Value::Null),
        MaybeUndefined::Value(value) => Some(written(value)),
    }
}

#[derive(Object)]
struct ChangeChildResponse {
    ok: bool,
    relationship_id: String,
    parent_id: Option<String>,
    child_id: Option<String>,
    /// Where the line has dates.
    effectivity_id: Option<String>,
    properties: FreeObject,
    /// Names the line as it is now: the `If-Match` of a later change.
    etag: String,
    /// What its author should look at: reference designators that are not as many as the quantity says.
    warnings: Vec<String>,
}

impl From<ChangedLine> for ChangeChildResponse {
    fn from(changed: ChangedLine) -> Self {
        let ChangedLine { line, effectivity_id, warnings } = changed;
        Self {
            ok: true,
            relationship_id: line.id.to_string(),
            parent_id: line.source_id.map(|id| id.to_string()),
            child_id: line.related_id.map(|id| id.to_string()),
            effectivity_id: effectivity_id.map(|id| id.to_string()),
            etag: ETag::of(&line).to_string(),
            properties: FreeObject(line.properties),
            warnings,
        }
    }
}

#[derive(Object)]
struct RemoveChildResponse {
    ok: bool,
    relationship_id: String,
}

#[OpenApi(prefix_path = "/bom", tag = "Tag::Bom")]
impl BomApi {
    /// Add a child
    ///
    /// One line per parent, child and unit. A line that would close a cycle answers 409 with the path.
    #[oai(path = "/:parent_id/children", method = "post", operation_id = "add_bom_child")]
    async fn add_child(
        &self,
        caller: OrgCaller,
        parent_id: Path<String>,
        body: Body<AddChildRequest>,
    ) -> ApiResult<Json<AddChildResponse>> {
        Ok(Json(bom::add_line(&caller.0, &parent_id, body.0.into()).await?.into()))
    }

    /// Remove a child
    ///
    /// Its substitutes go with the line.
    #[oai(path = "/:parent_id/children/:child_id", method = "delete", operation_id = "remove_bom_child")]
    async fn remove_child(
        &self,
        caller: OrgCaller,
        parent_id: Path<String>,
        child_id: Path<String>,
        /// Which line, where the child is there in several units.
        uom: Query<Option<String>>,
    ) -> ApiResult<Json<RemoveChildResponse>> {
        let line = bom::remove_line(&caller.0, &parent_id, &child_id, uom.0.as_deref()).await?;
        Ok(Json(RemoveChildResponse { ok: true, relationship_id: line.to_string() }))
    }

    /// Change a child
    ///
    /// Changes the line that leads to it: what is left out stays, `null` removes. The child itself does not change; remove
    /// the line and add another for that.
    #[oai(path = "/:parent_id/children/:child_id", method = "patch", operation_id = "change_bom_child")]
    async fn change_child(
        &self,
        caller: OrgCaller,
        parent_id: Path<String>,
        child_id: Path<String>,
        /// Which line, where the child is there in several units.
        uom: Query<Option<String>>,
        /// The ETag that the change is based on: 409 `STALE_ITEM` where the line has changed since.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        body: Body<ChangeChildRequest>,
    ) -> ApiResult<Json<ChangeChildResponse>> {
        let if_match = if_match.0.map(|text| ETags::read(&text, &["header", "If-Match"])).transpose()?;
        let basis = Basis { if_match, generation: None };
        let place = (parent_id.as_str(), child_id.as_str(), uom.0.as_deref());
        Ok(Json(bom::change_line(&caller.0, place, body.0.into(), &basis).await?.into()))
    }

    /// Read the tree
    ///
    /// All lines, or those that hold at a date, for a lot, serial number or unit, and for a configuration.
    #[oai(path = "/:parent_id/tree", method = "get", operation_id = "get_bom_tree")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn tree(
        &self,
        caller: OrgCaller,
        parent_id: Path<String>,
        /// Levels, 0 to 100.
        #[oai(default = "ten")]
        depth: Query<i32>,
        /// ISO 8601.
        effective_date: Query<Option<String>>,
        lot_number: Query<Option<String>>,
        serial_number: Query<Option<String>>,
        unit_position: Query<Option<String>>,
        /// Options as a JSON object: `{"Color": "Red"}`.
        config: Query<Option<String>>,
        /// ISO 8601: what stood released at that moment, on every level; what never was released is shown as it is now.
        as_of: Query<Option<String>>,
    ) -> ApiResult<Encoded<TreeNode>> {
        let query = TreeQuery {
            as_of: as_of.0,
            depth: depth.0,
            date: effective_date.0,
            lot: lot_number.0,
            serial: serial_number.0,
            unit: unit_position.0,
            config: config.0,
        };
        Ok(bom::tree(&caller.0, &parent_id, query.all_dates()?, encoded).await?)
    }

    /// Read the effective tree
    ///
    /// The lines that hold at a date, now unless it is given.
    #[oai(path = "/:item_id/effective", method = "get", operation_id = "get_effective_bom")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn effective(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// ISO 8601.
        date: Query<Option<String>>,
        /// Levels, 0 to 100.
        #[oai(default = "ten")]
        levels: Query<i32>,
        lot_number: Query<Option<String>>,
        serial_number: Query<Option<String>>,
        unit_position: Query<Option<String>>,
        /// Options as a JSON object: `{"Color": "Red"}`.
        config: Query<Option<String>>,
    ) -> ApiResult<Encoded<TreeNode>> {
        let query = TreeQuery {
            as_of: None,
            depth: levels.0,
            date: date.0,
            lot: lot_number.0,
            serial: serial_number.0,
            unit: unit_position.0,
            config: config.0,
        };
        Ok(bom::tree(&caller.0, &item_id, query.at_date_or(caller.0.now())?, encoded).await?)
    }

    /// Read the tree of a version
    ///
    /// Of a released version exactly what was released, on every level. A draft shows what it holds now.
    #[oai(path = "/version/:version_id", method = "get", operation_id = "get_version_bom")]
    async fn version_tree(
        &self,
        caller: OrgCaller,
        version_id: Path<String>,
        /// Levels, 0 to 100.
        #[oai(default = "ten")]
        levels: Query<i32>,
    ) -> ApiResult<Encoded<TreeNode>> {
        let request = TreeRequest { depth: levels.0, ..TreeRequest::default() };
        Ok(bom::version_tree(&caller.0, &version_id, request, encoded).await?)
    }
}

fn encoded(tree: &BomTree) -> Result<Encoded<TreeNode>> {
    Encoded::within(MAX_TREE_BYTES, &Tree(tree))?.ok_or_else(too_many_bytes)
}

fn ten() -> i32 {
    10
}
