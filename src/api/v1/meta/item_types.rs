//! Item types.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::super::Tag;
use super::{NewPropertyRequest, PropertyResponse};
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{FreeObject, yes};
use crate::domain::meta::{self, ItemType, NewType, TypeChange};

pub struct ItemTypesApi;

/// A kind of item or relationship.
#[derive(Object)]
struct ItemTypeResponse {
    id: String,
    label: String,
    description: Option<String>,
    uuid: String,
    is_relationship: bool,
    is_versionable: bool,
    revision_scheme: String,
    permission_id: Option<String>,
    lifecycle_map_id: Option<String>,
    source_item_type_id: Option<String>,
    related_item_type_id: Option<String>,
    property_count: u64,
    /// The property that numbers the items of the type.
    number_property: Option<String>,
    /// Relationships: with source and related item, what occurs once; `null` lets anything repeat.
    key_properties: Option<Vec<String>>,
    is_acyclic: bool,
    /// The two properties that say from when and until when an item holds.
    period_properties: Option<Vec<String>>,
    accepts_undeclared: bool,
}

impl From<ItemType> for ItemTypeResponse {
    fn from(kind: ItemType) -> Self {
        Self {
            id: kind.id,
            label: kind.label,
            description: kind.description,
            uuid: kind.uuid.to_string(),
            is_relationship: kind.is_relationship,
            is_versionable: kind.is_versionable,
            revision_scheme: kind.revision_scheme,
            permission_id: kind.permission_id,
            lifecycle_map_id: kind.lifecycle_map_id.map(|id| id.to_string()),
            source_item_type_id: kind.source_type,
            related_item_type_id: kind.related_type,
            property_count: kind.properties.len() as u64,
            number_property: kind.number_property,
            key_properties: kind.key_properties,
            is_acyclic: kind.is_acyclic,
            period_properties: kind.period_properties.map(|(from, to)| vec![from, to]),
            accepts_undeclared: kind.accepts_undeclared,
        }
    }
}

#[derive(Object)]
struct ItemTypeList {
    total: u64,
    items: Vec<ItemTypeResponse>,
}

#[derive(Object)]
struct ItemTypeDetail {
    #[oai(flatten)]
    item_type: ItemTypeResponse,
    /// In the order of forms.
    properties: Vec<PropertyResponse>,
}

impl From<ItemType> for ItemTypeDetail {
    fn from(mut kind: ItemType) -> Self {
        let properties = std::mem::take(&mut kind.properties);
        let count = properties.len() as u64;
        let properties = properties.into_iter().map(|property| PropertyResponse::new(&kind.id, property)).collect();
        Self { item_type: ItemTypeResponse { property_count: count, ..kind.into() }, properties }
    }
}

fn letters() -> String {
    "A-Z".to_owned()
}

/// A type to be made.
#[derive(Object, Deserialize)]
struct NewItemTypeRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    id: String,
    #[oai(validator(max_length = 200))]
    label: Option<String>,
    #[oai(validator(max_length = 500))]
    description: Option<String>,
    #[oai(default)]
    #[serde(default)]
    is_relationship: bool,
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    is_versionable: bool,
    /// `A-Z` or `1-9`.
    #[oai(default = "letters", validator(max_length = 50))]
    #[serde(default = "letters")]
    revision_scheme: String,
    permission_id: Option<String>,
    lifecycle_map_id: Option<String>,
    source_item_type_id: Option<String>,
    related_item_type_id: Option<String>,
    /// Items are numbered by this property, which is made with the type unless it is among `properties`.
    number_property: Option<String>,
    /// Relationships: with source and related item, what occurs once.
    key_properties: Option<Vec<String>>,
    #[oai(default)]
    #[serde(default)]
    is_acyclic: bool,
    /// Whether items take properties that the type does not declare.
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    accepts_undeclared: bool,
    /// Properties to make with the type.
    #[oai(default)]
    #[serde(default)]
    properties: Vec<NewPropertyRequest>,
}

