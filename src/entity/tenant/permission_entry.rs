//! What one identity may do under a permission set.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "permission_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub permission_id: String,
    #[sea_orm(column_type = "Text")]
    pub identity_id: String,
    pub can_create: bool,
    pub can_get: bool,
    pub can_update: bool,
    pub can_delete: bool,
    pub can_discover: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
