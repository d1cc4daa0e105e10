//! From a request to a context: who calls, for which tenant and organisation, and with which right.
//!
//! Each operation names one of these as an argument; there is no other way to a database, so none can be left out.

use std::sync::Arc;

use poem::http::header;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};

use super::error::ApiError;
use super::middleware::RequestId;
use crate::app::App;
use crate::config::AuthMode;
use crate::context::{Actor, Ctx, Notices, PlatformCtx, TenantCtx};
use crate::domain::identity::{self, Claims};
use crate::error::{Error, Result};
use crate::tenancy::resolver::{Facts, Scope, resolve};
use crate::types::TenantId;

/// A caller acting in an organisation: product operations.
pub struct OrgCaller(pub Ctx);
/// A caller acting in a tenant: identity operations.
pub struct TenantCaller(pub TenantCtx);
/// An administrator of the platform: operations on all tenants.
pub struct PlatformCaller(pub PlatformCtx);

impl OrgCaller {
    pub(super) async fn from_request(request: &Request) -> Result<Self> {
        let app = app(request)?;
        let caller = caller(request, app)?;
        let tenant = caller.require_tenant(app)?;
        let org = caller.scope.org.clone().ok_or_else(|| caller.missing_org(app))?;
        let actor = match &caller.claims {
            Some(claims) => app.identity.session(claims, Some(&org)).await?.actor,
            None => caller.anonymous(),
        };
        note(&actor);
        let ctx = Ctx::open(&app.tenancy, actor, tenant, org, request_id(request)).await?;
        Ok(Self(ctx.with_notices(notices(request))))
    }
}

impl TenantCaller {
    async fn from_request(request: &Request) -> Result<Self> {
        let app = app(request)?;
        let caller = caller(request, app)?;
        let tenant = caller.require_tenant(app)?;
        let actor = match &caller.claims {
            Some(claims) => app.identity.session(claims, caller.scope.org.as_ref()).await?.actor,
            None => caller.anonymous(),
        };
        note(&actor);
        let ctx = TenantCtx::new(app.tenancy.clone(), actor, tenant, caller.scope.org.clone());
        Ok(Self(ctx.with_request_id(request_id(request)).with_notices(notices(request))))
    }
}

impl PlatformCaller {
    async fn from_request(request: &Request) -> Result<Self> {
        let TenantCaller(ctx) = TenantCaller::from_request(request).await?;
        Ok(Self(identity::platform(&app(request)?.identity, &ctx)?))
    }
}

/// What a request says about its caller, checked as far as that needs no database.
struct Caller {
    claims: Option<Claims>,
    scope: Scope,
    trusted: bool,
}

impl Caller {
    fn require_tenant(&self, app: &App) -> Result<TenantId> {
        self.scope.tenant.clone().ok_or_else(|| missing_context(app, "tenant_id"))
    }

    fn missing_org(&self, app: &App) -> Error {
        match self.claims {
            Some(_) => Error::unauthenticated("Missing org id"),
            None => missing_context(app, "org_id"),
        }
    }

    fn anonymous(&self) -> Actor {
        Actor::Anonymous { trusted: self.trusted }
    }
}

fn missing_context(app: &App, what: &str) -> Error {
    Error::bad_request(format!("TENANCY_MODE={} requires {what} context", app.config.tenancy.mode))
}

fn caller(request: &Request, app: &App) -> Result<Caller> {
    let mode = app.config.auth.mode;
    let claims = match bearer(request) {
        Some(_) if mode == AuthMode::Disabled => None,
        Some(token) => Some(app.identity.claims(token)?),
        None if mode == AuthMode::Required => return Err(Error::unauthenticated("Missing bearer token")),
        None => None,
    };
    let facts = Facts {
        header_tenant: request.header(&app.config.server.tenant_header),
        header_org: request.header(&app.config.server.org_header),
        token_tenant: claims.as_ref().map(|claims| &claims.tenant_id),
        token_org: claims.as_ref().and_then(|claims| claims.org_id.as_ref()),
    };
    let scope = resolve(&facts)?;
    let span = tracing::Span::current();
    if let Some(tenant) = &scope.tenant {
        span.record("tenant", tenant.as_str());
    }
    if let Some(org) = &scope.org {
        span.record("org", org.as_str());
    }
    Ok(Caller { claims, scope, trusted: mode == AuthMode::Disabled })
}

/// The tenant and organisation that a public operation was asked for; whoever asks is not checked, so nothing of theirs
/// may be shown.
pub fn public_scope(request: &Request) -> Result<Scope> {
    let server = &app(request)?.config.server;
    resolve(&Facts {
        header_tenant: request.header(&server.tenant_header),
        header_org: request.header(&server.org_header),
        ..Facts::default()
    })
}

fn note(actor: &Actor) {
    if let Some(user) = actor.user_id() {
        tracing::Span::current().record("user", user);
    }
}

fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header(header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

pub fn app(request: &Request) -> Result<&Arc<App>> {
    request.data::<Arc<App>>().ok_or_else(|| Error::internal("The application is not attached to the request"))
}

fn request_id(request: &Request) -> Option<String> {
    request.data::<RequestId>().map(|id| id.0.clone())
}

/// What becomes headers of the answer.
fn notices(request: &Request) -> Notices {
    request.data::<Notices>().cloned().unwrap_or_default()
}

macro_rules! bearer_scheme {
    ($($name:ty),+) => {$(
        impl<'a> ApiExtractor<'a> for $name {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme(
                    "bearer",
                    MetaSecurityScheme {
                        ty: "http",
                        description: Some(
                            "The access_token of POST /auth/login. It names the tenant and the organisation; the headers \
                             x-tenant-id and x-org-id may repeat them, and choose the organisation of a token without one.",
                        ),
                        name: None,
                        key_in: None,
                        scheme: Some("bearer"),
                        bearer_format: Some("JWT"),
                        flows: None,
                        openid_connect_url: None,
                    },
                );
            }

            fn security_schemes() -> Vec<&'static str> {
                vec!["bearer"]
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                // Boxed: provisioning on first use makes this future deep.
                Ok(Box::pin(<$name>::from_request(request)).await.map_err(ApiError::from)?)
            }
        }
    )+};
}

bearer_scheme!(OrgCaller, TenantCaller, PlatformCaller);
