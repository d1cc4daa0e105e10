//! What a change of an item touches.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};

use super::impact_files::{ImpactFile, ImpactFormat};
use crate::api::auth::OrgCaller;
use crate::api::error::ApiResult;
use crate::api::shapes::{AnyValue, Time};
use crate::api::v1::Tag;
use crate::context::Ctx;
use crate::domain::baseline::Baseline;
use crate::domain::bom::UsedLine;
use crate::domain::product::{self, Impact, ImpactRequest};

pub struct ImpactApi;

/// The most baselines of an export.
const MOST_EXPORTED: u64 = 1000;

/// What a line says of its child.
#[derive(Object, Clone)]
pub struct ImpactLine {
    pub quantity: Option<AnyValue>,
    pub uom: Option<String>,
    pub find_num: Option<String>,
    pub refdes: Option<String>,
    effectivity_from: Option<String>,
    effectivity_to: Option<String>,
    /// Not looked up here.
    effectivities: Option<Vec<AnyValue>>,
    /// Not looked up here: `GET /bom/{bom_line_id}/substitutes`.
    substitutes: Option<Vec<AnyValue>>,
    config_condition: Option<AnyValue>,
}

/// A line that leads to the item, or to something that it is in.
#[derive(Object, Clone)]
pub struct ImpactUse {
    pub parent_id: String,
    pub parent_number: Option<String>,
    pub parent_name: Option<String>,
    pub relationship_id: String,
    /// 1 for the lines that lead to the item itself.
    pub level: u32,
    quantity: Option<AnyValue>,
    uom: Option<String>,
    pub line: ImpactLine,
}

impl From<UsedLine> for ImpactUse {
    fn from(used: UsedLine) -> Self {
        let value = |name: &str| used.line.properties.get(name).cloned().map(AnyValue);
        let text = |name: &str| used.line.text(name).map(str::to_owned);
        Self {
            parent_id: used.parent.item.id.to_string(),
            parent_name: used.parent.item.name().map(str::to_owned),
            parent_number: used.parent.number,
            relationship_id: used.line.id.to_string(),
            level: used.level,
            quantity: value("quantity"),
            uom: text("uom"),
            line: ImpactLine {
                quantity: value("quantity"),
                uom: text("uom"),
                find_num: text("find_num"),
                refdes: text("refdes"),
                effectivity_from: text("effectivity_from"),
                effectivity_to: text("effectivity_to"),
                effectivities: None,
                substitutes: None,
                config_condition: value("config_condition"),
            },
        }
    }
}

#[derive(Object, Clone)]
pub struct ImpactUses {
    /// At most 10,000 are counted.
    total: usize,
    /// Level by level.
    pub hits: Vec<ImpactUse>,
    recursive: bool,
    max_levels: i64,
}

/// A baseline that holds the item.
#[derive(Object, Clone)]
pub struct ImpactBaseline {
    pub baseline_id: String,
    pub name: String,
    pub baseline_number: String,
    pub baseline_type: String,
    scope: String,
    /// draft or released.
    pub state: String,
    root_item_id: String,
    created_at: Time,
    released_at: Option<Time>,
}

impl From<Baseline> for ImpactBaseline {
    fn from(baseline: Baseline) -> Self {
        Self {
            baseline_id: baseline.id.to_string(),
            name: baseline.name,
            baseline_number: baseline.number,
            baseline_type: baseline.baseline_type,
            scope: baseline.scope,
            state: baseline.state.as_str().to_owned(),
            root_item_id: baseline.root_item_id.to_string(),
            created_at: baseline.created_at.into(),
            released_at: baseline.released_at.map(Time::from),
        }
    }
}

#[derive(Object, Clone)]
pub struct ImpactBaselines {
    total: u64,
    /// The newest first.
    pub hits: Vec<ImpactBaseline>,
}

/// Electronic signatures on the item. This server keeps none yet.
#[derive(Object, Clone, Default)]
pub struct ImpactSignatures {
    total: u64,
    valid: u64,
    revoked: u64,
    expired: u64,
    latest_signed_at: Option<Time>,
    latest_signatures: Vec<AnyValue>,
    latest_manifest: Option<AnyValue>,
}

