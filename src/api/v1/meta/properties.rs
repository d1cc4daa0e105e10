//! Properties of item types.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{AnyValue, FreeObject};
use crate::domain::meta::{self, IndexStatus, NewProperty, Property, PropertyChange};

pub struct PropertiesApi;

/// How far the index of a property is.
#[derive(Enum, Clone, Copy)]
#[oai(rename_all = "lowercase")]
enum IndexState {
    /// Being made; a unique property is not yet sure to be unique.
    Building,
    Ready,
    /// It could not be made; see `index_problem`.
    Failed,
}

/// A value that occurs more than once.
#[derive(Object)]
struct RepeatedValue {
    value: AnyValue,
    count: i64,
}

/// Why the index of a property could not be made.
#[derive(Object)]
struct IndexProblem {
    message: String,
    /// The most frequent first, at most 20.
    duplicates: Vec<RepeatedValue>,
}

/// A declared property of an item type.
#[derive(Object)]
pub struct PropertyResponse {
    id: String,
    item_type_id: String,
    name: String,
    label: String,
    data_type: String,
    length: Option<u64>,
    is_required: bool,
    default_value: Option<String>,
    default_value_expression: Option<String>,
    ui_type: String,
    ui_options: Option<FreeObject>,
    is_cad_synced: bool,
    /// For `item`: the type of the items that may be referred to.
    data_source_id: Option<String>,
    /// A regular expression that a whole value matches.
    pattern: Option<String>,
    choices: Option<Vec<AnyValue>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    is_unique: bool,
    is_indexed: bool,
    /// With `is_unique` or `is_indexed`. Until it is `ready`, a unique property is not sure to be unique.
    index_status: Option<IndexState>,
    index_problem: Option<IndexProblem>,
    position: i32,
}

impl PropertyResponse {
    pub fn new(item_type: &str, property: Property) -> Self {
        Self {
            id: property.id.to_string(),
            item_type_id: item_type.to_owned(),
            name: property.name,
            label: property.label,
            data_type: property.data_type.as_str().to_owned(),
            length: property.length.map(|length| length as u64),
            is_required: property.is_required,
            default_value: property.default_value,
            default_value_expression: property.default_expression.map(|expression| expression.as_str().to_owned()),
            ui_type: property.ui_type,
            ui_options: property.ui_options.and_then(|options| options.as_object().cloned()).map(FreeObject),
            is_cad_synced: property.is_cad_synced,
            data_source_id: property.data_source_id,
            pattern: property.pattern,
            choices: property.choices.map(|choices| choices.into_iter().map(AnyValue).collect()),
            minimum: property.minimum,
            maximum: property.maximum,
            is_unique: property.is_unique,
            is_indexed: property.is_indexed,
            index_status: property.index_status.map(|status| match status {
                IndexStatus::Building => IndexState::Building,
                IndexStatus::Ready => IndexState::Ready,
                IndexStatus::Failed => IndexState::Failed,
            }),
            index_problem: property.index_problem.as_ref().map(problem),
            position: property.position,
        }
    }
}

fn problem(told: &Value) -> IndexProblem {
    let duplicates = told["duplicates"].as_array().into_iter().flatten();
    IndexProblem {
        message: told["message"].as_str().unwrap_or_default().to_owned(),
        duplicates: duplicates
            .map(|found| RepeatedValue {
                value: AnyValue(found["value"].clone()),
                count: found["count"].as_i64().unwrap_or_default(),
            })
            .collect(),
    }
}

fn text() -> String {
    "text".to_owned()
}

fn string() -> String {
    "string".to_owned()
}

/// A property to be added to a type.
#[derive(Object, Deserialize)]
pub struct NewPropertyRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    name: String,
    #[oai(validator(max_length = 200))]
    label: Option<String>,
    /// string, text, integer, float, boolean, date, datetime, list, item, json, quantity, unit or condition.
    #[oai(default = "string")]
    #[serde(default = "string")]
    data_type: String,
    /// The most characters of a text.
    #[oai(validator(minimum(value = "1")))]
    length: Option<i64>,
    #[oai(default)]
    #[serde(default)]
    is_required: bool,
    default_value: Option<String>,
    #[oai(default = "text", validator(max_length = 50))]
    #[serde(default = "text")]
    ui_type: String,
    /// Free for user interfaces; `choices` or `options` in it are the choices of the property.
    ui_options: Option<FreeObject>,
    #[oai(default)]
    #[serde(default)]
    is_cad_synced: bool,
    /// `today` (in UTC), `now` or `user_id`.
    default_value_expression: Option<String>,
    data_source_id: Option<String>,
    /// A regular expression (syntax of Rust's `regex`) that the whole value matches.
    pattern: Option<String>,
    /// The values that are allowed.
    choices: Option<Vec<AnyValue>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    /// No two items of the type have the same value.
    #[oai(default)]
    #[serde(default)]
    is_unique: bool,
    /// Items are found by this value quickly.
    #[oai(default)]
    #[serde(default)]
    is_indexed: bool,
    /// Its place among the properties, from 0; the end unless it is given.
    position: Option<i64>,
}

