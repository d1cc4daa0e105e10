//! A file of a version.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "version_files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub version_id: Uuid,
    pub file_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub file_role: String,
    pub sequence: i32,
    pub is_primary: bool,
    pub checked_out_by_id: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub checked_out_by_name: Option<String>,
    pub checked_out_at: Option<DateTimeUtc>,
    pub created_by_id: Option<i64>,
    pub created_at: DateTimeUtc,
    /// It hung on the item when the version was released.
    pub from_attachment: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
