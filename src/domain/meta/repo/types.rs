//! Rows of item types and properties.

use std::collections::HashMap;

use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QueryOrder};

use super::super::model::{DataType, ItemType, Property};
use super::super::seed::SeedType;
use crate::db::Tx;
use crate::domain::audit::new_id;
use crate::entity::tenant::{item_type, property};
use crate::error::Result;

/// Every type with its properties, in two queries.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<ItemType>> {
    let mut properties: HashMap<String, Vec<Property>> = HashMap::new();
    for row in property::Entity::find().order_by_asc(property::Column::Position).all(db).await? {
        properties.entry(row.item_type_id.clone()).or_default().push(row.into());
    }
    let types = item_type::Entity::find().order_by_asc(item_type::Column::Id).all(db).await?;
    Ok(types.into_iter().map(|row| with_properties(row, &mut properties)).collect())
}

fn with_properties(row: item_type::Model, properties: &mut HashMap<String, Vec<Property>>) -> ItemType {
    ItemType {
        properties: properties.remove(&row.id).unwrap_or_default(),
        id: row.id,
        label: row.label,
        is_relationship: row.is_relationship,
        is_versionable: row.is_versionable,
        permission_id: row.permission_id,
        lifecycle_map_id: row.lifecycle_map_id,
        source_type: row.source_item_type_id,
        related_type: row.related_item_type_id,
        number_property: row.number_property,
        key_properties: row.key_properties.and_then(|names| serde_json::from_value(names).ok()),
        is_acyclic: row.is_acyclic,
        period_properties: row.period_properties.and_then(|names| serde_json::from_value(names).ok()),
        accepts_undeclared: row.accepts_undeclared,
    }
}

impl From<property::Model> for Property {
    fn from(row: property::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            label: row.label,
            // A type that an older binary does not know is kept as text.
            data_type: DataType::parse(&row.data_type).unwrap_or(DataType::Text),
            length: row.length.and_then(|length| usize::try_from(length).ok()),
            is_required: row.is_required,
            default_value: row.default_value,
        }
    }
}

/// Inserts a seeded type unless it exists; says whether it did.
pub async fn insert_seed(tx: &Tx, kind: &SeedType) -> Result<bool> {
    if item_type::Entity::find_by_id(kind.id).one(tx).await?.is_some() {
        return Ok(false);
    }
    let row = item_type::ActiveModel {
        id: Set(kind.id.to_owned()),
        uuid: Set(new_id()),
        label: Set(kind.label.to_owned()),
        description: Set(None),
        is_relationship: Set(kind.ends.is_some()),
        is_versionable: Set(kind.ends.is_none()),
        revision_scheme: Set("A-Z".to_owned()),
        permission_id: Set(kind.permission_id.map(str::to_owned)),
        lifecycle_map_id: Set(kind.lifecycle_map_id),
        source_item_type_id: Set(kind.ends.map(|ends| ends.0.to_owned())),
        related_item_type_id: Set(kind.ends.map(|ends| ends.1.to_owned())),
        number_property: Set(kind.number_property.map(str::to_owned)),
        key_properties: Set(kind.key_properties.clone()),
        is_acyclic: Set(kind.is_acyclic),
        period_properties: Set(kind.period_properties.clone()),
        accepts_undeclared: Set(true),
    };
    item_type::Entity::insert(row).exec_without_returning(tx).await?;
    let rows = (0i32..).zip(kind.properties).map(|(position, given)| property::ActiveModel {
        id: Set(new_id()),
        item_type_id: Set(kind.id.to_owned()),
        name: Set(given.name.to_owned()),
        label: Set(given.label.to_owned()),
        data_type: Set(given.data_type.as_str().to_owned()),
        length: Set(given.length),
        is_required: Set(given.is_required),
        default_value: Set(given.default.map(str::to_owned)),
        ui_type: Set("text".to_owned()),
        ui_options: Set(None),
        is_cad_synced: Set(false),
        default_value_expression: Set(None),
        data_source_id: Set(None),
        position: Set(position),
    });
    property::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(true)
}
