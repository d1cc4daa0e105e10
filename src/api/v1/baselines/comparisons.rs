//! Comparing baselines.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::shapes::BaselineMember;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::v1::Tag;
use crate::api::v1::sheet::{Report, Sheet};
use crate::domain::baseline::{self, Baseline, Comparison, Difference, DifferenceKind};
use crate::error::{Error, Result};
use crate::types::PageRequest;

pub struct BaselineComparisonsApi;

/// The most differences of one answer, and of one sheet.
const MOST_LISTED: u64 = 1000;
const MOST_EXPORTED: u64 = 10_000;
/// So many differences of each kind come with a comparison; the rest is in its details.
const MOST_AT_ONCE: usize = 1000;

#[derive(Object, Deserialize)]
struct CompareBaselinesRequest {
    baseline_a_id: String,
    baseline_b_id: String,
}

#[derive(Object)]
struct NamedBaseline {
    id: String,
    name: String,
}

impl From<Baseline> for NamedBaseline {
    fn from(baseline: Baseline) -> Self {
        Self { id: baseline.id.to_string(), name: baseline.name }
    }
}

#[derive(Object)]
struct BaselineDifferenceSummary {
    added: u64,
    removed: u64,
    changed: u64,
    unchanged: u64,
}

/// A member that is in one baseline only, or in another form in each.
#[derive(Object)]
pub struct BaselineDifference {
    /// added, removed or changed.
    change_type: String,
    item_id: Option<String>,
    item_number: Option<String>,
    level: i32,
    path: String,
    /// In the first baseline.
    before: Option<BaselineMember>,
    /// In the second.
    after: Option<BaselineMember>,
    /// What differs: item_number, item_revision, item_generation, item_state, quantity, find_num, refdes …
    changed_fields: Vec<String>,
}

