//! Whether what belongs to an item can be released.

use std::collections::BTreeMap;

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::{AnyValue, Time};
use crate::api::v1::Tag;
use crate::api::v1::baselines::ReleaseDiagnostics;
use crate::context::Ctx;
use crate::domain::product::{self, Readiness, Resource};

pub struct ReadinessApi;

/// How baselines are called among what is released.
const BASELINE_RELEASE: &str = "baseline_release";
/// The same of the item itself.
const ITEM_RELEASE: &str = "item_release";

#[derive(Object, Clone, Default)]
struct ReadinessCounts {
    resources: usize,
    ok_resources: usize,
    error_count: usize,
    warning_count: usize,
}

#[derive(Object, Clone)]
struct ReadinessSummary {
    /// Nothing has errors.
    ok: bool,
    resources: usize,
    ok_resources: usize,
    error_count: usize,
    warning_count: usize,
    by_kind: BTreeMap<String, ReadinessCounts>,
}

/// Something that is or would be released, and what speaks against it.
#[derive(Object)]
struct ReadinessResource {
    /// `baseline_release`, or `item_release` where something stands against a release of the item itself.
    kind: String,
    name: String,
    state: String,
    diagnostics: ReleaseDiagnostics,
}

/// Whether what belongs to an item can be released.
#[derive(Object)]
pub struct ReadinessResponse {
    item_id: String,
    generated_at: Time,
    ruleset_id: String,
    summary: ReadinessSummary,
    resources: Vec<ReadinessResource>,
    /// This server keeps no signatures yet.
    esign_manifest: Option<AnyValue>,
}

impl ReadinessResponse {
    pub fn new(ctx: &Ctx, readiness: Readiness) -> Self {
        let Readiness { item, obstacles, ruleset, resources } = readiness;
        let mut all = Vec::with_capacity(resources.len() + 1);
        // Of an item that can be released there is nothing to tell.
        if !obstacles.is_empty() {
            all.push(ReadinessResource {
                kind: ITEM_RELEASE.to_owned(),
                name: item.number.clone().unwrap_or_default(),
                state: item.item.state.clone(),
                diagnostics: ReleaseDiagnostics::of_item(&item, &ruleset, &obstacles),
            });
        }
        all.extend(resources.into_iter().map(|Resource { baseline, findings }| ReadinessResource {
            kind: BASELINE_RELEASE.to_owned(),
            name: baseline.name.clone(),
            state: baseline.state.as_str().to_owned(),
            diagnostics: ReleaseDiagnostics::of(&baseline, &ruleset, findings),
        }));
        let mut by_kind: BTreeMap<String, ReadinessCounts> = BTreeMap::new();
        for resource in &all {
            let (ok, errors, warnings) = resource.diagnostics.counts();
            let counts = by_kind.entry(resource.kind.clone()).or_default();
            counts.resources += 1;
            counts.ok_resources += usize::from(ok);
            counts.error_count += errors;
            counts.warning_count += warnings;
        }
        let total = |of: fn(&ReadinessCounts) -> usize| by_kind.values().map(of).sum();
        let error_count = total(|counts| counts.error_count);
        Self {
            item_id: item.item.id.to_string(),
            generated_at: ctx.now().into(),
            summary: ReadinessSummary {
                ok: error_count == 0,
                resources: total(|counts| counts.resources),
                ok_resources: total(|counts| counts.ok_resources),
                error_count,
                warning_count: total(|counts| counts.warning_count),
                by_kind,
            },
            ruleset_id: ruleset,
            resources: all,
            esign_manifest: None,
        }
    }
}

#[OpenApi(prefix_path = "/release-readiness", tag = "Tag::Products")]
impl ReadinessApi {
    /// See whether an item is ready to be released
    ///
    /// What stands against a release of the item, and what its baselines hold, the newest first.
    #[oai(path = "/items/:item_id", method = "get", operation_id = "get_release_readiness")]
    async fn get(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// default, readiness or strict: with the last one warnings are errors.
        #[oai(default = "usual")]
        ruleset_id: Query<String>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] mbom_limit: Query<u64>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] routing_limit: Query<u64>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] baseline_limit: Query<u64>,
    ) -> ApiResult<Json<ReadinessResponse>> {
        // Neither manufacturing structures nor routings are released by rules of their own.
        let _ = (mbom_limit, routing_limit);
        let found = product::readiness(&caller.0, &item_id, &ruleset_id, baseline_limit.0).await?;
        Ok(Json(ReadinessResponse::new(&caller.0, found)))
    }
}

pub fn usual() -> String {
    "readiness".to_owned()
}

fn twenty() -> u64 {
    20
}
