//! Rows of what is used.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::super::limits::Amounts;
use crate::db::{Sql, Tx};
use crate::entity::identity::quota_usage::{ActiveModel, Column, Entity, Model};
use crate::error::Result;
use crate::tenancy::Place;
use crate::types::TenantId;

/// What one product database holds: as last counted, with what was added since.
#[derive(Debug, Clone, Copy, Default)]
pub struct Kept {
    pub used: Amounts,
    pub recounts: i64,
    pub counted_at: Option<DateTime<Utc>>,
    /// Nothing is in it twice.
    pub is_exact: bool,
}

impl From<Model> for Kept {
    fn from(row: Model) -> Self {
        let used = Amounts {
            files: row.files,
            storage_bytes: row.storage_bytes,
            active_jobs: row.active_jobs,
            processing_jobs: row.processing_jobs,
            ..Amounts::default()
        };
        Self { used, recounts: row.recounts, counted_at: row.counted_at, is_exact: row.is_exact }
    }
}

pub async fn find(db: &impl ConnectionTrait, place: &Place) -> Result<Kept> {
    let row = Entity::find_by_id((place.tenant.clone(), place.org.clone())).one(db).await?;
    Ok(row.map(Kept::from).unwrap_or_default())
}

/// What is kept of each place of a tenant.
pub async fn of_tenant(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<HashMap<String, Kept>> {
    let rows = Entity::find().filter(Column::TenantId.eq(tenant.as_str())).all(db).await?;
    Ok(rows.into_iter().map(|row| (row.org_id.clone(), row.into())).collect())
}

/// What is kept of the places of many tenants: tenant, organisation, and what it is.
pub async fn of_all(db: &impl ConnectionTrait, tenants: &[String]) -> Result<Vec<(Place, Kept)>> {
    let rows = Entity::find().filter(Column::TenantId.is_in(tenants)).order_by_asc(Column::OrgId).all(db).await?;
    let of = |row: Model| (Place { tenant: row.tenant_id.clone(), org: row.org_id.clone() }, Kept::from(row));
    Ok(rows.into_iter().map(of).collect())
}

/// All that a tenant has taken: what is kept of its databases, and what is set aside. Of jobs that run, only what is set aside,
/// as long as it is.
pub async fn taken(db: &impl ConnectionTrait, tenant: &TenantId, now: DateTime<Utc>) -> Result<Amounts> {
    let mut sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(files), 0) AS BIGINT) AS files, \
         CAST(COALESCE(SUM(storage_bytes), 0) AS BIGINT) AS storage_bytes, \
         CAST(COALESCE(SUM(active_jobs), 0) AS BIGINT) AS active_jobs, \
         CAST(COALESCE(SUM(processing_jobs), 0) AS BIGINT) AS processing_jobs FROM \
         (SELECT files, storage_bytes, active_jobs, 0 AS processing_jobs FROM quota_usage WHERE tenant_id = ",
    );
    sql.bind(tenant.as_str())
        .push(" UNION ALL SELECT files, storage_bytes, active_jobs, CASE WHEN expires_at > ")
        .bind(now)
        .push(" THEN processing_jobs ELSE 0 END FROM quota_reservations WHERE tenant_id = ")
        .bind(tenant.as_str())
        .push(") taken");
    let Some(row) = db.query_one_raw(sql.statement(db)).await? else { return Ok(Amounts::default()) };
    Ok(Amounts {
        files: row.try_get("", "files")?,
        storage_bytes: row.try_get("", "storage_bytes")?,
        active_jobs: row.try_get("", "active_jobs")?,
        processing_jobs: row.try_get("", "processing_jobs")?,
        ..Amounts::default()
    })
}

/// Under the tenant's lock.
pub async fn add(tx: &Tx, place: &Place, added: Amounts) -> Result<()> {
    let kept = find(tx, place).await?;
    put(tx, place, Kept { used: kept.used.plus(added), ..kept }).await
}

/// Under the tenant's lock.
pub async fn put(tx: &Tx, place: &Place, kept: Kept) -> Result<()> {
    let row = ActiveModel {
        tenant_id: Set(place.tenant.clone()),
        org_id: Set(place.org.clone()),
        files: Set(kept.used.files),
        storage_bytes: Set(kept.used.storage_bytes),
        active_jobs: Set(kept.used.active_jobs),
        processing_jobs: Set(kept.used.processing_jobs),
        recounts: Set(kept.recounts),
        counted_at: Set(kept.counted_at),
        is_exact: Set(kept.is_exact),
    };
    let changed = [
        Column::Files,
        Column::StorageBytes,
        Column::ActiveJobs,
        Column::ProcessingJobs,
        Column::Recounts,
        Column::CountedAt,
        Column::IsExact,
    ];
    let replace = OnConflict::columns([Column::TenantId, Column::OrgId]).update_columns(changed).to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn remove(tx: &Tx, tenant: &str, org: Option<&str>) -> Result<()> {
    let mut rows = Entity::delete_many().filter(Column::TenantId.eq(tenant));
    if let Some(org) = org {
        rows = rows.filter(Column::OrgId.eq(org));
    }
    rows.exec(tx).await?;
    Ok(())
}