impl From<NewItemTypeRequest> for NewType {
    fn from(given: NewItemTypeRequest) -> Self {
        Self {
            id: given.id,
            label: given.label,
            description: given.description,
            is_relationship: given.is_relationship,
            is_versionable: given.is_versionable,
            revision_scheme: given.revision_scheme,
            permission_id: given.permission_id,
            lifecycle_map_id: given.lifecycle_map_id,
            source_type: given.source_item_type_id,
            related_type: given.related_item_type_id,
            number_property: given.number_property,
            key_properties: given.key_properties,
            is_acyclic: given.is_acyclic,
            accepts_undeclared: given.accepts_undeclared,
            properties: given.properties.into_iter().map(Into::into).collect(),
        }
    }
}

/// What changes of a type: what is left out stays, `null` clears.
#[derive(Object, Deserialize)]
struct ItemTypeChangeRequest {
    #[oai(validator(max_length = 200))]
    label: Option<String>,
    #[oai(validator(max_length = 500))]
    #[serde(default)]
    description: MaybeUndefined<String>,
    is_relationship: Option<bool>,
    is_versionable: Option<bool>,
    #[oai(validator(max_length = 50))]
    revision_scheme: Option<String>,
    #[serde(default)]
    permission_id: MaybeUndefined<String>,
    /// For items that are added from now on; the others finish the lifecycle they have begun.
    #[serde(default)]
    lifecycle_map_id: MaybeUndefined<String>,
    #[serde(default)]
    source_item_type_id: MaybeUndefined<String>,
    #[serde(default)]
    related_item_type_id: MaybeUndefined<String>,
    #[serde(default)]
    number_property: MaybeUndefined<String>,
    #[serde(default)]
    key_properties: MaybeUndefined<Vec<String>>,
    is_acyclic: Option<bool>,
    accepts_undeclared: Option<bool>,
}

impl From<ItemTypeChangeRequest> for TypeChange {
    fn from(given: ItemTypeChangeRequest) -> Self {
        Self {
            label: given.label,
            description: given.description.into(),
            is_relationship: given.is_relationship,
            is_versionable: given.is_versionable,
            revision_scheme: given.revision_scheme,
            permission_id: given.permission_id.into(),
            lifecycle_map_id: given.lifecycle_map_id.into(),
            source_type: given.source_item_type_id.into(),
            related_type: given.related_item_type_id.into(),
            number_property: given.number_property.into(),
            key_properties: given.key_properties.into(),
            is_acyclic: given.is_acyclic,
            accepts_undeclared: given.accepts_undeclared,
        }
    }
}

#[derive(Object, Deserialize)]
struct PermissionRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    permission_id: String,
}

#[derive(Object)]
struct PermissionAssigned {
    ok: bool,
    item_type_id: String,
    permission_id: String,
}

#[derive(Object)]
struct ItemTypeDeleted {
    ok: bool,
    item_type_id: String,
}

#[derive(Object)]
struct SchemaRefreshed {
    ok: bool,
    item_type_id: String,
    /// Indexes that were not ready and are made once more.
    indexes_retried: u64,
    schema: TypeSchema,
}

/// A JSON Schema (draft 2020-12).
#[derive(Object)]
struct TypeSchema {
    /// `object`.
    #[oai(rename = "type")]
    json_type: String,
    title: String,
    #[oai(skip_serializing_if_is_none)]
    description: Option<String>,
    /// A schema for each property, by its name.
    properties: FreeObject,
    required: Vec<String>,
    /// `false` where the type takes declared properties only.
    #[oai(rename = "additionalProperties", skip_serializing_if_is_none)]
    additional_properties: Option<bool>,
}

impl From<&ItemType> for TypeSchema {
    fn from(kind: &ItemType) -> Self {
        let mut schema = meta::json_schema(kind);
        let properties = schema["properties"].as_object_mut().map(std::mem::take).unwrap_or_default();
        let required = schema["required"].as_array().into_iter().flatten();
        let text = |key: &str| schema[key].as_str().map(str::to_owned);
        Self {
            json_type: text("type").unwrap_or_default(),
            title: text("title").unwrap_or_default(),
            description: text("description"),
            properties: FreeObject(properties),
            required: required.filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            additional_properties: schema["additionalProperties"].as_bool(),
        }
    }
}

