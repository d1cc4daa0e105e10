//! One import of a sheet.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "imports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text", nullable)]
    pub file_name: Option<String>,
    pub parent_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub parent_number: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub counts: Json,
    pub created_by_id: Option<i64>,
    pub created_at: DateTimeUtc,
    pub undone_by_id: Option<i64>,
    pub undone_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
