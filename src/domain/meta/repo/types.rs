//! Rows of item types and properties.

use std::collections::HashMap;

use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use uuid::Uuid;

use super::super::defaults::DefaultExpression;
use super::super::model::{DataType, IndexStatus, ItemType, Property};
use super::super::schema::Rules;
use super::super::seed::SeedType;
use crate::db::Tx;
use crate::domain::audit::new_id;
use crate::entity::tenant::{item_type, property};
use crate::error::{Error, Result};

/// Every type with its properties, in two queries.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<ItemType>> {
    let mut properties: HashMap<String, Vec<Property>> = HashMap::new();
    let rows = property::Entity::find().order_by_asc(property::Column::Position).order_by_asc(property::Column::Id);
    for row in rows.all(db).await? {
        properties.entry(row.item_type_id.clone()).or_default().push(row.into());
    }
    let types = item_type::Entity::find().order_by_asc(item_type::Column::Id).all(db).await?;
    Ok(types.into_iter().map(|row| with_properties(row, &mut properties)).collect())
}

fn with_properties(row: item_type::Model, properties: &mut HashMap<String, Vec<Property>>) -> ItemType {
    ItemType {
        properties: properties.remove(&row.id).unwrap_or_default(),
        id: row.id,
        uuid: row.uuid,
        label: row.label,
        description: row.description,
        is_relationship: row.is_relationship,
        is_versionable: row.is_versionable,
        revision_scheme: row.revision_scheme,
        permission_id: row.permission_id,
        lifecycle_map_id: row.lifecycle_map_id,
        source_type: row.source_item_type_id,
        related_type: row.related_item_type_id,
        number_property: row.number_property,
        key_properties: row.key_properties.and_then(|names| serde_json::from_value(names).ok()),
        is_acyclic: row.is_acyclic,
        period_properties: row.period_properties.and_then(|names| serde_json::from_value(names).ok()),
        accepts_undeclared: row.accepts_undeclared,
        rules: Rules::default(),
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
            default_expression: row.default_value_expression.as_deref().and_then(DefaultExpression::parse),
            pattern: row.pattern,
            choices: row.choices.and_then(|choices| serde_json::from_value(choices).ok()),
            minimum: row.minimum,
            maximum: row.maximum,
            data_source_id: row.data_source_id,
            is_unique: row.is_unique,
            is_indexed: row.is_indexed,
            index_status: row.index_status.as_deref().and_then(IndexStatus::parse),
            index_problem: row.index_problem,
            ui_type: row.ui_type,
            ui_options: row.ui_options,
            is_cad_synced: row.is_cad_synced,
            position: row.position,
        }
    }
}

/// The whole row of a type.
fn type_row(kind: &ItemType) -> item_type::ActiveModel {
    item_type::ActiveModel {
        id: Set(kind.id.clone()),
        uuid: Set(kind.uuid),
        label: Set(kind.label.clone()),
        description: Set(kind.description.clone()),
        is_relationship: Set(kind.is_relationship),
        is_versionable: Set(kind.is_versionable),
        revision_scheme: Set(kind.revision_scheme.clone()),
        permission_id: Set(kind.permission_id.clone()),
        lifecycle_map_id: Set(kind.lifecycle_map_id),
        source_item_type_id: Set(kind.source_type.clone()),
        related_item_type_id: Set(kind.related_type.clone()),
        number_property: Set(kind.number_property.clone()),
        key_properties: Set(kind.key_properties.clone().map(Value::from)),
        is_acyclic: Set(kind.is_acyclic),
        period_properties: Set(kind.period_properties.as_ref().map(|(from, to)| serde_json::json!([from, to]))),
        accepts_undeclared: Set(kind.accepts_undeclared),
    }
}

fn property_row(kind: &str, given: &Property) -> Result<property::ActiveModel> {
    let length = given.length.map(i32::try_from).transpose();
    let length = length.map_err(|error| Error::internal("A length is too large").caused_by(error))?;
    Ok(property::ActiveModel {
        id: Set(given.id),
        item_type_id: Set(kind.to_owned()),
        name: Set(given.name.clone()),
        label: Set(given.label.clone()),
        data_type: Set(given.data_type.as_str().to_owned()),
        length: Set(length),
        is_required: Set(given.is_required),
        default_value: Set(given.default_value.clone()),
        ui_type: Set(given.ui_type.clone()),
        ui_options: Set(given.ui_options.clone()),
        is_cad_synced: Set(given.is_cad_synced),
        default_value_expression: Set(given.default_expression.map(|expression| expression.as_str().to_owned())),
        data_source_id: Set(given.data_source_id.clone()),
        position: Set(given.position),
        pattern: Set(given.pattern.clone()),
        choices: Set(given.choices.clone().map(Value::Array)),
        minimum: Set(given.minimum),
        maximum: Set(given.maximum),
        is_unique: Set(given.is_unique),
        is_indexed: Set(given.is_indexed),
        index_status: Set(given.index_status.map(|status| status.as_str().to_owned())),
        index_problem: Set(given.index_problem.clone()),
    })
}

/// Fails with `DUPLICATE` where a type has the id already.
pub async fn insert_type(tx: &Tx, kind: &ItemType) -> Result<()> {
    item_type::Entity::insert(type_row(kind)).exec_without_returning(tx).await?;
    for given in &kind.properties {
        insert_property(tx, &kind.id, given).await?;
    }
    Ok(())
}

/// Stores everything of a type but its properties.
pub async fn update_type(tx: &Tx, kind: &ItemType) -> Result<()> {
    item_type::Entity::update(type_row(kind)).exec(tx).await?;
    Ok(())
}

/// Deletes a type with its properties.
pub async fn delete_type(tx: &Tx, id: &str) -> Result<()> {
    item_type::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

pub async fn insert_property(tx: &Tx, kind: &str, given: &Property) -> Result<()> {
    property::Entity::insert(property_row(kind, given)?).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn update_property(tx: &Tx, kind: &str, given: &Property) -> Result<()> {
    property::Entity::update(property_row(kind, given)?).exec(tx).await?;
    Ok(())
}

pub async fn delete_property(tx: &Tx, id: Uuid) -> Result<()> {
    property::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}

/// Properties for which the engine keeps an index, with their types.
pub async fn indexed_properties(db: &impl ConnectionTrait) -> Result<Vec<(String, Property)>> {
    let wants = Condition::any().add(property::Column::IsUnique.eq(true)).add(property::Column::IsIndexed.eq(true));
    let rows = property::Entity::find().filter(wants).order_by_asc(property::Column::Id).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.item_type_id.clone(), row.into())).collect())
}

/// Says how the index of a property is, unless something else is wanted of the property by now; says whether it did.
pub async fn set_index_status(tx: &Tx, given: &Property) -> Result<bool> {
    let done = property::Entity::update_many()
        .set(property::ActiveModel {
            index_status: Set(given.index_status.map(|status| status.as_str().to_owned())),
            index_problem: Set(given.index_problem.clone()),
            ..Default::default()
        })
        .filter(property::Column::Id.eq(given.id))
        .filter(property::Column::IsUnique.eq(given.is_unique))
        .filter(property::Column::IsIndexed.eq(given.is_indexed))
        .exec(tx)
        .await?;
    Ok(done.rows_affected > 0)
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
        is_unique: Set(false),
        is_indexed: Set(false),
        ..Default::default()
    });
    property::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(true)
}