/// What a change of an item touches.
#[derive(Object, Clone)]
pub struct ImpactSummary {
    pub item_id: String,
    generated_at: Time,
    pub where_used: ImpactUses,
    pub baselines: ImpactBaselines,
    esign: ImpactSignatures,
}

impl ImpactSummary {
    pub fn new(ctx: &Ctx, impact: Impact) -> Self {
        let Impact { item_id, request, uses, used, baselines } = impact;
        Self {
            item_id: item_id.to_string(),
            generated_at: ctx.now().into(),
            where_used: ImpactUses {
                total: uses,
                hits: used.into_iter().map(ImpactUse::from).collect(),
                recursive: request.recursive,
                max_levels: request.max_levels,
            },
            baselines: ImpactBaselines {
                total: baselines.total,
                hits: baselines.items.into_iter().map(ImpactBaseline::from).collect(),
            },
            esign: ImpactSignatures::default(),
        }
    }
}

#[OpenApi(prefix_path = "/impact/items", tag = "Tag::Products")]
impl ImpactApi {
    /// Find out what a change of an item touches
    ///
    /// Where it is used, and which baselines hold it, as far as the caller may read.
    #[oai(path = "/:item_id/summary", method = "get", operation_id = "get_impact")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn summary(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// To the top, not only the next level.
        #[oai(default)]
        where_used_recursive: Query<bool>,
        #[oai(default = "ten", validator(minimum(value = "1"), maximum(value = "50")))] where_used_max_levels: Query<
            i64,
        >,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] where_used_limit: Query<
            u64,
        >,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] baseline_limit: Query<u64>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] signature_limit: Query<u64>,
    ) -> ApiResult<Json<ImpactSummary>> {
        // There are no signatures yet that it would bound.
        let _ = signature_limit;
        let request = request(where_used_recursive.0, where_used_max_levels.0, where_used_limit.0, baseline_limit.0);
        let found = product::impact(&caller.0, &item_id, request).await?;
        Ok(Json(ImpactSummary::new(&caller.0, found)))
    }

    /// Export what a change of an item touches
    #[oai(path = "/:item_id/summary/export", method = "get", operation_id = "export_impact")]
    #[allow(clippy::too_many_arguments, reason = "one argument per query parameter")]
    async fn export(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        /// `zip`: all of it, as JSON and as sheets. `json`, or `csv`: where it is used.
        #[oai(default = "zip")]
        export_format: Query<String>,
        #[oai(default)] where_used_recursive: Query<bool>,
        #[oai(default = "ten", validator(minimum(value = "1"), maximum(value = "50")))] where_used_max_levels: Query<
            i64,
        >,
        /// All of them unless it is given.
        #[oai(validator(minimum(value = "0"), maximum(value = "200")))]
        where_used_limit: Query<Option<u64>>,
        /// The first thousand unless it is given.
        #[oai(validator(minimum(value = "0"), maximum(value = "200")))]
        baseline_limit: Query<Option<u64>>,
        #[oai(default = "twenty", validator(minimum(value = "0"), maximum(value = "200")))] signature_limit: Query<u64>,
    ) -> ApiResult<ImpactFile> {
        let format = ImpactFormat::parse(&export_format)?;
        // There are no signatures yet that it would bound.
        let _ = signature_limit;
        let request = request(
            where_used_recursive.0,
            where_used_max_levels.0,
            where_used_limit.0.unwrap_or(u64::MAX),
            baseline_limit.0.unwrap_or(MOST_EXPORTED),
        );
        let found = product::impact(&caller.0, &item_id, request).await?;
        Ok(ImpactFile::of(&ImpactSummary::new(&caller.0, found), format)?)
    }
}

/// What is asked for, from the parameters that several operations have.
pub fn request(recursive: bool, max_levels: i64, uses: u64, baselines: u64) -> ImpactRequest {
    let most_uses = usize::try_from(uses).unwrap_or(usize::MAX);
    ImpactRequest { recursive, max_levels, most_uses, most_baselines: baselines }
}

fn ten() -> i64 {
    10
}

fn twenty() -> u64 {
    20
}

fn zip() -> String {
    "zip".to_owned()
}
