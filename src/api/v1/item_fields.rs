//! Items and relationships as they stand in lists of what belongs to an item: fields and properties beside each other.

use poem_openapi::Object;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use uuid::Uuid;

use super::item::{MAX_TREE_BYTES, base_fields, own_properties, too_many_bytes};
use crate::api::shapes::{Encoded, Time};
use crate::domain::meta::ItemView;
use crate::error::Result as DomainResult;

/// An item. Its properties stand beside these fields: cost, weight and whatever else it has.
#[derive(Object)]
pub struct ItemFields {
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
}

/// Writes [`ItemFields`].
pub struct ShownItem<'a>(pub &'a ItemView);

impl Serialize for ShownItem<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let ItemView { item, number, .. } = self.0;
        let mut map = out.serialize_map(None)?;
        base_fields(&mut map, item)?;
        own_properties(&mut map, item)?;
        map.serialize_entry("number", number)?;
        map.end()
    }
}

/// A relationship with a rank, as [`super::item::Relationship`] writes it. Its properties stand beside these fields and once more together.
#[derive(Object)]
pub struct LinkFields {
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
    rank: Option<i64>,
    note: Option<String>,
    properties: LinkProperties,
}

/// What a relationship says; it may have more properties.
#[derive(Object)]
pub struct LinkProperties {
    /// The lowest comes first.
    rank: Option<i64>,
    note: Option<String>,
    /// Of spare parts: how many.
    quantity: Option<f64>,
    uom: Option<String>,
}

/// An answer that is written as it is, with the bound of a tree.
pub fn encoded<T>(value: &impl Serialize) -> DomainResult<Encoded<T>> {
    Encoded::within(MAX_TREE_BYTES, value)?.ok_or_else(too_many_bytes)
}

/// The id of a relationship's end; relationships have both.
pub fn end_id(end: Option<Uuid>) -> String {
    end.map(|id| id.to_string()).unwrap_or_default()
}
