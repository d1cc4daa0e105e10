//! Tenants: the caller's own, and all of them for the platform.

use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::orgs::{NewOrgRequest, OrgList, OrgResponse};
use crate::api::auth::{PlatformCaller, TenantCaller};
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{Time, yes};
use crate::api::v1::Tag;
use crate::domain::identity::{self, NewTenant, NewUser, Tenant, TenantChange};
use crate::error::Error;
use crate::types::TenantId;

pub struct TenantsApi;

#[derive(Object)]
struct TenantResponse {
    id: String,
    name: String,
    is_active: bool,
    created_at: Time,
    /// provisioning, active, suspended, failed or deleting.
    state: String,
    /// Why it is suspended or failed.
    state_reason: Option<String>,
}

impl From<Tenant> for TenantResponse {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id,
            name: tenant.name,
            is_active: tenant.is_active,
            created_at: tenant.created_at.into(),
            state: tenant.state,
            state_reason: tenant.state_reason,
        }
    }
}

#[derive(Object)]
struct TenantList {
    items: Vec<TenantResponse>,
    total: u64,
}

/// A tenant to be. Two forms are understood: `id` with `default_org_id`, and `tenant_id` with `org_id`.
#[derive(Object, Deserialize)]
struct NewTenantRequest {
    /// 1 to 63 characters a-z, 0-9 and inner hyphens.
    #[oai(validator(min_length = 1, max_length = 64))]
    id: Option<String>,
    /// The same as `id`.
    #[oai(validator(min_length = 1, max_length = 64))]
    tenant_id: Option<String>,
    #[oai(validator(max_length = 200))]
    name: Option<String>,
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    is_active: bool,
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    create_default_org: bool,
    /// The first organisation; `org-1` unless named.
    #[oai(validator(min_length = 1, max_length = 64), default = "org_1")]
    #[serde(default = "org_1")]
    default_org_id: String,
    /// The same as `default_org_id`.
    #[oai(validator(min_length = 1, max_length = 64))]
    org_id: Option<String>,
    #[oai(validator(max_length = 100))]
    admin_username: Option<String>,
    #[oai(validator(max_length = 200))]
    admin_password: Option<String>,
    #[oai(validator(max_length = 200))]
    admin_email: Option<String>,
    admin_user_id: Option<i64>,
}

fn org_1() -> String {
    "org-1".to_owned()
}

impl TryFrom<NewTenantRequest> for NewTenant {
    type Error = Error;

    fn try_from(new: NewTenantRequest) -> Result<Self, Error> {
        let missing = |field: &str| Error::invalid_field("missing", &["body", field], "Field required");
        let admin = match (new.admin_username, new.admin_password) {
            (Some(username), Some(password)) => {
                Some(NewUser { id: new.admin_user_id, username, password, email: new.admin_email, is_superuser: true })
            }
            (Some(_), None) => return Err(missing("admin_password")),
            (None, Some(_)) => return Err(missing("admin_username")),
            (None, None) => None,
        };
        let org = new.org_id.unwrap_or(new.default_org_id);
        Ok(Self {
            id: new.id.or(new.tenant_id).ok_or_else(|| missing("id"))?,
            name: new.name,
            is_active: new.is_active,
            org_id: new.create_default_org.then_some(org),
            admin,
        })
    }
}

#[derive(Object, Deserialize)]
struct TenantChangeRequest {
    #[oai(validator(max_length = 200))]
    name: Option<String>,
    is_active: Option<bool>,
}

#[OpenApi(prefix_path = "/admin")]
impl TenantsApi {
    /// Get my tenant
    #[oai(path = "/tenant", method = "get", operation_id = "get_own_tenant", tag = "Tag::Admin")]
    async fn own(&self, caller: TenantCaller) -> ApiResult<Json<TenantResponse>> {
        Ok(Json(identity::get_own_tenant(&caller.0).await?.into()))
    }

    /// List tenants
    #[oai(path = "/tenants", method = "get", operation_id = "list_tenants", tag = "Tag::Platform")]
    async fn list(&self, caller: PlatformCaller) -> ApiResult<Json<TenantList>> {
        let tenants = identity::list_tenants(&caller.0).await?;
        let items: Vec<TenantResponse> = tenants.into_iter().map(TenantResponse::from).collect();
        Ok(Json(TenantList { total: items.len() as u64, items }))
    }

    /// Create a tenant
    ///
    /// With its first organisation, database and administrator. Repeating a call that was interrupted finishes it; one
    /// that finds everything there answers 409.
    #[oai(path = "/tenants", method = "post", operation_id = "create_tenant", tag = "Tag::Platform")]
    async fn create(&self, caller: PlatformCaller, body: Body<NewTenantRequest>) -> ApiResult<Json<TenantResponse>> {
        Ok(Json(identity::create_tenant(&caller.0, body.0.try_into()?).await?.into()))
    }

    /// Get a tenant
    #[oai(path = "/tenants/:tenant_id", method = "get", operation_id = "get_tenant", tag = "Tag::Platform")]
    async fn get(&self, caller: PlatformCaller, tenant_id: Path<String>) -> ApiResult<Json<TenantResponse>> {
        Ok(Json(identity::get_tenant(&caller.0, &tenant_id).await?.into()))
    }

    /// Change a tenant
    #[oai(path = "/tenants/:tenant_id", method = "patch", operation_id = "update_tenant", tag = "Tag::Platform")]
    async fn update(
        &self,
        caller: PlatformCaller,
        tenant_id: Path<String>,
        body: Body<TenantChangeRequest>,
    ) -> ApiResult<Json<TenantResponse>> {
        let change = TenantChange { name: body.0.name, is_active: body.0.is_active };
        Ok(Json(identity::update_tenant(&caller.0, &tenant_id, change).await?.into()))
    }

    /// List a tenant's organisations
    #[oai(path = "/tenants/:tenant_id/orgs", method = "get", operation_id = "list_tenant_orgs", tag = "Tag::Platform")]
    async fn orgs(&self, caller: PlatformCaller, tenant_id: Path<String>) -> ApiResult<Json<OrgList>> {
        let orgs = identity::orgs_of(&caller.0, &tenant_id).await?;
        Ok(Json(OrgList::new(tenant_id.0, orgs)))
    }

    /// Create an organisation of a tenant
    #[oai(
        path = "/tenants/:tenant_id/orgs",
        method = "post",
        operation_id = "create_tenant_org",
        tag = "Tag::Platform"
    )]
    async fn create_org(
        &self,
        caller: PlatformCaller,
        tenant_id: Path<String>,
        body: Body<NewOrgRequest>,
    ) -> ApiResult<Json<OrgResponse>> {
        let tenant = identity::get_tenant(&caller.0, &tenant_id).await?;
        let ctx = caller.0.within(TenantId::new(tenant.id)?);
        let Body(new) = body;
        Ok(Json(identity::create_org(&ctx, &new.id, new.name, new.is_active).await?.into()))
    }
}
