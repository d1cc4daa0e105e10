//! What a change of an item touches and whether it is ready, on one page.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::impact::{ImpactSummary, request};
use super::readiness::{ReadinessResponse, usual};
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::{FreeObject, Time};
use crate::api::v1::Tag;
use crate::domain::product::{self, ProductRequest};

pub struct CockpitApi;

#[derive(Object)]
struct CockpitItem {
    id: String,
    item_type_id: String,
    config_id: String,
    generation: i32,
    state: String,
    properties: FreeObject,
}

/// Change orders that touch the item: this server has none yet.
#[derive(Object, Default)]
struct CockpitChanges {
    total: u64,
    hits: Vec<FreeObject>,
}

/// Where the same is to be had as files.
#[derive(Object)]
struct CockpitLinks {
    impact_export: String,
    release_readiness_export: String,
}

/// An item, what a change of it touches, and whether it is ready to be released.
#[derive(Object)]
struct CockpitResponse {
    item: CockpitItem,
    generated_at: Time,
    impact_summary: ImpactSummary,
    release_readiness: ReadinessResponse,
    open_ecos: CockpitChanges,
    links: CockpitLinks,
}

#[OpenApi(prefix_path = "/items", tag = "Tag::Products")]
impl CockpitApi {
    /// Read the cockpit of an item
    #[oai(path = "/:item_id/cockpit", method = "get", operation_id = "get_cockpit")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn get(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// default, readiness or strict: with the last one warnings are errors.
        #[oai(default = "usual")]
        ruleset_id: Query<String>,
        #[oai(default)] where_used_recursive: Query<bool>,
        #[oai(default = "ten", validator(minimum(value = "1"), maximum(value = "50")))] where_used_max_levels: Query<
            i64,
        >,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] where_used_limit: Query<
            u64,
        >,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] baseline_limit: Query<u64>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] signature_limit: Query<u64>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] mbom_limit: Query<u64>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] routing_limit: Query<u64>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))]
        readiness_baseline_limit: Query<u64>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] eco_limit: Query<u64>,
    ) -> ApiResult<Json<CockpitResponse>> {
        // There is nothing yet that these would bound.
        let _ = (signature_limit, mbom_limit, routing_limit, eco_limit);
        let impact = request(where_used_recursive.0, where_used_max_levels.0, where_used_limit.0, baseline_limit.0);
        let wanted = ProductRequest {
            impact: Some(impact),
            readiness: Some((ruleset_id.0, readiness_baseline_limit.0)),
            ..ProductRequest::default()
        };
        let found = product::product(&caller.0, &item_id, wanted).await?;
        let (Some(impact), Some(readiness)) = (found.impact, found.readiness) else {
            return Err(crate::error::Error::internal("A cockpit lacks what was asked for").into());
        };
        let item = found.item.item;
        let id = item.id;
        Ok(Json(CockpitResponse {
            item: CockpitItem {
                id: item.id.to_string(),
                item_type_id: item.item_type,
                config_id: item.config_id.to_string(),
                generation: item.generation,
                state: item.state,
                properties: FreeObject(found.item.properties),
            },
            generated_at: caller.0.now().into(),
            impact_summary: ImpactSummary::new(&caller.0, impact),
            release_readiness: ReadinessResponse::new(&caller.0, readiness),
            open_ecos: CockpitChanges::default(),
            links: CockpitLinks {
                impact_export: format!("/api/v1/impact/items/{id}/summary/export"),
                release_readiness_export: format!("/api/v1/release-readiness/items/{id}"),
            },
        }))
    }
}

fn ten() -> i64 {
    10
}

fn twenty() -> u64 {
    20
}
