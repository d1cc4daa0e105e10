//! An item with everything that its page shows.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::bom_summary::{self, BomSummary};
use super::impact::{Impact, ImpactRequest, impact};
use super::readiness::{Readiness, readiness};
use super::repo;
use crate::context::Ctx;
use crate::domain::bom::{
    self, Measure, ObsoleteLine, ObsoleteRequest, PART_BOM, Rollup, RollupRequest, TreeRequest, UsedLines, When,
};
use crate::domain::file::{self, Attachment, File, VersionFile};
use crate::domain::meta::{self, ItemView, Model, parse_id, query_moment};
use crate::domain::permission::Action;
use crate::domain::version::{self, Version};
use crate::error::{Error, Result};
use crate::types::PageRequest;

/// The type of documents.
const DOCUMENT: &str = "Document";
/// The most versions that are shown.
const MOST_VERSIONS: u64 = 200;
/// The most documents that are named.
const MOST_DOCUMENTS: u64 = 10;
/// The unit in which parts say their weight.
const KILOGRAM: &str = "KG";

/// How far a summary looks.
#[derive(Debug, Clone, Default)]
pub struct SummaryRequest {
    pub levels: i64,
    /// ISO 8601; empty is none.
    pub at: String,
}

/// What the page shows; what is not asked for costs nothing.
#[derive(Debug, Clone, Default)]
pub struct ProductRequest {
    pub versions: bool,
    pub files: bool,
    pub version_files: bool,
    pub bom: Option<SummaryRequest>,
    pub obsolete: Option<(bool, i64)>,
    pub weight: Option<(SummaryRequest, Option<i64>)>,
    pub used: Option<(bool, i64)>,
    pub documents: bool,
    pub impact: Option<ImpactRequest>,
    pub readiness: Option<(String, u64)>,
}

/// The documents that relationships of an item lead to.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    pub states: BTreeMap<String, u64>,
    pub sample: Vec<ItemView>,
}

#[derive(Debug)]
pub struct ProductView {
    pub item: ItemView,
    /// The caller may read lines at all.
    pub sees_structure: bool,
    /// The same for documents.
    pub sees_documents: bool,
    pub current_version: Option<Version>,
    pub versions: Option<Vec<Version>>,
    pub files: Option<Vec<(Attachment, File)>>,
    pub version_files: Option<Vec<(VersionFile, File)>>,
    pub bom: Option<BomSummary>,
    pub obsolete: Option<Vec<ObsoleteLine>>,
    pub weight: Option<Rollup>,
    pub weight_at: Option<DateTime<Utc>>,
    pub used: Option<UsedLines>,
    pub documents: Option<Documents>,
    pub impact: Option<Impact>,
    pub readiness: Option<Readiness>,
}

/// The page of an item, as far as the caller may read.
///
/// Fails with `NotFound`, `Forbidden`, `Invalid` for levels, dates and roundings out of bounds, `BadRequest` for an unknown
/// ruleset.
pub async fn product(ctx: &Ctx, id: &str, request: ProductRequest) -> Result<ProductView> {
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, parse_id(id)?).await?;
    let versions = match item.current_version_id {
        Some(_) => version::versions_of(ctx, id, PageRequest { limit: MOST_VERSIONS, offset: 0 }).await?.versions,
        None => Vec::new(),
    };
    let current_version = versions.iter().find(|version| version.is_current).cloned();
    let files = match request.files {
        true => Some(file::files_of_item(ctx, id, None).await?),
        false => None,
    };
    let version_files = match (&current_version, request.version_files) {
        (Some(version), true) => Some(file::files_of_version(ctx, &version.id.to_string(), None).await?),
        (None, true) => Some(Vec::new()),
        (_, false) => None,
    };
    let bom = match &request.bom {
        Some(wanted) => Some(summarised(ctx, &model, item.id, wanted).await?),
        None => None,
    };
    let obsolete = match request.obsolete {
        Some((recursive, levels)) => {
            let look = ObsoleteRequest { recursive, levels, kinds: Vec::new(), place: "query" };
            Some(bom::obsolete_lines(ctx, id, &look).await?.1)
        }
        None => None,
    };
    let weight_at = match &request.weight {
        Some((wanted, _)) => moment("bom_weight_effective_at", &wanted.at)?,
        None => None,
    };
    let weight = match &request.weight {
        Some((wanted, rounding)) => Some(weighed(ctx, id, wanted.levels, weight_at, *rounding).await?),
        None => None,
    };
    let used = match request.used {
        Some((recursive, levels)) => Some(bom::lines_above(ctx, id, recursive, levels).await?),
        None => None,
    };
    let documents = match request.documents {
        true => {
            let (states, items) = repo::related(&*ctx.db, &model, item.id, DOCUMENT, MOST_DOCUMENTS).await?;
            let sample = items.into_iter().map(|item| ItemView::new(&model, item)).collect();
            Some(Documents { states, sample })
        }
        false => None,
    };
    let impact = match request.impact {
        Some(wanted) => Some(impact(ctx, id, wanted).await?),
        None => None,
    };
    let readiness = match &request.readiness {
        Some((ruleset, most)) => Some(readiness(ctx, id, ruleset, *most).await?),
        None => None,
    };
    let sees = |kind: &str| model.item_type(kind).is_ok_and(|kind| model.allows_kind(kind, Action::Get));
    Ok(ProductView {
        sees_structure: sees(PART_BOM),
        sees_documents: sees(DOCUMENT),
        item: ItemView::new(&model, item),
        current_version,
        versions: request.versions.then_some(versions),
        files,
        version_files,
        bom,
        obsolete,
        weight,
        weight_at,
        used,
        documents,
        impact,
        readiness,
    })
}

async fn summarised(ctx: &Ctx, model: &Model, root: Uuid, wanted: &SummaryRequest) -> Result<BomSummary> {
    let depth = u32::try_from(wanted.levels).ok().filter(|levels| *levels <= 100);
    let depth = depth.ok_or_else(|| {
        Error::invalid_field("value_error", &["query", "bom_summary_depth"], "0 to 100 levels".to_owned())
    })?;
    let at = moment("bom_effective_at", &wanted.at)?;
    let structure = version::current_structure(ctx, model, PART_BOM, root, depth).await?;
    let structure = match at {
        Some(_) => bom::holding(ctx, structure, &When { at, ..When::default() }).await?,
        None => structure,
    };
    Ok(bom_summary::summary(&structure, depth))
}

async fn weighed(ctx: &Ctx, id: &str, levels: i64, at: Option<DateTime<Utc>>, rounding: Option<i64>) -> Result<Rollup> {
    let tree = TreeRequest { when: When { at, ..When::default() }, ..TreeRequest::default() };
    let weight_uom = KILOGRAM.to_owned();
    let request = RollupRequest { measure: Measure::Weight, levels, tree, rounding, weight_uom, with_tree: false };
    bom::rollup(ctx, id, request).await
}

/// An empty text is no moment.
fn moment(parameter: &str, text: &str) -> Result<Option<DateTime<Utc>>> {
    Some(text).filter(|text| !text.trim().is_empty()).map(|text| query_moment(parameter, text)).transpose()
}
