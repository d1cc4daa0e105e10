//! AML: items of every type through one operation.

use std::collections::BTreeMap;

use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::Tag;
use super::item::ItemResponse;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::FreeObject;
use crate::domain::meta::{
    self, AmlAction, AmlItem, Applied, Basis, BulkApplied, ETag, ETags, Expand, ItemType, ItemView, LABEL_SIGN,
    parse_id,
};
use crate::error::Error;

pub struct AmlApi;

#[derive(Enum, Deserialize, Clone, Copy, Default)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Add,
    Delete,
    Update,
    #[default]
    Get,
    Promote,
    Dummy,
}

impl From<Action> for AmlAction {
    fn from(action: Action) -> Self {
        match action {
            Action::Add => Self::Add,
            Action::Delete => Self::Delete,
            Action::Update => Self::Update,
            Action::Get => Self::Get,
            Action::Promote => Self::Promote,
            Action::Dummy => Self::Dummy,
        }
    }
}

/// An item, what to do with it, and the relationships to handle with it, all in one transaction.
#[derive(Object, Deserialize)]
pub struct GenericItem {
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    item_type: String,
    /// `dummy` leaves the item alone and applies its relationships.
    #[oai(default)]
    #[serde(default)]
    action: Action,
    /// Of an item that is added: a label such as `@leg`, by which later items of the request refer to it.
    id: Option<String>,
    /// The ETag that a change is based on: 409 `STALE_ITEM` where the item has changed since.
    if_match: Option<String>,
    /// The generation that a change is based on.
    generation: Option<i32>,
    /// `null` removes a value. A number that is left out is drawn. For `promote`: `{"state": "Review"}`.
    properties: Option<FreeObject>,
    /// For `add` the properties name the `related_id`.
    relationships: Option<Vec<GenericItem>>,
}

impl TryFrom<GenericItem> for AmlItem {
    type Error = Error;

    fn try_from(given: GenericItem) -> Result<Self, Error> {
        let nested = given.relationships.unwrap_or_default();
        let (label, id) = match given.id.filter(|id| !id.is_empty()) {
            Some(label) if label.starts_with(LABEL_SIGN) => (Some(label), None),
            id => (None, id.as_deref().map(parse_id).transpose()?),
        };
        let if_match = given.if_match.map(|text| ETags::read(&text, &["body", "if_match"])).transpose()?;
        Ok(Self {
            item_type: given.item_type,
            action: given.action.into(),
            id,
            label,
            new_id: None,
            basis: Basis { if_match, generation: given.generation },
            properties: given.properties.unwrap_or_default().0,
            relationships: nested.into_iter().map(Self::try_from).collect::<Result<_, _>>()?,
        })
    }
}

#[derive(Object)]
struct AppliedItem {
    id: String,
    #[oai(rename = "type")]
    item_type: String,
    state: String,
    properties: FreeObject,
    /// Names the item as it is now: the `If-Match` of a later change.
    etag: String,
}

impl From<ItemView> for AppliedItem {
    fn from(view: ItemView) -> Self {
        Self {
            id: view.item.id.to_string(),
            etag: ETag::of(&view.item).to_string(),
            item_type: view.item.item_type,
            state: view.item.state,
            properties: FreeObject(view.properties),
        }
    }
}

#[derive(Object)]
pub struct ApplyResponse {
    /// Of the one item that was written.
    #[oai(skip_serializing_if_is_none)]
    id: Option<String>,
    #[oai(rename = "type", skip_serializing_if_is_none)]
    item_type: Option<String>,
    /// created, updated, deleted, promoted or unchanged.
    #[oai(skip_serializing_if_is_none)]
    status: Option<String>,
    count: u64,
    items: Vec<AppliedItem>,
    /// True where a get found more than the 1,000 items it answers with; name more properties.
    #[oai(skip_serializing_if_is_none)]
    truncated: Option<bool>,
}

impl From<Applied> for ApplyResponse {
    fn from(applied: Applied) -> Self {
        let written = applied.items.first().filter(|_| applied.status.is_some());
        Self {
            id: written.map(|view| view.item.id.to_string()),
            item_type: written.map(|view| view.item.item_type.clone()),
            status: applied.status.map(str::to_owned),
            count: applied.items.len() as u64,
            truncated: applied.truncated.then_some(true),
            items: applied.items.into_iter().map(AppliedItem::from).collect(),
        }
    }
}

