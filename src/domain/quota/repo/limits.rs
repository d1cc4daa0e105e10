//! Rows of limits.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::super::limits::Limits;
use crate::db::Tx;
use crate::entity::identity::tenant;
use crate::entity::identity::tenant_quota::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::tenancy::TenantState;
use crate::types::{PageRequest, TenantId};

/// The limits of a tenant that was given some.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub limits: Limits,
    pub limited_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Model> for Row {
    fn from(row: Model) -> Self {
        let limits = Limits {
            max_users: row.max_users,
            max_orgs: row.max_orgs,
            max_files: row.max_files,
            max_storage_bytes: row.max_storage_bytes,
            max_active_jobs: row.max_active_jobs,
            max_processing_jobs: row.max_processing_jobs,
        };
        Self { limits, limited_at: row.limited_at, updated_at: row.updated_at }
    }
}

pub async fn find(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<Option<Row>> {
    Ok(Entity::find_by_id(tenant.as_str()).one(db).await?.map(Row::from))
}

pub async fn of_all(db: &impl ConnectionTrait, tenants: &[String]) -> Result<HashMap<String, Row>> {
    let rows = Entity::find().filter(Column::TenantId.is_in(tenants)).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id.clone(), row.into())).collect())
}

pub async fn put(tx: &Tx, tenant: &TenantId, row: Row) -> Result<()> {
    let Row { limits, limited_at, updated_at } = row;
    let row = ActiveModel {
        tenant_id: Set(tenant.to_string()),
        max_users: Set(limits.max_users),
        max_orgs: Set(limits.max_orgs),
        max_files: Set(limits.max_files),
        max_storage_bytes: Set(limits.max_storage_bytes),
        max_active_jobs: Set(limits.max_active_jobs),
        max_processing_jobs: Set(limits.max_processing_jobs),
        limited_at: Set(limited_at),
        updated_at: Set(updated_at),
    };
    let changed = [
        Column::MaxUsers,
        Column::MaxOrgs,
        Column::MaxFiles,
        Column::MaxStorageBytes,
        Column::MaxActiveJobs,
        Column::MaxProcessingJobs,
        Column::LimitedAt,
        Column::UpdatedAt,
    ];
    let replace = OnConflict::column(Column::TenantId).update_columns(changed).to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn remove(tx: &Tx, tenant: &TenantId) -> Result<()> {
    Entity::delete_by_id(tenant.as_str()).exec(tx).await?;
    Ok(())
}

/// How many tenants there are, and the ids of some.
pub async fn tenants(db: &impl ConnectionTrait, page: PageRequest) -> Result<(u64, Vec<String>)> {
    let there = tenant::Entity::find().filter(tenant::Column::State.ne(TenantState::Deleted.as_str()));
    let total = there.clone().count(db).await?;
    let ids = there.select_only().column(tenant::Column::Id).order_by_asc(tenant::Column::Id);
    Ok((total, ids.limit(page.limit).offset(page.offset).into_tuple().all(db).await?))
}

pub async fn is_there(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<bool> {
    let found = tenant::Entity::find_by_id(tenant.as_str()).one(db).await?;
    Ok(found.is_some_and(|tenant| tenant.state != TenantState::Deleted.as_str()))
}
