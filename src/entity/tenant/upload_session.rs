//! An upload in parts.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "upload_sessions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub org_id: String,
    #[sea_orm(column_type = "Text")]
    pub filename: String,
    pub size: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub sha256: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub author: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub source_system: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub source_version: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub document_version: Option<String>,
    pub generate_preview: bool,
    pub part_size: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub multipart_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub claim: Option<Uuid>,
    pub claimed_until: Option<DateTimeUtc>,
    pub job_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub failure: Option<Json>,
    pub file_id: Option<Uuid>,
    pub is_duplicate: bool,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub file_jobs: Option<Json>,
    pub created_by_id: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub created_by_name: Option<String>,
    pub created_at: DateTimeUtc,
    pub expires_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
