//! What an organisation decided about a plugin, and how the plugin fares there.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "plugin_settings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub org_id: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub plugin_id: String,
    pub is_active: Option<bool>,
    pub activated_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub config: Option<Json>,
    pub config_created_at: Option<DateTimeUtc>,
    pub config_updated_at: Option<DateTimeUtc>,
    pub error_count: i32,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    pub last_error_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
