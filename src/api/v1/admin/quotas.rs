//! What tenants may use at most, and what they use.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::auth::{PlatformCaller, TenantCaller};
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::Time;
use crate::api::v1::Tag;
use crate::domain::quota::{self, Amounts, Limits, LimitsChange, PlaceUsage, QuotaState, Resource};
use crate::types::{Page, PageRequest};

pub struct QuotasApi;

/// The most of each; null is no limit.
#[derive(Object)]
struct QuotaLimits {
    max_users: Option<i64>,
    max_orgs: Option<i64>,
    max_files: Option<i64>,
    max_storage_bytes: Option<i64>,
    max_active_jobs: Option<i64>,
    max_processing_jobs: Option<i64>,
}

impl From<Limits> for QuotaLimits {
    fn from(limits: Limits) -> Self {
        Self {
            max_users: limits.max_users,
            max_orgs: limits.max_orgs,
            max_files: limits.max_files,
            max_storage_bytes: limits.max_storage_bytes,
            max_active_jobs: limits.max_active_jobs,
            max_processing_jobs: limits.max_processing_jobs,
        }
    }
}

#[derive(Object)]
struct QuotaUsage {
    users: i64,
    orgs: i64,
    /// Distinct contents.
    files: i64,
    storage_bytes: i64,
    /// Unfinished jobs that somebody asked for.
    active_jobs: i64,
    /// Jobs that run.
    processing_jobs: i64,
}

impl From<Amounts> for QuotaUsage {
    fn from(used: Amounts) -> Self {
        Self {
            users: used.users,
            orgs: used.orgs,
            files: used.files,
            storage_bytes: used.storage_bytes,
            active_jobs: used.active_jobs,
            processing_jobs: used.processing_jobs,
        }
    }
}

/// How much of each limit is used, in percent; null where there is none.
#[derive(Object)]
struct QuotaPercent {
    users: Option<f64>,
    orgs: Option<f64>,
    files: Option<f64>,
    storage_bytes: Option<f64>,
    active_jobs: Option<f64>,
    processing_jobs: Option<f64>,
}

impl QuotaPercent {
    fn new(limits: &Limits, used: Amounts) -> Self {
        let of = |resource| limits.percent(resource, used);
        Self {
            users: of(Resource::Users),
            orgs: of(Resource::Orgs),
            files: of(Resource::Files),
            storage_bytes: of(Resource::StorageBytes),
            active_jobs: of(Resource::ActiveJobs),
            processing_jobs: of(Resource::ProcessingJobs),
        }
    }
}

/// What an organisation's database holds.
#[derive(Object)]
struct QuotaOrgUsage {
    /// Null where the organisations of a tenant share one.
    org_id: Option<String>,
    files: i64,
    storage_bytes: i64,
    active_jobs: i64,
    processing_jobs: i64,
    /// Null for one that was never counted.
    counted_at: Option<Time>,
}

impl From<PlaceUsage> for QuotaOrgUsage {
    fn from(place: PlaceUsage) -> Self {
        Self {
            org_id: place.org_id,
            files: place.files,
            storage_bytes: place.storage_bytes,
            active_jobs: place.active_jobs,
            processing_jobs: place.processing_jobs,
            counted_at: place.counted_at.map(Time::from),
        }
    }
}

#[derive(Object)]
struct QuotaResponse {
    tenant_id: String,
    /// What happens at a limit: disabled (nothing), soft (the answer has the header x-quota-warning) or enforce (429).
    mode: String,
    quota: QuotaLimits,
    usage: QuotaUsage,
    usage_percent: QuotaPercent,
    orgs: Vec<QuotaOrgUsage>,
    /// Null where limits were never set.
    updated_at: Option<Time>,
}

impl From<QuotaState> for QuotaResponse {
    fn from(state: QuotaState) -> Self {
        Self {
            tenant_id: state.tenant_id,
            mode: state.mode.to_string(),
            usage_percent: QuotaPercent::new(&state.quota, state.usage),
            quota: state.quota.into(),
            usage: state.usage.into(),
            orgs: state.orgs.into_iter().map(QuotaOrgUsage::from).collect(),
            updated_at: state.updated_at.map(Time::from),
        }
    }
}

#[derive(Object)]
struct QuotaList {
    items: Vec<QuotaResponse>,
    total: u64,
}

