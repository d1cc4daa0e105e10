//! Rows of what is set aside.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use super::super::limits::Amounts;
use crate::db::Tx;
use crate::entity::identity::quota_reservation::{ActiveModel, Column, Entity};
use crate::error::Result;
use crate::tenancy::Place;

pub async fn insert(
    tx: &Tx,
    place: &Place,
    amounts: Amounts,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let row = ActiveModel {
        id: Set(id),
        tenant_id: Set(place.tenant.clone()),
        org_id: Set(place.org.clone()),
        files: Set(amounts.files),
        storage_bytes: Set(amounts.storage_bytes),
        active_jobs: Set(amounts.active_jobs),
        processing_jobs: Set(amounts.processing_jobs),
        created_at: Set(now),
        expires_at: Set(until),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(id)
}

pub async fn renew(db: &impl ConnectionTrait, place: &Place, id: Uuid, until: DateTime<Utc>) -> Result<()> {
    Entity::update_many()
        .col_expr(Column::ExpiresAt, Expr::value(until))
        .filter(at(place))
        .filter(Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

pub async fn remove(db: &impl ConnectionTrait, place: &Place, id: Uuid) -> Result<()> {
    Entity::delete_many().filter(at(place)).filter(Column::Id.eq(id)).exec(db).await?;
    Ok(())
}

/// How many are set aside for contents and not yet forgotten at `at_time`; each may have been used or not.
pub async fn open(db: &impl ConnectionTrait, place: &Place, at_time: DateTime<Utc>) -> Result<u64> {
    let of_contents =
        Expr::col(Column::Files).add(Expr::col(Column::StorageBytes)).add(Expr::col(Column::ActiveJobs)).gt(0);
    Ok(Entity::find().filter(at(place)).filter(of_contents).filter(Column::ExpiresAt.gte(at_time)).count(db).await?)
}

/// Those whose process had died by then, removed; what they add up to.
pub async fn remove_forgotten(tx: &Tx, place: &Place, before: DateTime<Utc>) -> Result<Amounts> {
    let forgotten = Condition::all().add(at(place)).add(Column::ExpiresAt.lt(before));
    let rows = Entity::find().filter(forgotten.clone()).all(tx).await?;
    if rows.is_empty() {
        return Ok(Amounts::default());
    }
    Entity::delete_many().filter(forgotten).exec(tx).await?;
    let amounts = |row: &crate::entity::identity::quota_reservation::Model| Amounts {
        files: row.files,
        storage_bytes: row.storage_bytes,
        active_jobs: row.active_jobs,
        ..Amounts::default()
    };
    Ok(rows.iter().map(amounts).fold(Amounts::default(), Amounts::plus))
}

pub async fn remove_all(tx: &Tx, tenant: &str, org: Option<&str>) -> Result<()> {
    let mut rows = Entity::delete_many().filter(Column::TenantId.eq(tenant));
    if let Some(org) = org {
        rows = rows.filter(Column::OrgId.eq(org));
    }
    rows.exec(tx).await?;
    Ok(())
}

fn at(place: &Place) -> Condition {
    Condition::all().add(Column::TenantId.eq(&place.tenant)).add(Column::OrgId.eq(&place.org))
}
