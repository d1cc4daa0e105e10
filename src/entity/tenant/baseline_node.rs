//! An item of a baseline, as it was.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "baseline_nodes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub baseline_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub node_key: Uuid,
    #[sea_orm(column_type = "JsonBinary")]
    pub item: Json,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
