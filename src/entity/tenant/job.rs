//! One piece of background work.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub org_id: String,
    #[sea_orm(column_type = "Text")]
    pub task_type: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    pub priority: i32,
    #[sea_orm(column_type = "Text", nullable)]
    pub worker_id: Option<String>,
    pub attempt_count: i32,
    pub max_attempts: i32,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub result: Option<Json>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub dedupe_key: Option<String>,
    pub created_at: DateTimeUtc,
    pub scheduled_at: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    pub completed_at: Option<DateTimeUtc>,
    pub lease_until: Option<DateTimeUtc>,
    pub created_by_id: Option<i64>,
    pub progress: i32,
    #[sea_orm(column_type = "Text", nullable)]
    pub progress_message: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub file_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub asked_as: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
