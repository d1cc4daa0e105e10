//! Comparing a baseline with an item, a version or another baseline, line by line.

use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::Encoded;
use crate::api::v1::Tag;
use crate::api::v1::bom_compare::{BomCompareResponse, MAX_BYTES, Pair, too_many_bytes};
use crate::domain::baseline;
use crate::domain::bom::compare::{self, CompareQuery, Comparison};

pub struct CompareBaselineApi;

#[derive(Object, Deserialize)]
struct CompareBaselineRequest {
    /// item, version or baseline.
    target_type: String,
    target_id: String,
    /// Levels, 0 to 50; -1 for all.
    #[oai(default = "ten")]
    #[serde(default = "ten")]
    max_levels: i64,
    /// ISO 8601: without lines that do not hold then.
    effective_at: Option<String>,
    #[oai(default)]
    #[serde(default)]
    include_substitutes: bool,
    #[oai(default)]
    #[serde(default)]
    include_effectivity: bool,
    /// With the items at the ends of lines.
    #[oai(default)]
    #[serde(default)]
    include_child_fields: bool,
    /// The fields to compare, in place of all that `GET /bom/compare/schema` names.
    include_relationship_props: Option<Vec<String>>,
    /// That of the baseline unless it is given.
    line_key: Option<String>,
}

fn ten() -> i64 {
    10
}

#[OpenApi(prefix_path = "/baselines", tag = "Tag::Baselines")]
impl CompareBaselineApi {
    /// Compare a baseline
    ///
    /// With an item as it is now, a version, or another baseline: what came in, what went, and what changed since.
    #[oai(path = "/:baseline_id/compare", method = "post", operation_id = "compare_baseline")]
    async fn compare(
        &self,
        caller: OrgCaller,
        baseline_id: Path<String>,
        body: Body<CompareBaselineRequest>,
    ) -> ApiResult<Encoded<BomCompareResponse>> {
        let (ctx, asked) = (&caller.0, body.0);
        let baseline = baseline::get(ctx, &baseline_id).await?;
        let query = CompareQuery {
            line_key: asked.line_key.unwrap_or(baseline.line_key),
            mode: None,
            fields: asked.include_relationship_props,
            max_levels: asked.max_levels,
            effective_at: asked.effective_at,
            include_substitutes: asked.include_substitutes,
            include_effectivity: asked.include_effectivity,
            include_files: false,
            include_equal: false,
        };
        let in_body = |error: crate::error::Error| error.moved("query", &["body"]);
        let mut options = query.options().map_err(in_body)?;
        // Its root is one item through all that it is compared with.
        options.roots_are_one = false;
        let kept = baseline::side(ctx, "baseline", &baseline_id, None, ["baseline_id", "as_of"]).await?;
        let target = baseline::side(ctx, &asked.target_type, &asked.target_id, None, ["target_type", "as_of"]);
        let target = target.await.map_err(in_body)?;
        let (child_fields, shown) = (asked.include_child_fields, options.clone());
        let encoded = move |comparison: &Comparison<'_>| {
            Encoded::within(MAX_BYTES, &Pair { comparison, options: &shown, child_fields })?.ok_or_else(too_many_bytes)
        };
        Ok(compare::compare(ctx, kept, target, options, encoded).await?)
    }
}
