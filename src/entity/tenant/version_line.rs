//! A line of a version that is released or beside the current one.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "version_lines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub version_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub line_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub item_type_id: String,
    pub config_id: Uuid,
    pub generation: i32,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub current_state: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub unique_key: Option<String>,
    pub source_id: Uuid,
    pub related_id: Uuid,
    pub related_version_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary")]
    pub properties: Json,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub effectivities: Option<Json>,
    #[sea_orm(column_type = "Text", nullable)]
    pub permission_id: Option<String>,
    pub owner_id: Option<i64>,
    pub created_by_id: Option<i64>,
    pub created_on: DateTimeUtc,
    pub modified_by_id: Option<i64>,
    pub modified_on: Option<DateTimeUtc>,
    pub change_count: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