/// Many items, applied in their order.
#[derive(Object, Deserialize)]
pub struct BulkRequest {
    /// At most 1,000, nested ones included.
    items: Vec<GenericItem>,
}

impl TryFrom<BulkRequest> for Vec<AmlItem> {
    type Error = Error;

    fn try_from(given: BulkRequest) -> Result<Self, Error> {
        let read = |(index, item): (usize, GenericItem)| {
            AmlItem::try_from(item).map_err(|error| error.under(&["items", &index.to_string()]))
        };
        given.items.into_iter().enumerate().map(read).collect()
    }
}

#[derive(Object)]
struct BulkItem {
    id: String,
    #[oai(rename = "type")]
    item_type: String,
    /// created, updated, deleted, promoted or unchanged.
    status: String,
    state: String,
    properties: FreeObject,
    etag: String,
}

#[derive(Object)]
pub struct BulkResponse {
    count: u64,
    /// In the order of the request.
    items: Vec<BulkItem>,
    /// The ids that labels stand for.
    labels: BTreeMap<String, String>,
}

impl From<BulkApplied> for BulkResponse {
    fn from(applied: BulkApplied) -> Self {
        let item = |(status, view): (&str, ItemView)| {
            let AppliedItem { id, item_type, state, properties, etag } = view.into();
            BulkItem { id, item_type, status: status.to_owned(), state, properties, etag }
        };
        Self {
            count: applied.items.len() as u64,
            items: applied.items.into_iter().map(item).collect(),
            labels: applied.labels.into_iter().map(|(label, id)| (label, id.to_string())).collect(),
        }
    }
}

fn one() -> i64 {
    1
}

