//! Rows of revision schemes.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::super::revision::{RevisionScheme, Scheme, SchemeType};
use crate::db::Tx;
use crate::entity::tenant::revision_scheme::{ActiveModel, Column, Entity, Model};
use crate::error::Result;

impl From<Model> for RevisionScheme {
    fn from(row: Model) -> Self {
        let kind = SchemeType::stored(&row.scheme_type);
        Self {
            id: row.id,
            name: row.name,
            scheme: Scheme { kind, initial: row.initial_revision, skip: row.skip },
            item_type_id: row.item_type_id,
            is_default: row.is_default,
            description: row.description,
            created_by_id: row.created_by_id,
            created_at: row.created_at,
        }
    }
}

/// All of them, the oldest first.
pub async fn all(db: &impl ConnectionTrait) -> Result<Vec<RevisionScheme>> {
    Ok(Entity::find().order_by_asc(Column::Id).all(db).await?.into_iter().map(RevisionScheme::from).collect())
}

pub async fn insert(tx: &Tx, scheme: &RevisionScheme) -> Result<()> {
    let row = ActiveModel {
        id: Set(scheme.id),
        name: Set(scheme.name.clone()),
        scheme_type: Set(scheme.scheme.kind.as_str().to_owned()),
        initial_revision: Set(scheme.scheme.initial.clone()),
        skip: Set(scheme.scheme.skip.clone()),
        item_type_id: Set(scheme.item_type_id.clone()),
        is_default: Set(scheme.is_default),
        description: Set(scheme.description.clone()),
        created_by_id: Set(scheme.created_by_id),
        created_at: Set(scheme.created_at),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn clear_default(tx: &Tx, id: Uuid) -> Result<()> {
    let cleared = ActiveModel { is_default: Set(false), ..Default::default() };
    Entity::update_many().set(cleared).filter(Column::Id.eq(id)).exec(tx).await?;
    Ok(())
}
