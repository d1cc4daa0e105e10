//! Rows of users. The password hash leaves only as an [`Account`], for the login.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};

use super::super::model::{NewUser, User, UserChange};
use crate::db::dialect::{lock, statement};
use crate::db::{Db, Tx};
use crate::entity::identity::user;
use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId, UserId};

impl From<user::Model> for User {
    fn from(row: user::Model) -> Self {
        Self {
            id: row.id,
            tenant_id: row.tenant_id,
            username: row.username,
            email: row.email,
            is_active: row.is_active,
            is_superuser: row.is_superuser,
            created_at: row.created_at,
            updated_at: row.updated_at,
            created_in_org: row.created_in_org,
        }
    }
}

/// What a login needs to know.
pub struct Account {
    pub id: UserId,
    pub password_hash: String,
    pub is_active: bool,
}

pub async fn account(db: &Db, tenant: &TenantId, username: &str) -> Result<Option<Account>> {
    let row = by_name_row(db, tenant, username).await?;
    Ok(row.map(|row| Account { id: row.id, password_hash: row.password_hash, is_active: row.is_active }))
}

async fn by_name_row(db: &impl ConnectionTrait, tenant: &TenantId, username: &str) -> Result<Option<user::Model>> {
    Ok(user::Entity::find()
        .filter(user::Column::TenantId.eq(tenant.as_str()))
        .filter(user::Column::Username.eq(username))
        .one(db)
        .await?)
}

pub async fn by_name(db: &impl ConnectionTrait, tenant: &TenantId, username: &str) -> Result<Option<User>> {
    Ok(by_name_row(db, tenant, username).await?.map(User::from))
}

pub async fn find(db: &impl ConnectionTrait, tenant: &TenantId, id: UserId) -> Result<Option<User>> {
    Ok(user::Entity::find_by_id((tenant.to_string(), id)).one(db).await?.map(User::from))
}

pub async fn get(db: &impl ConnectionTrait, tenant: &TenantId, id: UserId) -> Result<User> {
    find(db, tenant, id).await?.ok_or_else(|| Error::not_found("User not found"))
}

pub async fn list(db: &Db, tenant: &TenantId) -> Result<Vec<User>> {
    let rows = user::Entity::find()
        .filter(user::Column::TenantId.eq(tenant.as_str()))
        .order_by_asc(user::Column::Id)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(User::from).collect())
}

/// Inserts a user, with the next free id of the tenant unless one is given.
pub async fn insert(
    tx: &Tx,
    tenant: &TenantId,
    new: &NewUser,
    created_in: Option<&OrgId>,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<User> {
    // Two at once must not draw the same id.
    lock_all(tx, tenant).await?;
    if by_name_row(tx, tenant, &new.username).await?.is_some() {
        return Err(Error::conflict("Username already exists"));
    }
    let id = match new.id {
        Some(id) if find(tx, tenant, id).await?.is_some() => return Err(Error::conflict("User id already exists")),
        Some(id) => id,
        None => next_id(tx, tenant).await?,
    };
    let row = user::Model {
        tenant_id: tenant.to_string(),
        id,
        username: new.username.clone(),
        email: new.email.clone(),
        password_hash: hash.to_owned(),
        is_active: true,
        is_superuser: new.is_superuser,
        sessions_valid_from: None,
        created_at: now,
        updated_at: now,
        created_in_org: created_in.map(ToString::to_string),
    };
    user::Entity::insert(user::ActiveModel::from(row.clone())).exec_without_returning(tx).await?;
    Ok(row.into())
}

/// The smallest free id from 1 on: a large one given by hand does not use up those below it.
async fn next_id(tx: &Tx, tenant: &TenantId) -> Result<UserId> {
    let sql = "SELECT COALESCE(MIN(u.id) + 1, 1) AS next FROM \
               (SELECT 0 AS id UNION ALL SELECT id FROM users WHERE tenant_id = $1) u \
               WHERE NOT EXISTS (SELECT 1 FROM users v WHERE v.tenant_id = $1 AND v.id = u.id + 1)";
    let row = tx.query_one_raw(statement(tx, sql, vec![tenant.as_str().into()])).await?;
    let row = row.ok_or_else(|| Error::internal("No user id is free"))?;
    Ok(row.try_get("", "next")?)
}

/// Holds back every other change of the tenant's users until the transaction ends.
pub async fn lock_all(tx: &Tx, tenant: &TenantId) -> Result<()> {
    lock(tx, &format!("users:{tenant}")).await
}

/// How many may administrate the tenant, besides one.
pub async fn other_superusers(tx: &Tx, tenant: &TenantId, besides: UserId) -> Result<u64> {
    Ok(user::Entity::find()
        .filter(user::Column::TenantId.eq(tenant.as_str()))
        .filter(user::Column::Id.ne(besides))
        .filter(user::Column::IsSuperuser.eq(true))
        .filter(user::Column::IsActive.eq(true))
        .count(tx)
        .await?)
}

/// From when on a user's tokens are valid.
pub async fn sessions_valid_from(db: &Db, tenant: &TenantId, id: UserId) -> Result<Option<DateTime<Utc>>> {
    let row = user::Entity::find_by_id((tenant.to_string(), id)).one(db).await?;
    Ok(row.and_then(|row| row.sessions_valid_from))
}

pub async fn update(tx: &Tx, before: &User, change: UserChange, now: DateTime<Utc>) -> Result<User> {
    let mut row = user::ActiveModel {
        tenant_id: Set(before.tenant_id.clone()),
        id: Set(before.id),
        updated_at: Set(now),
        ..Default::default()
    };
    if let Some(email) = change.email {
        row.email = Set(Some(email));
    }
    if let Some(is_active) = change.is_active {
        row.is_active = Set(is_active);
    }
    if let Some(is_superuser) = change.is_superuser {
        row.is_superuser = Set(is_superuser);
    }
    Ok(user::Entity::update(row).exec(tx).await?.into())
}

/// Stores another hash of the same password.
pub async fn set_password_hash(db: &impl ConnectionTrait, tenant: &TenantId, id: UserId, hash: &str) -> Result<()> {
    let row = user::ActiveModel {
        tenant_id: Set(tenant.to_string()),
        id: Set(id),
        password_hash: Set(hash.to_owned()),
        ..Default::default()
    };
    user::Entity::update(row).exec(db).await?;
    Ok(())
}

/// Stores a new password and ends every session that began with the old one.
pub async fn reset_password(tx: &Tx, tenant: &TenantId, id: UserId, hash: &str, now: DateTime<Utc>) -> Result<()> {
    let row = user::ActiveModel {
        tenant_id: Set(tenant.to_string()),
        id: Set(id),
        password_hash: Set(hash.to_owned()),
        sessions_valid_from: Set(Some(now)),
        updated_at: Set(now),
        ..Default::default()
    };
    user::Entity::update(row).exec(tx).await?;
    Ok(())
}