impl From<Page<QuotaState>> for QuotaList {
    fn from(page: Page<QuotaState>) -> Self {
        Self { items: page.items.into_iter().map(QuotaResponse::from).collect(), total: page.total }
    }
}

/// What is not given stays as it is; null takes a limit away.
#[derive(Default, Object, Deserialize)]
#[serde(default)]
struct QuotaRequest {
    #[oai(validator(minimum(value = "0")))]
    max_users: MaybeUndefined<i64>,
    #[oai(validator(minimum(value = "0")))]
    max_orgs: MaybeUndefined<i64>,
    #[oai(validator(minimum(value = "0")))]
    max_files: MaybeUndefined<i64>,
    #[oai(validator(minimum(value = "0")))]
    max_storage_bytes: MaybeUndefined<i64>,
    #[oai(validator(minimum(value = "0")))]
    max_active_jobs: MaybeUndefined<i64>,
    #[oai(validator(minimum(value = "0")))]
    max_processing_jobs: MaybeUndefined<i64>,
}

impl From<QuotaRequest> for LimitsChange {
    fn from(request: QuotaRequest) -> Self {
        Self {
            max_users: request.max_users.into(),
            max_orgs: request.max_orgs.into(),
            max_files: request.max_files.into(),
            max_storage_bytes: request.max_storage_bytes.into(),
            max_active_jobs: request.max_active_jobs.into(),
            max_processing_jobs: request.max_processing_jobs.into(),
        }
    }
}

#[OpenApi(prefix_path = "/admin")]
impl QuotasApi {
    /// Get my tenant's limits and usage
    ///
    /// For administrators. Usage is counted in the organisations' databases.
    #[oai(path = "/quota", method = "get", operation_id = "get_own_quota", tag = "Tag::Admin")]
    async fn own(&self, caller: TenantCaller) -> ApiResult<Json<QuotaResponse>> {
        Ok(Json(quota::get_quota(&caller.0).await?.into()))
    }

    /// Change my tenant's limits
    ///
    /// For superusers, where the installation leaves it to tenants (`quota.self_service`). A limit below what is used takes
    /// nothing away: only what would add to it is refused.
    #[oai(path = "/quota", method = "put", operation_id = "set_own_quota", tag = "Tag::Admin")]
    async fn set_own(&self, caller: TenantCaller, body: Body<QuotaRequest>) -> ApiResult<Json<QuotaResponse>> {
        Ok(Json(quota::set_quota(&caller.0, body.0.into()).await?.into()))
    }

    /// List the limits and usage of all tenants
    ///
    /// Usage as it was counted last, at most a sweep of the worker ago.
    #[oai(path = "/tenants/quotas", method = "get", operation_id = "list_quotas", tag = "Tag::Platform")]
    async fn list(
        &self,
        caller: PlatformCaller,
        /// Of what is in databases, only this organisation's.
        org_id: Query<Option<String>>,
        /// At most 1000.
        #[oai(default = "most_listed")]
        limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<QuotaList>> {
        let page = PageRequest::new(limit.0, offset.0, quota::MOST_LISTED)?;
        Ok(Json(quota::list_quotas(&caller.0, org_id.0.as_deref(), page).await?.into()))
    }

    /// Get a tenant's limits and usage
    #[oai(path = "/tenants/:tenant_id/quota", method = "get", operation_id = "get_tenant_quota", tag = "Tag::Platform")]
    async fn get(
        &self,
        caller: PlatformCaller,
        tenant_id: Path<String>,
        /// Of what is in databases, only this organisation's.
        org_id: Query<Option<String>>,
    ) -> ApiResult<Json<QuotaResponse>> {
        Ok(Json(quota::get_tenant_quota(&caller.0, &tenant_id, org_id.0.as_deref()).await?.into()))
    }

    /// Change a tenant's limits
    #[oai(path = "/tenants/:tenant_id/quota", method = "put", operation_id = "set_tenant_quota", tag = "Tag::Platform")]
    async fn set(
        &self,
        caller: PlatformCaller,
        tenant_id: Path<String>,
        /// Of what is in databases, only this organisation's is shown; the limits are the tenant's.
        org_id: Query<Option<String>>,
        body: Body<QuotaRequest>,
    ) -> ApiResult<Json<QuotaResponse>> {
        let change = body.0.into();
        Ok(Json(quota::set_tenant_quota(&caller.0, &tenant_id, org_id.0.as_deref(), change).await?.into()))
    }
}

fn most_listed() -> u64 {
    quota::MOST_LISTED
}
