//! Logging in, and changing the organisation of a token.
//!
//! Every attempt is counted before the password is looked at, per account and per address, in the control database: the
//! limit holds across API processes and under parallel guessing. An unknown user takes as long as a wrong password.

use std::net::IpAddr;
use std::time::Duration;

use chrono::TimeDelta;

use super::model::{MAX_PASSWORD, MAX_USERNAME, check_text};
use super::password::{self, Verdict};
use super::repo;
use super::session::Identity;
use crate::context::{PlatformCtx, TenantCtx, now};
use crate::error::{Error, Kind, Result};
use crate::types::{OrgId, TenantId, UserId};

/// Someone at the door.
pub struct Login<'a> {
    pub tenant: &'a str,
    pub username: &'a str,
    pub password: &'a str,
    pub org: Option<&'a str>,
    pub address: Option<IpAddr>,
}

/// A token and what it is for.
#[derive(Debug, Clone)]
pub struct Token {
    pub access_token: String,
    pub expires_in: i64,
    pub tenant_id: String,
    pub user_id: UserId,
}

fn refused() -> Error {
    Error::unauthenticated("Invalid credentials")
}

/// Checks the password and issues a token.
///
/// Fails with `Unauthenticated` ("Invalid credentials") for an unknown tenant or user and a wrong password alike,
/// `Forbidden` when the organisation is not the user's, `LimitReached` after too many failures.
pub async fn login(identity: &Identity, attempt: Login<'_>) -> Result<Token> {
    check_text("username", attempt.username, 1, MAX_USERNAME)?;
    if attempt.password.is_empty() || attempt.password.chars().count() > MAX_PASSWORD {
        return Err(Error::invalid_field("value_error", &["body", "password"], "1 to 200 characters"));
    }
    let org = attempt.org.filter(|org| !org.is_empty()).map(OrgId::new).transpose()?;
    let tenant = TenantId::new(attempt.tenant).ok();
    let account = format!("account:{}/{}", tenant.as_ref().map_or("?", TenantId::as_str), attempt.username);
    let address = attempt.address.map(|address| format!("address:{address}"));
    count_attempt(identity, &account, address.as_deref()).await?;

    let (tenant, user) = match authenticated(identity, tenant, &attempt).await? {
        Some(known) => known,
        None => {
            tracing::warn!(tenant = attempt.tenant, user = attempt.username, "login refused");
            return Err(refused());
        }
    };
    repo::attempts::forgive(identity.tenancy().control(), &account, address.as_deref()).await?;
    issue(identity, &tenant, user, org.as_ref()).await
}

async fn count_attempt(identity: &Identity, account: &str, address: Option<&str>) -> Result<()> {
    let control = identity.tenancy().control();
    let rules = identity.rules;
    let limits = [(Some(account), rules.per_account), (address, rules.per_address)];
    for (subject, limit) in limits {
        let Some(subject) = subject else { continue };
        let attempts = repo::attempts::count(control, subject, now(), rules.window).await?;
        if attempts.number > limit {
            let message = "Too many failed logins; try again later";
            return Err(Error::new(Kind::LimitReached, message)
                .code("LOGIN_LIMITED", message)
                .retry_after(attempts.seconds_left.max(1)));
        }
    }
    Ok(())
}

async fn authenticated(
    identity: &Identity,
    tenant: Option<TenantId>,
    attempt: &Login<'_>,
) -> Result<Option<(TenantId, UserId)>> {
    let control = identity.tenancy().control();
    let account = match &tenant {
        Some(tenant) => repo::users::account(control, tenant, attempt.username).await?,
        None => None,
    };
    let stored = account.as_ref().map(|account| account.password_hash.as_str());
    let verdict = password::verify(attempt.password, stored).await?;
    let (Some(tenant), Some(account)) = (tenant, account) else { return Ok(None) };
    if verdict == Verdict::Wrong || !account.is_active {
        return Ok(None);
    }
    if verdict == Verdict::RightButOld {
        let hash = password::hash(attempt.password).await?;
        repo::users::set_password_hash(control, &tenant, account.id, &hash).await?;
    }
    if repo::tenants::require_enterable(control, &tenant).await.is_err() {
        return Ok(None);
    }
    Ok(Some((tenant, account.id)))
}

async fn issue(identity: &Identity, tenant: &TenantId, user: UserId, org: Option<&OrgId>) -> Result<Token> {
    let now = now();
    let access_token = identity.tokens.issue(user, tenant, org, now)?;
    // The session look-up refuses an organisation that is not the user's.
    identity.session(&identity.tokens.check(&access_token)?, org).await?;
    Ok(Token { access_token, expires_in: identity.tokens.seconds(), tenant_id: tenant.to_string(), user_id: user })
}

/// Housekeeping: forgets failures counted in windows that began more than `age` ago, and says how many. `age` is at least
/// the longest window that any process counts with.
pub async fn forget_login_failures(ctx: &PlatformCtx, age: Duration) -> Result<u64> {
    let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
    let Some(before) = ctx.now().checked_sub_signed(age) else { return Ok(0) };
    repo::attempts::forget(ctx.control(), before).await
}

/// A token for the same user in another organisation.
///
/// Fails with `Forbidden` ("Not a member of this org"), also for one that does not exist.
pub async fn switch_org(identity: &Identity, ctx: &TenantCtx, org: &str) -> Result<Token> {
    let user = ctx.actor.user_id().ok_or_else(|| Error::unauthenticated("Missing bearer token"))?;
    let org = OrgId::new(org).map_err(|_| Error::forbidden("Not a member of this org"))?;
    issue(identity, &ctx.tenant, user, Some(&org)).await
}
