//! Rows of policies.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

use crate::context::Ctx;
use crate::db::Tx;
use crate::entity::tenant::policy::{ActiveModel, Column, Entity};
use crate::error::Result;

pub async fn find(db: &impl ConnectionTrait, name: &str) -> Result<Option<String>> {
    Ok(Entity::find_by_id(name).one(db).await?.map(|row| row.value))
}

pub async fn put(ctx: &Ctx, tx: &Tx, name: &str, value: &str) -> Result<()> {
    let row = ActiveModel {
        name: Set(name.to_owned()),
        value: Set(value.to_owned()),
        changed_by_id: Set(ctx.actor.user_id()),
        changed_at: Set(ctx.now()),
    };
    let anew = [Column::Value, Column::ChangedById, Column::ChangedAt];
    let conflict = OnConflict::column(Column::Name).update_columns(anew).to_owned();
    Entity::insert(row).on_conflict(conflict).exec_without_returning(tx).await?;
    Ok(())
}
