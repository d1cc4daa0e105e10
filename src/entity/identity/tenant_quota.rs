//! What a tenant may use at most; an empty limit is none.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenant_quotas")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(column_type = "Text")]
    pub tenant_id: String,
    pub max_users: Option<i64>,
    pub max_orgs: Option<i64>,
    pub max_files: Option<i64>,
    pub max_storage_bytes: Option<i64>,
    pub max_active_jobs: Option<i64>,
    pub max_processing_jobs: Option<i64>,
    pub limited_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