#[OpenApi(prefix_path = "/meta/item-types", tag = "Tag::Model")]
impl ItemTypesApi {
    /// List item types
    #[oai(path = "/", method = "get", operation_id = "list_item_types")]
    async fn list(&self, caller: OrgCaller) -> ApiResult<Json<ItemTypeList>> {
        let types = meta::list_item_types(&caller.0).await?;
        Ok(Json(ItemTypeList { total: types.len() as u64, items: types.into_iter().map(Into::into).collect() }))
    }

    /// Make an item type
    #[oai(path = "/", method = "post", operation_id = "create_item_type")]
    async fn create(&self, caller: OrgCaller, body: Body<NewItemTypeRequest>) -> ApiResult<Json<ItemTypeResponse>> {
        Ok(Json(meta::create_item_type(&caller.0, body.0.into()).await?.into()))
    }

    /// Get an item type with its properties
    #[oai(path = "/:item_type_id", method = "get", operation_id = "get_item_type")]
    async fn get(&self, caller: OrgCaller, item_type_id: Path<String>) -> ApiResult<Json<ItemTypeDetail>> {
        Ok(Json(meta::get_item_type(&caller.0, &item_type_id).await?.into()))
    }

    /// Change an item type
    #[oai(path = "/:item_type_id", method = "patch", operation_id = "update_item_type")]
    async fn update(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        body: Body<ItemTypeChangeRequest>,
    ) -> ApiResult<Json<ItemTypeResponse>> {
        Ok(Json(meta::change_item_type(&caller.0, &item_type_id, body.0.into()).await?.into()))
    }

    /// Delete an item type that has no items
    #[oai(path = "/:item_type_id", method = "delete", operation_id = "delete_item_type")]
    async fn delete(&self, caller: OrgCaller, item_type_id: Path<String>) -> ApiResult<Json<ItemTypeDeleted>> {
        meta::delete_item_type(&caller.0, &item_type_id).await?;
        Ok(Json(ItemTypeDeleted { ok: true, item_type_id: item_type_id.0 }))
    }

    /// Give an item type another permission set
    #[oai(path = "/:item_type_id/permission", method = "patch", operation_id = "assign_permission")]
    async fn assign_permission(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        body: Body<PermissionRequest>,
    ) -> ApiResult<Json<PermissionAssigned>> {
        let kind = meta::assign_permission(&caller.0, &item_type_id, body.0.permission_id).await?;
        let permission_id = kind.permission_id.unwrap_or_default();
        Ok(Json(PermissionAssigned { ok: true, item_type_id: kind.id, permission_id }))
    }

    /// Read an item type anew
    ///
    /// Forgets what this process remembers of the model, and tries again to make indexes that failed.
    #[oai(path = "/:item_type_id/refresh-schema", method = "post", operation_id = "refresh_schema")]
    async fn refresh(&self, caller: OrgCaller, item_type_id: Path<String>) -> ApiResult<Json<SchemaRefreshed>> {
        let (kind, retried) = meta::refresh_item_type(&caller.0, &item_type_id).await?;
        Ok(Json(SchemaRefreshed {
            ok: true,
            schema: (&kind).into(),
            item_type_id: kind.id,
            indexes_retried: retried as u64,
        }))
    }

    /// Get the JSON Schema of an item type
    ///
    /// Draft 2020-12. Stored values are checked against this schema.
    #[oai(path = "/:item_type_id/schema", method = "get", operation_id = "get_item_type_schema")]
    async fn schema(&self, caller: OrgCaller, item_type_id: Path<String>) -> ApiResult<Json<TypeSchema>> {
        Ok(Json((&meta::get_item_type(&caller.0, &item_type_id).await?).into()))
    }
}
