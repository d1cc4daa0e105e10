//! Memberships: which users may act in an organisation, and with which roles.

use super::model::{MAX_USERNAME, Member, NewMember, check_text, clean_roles, require_may_add, require_org_admin};
use super::repo;
use crate::context::TenantCtx;
use crate::domain::audit::{Act, record_act};
use crate::error::{Error, Result};
use crate::types::{OrgId, UserId};

async fn existing_org(ctx: &TenantCtx, org: &str) -> Result<OrgId> {
    require_org_admin(ctx, org)?;
    let not_found = || Error::not_found("Org not found");
    let org = OrgId::new(org).map_err(|_| not_found())?;
    repo::orgs::find(ctx.control(), &ctx.tenant, &org).await?.ok_or_else(not_found)?;
    Ok(org)
}

pub async fn list_members(ctx: &TenantCtx, org: &str) -> Result<Vec<Member>> {
    let org = existing_org(ctx, org).await?;
    repo::members::list(ctx.control(), &ctx.tenant, &org).await
}

/// Makes a user a member; one that is already gets the new roles. Users that no administrator of the organisation created are
/// a superuser's to place.
pub async fn add_member(ctx: &TenantCtx, org: &str, new: NewMember) -> Result<Member> {
    let org = existing_org(ctx, org).await?;
    let roles = clean_roles(new.roles)?;
    if let Some(name) = &new.username {
        check_text("username", name, 1, MAX_USERNAME)?;
    }
    let user = match (new.user_id, &new.username) {
        (Some(id), _) => repo::users::find(ctx.control(), &ctx.tenant, id).await?,
        (None, Some(name)) => repo::users::by_name(ctx.control(), &ctx.tenant, name).await?,
        (None, None) => {
            return Err(Error::invalid_field("missing", &["body", "user_id"], "user_id or username is required"));
        }
    };
    let user = user.ok_or_else(|| Error::not_found("User not found"))?;
    let tx = ctx.control().begin().await?;
    // Nobody places it elsewhere meanwhile.
    repo::users::lock_all(&tx, &ctx.tenant).await?;
    let orgs = repo::members::orgs_of(&tx, &ctx.tenant, user.id).await?;
    require_may_add(ctx, &org, &user, &orgs)?;
    let before = repo::members::find(&tx, &ctx.tenant, &org, user.id).await?;
    let after = repo::members::put(&tx, &ctx.tenant, &org, user.id, &roles, new.is_active, ctx.now()).await?;
    record_act(ctx, &tx, changed("member.added", before.as_ref(), &after)).await?;
    tx.commit().await?;
    Ok(after)
}

pub async fn update_member(
    ctx: &TenantCtx,
    org: &str,
    user: UserId,
    roles: Option<Vec<String>>,
    is_active: Option<bool>,
) -> Result<Member> {
    let org = existing_org(ctx, org).await?;
    let roles = roles.map(clean_roles).transpose()?;
    let tx = ctx.control().begin().await?;
    let before = repo::members::find(&tx, &ctx.tenant, &org, user).await?;
    let before = before.ok_or_else(|| Error::not_found("Member not found"))?;
    let roles = roles.unwrap_or_else(|| before.roles.clone());
    let is_active = is_active.unwrap_or(before.is_active);
    let after = repo::members::put(&tx, &ctx.tenant, &org, user, &roles, is_active, ctx.now()).await?;
    record_act(ctx, &tx, changed("member.updated", Some(&before), &after)).await?;
    tx.commit().await?;
    Ok(after)
}

pub(super) fn changed(action: &'static str, before: Option<&Member>, after: &Member) -> Act<'static> {
    Act {
        action,
        subject: format!("org/{}/member/{}", after.org_id, after.user_id),
        before: before.and_then(|member| serde_json::to_value(member).ok()),
        after: serde_json::to_value(after).ok(),
    }
}
