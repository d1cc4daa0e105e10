//! A kind of item or relationship.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "item_types")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[sea_orm(column_type = "Text")]
    pub id: String,
    pub uuid: Uuid,
    #[sea_orm(column_type = "Text")]
    pub label: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub is_relationship: bool,
    pub is_versionable: bool,
    #[sea_orm(column_type = "Text")]
    pub revision_scheme: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub permission_id: Option<String>,
    pub lifecycle_map_id: Option<Uuid>,
    #[sea_orm(column_type = "Text", nullable)]
    pub source_item_type_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub related_item_type_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub number_property: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub key_properties: Option<Json>,
    pub is_acyclic: bool,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub period_properties: Option<Json>,
    pub accepts_undeclared: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
