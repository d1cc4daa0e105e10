//! An item on one page.

use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;

use super::change_shapes::ProductChangeSummary;
use super::impact::{ImpactSummary, request};
use super::page_shapes::{
    ProductBomSummary, ProductDocumentSummary, ProductLinks, ProductObsoleteSummary, ProductResponse,
    ProductUsedSummary, ProductVersion, ProductWeightSummary,
};
use super::readiness::{ReadinessResponse, usual};
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::{Time, yes};
use crate::api::v1::Tag;
use crate::domain::product::{self, ProductRequest, SummaryRequest};

pub struct ProductsApi;

/// How many baselines and uses are shown where impact and readiness are asked for.
const MOST_SHOWN: u64 = 20;

#[OpenApi(prefix_path = "/products", tag = "Tag::Products")]
impl ProductsApi {
    /// Read an item on one page
    ///
    /// Its versions and files, and on demand what it consists of, what it weighs, where it is used, and what else belongs to it.
    #[oai(path = "/:item_id", method = "get", operation_id = "get_product")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn get(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        #[oai(default = "yes")] include_versions: Query<bool>,
        #[oai(default = "yes")] include_files: Query<bool>,
        /// The files of the current version.
        #[oai(default)]
        include_version_files: Query<bool>,
        #[oai(default)] include_bom_summary: Query<bool>,
        #[oai(default)] include_bom_obsolete_summary: Query<bool>,
        #[oai(default = "yes")] bom_obsolete_recursive: Query<bool>,
        /// 1 to 100.
        #[oai(default = "ten")]
        bom_obsolete_levels: Query<i64>,
        /// 0 to 100.
        #[oai(default = "one")]
        bom_summary_depth: Query<i64>,
        /// ISO 8601: only lines that hold then.
        #[oai(default)]
        bom_effective_at: Query<String>,
        #[oai(default)] include_bom_weight_rollup: Query<bool>,
        /// 1 to 100.
        #[oai(default = "three")]
        bom_weight_levels: Query<i64>,
        /// ISO 8601.
        #[oai(default)]
        bom_weight_effective_at: Query<String>,
        /// Decimal places, 0 to 10.
        #[oai(default = "places")]
        bom_weight_rounding: Query<Option<i64>>,
        #[oai(default)] include_where_used_summary: Query<bool>,
        #[oai(default)] where_used_recursive: Query<bool>,
        /// 1 to 100.
        #[oai(default = "five")]
        where_used_max_levels: Query<i64>,
        /// Documents that relationships of the item lead to.
        #[oai(default)]
        include_document_summary: Query<bool>,
        /// There are no change orders yet.
        #[oai(default)]
        include_eco_summary: Query<bool>,
        #[oai(default)] include_impact_summary: Query<bool>,
        #[oai(default)] include_release_readiness_summary: Query<bool>,
        #[oai(default = "usual")] release_readiness_ruleset_id: Query<String>,
        /// There are no change orders yet.
        #[oai(default)]
        include_open_eco_hits: Query<bool>,
        /// Without it, impact and readiness come along.
        #[oai(default = "yes")]
        cockpit_links_only: Query<bool>,
    ) -> ApiResult<Json<ProductResponse>> {
        let _ = include_open_eco_hits;
        let cockpit = !cockpit_links_only.0;
        let obsolete = (bom_obsolete_recursive.0, bom_obsolete_levels.0);
        let used = (where_used_recursive.0, where_used_max_levels.0);
        let bom = SummaryRequest { levels: bom_summary_depth.0, at: bom_effective_at.0 };
        let weight = SummaryRequest { levels: bom_weight_levels.0, at: bom_weight_effective_at.0 };
        let wanted = ProductRequest {
            versions: include_versions.0,
            files: include_files.0,
            version_files: include_version_files.0,
            bom: include_bom_summary.0.then_some(bom),
            obsolete: include_bom_obsolete_summary.0.then_some(obsolete),
            weight: include_bom_weight_rollup.0.then_some((weight, bom_weight_rounding.0)),
            used: include_where_used_summary.0.then_some(used),
            documents: include_document_summary.0,
            impact: (include_impact_summary.0 || cockpit).then(|| request(used.0, used.1, MOST_SHOWN, MOST_SHOWN)),
            readiness: (include_release_readiness_summary.0 || cockpit)
                .then_some((release_readiness_ruleset_id.0, MOST_SHOWN)),
        };
        let found = product::product(&caller.0, &item_id, wanted).await?;
        let (sees, documents) = (found.sees_structure, found.sees_documents);
        let weight_at = found.weight_at.map(Time::from);
        Ok(Json(ProductResponse {
            cockpit_links: ProductLinks::of(&item_id),
            item: found.item.into(),
            current_version: found.current_version.map(ProductVersion::from),
            versions: found.versions.map(|versions| versions.into_iter().map(ProductVersion::from).collect()),
            files: found.files.map(|files| files.into_iter().map(Into::into).collect()),
            version_files: found.version_files.map(|files| files.into_iter().map(Into::into).collect()),
            bom_summary: found.bom.map(|bom| ProductBomSummary::new(sees, bom_summary_depth.0, bom)),
            bom_obsolete_summary: found.obsolete.map(|lines| ProductObsoleteSummary::new(sees, obsolete, lines)),
            where_used_summary: found.used.map(|lines| ProductUsedSummary::new(sees, used, lines)),
            bom_weight_rollup_summary: found
                .weight
                .map(|weight| ProductWeightSummary::new(sees, bom_weight_levels.0, weight_at, &weight)),
            eco_summary: include_eco_summary.0.then(ProductChangeSummary::none),
            document_summary: found.documents.map(|those| ProductDocumentSummary::new(documents, those)),
            impact_summary: found.impact.map(|impact| ImpactSummary::new(&caller.0, impact)),
            release_readiness_summary: found.readiness.map(|readiness| ReadinessResponse::new(&caller.0, readiness)),
        }))
    }
}

fn one() -> i64 {
    1
}

fn three() -> i64 {
    3
}

fn five() -> i64 {
    5
}

fn ten() -> i64 {
    10
}

fn places() -> Option<i64> {
    Some(3)
}