/// Comma-separated names.
fn names(list: Option<&str>) -> Vec<String> {
    let names = list.unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[derive(ApiResponse)]
#[allow(clippy::large_enum_variant, reason = "made once, and written at once")]
enum GetItemResponse {
    #[oai(status = 200)]
    Found(
        Json<ItemResponse>,
        /// Names the item as it is now, whatever of it is selected.
        #[oai(header = "ETag")]
        String,
    ),
    /// The item is as the `If-None-Match` of the request says.
    #[oai(status = 304)]
    NotModified(#[oai(header = "ETag")] String),
}

#[derive(Object)]
struct PropertyMetadata {
    name: String,
    label: String,
    #[oai(rename = "type")]
    data_type: String,
    required: bool,
    length: Option<u64>,
    default: Option<Any<Value>>,
    /// `today`, `now` or `user_id`.
    default_expression: Option<String>,
    /// A regular expression that a whole value matches.
    pattern: Option<String>,
    choices: Option<Vec<Any<Value>>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    /// For `item`: the type of the items that may be referred to.
    data_source_id: Option<String>,
    is_unique: bool,
    is_indexed: bool,
}

#[derive(Object)]
pub struct ItemTypeMetadata {
    id: String,
    label: String,
    is_relationship: bool,
    /// Relationships: the types at both ends.
    source_type: Option<String>,
    related_type: Option<String>,
    /// The property that numbers the items.
    number_property: Option<String>,
    /// Relationships: with source and related item, what occurs once.
    key_properties: Option<Vec<String>>,
    is_acyclic: bool,
    /// Whether items take properties that are not listed here.
    accepts_undeclared: bool,
    properties: Vec<PropertyMetadata>,
}

impl From<ItemType> for ItemTypeMetadata {
    fn from(kind: ItemType) -> Self {
        let properties = kind.properties.into_iter().map(|property| PropertyMetadata {
            name: property.name,
            label: property.label,
            data_type: property.data_type.as_str().to_owned(),
            required: property.is_required,
            length: property.length.map(|length| length as u64),
            default: property.default_value.map(|text| Any(Value::String(text))),
            default_expression: property.default_expression.map(|expression| expression.as_str().to_owned()),
            pattern: property.pattern,
            choices: property.choices.map(|choices| choices.into_iter().map(Any).collect()),
            minimum: property.minimum,
            maximum: property.maximum,
            data_source_id: property.data_source_id,
            is_unique: property.is_unique,
            is_indexed: property.is_indexed,
        });
        Self {
            id: kind.id,
            label: kind.label,
            is_relationship: kind.is_relationship,
            source_type: kind.source_type,
            related_type: kind.related_type,
            number_property: kind.number_property,
            key_properties: kind.key_properties,
            is_acyclic: kind.is_acyclic,
            accepts_undeclared: kind.accepts_undeclared,
            properties: properties.collect(),
        }
    }
}

#[OpenApi(prefix_path = "/aml", tag = "Tag::Aml")]
impl AmlApi {
    /// Apply an item
    ///
    /// Adds, gets, updates, deletes or promotes an item with the relationships nested in it: all of it or nothing.
    /// A get without an id answers with the items whose properties equal the given ones.
    #[oai(path = "/apply", method = "post", operation_id = "apply_aml")]
    async fn apply(
        &self,
        caller: OrgCaller,
        /// The ETag that the change is based on: 409 `STALE_ITEM` where the item has changed since.
        #[oai(name = "If-Match")]
        if_match: Header<Option<String>>,
        body: Body<GenericItem>,
    ) -> ApiResult<Json<ApplyResponse>> {
        let mut item: AmlItem = body.0.try_into()?;
        if let Some(text) = if_match.0 {
            item.basis.if_match = Some(ETags::read(&text, &["header", "If-Match"])?);
        }
        Ok(Json(meta::apply(&caller.0, item).await?.into()))
    }

    /// Apply many items
    ///
    /// Adds, updates, deletes and promotes in one transaction: all of it or nothing, and a failure names the item by its
    /// index. An item that is added may bear a label in the place of an id (`"id": "@leg"`), and later ones refer to it by
    /// that (`"related_id": "@leg"`).
    #[oai(path = "/apply/bulk", method = "post", operation_id = "apply_aml_bulk")]
    async fn apply_bulk(&self, caller: OrgCaller, body: Body<BulkRequest>) -> ApiResult<Json<BulkResponse>> {
        Ok(Json(meta::apply_all(&caller.0, body.0.try_into()?).await?.into()))
    }

    /// Describe an item type
    #[oai(path = "/metadata/:item_type_name", method = "get", operation_id = "get_item_type_metadata")]
    async fn metadata(&self, caller: OrgCaller, item_type_name: Path<String>) -> ApiResult<Json<ItemTypeMetadata>> {
        Ok(Json(meta::get_item_type(&caller.0, &item_type_name).await?.into()))
    }

    /// Get an item
    #[oai(path = "/:item_type/:item_id", method = "get", operation_id = "get_item")]
    #[allow(clippy::too_many_arguments, reason = "one argument per parameter")]
    async fn get(
        &self,
        caller: OrgCaller,
        item_type: Path<String>,
        item_id: Path<String>,
        /// Comma-separated names: only these properties.
        select: Query<Option<String>>,
        /// Comma-separated names of relationship types and of properties that refer to items: shown with the item.
        expand: Query<Option<String>>,
        /// Levels of what is expanded, 1 to 10.
        #[oai(default = "one")]
        depth: Query<i64>,
        /// The ETag of an answer without `expand`: 304 where the item is still as it says.
        #[oai(name = "If-None-Match")]
        if_none_match: Header<Option<String>>,
    ) -> ApiResult<GetItemResponse> {
        let expand = Expand { names: names(expand.0.as_deref()), depth: depth.0 };
        let view = meta::get_expanded(&caller.0, &item_type, &item_id, &expand).await?;
        let tag = ETag::of(&view.item);
        let seen = if_none_match.0.filter(|_| expand.names.is_empty()).and_then(|text| text.parse::<ETags>().ok());
        if seen.is_some_and(|tags| tags.hold(tag)) {
            return Ok(GetItemResponse::NotModified(tag.to_string()));
        }
        Ok(GetItemResponse::Found(Json(view.select(select.0.as_deref()).into()), tag.to_string()))
    }
}
