//! How many users and organisations there are.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

use crate::entity::identity::{org, user};
use crate::error::Result;
use crate::types::TenantId;

pub async fn users(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<i64> {
    let count = user::Entity::find().filter(user::Column::TenantId.eq(tenant.as_str())).count(db).await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

pub async fn orgs(db: &impl ConnectionTrait, tenant: &TenantId) -> Result<i64> {
    let count = org::Entity::find().filter(org::Column::TenantId.eq(tenant.as_str())).count(db).await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

pub async fn org_is_there(db: &impl ConnectionTrait, tenant: &TenantId, id: &str) -> Result<bool> {
    Ok(org::Entity::find_by_id((tenant.to_string(), id.to_owned())).one(db).await?.is_some())
}

/// Users and organisations of each of many tenants.
pub async fn of_all(
    db: &impl ConnectionTrait,
    tenants: &[String],
) -> Result<(HashMap<String, i64>, HashMap<String, i64>)> {
    let users: Vec<(String, i64)> = user::Entity::find()
        .select_only()
        .column(user::Column::TenantId)
        .column_as(user::Column::Id.count(), "users")
        .filter(user::Column::TenantId.is_in(tenants))
        .group_by(user::Column::TenantId)
        .into_tuple()
        .all(db)
        .await?;
    let orgs: Vec<(String, i64)> = org::Entity::find()
        .select_only()
        .column(org::Column::TenantId)
        .column_as(org::Column::Id.count(), "orgs")
        .filter(org::Column::TenantId.is_in(tenants))
        .group_by(org::Column::TenantId)
        .into_tuple()
        .all(db)
        .await?;
    Ok((users.into_iter().collect(), orgs.into_iter().collect()))
}
