//! What identity speaks of, and the rules that need no database.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::context::{ADMIN_ROLE, TenantCtx};
use crate::error::{Error, Problem, Result};
use crate::types::{OrgId, UserId};

pub const MAX_USERNAME: usize = 100;
pub const MAX_PASSWORD: usize = 200;
pub const MAX_NAME: usize = 200;

/// A company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tenant {
    pub id: String,
    pub name: String,
    pub is_active: bool,
    /// provisioning, active, suspended, failed or deleting.
    pub state: String,
    pub state_reason: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// A tenant with its organisations and databases, as an operator lists it.
#[derive(Debug, Clone, Serialize)]
pub struct TenantOverview {
    #[serde(flatten)]
    pub tenant: Tenant,
    pub users: u64,
    pub orgs: Vec<OrgOverview>,
}

#[derive(Debug, Clone, Serialize)]
pub struct OrgOverview {
    pub id: String,
    pub name: String,
    pub is_active: bool,
    /// How far its database is: ready, provisioning, failed, or none.
    pub database: String,
    pub schema_version: Option<String>,
    /// Where it lives if not where the template says: the database without its password, the bucket, the prefix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// An organisation of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Org {
    pub id: String,
    pub tenant_id: String,
    pub name: String,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
}

/// A user; never its password hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct User {
    pub id: UserId,
    pub tenant_id: String,
    pub username: String,
    pub email: Option<String>,
    pub is_active: bool,
    pub is_superuser: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The organisation whose administrator created it; none when a superuser did.
    pub created_in_org: Option<String>,
}

/// A user's place in an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    pub tenant_id: String,
    pub org_id: String,
    pub user_id: UserId,
    pub roles: Vec<String>,
    pub is_active: bool,
    pub created_at: DateTime<Utc>,
}

/// What may change of an organisation.
#[derive(Debug, Clone, Default)]
pub struct OrgChange {
    pub name: Option<String>,
    pub is_active: Option<bool>,
}

/// A user to be.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Drawn when not given.
    pub id: Option<UserId>,
    pub username: String,
    pub password: String,
    pub email: Option<String>,
    pub is_superuser: bool,
}

/// What may change of a user.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    pub email: Option<String>,
    pub is_active: Option<bool>,
    pub is_superuser: Option<bool>,
}

/// A membership to be, of a user named by id or by name.
#[derive(Debug, Clone)]
pub struct NewMember {
    pub user_id: Option<UserId>,
    pub username: Option<String>,
    pub roles: Vec<String>,
    pub is_active: bool,
}

/// How many failed logins are allowed within a window.
#[derive(Debug, Clone, Copy)]
pub struct LoginRules {
    pub per_account: u32,
    pub per_address: u32,
    pub window: Duration,
}

/// Administrators of the tenant: superusers, and those with the role `admin` in the organisation they act in.
pub fn require_tenant_admin(ctx: &TenantCtx) -> Result<()> {
    if ctx.actor.is_administrator() { Ok(()) } else { Err(Error::forbidden("Admin required")) }
}

/// Only a superuser may make one, or touch one.
pub fn require_superuser(ctx: &TenantCtx) -> Result<()> {
    if ctx.actor.is_superuser() { Ok(()) } else { Err(Error::forbidden("Superuser required")) }
}

/// Whether the actor may manage the members of an organisation: a superuser any, its `admin` that one.
pub fn require_org_admin(ctx: &TenantCtx, org: &str) -> Result<()> {
    let own = ctx.org.as_ref().is_some_and(|acted_in| acted_in.as_str() == org);
    let admin = ctx.actor.roles().iter().any(|role| role == ADMIN_ROLE);
    if ctx.actor.is_superuser() || (own && admin) { Ok(()) } else { Err(Error::forbidden("Admin required")) }
}

/// Who may change a user: a superuser anyone; an administrator of an organisation those who belong to it and to no other,
/// superusers excepted.
pub fn require_may_change_user(ctx: &TenantCtx, user: &User, orgs: &[String]) -> Result<()> {
    let own = ctx.org.as_ref().map(OrgId::as_str);
    let belongs = !orgs.is_empty() && orgs.iter().all(|org| Some(org.as_str()) == own);
    let admin = ctx.actor.roles().iter().any(|role| role == ADMIN_ROLE);
    if ctx.actor.is_superuser() || (admin && belongs && !user.is_superuser) {
        return Ok(());
    }
    Err(Error::forbidden("Superuser required: the user belongs to other organisations, or is a superuser"))
}

/// Who may make a user a member of an organisation: a superuser anyone; its administrator those who belong to it, and those
/// that its administrators created and nobody has placed. What it may make a member it may give a new password, and would
/// hold whatever the user is given in another organisation.
pub fn require_may_add(ctx: &TenantCtx, org: &OrgId, user: &User, orgs: &[String]) -> Result<()> {
    let member = orgs.iter().any(|one| one == org.as_str());
    let own = orgs.is_empty() && !user.is_superuser && user.created_in_org.as_deref() == Some(org.as_str());
    if ctx.actor.is_superuser() || member || own {
        return Ok(());
    }
    Err(Error::forbidden("Superuser required: the user was not created by an administrator of this organisation"))
}

/// A text of a length a person can read, without control characters.
pub fn check_text(field: &str, text: &str, min: usize, max: usize) -> Result<()> {
    let length = text.chars().count();
    let problem = if length < min {
        Problem::new("string_too_short", &["body", field], format!("At least {min} characters"))
    } else if length > max {
        Problem::new("string_too_long", &["body", field], format!("At most {max} characters"))
    } else if text.chars().any(char::is_control) {
        Problem::new("value_error", &["body", field], "Control characters are not allowed")
    } else {
        return Ok(());
    };
    Err(Error::invalid(vec![problem]))
}

/// What permission entries and answers name besides roles; a number there is a user.
const RESERVED_ROLES: [&str; 4] = ["world", "Creator", "Owner", "superuser"];

/// Roles as they are stored: trimmed, without blanks and repeats, in the order given.
pub fn clean_roles(roles: Vec<String>) -> Result<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for role in roles {
        let role = role.trim().to_owned();
        check_text("roles", &role, 0, MAX_NAME)?;
        if RESERVED_ROLES.contains(&role.as_str())
            || (!role.is_empty() && role.bytes().all(|byte| byte.is_ascii_digit()))
        {
            let message = format!("{role:?} has a meaning of its own in permissions and cannot be a role");
            return Err(Error::invalid_field("value_error", &["body", "roles"], message));
        }
        if !role.is_empty() && !kept.contains(&role) {
            kept.push(role);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_trimmed_and_kept_once() {
        let roles = [" engineer ", "viewer", "", "engineer"].map(str::to_owned).to_vec();
        assert_eq!(clean_roles(roles).unwrap(), ["engineer", "viewer"]);
        for reserved in ["superuser", "world", "Owner", "42"] {
            assert!(clean_roles(vec![reserved.to_owned()]).is_err(), "{reserved}");
        }
    }

    #[test]
    fn texts_are_bounded_in_characters_not_bytes() {
        assert!(check_text("name", &"料".repeat(200), 1, 200).is_ok());
        assert!(check_text("name", &"x".repeat(201), 1, 200).is_err());
        assert!(check_text("name", "a\0b", 1, 200).is_err());
        assert!(check_text("name", "", 1, 200).is_err());
    }
}
