//! From a token to someone who may act: the user, membership and tenant are looked up, not believed.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use tokio::sync::Mutex;

use super::model::LoginRules;
use super::repo;
use super::token::{Claims, Tokens};
use crate::context::{Actor, TenantCtx};
use crate::error::{Error, Result};
use crate::tenancy::Tenancy;
use crate::types::{OrgId, TenantId, UserId};

/// How long a looked-up session is remembered: a deactivated user, membership or tenant is out within a second.
const FRESHNESS: Duration = Duration::from_millis(900);
const CAPACITY: u64 = 50_000;
/// Longer than any login takes.
const LOGIN_TURN: Duration = Duration::from_secs(120);

/// The identity service of one installation.
pub struct Identity {
    pub(super) tenancy: Arc<Tenancy>,
    pub(super) tokens: Tokens,
    pub(super) rules: LoginRules,
    pub(super) platform_enabled: bool,
    pub(super) platform_tenant: TenantId,
    sessions: Cache<SessionKey, Session>,
    /// One login of an account at a time in this process: parallel guesses queue, and are counted one by one.
    pub(super) logins: Cache<String, Arc<Mutex<()>>>,
}

/// Tenant, user, organisation, and when the token was issued.
type SessionKey = (TenantId, UserId, Option<OrgId>, i64);

/// Someone who may act in a tenant, and in an organisation where one is named.
#[derive(Debug, Clone)]
pub struct Session {
    pub tenant: TenantId,
    pub org: Option<OrgId>,
    pub actor: Actor,
}

/// Who the caller is.
#[derive(Debug, Clone)]
pub struct Profile {
    pub tenant_id: String,
    pub org_id: Option<String>,
    pub user_id: UserId,
    pub username: String,
    pub email: Option<String>,
    pub roles: Vec<String>,
}

impl Identity {
    pub fn new(
        tenancy: Arc<Tenancy>,
        tokens: Tokens,
        rules: LoginRules,
        platform_enabled: bool,
        platform_tenant: TenantId,
    ) -> Self {
        let sessions = Cache::builder().max_capacity(CAPACITY).time_to_live(FRESHNESS).build();
        let logins = Cache::builder().max_capacity(CAPACITY).time_to_idle(LOGIN_TURN).build();
        Self { tenancy, tokens, rules, platform_enabled, platform_tenant, sessions, logins }
    }

    pub fn tenancy(&self) -> &Arc<Tenancy> {
        &self.tenancy
    }

    /// Checks a token's signature and time.
    pub fn claims(&self, token: &str) -> Result<Claims> {
        self.tokens.check(token)
    }

    /// The session of a token's user, acting in `org`.
    ///
    /// Fails with `Unauthenticated` when the user or tenant may not enter (any more), `Forbidden` for a non-member.
    pub async fn session(&self, claims: &Claims, org: Option<&OrgId>) -> Result<Session> {
        let key = (claims.tenant_id.clone(), claims.user_id()?, org.cloned(), claims.iat);
        if let Some(session) = self.sessions.get(&key).await {
            return Ok(session);
        }
        let session = self.look_up(&key.0, key.1, org, claims.iat).await?;
        self.sessions.insert(key, session.clone()).await;
        Ok(session)
    }

    async fn look_up(&self, tenant: &TenantId, user_id: UserId, org: Option<&OrgId>, issued: i64) -> Result<Session> {
        let control = self.tenancy.control();
        let user = repo::users::find(control, tenant, user_id).await?.filter(|user| user.is_active);
        let user = user.ok_or_else(|| Error::unauthenticated("User is not active"))?;
        let valid_from = repo::users::sessions_valid_from(control, tenant, user_id).await?;
        if valid_from.is_some_and(|from| issued < from.timestamp()) {
            return Err(Error::unauthenticated("The password was changed; log in again"));
        }
        repo::tenants::require_enterable(control, tenant).await?;
        let roles = match org {
            None => Vec::new(),
            Some(org) => {
                let roles = repo::members::active_roles(control, tenant, org, user_id).await?;
                let open = repo::orgs::is_active(control, tenant, org).await?;
                match roles {
                    Some(roles) if open => roles,
                    None if open && user.is_superuser => Vec::new(),
                    _ => return Err(Error::forbidden("Not a member of this org")),
                }
            }
        };
        let actor = Actor::User {
            tenant: tenant.clone(),
            id: user_id,
            name: user.username,
            roles,
            superuser: user.is_superuser,
        };
        Ok(Session { tenant: tenant.clone(), org: org.cloned(), actor })
    }
}

/// Who the caller is: name, address, and the roles of the organisation acted in (`superuser` among them for one).
pub async fn me(ctx: &TenantCtx) -> Result<Profile> {
    let Actor::User { id, name, roles, superuser, .. } = &ctx.actor else {
        return Err(Error::unauthenticated("Missing bearer token"));
    };
    let user = repo::users::get(ctx.control(), &ctx.tenant, *id).await?;
    let mut roles = roles.clone();
    if *superuser {
        roles.push("superuser".to_owned());
    }
    Ok(Profile {
        tenant_id: ctx.tenant.to_string(),
        org_id: ctx.org.as_ref().map(ToString::to_string),
        user_id: *id,
        username: name.clone(),
        email: user.email,
        roles,
    })
}
