//! The next number of an item type.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "number_sequences")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(column_type = "Text")]
    pub item_type_id: String,
    #[sea_orm(column_type = "Text")]
    pub prefix: String,
    pub padding: i32,
    pub next_value: i64,
    pub gap_free: bool,
    pub counts_by_prefix: bool,
    pub generation: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
