//! An item or a relationship between two.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "items")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub item_type_id: String,
    pub config_id: Uuid,
    pub generation: i32,
    pub is_current: bool,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub current_state: Option<Uuid>,
    pub current_version_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub unique_key: Option<String>,
    pub source_id: Option<Uuid>,
    pub related_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary")]
    pub properties: Json,
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
