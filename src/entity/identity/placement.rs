//! Where a product database lives and how far it is set up.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "placements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(column_type = "Text")]
    pub tenant_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(column_type = "Text")]
    pub org_id: String,
    #[sea_orm(column_type = "Text")]
    pub database_key: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub database_url: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub bucket: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub prefix: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub state_reason: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub step: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub schema_version: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub schema_readable_from: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub migration_error: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
