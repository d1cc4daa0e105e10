//! Logging in, and changing the organisation of a token.
//!
//! Failures are counted in the control database, per account and per address, so the limit holds across API processes.
//! Logins of one account take turns within a process, so that parallel guesses are counted one by one and parallel logins
//! with the right password only wait for each other. An unknown user takes as long as a wrong password.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

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
    let account =
        subject("account", &format!("{}/{}", tenant.as_ref().map_or("?", TenantId::as_str), attempt.username));
    let address = attempt.address.map(|address| subject("address", &network(address)));
    require_under_limit(identity, address.as_deref(), identity.rules.per_address).await?;
    let turn = identity.logins.get_with(account.clone(), async { Arc::default() }).await;
    let _mine = turn.lock().await;
    require_under_limit(identity, Some(&account), identity.rules.per_account).await?;

    let Some((tenant, user)) = authenticated(identity, tenant, &attempt).await? else {
        count_failure(identity, &account, address.as_deref()).await?;
        return Err(refused());
    };
    repo::attempts::forgive(identity.tenancy().control(), &account).await?;
    repo::tenants::require_enterable(identity.tenancy().control(), &tenant).await?;
    issue(identity, &tenant, user, org.as_ref()).await
}

/// What is counted, as a digest: whatever was typed takes the same room and shows nobody's name.
fn subject(kind: &str, text: &str) -> String {
    let digest = Sha256::digest(format!("{kind}:{text}").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who sits behind an address: one IPv6 customer has a whole /64.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:?}", &address.segments()[..4]),
    }
}

async fn require_under_limit(identity: &Identity, subject: Option<&str>, limit: u32) -> Result<()> {
    let Some(subject) = subject else { return Ok(()) };
    let failures =
        repo::attempts::failures(identity.tenancy().control(), subject, now(), identity.rules.window).await?;
    if failures.number < limit {
        return Ok(());
    }
    let message = "Too many failed logins; try again later";
    Err(Error::new(Kind::LimitReached, message)
        .code("LOGIN_LIMITED", message)
        .retry_after(failures.seconds_left.max(1)))
}

async fn count_failure(identity: &Identity, account: &str, address: Option<&str>) -> Result<()> {
    tracing::warn!("login refused");
    for subject in std::iter::once(account).chain(address) {
        repo::attempts::count(identity.tenancy().control(), subject, now(), identity.rules.window).await?;
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
