//! What user interfaces need to know: forms, grids, and how a type is shown when there are none.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use serde_json::Value;

use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{AnyValue, FreeObject, Time, yes};
use crate::domain::meta::{self, ItemType, Model, NewView, View, ViewKind, ViewQuery};

pub struct UiApi;

fn world() -> String {
    "world".to_owned()
}

fn desktop() -> String {
    "desktop".to_owned()
}

/// A form or grid.
#[derive(Object)]
struct ViewResponse {
    id: String,
    item_type_id: String,
    /// Whose it is: a user id, a role, or `world`.
    identity_id: String,
    device_type: String,
    label: Option<String>,
    #[oai(skip_serializing_if_is_none)]
    layout: Option<FreeObject>,
    /// The JSON Schema of the type.
    #[oai(skip_serializing_if_is_none)]
    validation: Option<FreeObject>,
    created_at: Time,
    updated_at: Option<Time>,
}

fn object(value: Value) -> Option<FreeObject> {
    match value {
        Value::Object(map) => Some(FreeObject(map)),
        _ => None,
    }
}

impl From<View> for ViewResponse {
    fn from(view: View) -> Self {
        Self {
            id: view.id.to_string(),
            item_type_id: view.item_type,
            identity_id: view.identity,
            device_type: view.device,
            label: view.label,
            layout: object(view.layout),
            validation: None,
            created_at: view.created_on.into(),
            updated_at: view.modified_on.map(Time::from),
        }
    }
}

/// How a form or grid is laid out.
#[derive(Object, Deserialize)]
struct ViewRequest {
    #[oai(validator(max_length = 200))]
    label: Option<String>,
    /// In the language of the client; wherever it says `"property": "name"`, the type has that property.
    layout: FreeObject,
}

impl From<ViewRequest> for NewView {
    fn from(given: ViewRequest) -> Self {
        Self { label: given.label, layout: Value::Object(given.layout.0) }
    }
}

#[derive(Object)]
struct ViewDeleted {
    ok: bool,
    id: String,
}

#[derive(Object)]
struct CacheCleared {
    ok: bool,
    /// Item types that this process had remembered.
    cleared: u64,
}

#[derive(Object)]
struct UiProperty {
    name: String,
    label: String,
    data_type: String,
    ui_type: String,
    ui_options: Option<FreeObject>,
    required: bool,
    /// Set by the program alone.
    read_only: bool,
    length: Option<u64>,
    default: Option<AnyValue>,
    default_expression: Option<String>,
    pattern: Option<String>,
    choices: Option<Vec<AnyValue>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    data_source_id: Option<String>,
    is_unique: bool,
    is_indexed: bool,
    position: u64,
}

#[derive(Object)]
struct UiState {
    id: String,
    name: String,
    is_start: bool,
    is_locked: bool,
    is_released: bool,
    /// The states that one step leads to.
    next: Vec<String>,
}

#[derive(Object)]
struct UiLifecycle {
    id: String,
    states: Vec<UiState>,
}

/// A type as a user interface shows it.
#[derive(Object)]
struct UiSchema {
    item_type_id: String,
    label: String,
    description: Option<String>,
    is_relationship: bool,
    is_versionable: bool,
    source_item_type_id: Option<String>,
    related_item_type_id: Option<String>,
    number_property: Option<String>,
    accepts_undeclared: bool,
    /// In the order of forms.
    properties: Vec<UiProperty>,
    /// None where items of the type have no states.
    lifecycle: Option<UiLifecycle>,
    /// The JSON Schema of the type.
    #[oai(rename = "schema")]
    json_schema: FreeObject,
    /// Rises with every change of the model.
    revision: i64,
}

impl UiSchema {
    fn new(model: &Model, kind: &ItemType) -> Self {
        let properties = (0u64..).zip(&kind.properties).map(|(position, property)| UiProperty {
            name: property.name.clone(),
            label: property.label.clone(),
            data_type: property.data_type.as_str().to_owned(),
            ui_type: property.ui_type.clone(),
            ui_options: property.ui_options.clone().and_then(object),
            required: property.is_required,
            read_only: property.name == "state",
            length: property.length.map(|length| length as u64),
            default: property.default_value.clone().map(|text| AnyValue(Value::String(text))),
            default_expression: property.default_expression.map(|expression| expression.as_str().to_owned()),
            pattern: property.pattern.clone(),
            choices: property.choices.clone().map(|choices| choices.into_iter().map(AnyValue).collect()),
            minimum: property.minimum,
            maximum: property.maximum,
            data_source_id: property.data_source_id.clone(),
            is_unique: property.is_unique,
            is_indexed: property.is_indexed,
            position,
        });
        Self {
            item_type_id: kind.id.clone(),
            label: kind.label.clone(),
            description: kind.description.clone(),
            is_relationship: kind.is_relationship,
            is_versionable: kind.is_versionable,
            source_item_type_id: kind.source_type.clone(),
            related_item_type_id: kind.related_type.clone(),
            number_property: kind.number_property.clone(),
            accepts_undeclared: kind.accepts_undeclared,
            properties: properties.collect(),
            lifecycle: kind.lifecycle_map_id.map(|map| UiLifecycle {
                id: map.to_string(),
                states: meta::states_of(model, kind)
                    .into_iter()
                    .map(|(state, next)| UiState {
                        id: state.id.to_string(),
                        name: state.name.clone(),
                        is_start: state.is_start,
                        is_locked: state.is_locked,
                        is_released: state.is_released,
                        next: next.into_iter().map(str::to_owned).collect(),
                    })
                    .collect(),
            }),
            json_schema: object(meta::json_schema(kind)).unwrap_or_default(),
            revision: model.revision(),
        }
    }
}

