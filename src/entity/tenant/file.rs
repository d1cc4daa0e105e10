//! What is known of a file; one for each distinct content.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "files")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub sha256: String,
    pub size: i64,
    #[sea_orm(column_type = "Text")]
    pub filename: String,
    #[sea_orm(column_type = "Text")]
    pub file_type: String,
    #[sea_orm(column_type = "Text")]
    pub mime_type: String,
    #[sea_orm(column_type = "Text")]
    pub document_type: String,
    pub is_native_cad: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub cad_format: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub author: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub source_system: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub source_version: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub document_version: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub conversion_status: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub conversion_error: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub preview_sha256: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub preview_facts: Option<Json>,
    pub created_by_id: Option<i64>,
    pub created_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
