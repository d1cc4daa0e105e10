//! AML: items of every type through one operation.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::Any;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::Tag;
use super::item::ItemResponse;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::FreeObject;
use crate::domain::meta::{self, AmlAction, AmlItem, Applied, ItemType, ItemView, parse_id};
use crate::error::Error;

pub struct AmlApi;

#[derive(Enum, Deserialize, Clone, Copy, Default)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Action {
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
struct GenericItem {
    #[oai(rename = "type")]
    #[serde(rename = "type")]
    item_type: String,
    /// `dummy` leaves the item alone and applies its relationships.
    #[oai(default)]
    #[serde(default)]
    action: Action,
    id: Option<String>,
    /// `null` removes a value. A number that is left out is drawn. For `promote`: `{"state": "Review"}`.
    properties: Option<FreeObject>,
    /// For `add` the properties name the `related_id`.
    relationships: Option<Vec<GenericItem>>,
}

impl TryFrom<GenericItem> for AmlItem {
    type Error = Error;

    fn try_from(given: GenericItem) -> Result<Self, Error> {
        let nested = given.relationships.unwrap_or_default();
        Ok(Self {
            item_type: given.item_type,
            action: given.action.into(),
            id: given.id.filter(|id| !id.is_empty()).as_deref().map(parse_id).transpose()?,
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
}

impl From<ItemView> for AppliedItem {
    fn from(view: ItemView) -> Self {
        Self {
            id: view.item.id.to_string(),
            item_type: view.item.item_type,
            state: view.item.state,
            properties: FreeObject(view.properties),
        }
    }
}

#[derive(Object)]
struct ApplyResponse {
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
struct ItemTypeMetadata {
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
    async fn apply(&self, caller: OrgCaller, body: Body<GenericItem>) -> ApiResult<Json<ApplyResponse>> {
        Ok(Json(meta::apply(&caller.0, body.0.try_into()?).await?.into()))
    }

    /// Describe an item type
    #[oai(path = "/metadata/:item_type_name", method = "get", operation_id = "get_item_type_metadata")]
    async fn metadata(&self, caller: OrgCaller, item_type_name: Path<String>) -> ApiResult<Json<ItemTypeMetadata>> {
        Ok(Json(meta::get_item_type(&caller.0, &item_type_name).await?.into()))
    }

    /// Get an item
    #[oai(path = "/:item_type/:item_id", method = "get", operation_id = "get_item")]
    async fn get(
        &self,
        caller: OrgCaller,
        item_type: Path<String>,
        item_id: Path<String>,
        /// Comma-separated names: only these properties.
        select: Query<Option<String>>,
    ) -> ApiResult<Json<ItemResponse>> {
        let view = meta::get_item(&caller.0, &item_type, &item_id).await?;
        Ok(Json(view.select(select.0.as_deref()).into()))
    }
}
