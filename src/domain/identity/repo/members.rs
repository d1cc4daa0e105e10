//! Rows of memberships.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use super::super::model::Member;
use crate::db::{Db, Tx};
use crate::entity::identity::membership;
use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId, UserId};

impl From<membership::Model> for Member {
    fn from(row: membership::Model) -> Self {
        Self {
            tenant_id: row.tenant_id,
            org_id: row.org_id,
            user_id: row.user_id,
            // Written by `put` alone, as a list of texts.
            roles: serde_json::from_value(row.roles).unwrap_or_default(),
            is_active: row.is_active,
            created_at: row.created_at,
        }
    }
}

pub async fn list(db: &Db, tenant: &TenantId, org: &OrgId) -> Result<Vec<Member>> {
    let rows = membership::Entity::find()
        .filter(membership::Column::TenantId.eq(tenant.as_str()))
        .filter(membership::Column::OrgId.eq(org.as_str()))
        .order_by_asc(membership::Column::UserId)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Member::from).collect())
}

pub async fn find(db: &impl ConnectionTrait, tenant: &TenantId, org: &OrgId, user: UserId) -> Result<Option<Member>> {
    let key = (tenant.to_string(), org.to_string(), user);
    Ok(membership::Entity::find_by_id(key).one(db).await?.map(Member::from))
}

/// The organisations that a user belongs to, active or not.
pub async fn orgs_of(db: &impl ConnectionTrait, tenant: &TenantId, user: UserId) -> Result<Vec<String>> {
    let rows = membership::Entity::find()
        .filter(membership::Column::TenantId.eq(tenant.as_str()))
        .filter(membership::Column::UserId.eq(user))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| row.org_id).collect())
}

/// The roles of an active member; none for anyone else.
pub async fn active_roles(db: &Db, tenant: &TenantId, org: &OrgId, user: UserId) -> Result<Option<Vec<String>>> {
    Ok(find(db, tenant, org, user).await?.filter(|member| member.is_active).map(|member| member.roles))
}

/// Inserts a membership, or replaces its roles and state.
pub async fn put(
    tx: &Tx,
    tenant: &TenantId,
    org: &OrgId,
    user: UserId,
    roles: &[String],
    is_active: bool,
    now: DateTime<Utc>,
) -> Result<Member> {
    let row = membership::Model {
        tenant_id: tenant.to_string(),
        org_id: org.to_string(),
        user_id: user,
        roles: serde_json::json!(roles),
        is_active,
        created_at: now,
    };
    use membership::Column::{IsActive, OrgId, Roles, TenantId, UserId};
    membership::Entity::insert(membership::ActiveModel::from(row))
        .on_conflict(OnConflict::columns([TenantId, OrgId, UserId]).update_columns([Roles, IsActive]).to_owned())
        .exec_without_returning(tx)
        .await?;
    find(tx, tenant, org, user).await?.ok_or_else(|| Error::internal("A membership was not stored"))
}
