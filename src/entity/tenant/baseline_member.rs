//! What a baseline lists: an item by the line that leads to it, a relationship, a document.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "baseline_members")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub baseline_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub member_type: String,
    pub item_id: Option<Uuid>,
    pub document_id: Option<Uuid>,
    pub relationship_id: Option<Uuid>,
    pub parent_key: Option<Uuid>,
    pub node_key: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub item_number: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub item_revision: Option<String>,
    pub item_generation: Option<i32>,
    #[sea_orm(column_type = "Text", nullable)]
    pub item_type: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub item_state: Option<String>,
    pub level: i32,
    #[sea_orm(column_type = "Text")]
    pub path: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub quantity: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub line: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub effectivities: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub substitutes: Option<Json>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
