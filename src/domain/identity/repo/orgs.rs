//! Rows of organisations.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, TryInsertResult};

use super::super::model::{Org, OrgChange};
use crate::db::{Db, Tx};
use crate::entity::identity::{membership, org};
use crate::error::{Error, Result};
use crate::tenancy::is_buried;
use crate::types::{OrgId, TenantId, UserId};

impl From<org::Model> for Org {
    fn from(row: org::Model) -> Self {
        Self {
            id: row.id,
            tenant_id: row.tenant_id,
            name: row.name,
            is_active: row.is_active,
            created_at: row.created_at,
        }
    }
}

pub async fn list(db: &Db, tenant: &TenantId) -> Result<Vec<Org>> {
    let rows = org::Entity::find()
        .filter(org::Column::TenantId.eq(tenant.as_str()))
        .order_by_asc(org::Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(Org::from).collect())
}

/// Active organisations in which the user is an active member.
pub async fn of_user(db: &Db, tenant: &TenantId, user: UserId) -> Result<Vec<Org>> {
    let memberships = membership::Entity::find()
        .filter(membership::Column::TenantId.eq(tenant.as_str()))
        .filter(membership::Column::UserId.eq(user))
        .filter(membership::Column::IsActive.eq(true))
        .all(db)
        .await?;
    let member_of = |org: &Org| memberships.iter().any(|membership| membership.org_id == org.id);
    Ok(list(db, tenant).await?.into_iter().filter(|org| org.is_active && member_of(org)).collect())
}

pub async fn find(db: &impl ConnectionTrait, tenant: &TenantId, id: &OrgId) -> Result<Option<Org>> {
    Ok(org::Entity::find_by_id((tenant.to_string(), id.to_string())).one(db).await?.map(Org::from))
}

pub async fn is_active(db: &Db, tenant: &TenantId, id: &OrgId) -> Result<bool> {
    Ok(find(db, tenant, id).await?.is_some_and(|org| org.is_active))
}

/// Inserts and returns it, or none when it exists.
pub async fn insert(
    tx: &Tx,
    tenant: &TenantId,
    id: &OrgId,
    name: &str,
    is_active: bool,
    now: DateTime<Utc>,
) -> Result<Option<Org>> {
    if is_buried(tx, tenant, id).await? {
        return Err(Error::conflict(format!("Org {id} was deleted"))
            .code("ORG_DELETED", "An organisation of this id was deleted; its id is not used again."));
    }
    let row = org::Model {
        tenant_id: tenant.to_string(),
        id: id.to_string(),
        name: name.to_owned(),
        is_active,
        created_at: now,
    };
    let inserted = org::Entity::insert(org::ActiveModel::from(row.clone()))
        .on_conflict(OnConflict::columns([org::Column::TenantId, org::Column::Id]).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(count) if count > 0).then(|| row.into()))
}

/// Removes an organisation and its memberships.
pub async fn remove(tx: &Tx, tenant: &TenantId, id: &OrgId) -> Result<()> {
    membership::Entity::delete_many()
        .filter(membership::Column::TenantId.eq(tenant.as_str()))
        .filter(membership::Column::OrgId.eq(id.as_str()))
        .exec(tx)
        .await?;
    org::Entity::delete_by_id((tenant.to_string(), id.to_string())).exec(tx).await?;
    Ok(())
}

pub async fn update(tx: &Tx, before: &Org, change: OrgChange) -> Result<Org> {
    let mut row = org::ActiveModel {
        tenant_id: Set(before.tenant_id.clone()),
        id: Set(before.id.clone()),
        name: Set(before.name.clone()),
        ..Default::default()
    };
    if let Some(name) = change.name {
        row.name = Set(name);
    }
    if let Some(is_active) = change.is_active {
        row.is_active = Set(is_active);
    }
    Ok(org::Entity::update(row).exec(tx).await?.into())
}