impl From<NewPropertyRequest> for NewProperty {
    fn from(given: NewPropertyRequest) -> Self {
        let change = PropertyChange {
            label: given.label,
            data_type: Some(given.data_type),
            length: Some(given.length),
            is_required: Some(given.is_required),
            default_value: Some(given.default_value),
            default_expression: Some(given.default_value_expression),
            pattern: Some(given.pattern),
            choices: given.choices.map(plain).map(Some),
            minimum: Some(given.minimum),
            maximum: Some(given.maximum),
            data_source_id: Some(given.data_source_id),
            is_unique: Some(given.is_unique),
            is_indexed: Some(given.is_indexed),
            ui_type: Some(given.ui_type),
            ui_options: Some(given.ui_options.map(|options| Value::Object(options.0))),
            is_cad_synced: Some(given.is_cad_synced),
            position: given.position,
        };
        Self { name: given.name, change }
    }
}

fn plain(choices: Vec<AnyValue>) -> Vec<Value> {
    choices.into_iter().map(|choice| choice.0).collect()
}

/// What changes of a property: what is left out stays, `null` clears.
#[derive(Object, Deserialize)]
struct PropertyChangeRequest {
    #[oai(validator(max_length = 200))]
    label: Option<String>,
    data_type: Option<String>,
    #[oai(validator(minimum(value = "1")))]
    #[serde(default)]
    length: MaybeUndefined<i64>,
    is_required: Option<bool>,
    #[serde(default)]
    default_value: MaybeUndefined<String>,
    #[oai(validator(max_length = 50))]
    ui_type: Option<String>,
    #[serde(default)]
    ui_options: MaybeUndefined<FreeObject>,
    is_cad_synced: Option<bool>,
    #[serde(default)]
    default_value_expression: MaybeUndefined<String>,
    #[serde(default)]
    data_source_id: MaybeUndefined<String>,
    #[serde(default)]
    pattern: MaybeUndefined<String>,
    #[serde(default)]
    choices: MaybeUndefined<Vec<AnyValue>>,
    #[serde(default)]
    minimum: MaybeUndefined<f64>,
    #[serde(default)]
    maximum: MaybeUndefined<f64>,
    is_unique: Option<bool>,
    is_indexed: Option<bool>,
    position: Option<i64>,
}

impl From<PropertyChangeRequest> for PropertyChange {
    fn from(given: PropertyChangeRequest) -> Self {
        let options: Option<Option<FreeObject>> = given.ui_options.into();
        let choices: Option<Option<Vec<AnyValue>>> = given.choices.into();
        Self {
            label: given.label,
            data_type: given.data_type,
            length: given.length.into(),
            is_required: given.is_required,
            default_value: given.default_value.into(),
            default_expression: given.default_value_expression.into(),
            pattern: given.pattern.into(),
            choices: choices.map(|choices| choices.map(plain)),
            minimum: given.minimum.into(),
            maximum: given.maximum.into(),
            data_source_id: given.data_source_id.into(),
            is_unique: given.is_unique,
            is_indexed: given.is_indexed,
            ui_type: given.ui_type,
            ui_options: options.map(|options| options.map(|options| Value::Object(options.0))),
            is_cad_synced: given.is_cad_synced,
            position: given.position,
        }
    }
}

#[derive(Object)]
struct PropertyDeleted {
    ok: bool,
    item_type_id: String,
    property_id: String,
}

#[OpenApi(prefix_path = "/meta/item-types", tag = "Tag::Model")]
impl PropertiesApi {
    /// Add a property
    ///
    /// Values that items have under its name already must fit it (409 `VALUES_DO_NOT_FIT` names those that do not).
    #[oai(path = "/:item_type_id/properties", method = "post", operation_id = "add_property")]
    async fn add(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        body: Body<NewPropertyRequest>,
    ) -> ApiResult<Json<PropertyResponse>> {
        let property = meta::add_property(&caller.0, &item_type_id, body.0.into()).await?;
        Ok(Json(PropertyResponse::new(&item_type_id, property)))
    }

    /// Change a property
    ///
    /// Stored values that the new type reads without loss are rewritten; others refuse the change.
    #[oai(path = "/:item_type_id/properties/:property_id", method = "patch", operation_id = "update_property")]
    async fn update(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        property_id: Path<String>,
        body: Body<PropertyChangeRequest>,
    ) -> ApiResult<Json<PropertyResponse>> {
        let property = meta::change_property(&caller.0, &item_type_id, &property_id, body.0.into()).await?;
        Ok(Json(PropertyResponse::new(&item_type_id, property)))
    }

    /// Delete a property
    ///
    /// The values of items stay as they are, undeclared.
    #[oai(path = "/:item_type_id/properties/:property_id", method = "delete", operation_id = "delete_property")]
    async fn delete(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        property_id: Path<String>,
    ) -> ApiResult<Json<PropertyDeleted>> {
        meta::delete_property(&caller.0, &item_type_id, &property_id).await?;
        Ok(Json(PropertyDeleted { ok: true, item_type_id: item_type_id.0, property_id: property_id.0 }))
    }
}
