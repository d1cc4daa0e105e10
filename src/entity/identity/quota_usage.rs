//! What one product database holds of what is limited, as last counted and added up since.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "quota_usage")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(column_type = "Text")]
    pub tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(column_type = "Text")]
    pub org_id: String,
    pub files: i64,
    pub storage_bytes: i64,
    pub active_jobs: i64,
    pub processing_jobs: i64,
    pub recounts: i64,
    pub counted_at: Option<DateTimeUtc>,
    pub is_exact: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
