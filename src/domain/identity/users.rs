//! Users of a tenant: list, create, change, reset a password.

use super::model::{
    MAX_NAME, MAX_PASSWORD, MAX_USERNAME, NewUser, User, UserChange, check_text, require_may_change_user,
    require_superuser, require_tenant_admin,
};
use super::{password, repo};
use crate::context::TenantCtx;
use crate::db::Tx;
use crate::domain::audit::{Act, record_act};
use crate::domain::quota::{self, Resource};
use crate::error::{Error, Result};
use crate::types::UserId;

/// What every JSON reader keeps exact.
const MAX_USER_ID: UserId = (1 << 53) - 1;

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
/// Fails with `Conflict` when the name or the id is taken in this tenant, `LimitReached` when it may have no more users.
pub async fn create_user(ctx: &TenantCtx, new: NewUser) -> Result<User> {
    require_tenant_admin(ctx)?;
    if new.is_superuser {
        require_superuser(ctx)?;
    }
    let own_org = if ctx.actor.is_superuser() { None } else { ctx.org.as_ref() };
    let hash = prepare(&new).await?;
    let tx = ctx.control().begin().await?;
    let user = repo::users::insert(&tx, &ctx.tenant, &new, own_org, &hash, ctx.now()).await?;
    quota::require_added(ctx, &tx, Resource::Users).await?;
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
    if new.id.is_some_and(|id| !(1..=MAX_USER_ID).contains(&id)) {
        let message = format!("A user id is 1 to {MAX_USER_ID}");
        return Err(Error::invalid_field("value_error", &["body", "user_id"], message));
    }
    password::hash(&new.password).await
}

pub(super) fn created(user: &User) -> Act<'static> {
    let after = serde_json::to_value(user).ok();
    Act { action: "user.created", subject: format!("user/{}", user.id), before: None, after }
}

/// Changes a user. The last superuser stays one.
pub async fn update_user(ctx: &TenantCtx, id: UserId, change: UserChange) -> Result<User> {
    require_tenant_admin(ctx)?;
    if let Some(email) = &change.email {
        check_text("email", email, 0, MAX_NAME)?;
    }
    if change.is_superuser == Some(true) {
        require_superuser(ctx)?;
    }
    let tx = ctx.control().begin().await?;
    let before = changeable(ctx, &tx, id).await?;
    let stays = change.is_active.unwrap_or(true) && change.is_superuser.unwrap_or(true);
    if before.is_superuser && !stays && repo::users::other_superusers(&tx, &ctx.tenant, id).await? == 0 {
        return Err(Error::conflict("The last superuser of a tenant stays one")
            .code("LAST_SUPERUSER", "Make another user a superuser first."));
    }
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

/// A user whom the caller may change, read under a lock that keeps it and its rights as they are.
async fn changeable(ctx: &TenantCtx, tx: &Tx, id: UserId) -> Result<User> {
    repo::users::lock_all(tx, &ctx.tenant).await?;
    let user = repo::users::get(tx, &ctx.tenant, id).await?;
    let orgs = repo::members::orgs_of(tx, &ctx.tenant, id).await?;
    require_may_change_user(ctx, &user, &orgs)?;
    Ok(user)
}

/// Gives a user a new password and ends its sessions.
pub async fn reset_password(ctx: &TenantCtx, id: UserId, new_password: &str) -> Result<()> {
    require_tenant_admin(ctx)?;
    check_password(new_password)?;
    let hash = password::hash(new_password).await?;
    let tx = ctx.control().begin().await?;
    changeable(ctx, &tx, id).await?;
    repo::users::reset_password(&tx, &ctx.tenant, id, &hash, ctx.now()).await?;
    let act = Act { action: "user.password_reset", subject: format!("user/{id}"), before: None, after: None };
    record_act(ctx, &tx, act).await?;
    tx.commit().await
}

/// The user of a name, for commands that know no ids.
pub async fn find_user(ctx: &TenantCtx, username: &str) -> Result<User> {
    require_tenant_admin(ctx)?;
    let user = repo::users::by_name(ctx.control(), &ctx.tenant, username).await?;
    user.ok_or_else(|| Error::not_found(format!("User {username} not found")))
}
