//! A content that the storage holds, or is about to.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "objects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub sha256: String,
    pub size: i64,
    pub touched_at: DateTimeUtc,
    /// How often the content was removed before; part of its key in the storage.
    pub edition: i32,
    /// Since when it is being removed: nothing may refer to it, and who brings it again writes the next edition.
    pub leaving_at: Option<DateTimeUtc>,
    /// When the storage had removed it.
    pub removed_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