impl From<Difference> for BaselineDifference {
    fn from(difference: Difference) -> Self {
        let member = difference.after.as_ref().or(difference.before.as_ref());
        Self {
            change_type: difference.kind.as_str().to_owned(),
            item_id: member.and_then(|member| member.item_id).map(|id| id.to_string()),
            item_number: member.and_then(|member| member.item_number.clone()),
            level: member.map_or(0, |member| member.level),
            path: member.map_or_else(String::new, |member| member.path.clone()),
            before: difference.before.as_ref().map(BaselineMember::of),
            after: difference.after.as_ref().map(BaselineMember::of),
            changed_fields: difference.fields.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// At most 1,000 of each kind.
#[derive(Object)]
struct BaselineDifferences {
    added: Vec<BaselineDifference>,
    removed: Vec<BaselineDifference>,
    changed: Vec<BaselineDifference>,
}

#[derive(Object)]
struct BaselineComparison {
    comparison_id: String,
    baseline_a: NamedBaseline,
    baseline_b: NamedBaseline,
    summary: BaselineDifferenceSummary,
    details: BaselineDifferences,
}

impl From<Comparison> for BaselineComparison {
    fn from(comparison: Comparison) -> Self {
        let Comparison { id, a, b, differences } = comparison;
        let summary = differences.summary;
        let mut details = BaselineDifferences { added: vec![], removed: vec![], changed: vec![] };
        for difference in differences.found {
            let list = match difference.kind {
                DifferenceKind::Added => &mut details.added,
                DifferenceKind::Removed => &mut details.removed,
                DifferenceKind::Changed => &mut details.changed,
            };
            if list.len() < MOST_AT_ONCE {
                list.push(difference.into());
            }
        }
        Self {
            comparison_id: id.to_string(),
            baseline_a: a.into(),
            baseline_b: b.into(),
            summary: BaselineDifferenceSummary {
                added: summary.added,
                removed: summary.removed,
                changed: summary.changed,
                unchanged: summary.unchanged,
            },
            details,
        }
    }
}

/// Part of what a comparison found.
#[derive(Object)]
struct BaselineDifferenceList {
    comparison_id: String,
    total: u64,
    items: Vec<BaselineDifference>,
}

impl Sheet for BaselineDifferenceList {
    const NAME: &'static str = "baseline-comparison.csv";
    const HEADER: &'static [&'static str] = &[
        "change_type",
        "level",
        "item_number",
        "item_id",
        "path",
        "quantity_before",
        "quantity_after",
        "revision_before",
        "revision_after",
        "state_before",
        "state_after",
        "changed_fields",
    ];

    fn rows(&self) -> Vec<Vec<String>> {
        let text = |text: Option<String>| text.unwrap_or_default();
        let row = |one: &BaselineDifference| {
            let (before, after) = (one.before.as_ref(), one.after.as_ref());
            vec![
                one.change_type.clone(),
                one.level.to_string(),
                text(one.item_number.clone()),
                text(one.item_id.clone()),
                one.path.clone(),
                text(before.and_then(BaselineMember::quantity)),
                text(after.and_then(BaselineMember::quantity)),
                text(before.and_then(BaselineMember::revision)),
                text(after.and_then(BaselineMember::revision)),
                text(before.and_then(BaselineMember::state)),
                text(after.and_then(BaselineMember::state)),
                one.changed_fields.join(" "),
            ]
        };
        self.items.iter().map(row).collect()
    }
}

#[OpenApi(prefix_path = "/baselines", tag = "Tag::Baselines")]
impl BaselineComparisonsApi {
    /// Compare two baselines
    ///
    /// Member by member. The comparison can be read again and exported by its id.
    #[oai(path = "/compare-baselines", method = "post", operation_id = "compare_baselines")]
    async fn compare_baselines(
        &self,
        caller: OrgCaller,
        body: Body<CompareBaselinesRequest>,
    ) -> ApiResult<Json<BaselineComparison>> {
        let asked = body.0;
        let found = baseline::compare_baselines(&caller.0, &asked.baseline_a_id, &asked.baseline_b_id).await?;
        Ok(Json(found.into()))
    }

    /// Read what a comparison found
    #[oai(path = "/comparisons/:comparison_id/details", method = "get", operation_id = "get_baseline_comparison")]
    async fn details(
        &self,
        caller: OrgCaller,
        comparison_id: Path<String>,
        /// added, removed or changed; all unless it is given.
        change_type: Query<Option<String>>,
        #[oai(default = "two_hundred", validator(minimum(value = "1"), maximum(value = "1000")))] limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<BaselineDifferenceList>> {
        let page = PageRequest::new(limit.0, offset.0, MOST_LISTED)?;
        Ok(Json(list(&caller, &comparison_id, change_type.0.as_deref(), page).await?))
    }

    /// Export what a comparison found
    #[oai(path = "/comparisons/:comparison_id/export", method = "get", operation_id = "export_baseline_comparison")]
    async fn export(
        &self,
        caller: OrgCaller,
        comparison_id: Path<String>,
        /// csv or json.
        #[oai(default = "csv")]
        export_format: Query<String>,
        change_type: Query<Option<String>>,
        #[oai(default = "two_thousand", validator(minimum(value = "1"), maximum(value = "10000")))] limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Report<BaselineDifferenceList>> {
        let as_sheet = match export_format.as_str() {
            "csv" => true,
            "json" => false,
            other => {
                return Err(
                    Error::bad_request(format!("Unsupported export format: {other}. There are csv and json.")).into()
                );
            }
        };
        let page = PageRequest::new(limit.0, offset.0, MOST_EXPORTED)?;
        let found = list(&caller, &comparison_id, change_type.0.as_deref(), page).await?;
        Ok(Report::of(found, as_sheet)?)
    }
}

async fn list(caller: &OrgCaller, id: &str, kind: Option<&str>, page: PageRequest) -> Result<BaselineDifferenceList> {
    let kind = kind.map(DifferenceKind::parse).transpose()?;
    let found = baseline::comparison_details(&caller.0, id, kind, page).await?;
    let items = found.items.into_iter().map(BaselineDifference::from).collect();
    Ok(BaselineDifferenceList { comparison_id: id.to_owned(), total: found.total, items })
}

fn two_hundred() -> u64 {
    200
}

fn two_thousand() -> u64 {
    2000
}

fn csv() -> String {
    "csv".to_owned()
}
