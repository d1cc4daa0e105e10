//! Users of a tenant: list, create, change, reset a password.

use super::model::{
    MAX_NAME, MAX_PASSWORD, MAX_USERNAME, NewUser, User, UserChange, check_text, require_superuser,
    require_tenant_admin,
};
use super::{password, repo};
use crate::context::TenantCtx;
use crate::domain::audit::{Act, record_act};
use crate::error::{Error, Result};
use crate::types::UserId;

pub async fn list_users(ctx: &TenantCtx) -> Result<Vec<User>> {
    require_tenant_admin(ctx)?;
    repo::users::list(ctx.control(), &ctx.tenant).await
}

pub(super) fn check_password(password: &str) -> Result<()> {
    let length = password.chars().count();
    if (1..=MAX_PASSWORD).contains(&length) {
        return Ok(());
    }
    Err(Error::invalid_field("value_error", &["body", "password"], format!("1 to {MAX_PASSWORD} characters")))
}

/// Makes a user. Only a superuser makes another.
///
/// Fails with `Conflict` when the name or the id is taken in this tenant.
pub async fn create_user(ctx: &TenantCtx, new: NewUser) -> Result<User> {
    require_tenant_admin(ctx)?;
    if new.is_superuser {
        require_superuser(ctx)?;
    }
    let hash = prepare(&new).await?;
    let tx = ctx.control().begin().await?;
    let user = repo::users::insert(&tx, &ctx.tenant, &new, &hash, ctx.now()).await?;
    record_act(ctx, &tx, created(&user)).await?;
    tx.commit().await?;
    Ok(user)
}

/// Checks a new user's texts and hashes the password, before any transaction is held open for it.
pub(super) async fn prepare(new: &NewUser) -> Result<String> {
    check_text("username", &new.username, 1, MAX_USERNAME)?;
    check_password(&new.password)?;
    if let Some(email) = &new.email {
        check_text("email", email, 0, MAX_NAME)?;
    }
    if new.id.is_some_and(|id| id < 1) {
        return Err(Error::invalid_field("value_error", &["body", "user_id"], "A user id is 1 or more"));
    }
    password::hash(&new.password).await
}

pub(super) fn created(user: &User) -> Act<'static> {
    let after = serde_json::to_value(user).ok();
    Act { action: "user.created", subject: format!("user/{}", user.id), before: None, after }
}

pub async fn update_user(ctx: &TenantCtx, id: UserId, change: UserChange) -> Result<User> {
    require_tenant_admin(ctx)?;
    if let Some(email) = &change.email {
        check_text("email", email, 0, MAX_NAME)?;
    }
    let before = repo::users::get(ctx.control(), &ctx.tenant, id).await?;
    if before.is_superuser || change.is_superuser == Some(true) {
        require_superuser(ctx)?;
    }
    let tx = ctx.control().begin().await?;
    let after = repo::users::update(&tx, &before, change, ctx.now()).await?;
    let act = Act {
        action: "user.updated",
        subject: format!("user/{id}"),
        before: serde_json::to_value(&before).ok(),
        after: serde_json::to_value(&after).ok(),
    };
    record_act(ctx, &tx, act).await?;
    tx.commit().await?;
    Ok(after)
}

/// Gives a user a new password. That of a superuser only a superuser changes.
pub async fn reset_password(ctx: &TenantCtx, id: UserId, new_password: &str) -> Result<()> {
    require_tenant_admin(ctx)?;
    check_password(new_password)?;
    let user = repo::users::get(ctx.control(), &ctx.tenant, id).await?;
    if user.is_superuser {
        require_superuser(ctx)?;
    }
    let hash = password::hash(new_password).await?;
    let tx = ctx.control().begin().await?;
    repo::users::set_password_hash(&tx, &ctx.tenant, id, &hash).await?;
    let act = Act { action: "user.password_reset", subject: format!("user/{id}"), before: None, after: None };
    record_act(ctx, &tx, act).await?;
    tx.commit().await
}
