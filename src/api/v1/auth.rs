//! Login, and who one is.

use poem::Request;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

use super::Tag;
use crate::api::auth::TenantCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::peer;
use crate::app::App;
use crate::domain::identity::{self, Login, Org, Profile, Token};

pub struct AuthApi;

#[derive(Object, Deserialize)]
struct LoginRequest {
    tenant_id: String,
    #[oai(validator(min_length = 1, max_length = 100))]
    username: String,
    #[oai(validator(min_length = 1, max_length = 200))]
    password: String,
    /// Without it the token names no organisation; choose one with `POST /auth/switch-org`.
    org_id: Option<String>,
}

#[derive(Object, Deserialize)]
struct SwitchOrgRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    org_id: String,
}

#[derive(Object)]
struct TokenResponse {
    access_token: String,
    /// `bearer`
    token_type: String,
    /// Seconds.
    expires_in: i64,
    tenant_id: String,
    user_id: i64,
}

impl From<Token> for TokenResponse {
    fn from(token: Token) -> Self {
        Self {
            access_token: token.access_token,
            token_type: "bearer".to_owned(),
            expires_in: token.expires_in,
            tenant_id: token.tenant_id,
            user_id: token.user_id,
        }
    }
}

#[derive(Object)]
struct MeResponse {
    tenant_id: String,
    org_id: Option<String>,
    user_id: i64,
    username: String,
    email: Option<String>,
    /// Of the organisation acted in; `superuser` among them for one.
    roles: Vec<String>,
}

impl From<Profile> for MeResponse {
    fn from(profile: Profile) -> Self {
        Self {
            tenant_id: profile.tenant_id,
            org_id: profile.org_id,
            user_id: profile.user_id,
            username: profile.username,
            email: profile.email,
            roles: profile.roles,
        }
    }
}

#[derive(Object)]
struct MyOrg {
    id: String,
    name: String,
    is_active: bool,
}

impl From<Org> for MyOrg {
    fn from(org: Org) -> Self {
        Self { id: org.id, name: org.name, is_active: org.is_active }
    }
}

#[derive(Object)]
struct MyOrgsResponse {
    tenant_id: String,
    user_id: Option<i64>,
    orgs: Vec<MyOrg>,
}

#[OpenApi(prefix_path = "/auth", tag = "Tag::Auth")]
impl AuthApi {
    /// Log in
    ///
    /// Answers with a token for the tenant, and for the organisation where one is named. Failed attempts are limited per
    /// account and per address.
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn login(
        &self,
        request: &Request,
        app: Data<&Arc<App>>,
        body: Body<LoginRequest>,
    ) -> ApiResult<Json<TokenResponse>> {
        let attempt = Login {
            tenant: &body.tenant_id,
            username: &body.username,
            password: &body.password,
            org: body.org_id.as_deref(),
            address: peer::address(request, &app.config.server.trusted_networks()),
        };
        Ok(Json(identity::login(&app.identity, attempt).await?.into()))
    }

    /// Who am I
    #[oai(path = "/me", method = "get", operation_id = "get_me")]
    async fn me(&self, caller: TenantCaller) -> ApiResult<Json<MeResponse>> {
        Ok(Json(identity::me(&caller.0).await?.into()))
    }

    /// My organisations
    #[oai(path = "/orgs", method = "get", operation_id = "list_my_orgs")]
    async fn orgs(&self, caller: TenantCaller) -> ApiResult<Json<MyOrgsResponse>> {
        let orgs = identity::my_orgs(&caller.0).await?;
        Ok(Json(MyOrgsResponse {
            tenant_id: caller.0.tenant.to_string(),
            user_id: caller.0.actor.user_id(),
            orgs: orgs.into_iter().map(MyOrg::from).collect(),
        }))
    }

    /// Change the organisation
    ///
    /// Answers with a new token for it.
    #[oai(path = "/switch-org", method = "post", operation_id = "switch_org")]
    async fn switch_org(
        &self,
        caller: TenantCaller,
        app: Data<&Arc<App>>,
        body: Body<SwitchOrgRequest>,
    ) -> ApiResult<Json<TokenResponse>> {
        Ok(Json(identity::switch_org(&app.identity, &caller.0, &body.org_id).await?.into()))
    }
}
