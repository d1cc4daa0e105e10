//! A version of an item: its revision, what it was like, and who has it checked out.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "item_versions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub item_id: Uuid,
    pub generation: i32,
    #[sea_orm(column_type = "Text")]
    pub revision: String,
    #[sea_orm(column_type = "Text")]
    pub version_label: String,
    #[sea_orm(column_type = "Text")]
    pub state: String,
    pub is_current: bool,
    pub is_released: bool,
    pub is_superseded: bool,
    #[sea_orm(column_type = "Text")]
    pub branch_name: String,
    pub predecessor_id: Option<Uuid>,
    pub branched_from_id: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary")]
    pub properties: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub checked_out_by_id: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub checked_out_by_name: Option<String>,
    pub checked_out_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub checkout_client_host: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub checkout_workspace_path: Option<String>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub checkout_client_info: Option<Json>,
    pub created_by_id: Option<i64>,
    pub created_at: DateTimeUtc,
    pub released_by_id: Option<i64>,
    pub released_at: Option<DateTimeUtc>,
    pub state_id: Option<Uuid>,
    pub last_iteration: i32,
    pub merged_into_id: Option<Uuid>,
    pub merged_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
