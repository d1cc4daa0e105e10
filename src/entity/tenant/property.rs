//! A declared property of an item type.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "properties")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub item_type_id: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub label: String,
    #[sea_orm(column_type = "Text")]
    pub data_type: String,
    pub length: Option<i32>,
    pub is_required: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub default_value: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub ui_type: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub ui_options: Option<Json>,
    pub is_cad_synced: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub default_value_expression: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub data_source_id: Option<String>,
    pub position: i32,
    #[sea_orm(column_type = "Text", nullable)]
    pub pattern: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub choices: Option<Json>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub is_unique: bool,
    pub is_indexed: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub index_status: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub index_problem: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
