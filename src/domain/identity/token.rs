//! Access tokens: JWT, HS256, with the claims that existing clients read.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId, UserId};

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user id, as text.
    pub sub: String,
    pub tenant_id: TenantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_id: Option<OrgId>,
    /// Seconds since 1970.
    pub iat: i64,
    pub exp: i64,
}

impl Claims {
    pub fn user_id(&self) -> Result<UserId> {
        self.sub.parse().map_err(|_| Error::unauthenticated("Invalid token"))
    }
}

/// Signs and checks tokens with the installation's secret.
#[derive(Clone)]
pub struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
    seconds: i64,
}

impl Tokens {
    /// `seconds` is how long a token is valid.
    pub fn new(secret: &[u8], seconds: u64) -> Self {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Self { signing: EncodingKey::from_secret(secret), checking: DecodingKey::from_secret(secret), seconds }
    }

    /// How long a token is valid, in seconds.
    pub fn seconds(&self) -> i64 {
        self.seconds
    }

    pub fn issue(&self, user: UserId, tenant: &TenantId, org: Option<&OrgId>, now: DateTime<Utc>) -> Result<String> {
        let iat = now.timestamp();
        let claims = Claims {
            sub: user.to_string(),
            tenant_id: tenant.clone(),
            org_id: org.cloned(),
            iat,
            exp: iat.saturating_add(self.seconds),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|error| Error::internal("A token could not be signed").caused_by(error))
    }

    /// Checks signature, algorithm and time.
    pub fn check(&self, token: &str) -> Result<Claims> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_required_spec_claims(&["exp", "sub"]);
        decode::<Claims>(token, &self.checking, &validation)
            .map(|token| token.claims)
            .map_err(|error| Error::unauthenticated("Invalid or expired token").caused_by(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn tokens(secret: &str) -> Tokens {
        Tokens::new(secret.as_bytes(), 3600)
    }

    #[test]
    fn a_token_says_who_and_where_until_it_expires() {
        let (tenant, org) = (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap());
        let token = tokens("a").issue(7, &tenant, Some(&org), Utc::now()).unwrap();
        let claims = tokens("a").check(&token).unwrap();
        assert_eq!((claims.user_id().unwrap(), claims.tenant_id, claims.org_id), (7, tenant.clone(), Some(org)));
        let old = tokens("a").issue(7, &tenant, None, Utc::now() - TimeDelta::hours(2)).unwrap();
        assert!(tokens("a").check(&old).is_err());
    }

    #[test]
    fn another_secret_another_algorithm_and_garbage_are_refused() {
        let tenant = TenantId::new("acme").unwrap();
        let token = tokens("a").issue(7, &tenant, None, Utc::now()).unwrap();
        assert!(tokens("b").check(&token).is_err());
        assert!(tokens("a").check("x.y.z").is_err());
        let claims = Claims { sub: "7".into(), tenant_id: tenant, org_id: None, iat: 0, exp: i64::MAX };
        let other = encode(&Header::new(Algorithm::HS512), &claims, &EncodingKey::from_secret(b"a")).unwrap();
        assert!(tokens("a").check(&other).is_err());
    }
}