fn query(kind: ViewKind, item_type: Path<String>, identity: Query<String>, device: Query<String>) -> ViewQuery {
    ViewQuery { kind, item_type: item_type.0, identity: identity.0, device: device.0, view_id: None }
}

#[OpenApi(prefix_path = "/ui", tag = "Tag::Ui")]
impl UiApi {
    /// Get the form of an item type
    ///
    /// The most particular one: of the identity before that of everyone, of the device before that of the desktop.
    #[oai(path = "/form/:item_type_id", method = "get", operation_id = "get_form")]
    #[allow(clippy::too_many_arguments)]
    async fn form(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        #[oai(default = "world")] identity_id: Query<String>,
        #[oai(default = "desktop")] device_type: Query<String>,
        /// This form and no other.
        view_id: Query<Option<String>>,
        #[oai(default = "yes")] include_layout: Query<bool>,
        #[oai(default)] include_validation: Query<bool>,
    ) -> ApiResult<Json<ViewResponse>> {
        let wanted = query(ViewKind::Form, item_type_id, identity_id, device_type);
        let (view, kind) = meta::find_view(&caller.0, &ViewQuery { view_id: view_id.0, ..wanted }).await?;
        let mut response = ViewResponse::from(view);
        response.layout = response.layout.filter(|_| include_layout.0);
        response.validation = include_validation.0.then(|| object(meta::json_schema(&kind))).flatten();
        Ok(Json(response))
    }

    /// Make or replace the form of an identity and a device
    #[oai(path = "/form/:item_type_id", method = "put", operation_id = "put_form")]
    async fn put_form(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        #[oai(default = "world")] identity_id: Query<String>,
        #[oai(default = "desktop")] device_type: Query<String>,
        body: Body<ViewRequest>,
    ) -> ApiResult<Json<ViewResponse>> {
        let wanted = query(ViewKind::Form, item_type_id, identity_id, device_type);
        Ok(Json(meta::put_view(&caller.0, &wanted, body.0.into()).await?.into()))
    }

    /// Delete a form
    #[oai(path = "/form/:item_type_id", method = "delete", operation_id = "delete_form")]
    async fn delete_form(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        #[oai(default = "world")] identity_id: Query<String>,
        #[oai(default = "desktop")] device_type: Query<String>,
        view_id: Query<Option<String>>,
    ) -> ApiResult<Json<ViewDeleted>> {
        let wanted = query(ViewKind::Form, item_type_id, identity_id, device_type);
        let view = meta::delete_view(&caller.0, &ViewQuery { view_id: view_id.0, ..wanted }).await?;
        Ok(Json(ViewDeleted { ok: true, id: view.id.to_string() }))
    }

    /// Get the grid of an item type
    ///
    /// Chosen as forms are.
    #[oai(path = "/grid/:item_type_id", method = "get", operation_id = "get_grid")]
    async fn grid(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        #[oai(default = "world")] identity_id: Query<String>,
        #[oai(default = "desktop")] device_type: Query<String>,
        /// This grid and no other.
        view_id: Query<Option<String>>,
    ) -> ApiResult<Json<ViewResponse>> {
        let wanted = query(ViewKind::Grid, item_type_id, identity_id, device_type);
        let (view, _) = meta::find_view(&caller.0, &ViewQuery { view_id: view_id.0, ..wanted }).await?;
        Ok(Json(view.into()))
    }

    /// Make or replace the grid of an identity and a device
    #[oai(path = "/grid/:item_type_id", method = "put", operation_id = "put_grid")]
    async fn put_grid(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        #[oai(default = "world")] identity_id: Query<String>,
        #[oai(default = "desktop")] device_type: Query<String>,
        body: Body<ViewRequest>,
    ) -> ApiResult<Json<ViewResponse>> {
        let wanted = query(ViewKind::Grid, item_type_id, identity_id, device_type);
        Ok(Json(meta::put_view(&caller.0, &wanted, body.0.into()).await?.into()))
    }

    /// Delete a grid
    #[oai(path = "/grid/:item_type_id", method = "delete", operation_id = "delete_grid")]
    async fn delete_grid(
        &self,
        caller: OrgCaller,
        item_type_id: Path<String>,
        #[oai(default = "world")] identity_id: Query<String>,
        #[oai(default = "desktop")] device_type: Query<String>,
        view_id: Query<Option<String>>,
    ) -> ApiResult<Json<ViewDeleted>> {
        let wanted = query(ViewKind::Grid, item_type_id, identity_id, device_type);
        let view = meta::delete_view(&caller.0, &ViewQuery { view_id: view_id.0, ..wanted }).await?;
        Ok(Json(ViewDeleted { ok: true, id: view.id.to_string() }))
    }

    /// Describe an item type for a user interface
    #[oai(path = "/schema/:item_type_id", method = "get", operation_id = "get_ui_schema")]
    async fn schema(&self, caller: OrgCaller, item_type_id: Path<String>) -> ApiResult<Json<UiSchema>> {
        let model = Model::load(&caller.0).await?;
        Ok(Json(UiSchema::new(&model, model.item_type(&item_type_id)?)))
    }

    /// Forget the remembered model
    ///
    /// Never needed: changes are seen by every process with its next request.
    #[oai(path = "/schema/cache", method = "delete", operation_id = "clear_ui_schema_cache")]
    async fn clear_cache(&self, caller: OrgCaller) -> ApiResult<Json<CacheCleared>> {
        let cleared = meta::forget_model(&caller.0).await?;
        Ok(Json(CacheCleared { ok: true, cleared: cleared as u64 }))
    }
}
