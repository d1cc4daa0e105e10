//! Rows of forms and grids.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::super::views::{View, ViewKind};
use crate::db::Tx;
use crate::entity::tenant::view;
use crate::error::Result;

impl From<view::Model> for View {
    fn from(row: view::Model) -> Self {
        Self {
            id: row.id,
            kind: if row.kind == ViewKind::Grid.as_str() { ViewKind::Grid } else { ViewKind::Form },
            item_type: row.item_type_id,
            identity: row.identity_id,
            device: row.device_type,
            label: row.label,
            layout: row.layout,
            created_on: row.created_on,
            modified_on: row.modified_on,
        }
    }
}

fn row(given: &View) -> view::ActiveModel {
    view::ActiveModel {
        id: Set(given.id),
        kind: Set(given.kind.as_str().to_owned()),
        item_type_id: Set(given.item_type.clone()),
        identity_id: Set(given.identity.clone()),
        device_type: Set(given.device.clone()),
        label: Set(given.label.clone()),
        layout: Set(given.layout.clone()),
        created_on: Set(given.created_on),
        modified_on: Set(given.modified_on),
    }
}

/// The views of a kind that a type has.
pub async fn of_type(db: &impl ConnectionTrait, item_type: &str, kind: ViewKind) -> Result<Vec<View>> {
    let rows = view::Entity::find()
        .filter(view::Column::ItemTypeId.eq(item_type))
        .filter(view::Column::Kind.eq(kind.as_str()))
        .order_by_asc(view::Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(View::from).collect())
}

pub async fn insert(tx: &Tx, given: &View) -> Result<()> {
    view::Entity::insert(row(given)).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn update(tx: &Tx, given: &View) -> Result<()> {
    view::Entity::update(row(given)).exec(tx).await?;
    Ok(())
}

pub async fn delete(tx: &Tx, id: Uuid) -> Result<()> {
    view::Entity::delete_by_id(id).exec(tx).await?;
    Ok(())
}
