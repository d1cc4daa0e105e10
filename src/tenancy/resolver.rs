//! From the facts of a request to the tenant and organisation it speaks for. Pure; one place for every rule.

use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId};

/// What a request says about its tenant: headers, and the claims of its token when it carries a valid one.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    pub header_tenant: Option<&'a str>,
    pub header_org: Option<&'a str>,
    pub token_tenant: Option<&'a TenantId>,
    pub token_org: Option<&'a OrgId>,
}

/// The tenant and organisation that a request speaks for, as far as it names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub tenant: Option<TenantId>,
    pub org: Option<OrgId>,
}

/// Header and token must agree; where one is silent the other speaks.
///
/// # Errors
/// `Unauthenticated` ("Tenant mismatch", "Org mismatch") when they differ, `Invalid` for an id outside the grammar.
pub fn resolve(facts: &Facts<'_>) -> Result<Scope> {
    let header_tenant = facts.header_tenant.filter(|text| !text.is_empty()).map(parse_tenant).transpose()?;
    let header_org = facts.header_org.filter(|text| !text.is_empty()).map(parse_org).transpose()?;
    Ok(Scope {
        tenant: agree(header_tenant, facts.token_tenant, "Tenant mismatch")?,
        org: agree(header_org, facts.token_org, "Org mismatch")?,
    })
}

fn agree<T: PartialEq + Clone>(header: Option<T>, token: Option<&T>, mismatch: &str) -> Result<Option<T>> {
    match (header, token) {
        (Some(header), Some(token)) if header != *token => Err(Error::unauthenticated(mismatch)),
        (header, token) => Ok(token.cloned().or(header)),
    }
}

fn parse_tenant(text: &str) -> Result<TenantId> {
    TenantId::new(text).map_err(|error| in_header(&error, "x-tenant-id"))
}

fn parse_org(text: &str) -> Result<OrgId> {
    OrgId::new(text).map_err(|error| in_header(&error, "x-org-id"))
}

fn in_header(error: &Error, name: &str) -> Error {
    Error::invalid_field("value_error", &["header", name], error.message())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn header_and_token_agree_or_the_request_is_refused() {
        let (tenant, org) = (TenantId::new("acme").unwrap(), OrgId::new("org-1").unwrap());
        let none = None::<&str>;
        // header tenant, header org, token tenant?, token org?, expected
        let table = [
            (none, none, false, false, Ok((false, false))),
            (Some("acme"), none, false, false, Ok((true, false))),
            (Some("acme"), Some("org-1"), false, false, Ok((true, true))),
            (none, none, true, true, Ok((true, true))),
            (Some("acme"), Some("org-1"), true, true, Ok((true, true))),
            (none, Some("org-1"), true, false, Ok((true, true))),
            (Some(""), Some(""), true, true, Ok((true, true))),
            (Some("other"), none, true, true, Err(Kind::Unauthenticated)),
            (Some("acme"), Some("org-2"), true, true, Err(Kind::Unauthenticated)),
            (Some("ACME"), none, true, true, Err(Kind::Invalid)),
            (Some("../acme"), none, false, false, Err(Kind::Invalid)),
            (Some("acme"), Some("org_1"), false, false, Err(Kind::Invalid)),
        ];
        for (header_tenant, header_org, with_tenant, with_org, expected) in table {
            let facts = Facts {
                header_tenant,
                header_org,
                token_tenant: with_tenant.then_some(&tenant),
                token_org: with_org.then_some(&org),
            };
            let got = resolve(&facts)
                .map(|scope| (scope.tenant == Some(tenant.clone()), scope.org == Some(org.clone())))
                .map_err(|error| error.kind());
            assert_eq!(got, expected, "{facts:?}");
        }
    }
}
