//! A baseline: what a product consisted of at a moment.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "baselines")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub baseline_number: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub baseline_type: String,
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub eco_id: Option<String>,
    pub root_item_id: Uuid,
    pub root_version_id: Option<Uuid>,
    pub root_config_id: Uuid,
    pub max_levels: i32,
    pub effective_at: Option<DateTimeUtc>,
    pub include_bom: bool,
    pub include_substitutes: bool,
    pub include_effectivity: bool,
    pub include_documents: bool,
    pub include_relationships: bool,
    #[sea_orm(column_type = "Text")]
    pub line_key: String,
    pub item_count: i64,
    pub relationship_count: i64,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub is_validated: bool,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub findings: Option<Json>,
    pub validated_at: Option<DateTimeUtc>,
    pub validated_by_id: Option<i64>,
    pub released_at: Option<DateTimeUtc>,
    pub released_by_id: Option<i64>,
    pub created_at: DateTimeUtc,
    pub created_by_id: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
