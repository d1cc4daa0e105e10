//! One state of a lifecycle.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "lifecycle_states")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub map_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub position: i32,
    pub is_start: bool,
    pub is_locked: bool,
    pub is_released: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub permission_id: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
