//! What the page of an item shows.

use std::collections::BTreeMap;

use poem_openapi::Object;

use super::change_shapes::ProductChangeSummary;
use super::file_shapes::ProductFile;
use super::impact::{ImpactSummary, ImpactUse};
use super::readiness::ReadinessResponse;
use crate::api::shapes::{FreeObject, Time};
use crate::api::v1::obsolete::{ObsoleteEntry, entry};
use crate::api::v1::rollup_shapes::{MissingValue, float};
use crate::api::v1::versions::VersionFileResponse;
use crate::domain::bom::{ObsoleteLine, Rollup, UsedLines};
use crate::domain::meta::ItemView;
use crate::domain::product::{BomSummary, Documents};
use crate::domain::version::Version;

/// An item under every name that clients know its fields by.
#[derive(Object)]
pub struct ProductItem {
    id: String,
    #[oai(rename = "type")]
    kind: String,
    item_type_id: String,
    item_type: String,
    item_number: Option<String>,
    number: Option<String>,
    name: Option<String>,
    item_name: Option<String>,
    title: Option<String>,
    revision: Option<String>,
    state: String,
    status: String,
    current_state: String,
    config_id: String,
    generation: i32,
    is_current: bool,
    current_version_id: Option<String>,
    description: Option<String>,
    /// With `number` and `state`.
    properties: FreeObject,
    created_at: Time,
    updated_at: Option<Time>,
    created_on: Time,
    modified_on: Option<Time>,
    created_by_id: Option<i64>,
    modified_by_id: Option<i64>,
    owner_id: Option<i64>,
}

impl From<ItemView> for ProductItem {
    fn from(view: ItemView) -> Self {
        let ItemView { item, number, properties, .. } = view;
        let text = |name: &str| item.text(name).map(str::to_owned);
        let name = text("name");
        Self {
            id: item.id.to_string(),
            kind: item.item_type.clone(),
            item_type_id: item.item_type.clone(),
            item_number: text("item_number").or_else(|| number.clone()),
            number,
            item_name: name.clone(),
            title: text("title").or_else(|| name.clone()),
            name,
            revision: text("revision"),
            description: text("description"),
            item_type: item.item_type,
            state: item.state.clone(),
            status: item.state.clone(),
            current_state: item.state,
            config_id: item.config_id.to_string(),
            generation: item.generation,
            is_current: item.is_current,
            current_version_id: item.current_version_id.map(|id| id.to_string()),
            properties: FreeObject(properties),
            created_at: item.created_on.into(),
            updated_at: item.modified_on.map(Time::from),
            created_on: item.created_on.into(),
            modified_on: item.modified_on.map(Time::from),
            created_by_id: item.created_by_id,
            modified_by_id: item.modified_by_id,
            owner_id: item.owner_id,
        }
    }
}

#[derive(Object)]
pub struct ProductVersion {
    id: String,
    item_id: String,
    generation: i32,
    revision: String,
    version_label: String,
    state: String,
    is_current: bool,
    is_released: bool,
    branch_name: String,
    checked_out_by_id: Option<i64>,
    checked_out_at: Option<Time>,
    released_at: Option<Time>,
    created_at: Time,
}

impl From<Version> for ProductVersion {
    fn from(version: Version) -> Self {
        Self {
            id: version.id.to_string(),
            item_id: version.item_id.to_string(),
            generation: version.generation,
            revision: version.revision,
            version_label: version.label,
            state: version.state,
            is_current: version.is_current,
            is_released: version.is_released,
            branch_name: version.branch_name,
            checked_out_by_id: version.lock.as_ref().and_then(|lock| lock.by),
            checked_out_at: version.lock.map(|lock| lock.since.into()),
            released_at: version.released_at.map(Time::from),
            created_at: version.created_at.into(),
        }
    }
}

/// How large the structure is.
#[derive(Object)]
pub struct ProductBomSummary {
    /// The caller may read lines at all.
    authorized: bool,
    depth: i64,
    direct_children: u64,
    /// What is in several places counts in each.
    total_children: u64,
    max_depth: u32,
}

impl ProductBomSummary {
    pub fn new(authorized: bool, depth: i64, found: BomSummary) -> Self {
        let BomSummary { direct, total, levels } = found;
        Self { authorized, depth, direct_children: direct, total_children: total, max_depth: levels }
    }
}

/// How many of a list are shown.
const SAMPLE: usize = 5;

#[derive(Object)]
pub struct ProductObsoleteSummary {
    authorized: bool,
    count: usize,
    recursive: bool,
    max_levels: i64,
    /// The first five.
    sample: Vec<ObsoleteEntry>,
}

impl ProductObsoleteSummary {
    pub fn new(authorized: bool, (recursive, max_levels): (bool, i64), found: Vec<ObsoleteLine>) -> Self {
        let count = found.len();
        let sample = found.into_iter().take(SAMPLE).map(|line| entry(line, None)).collect();
        Self { authorized, count, recursive, max_levels, sample }
    }
}

#[derive(Object)]
pub struct ProductUsedSummary {
    authorized: bool,
    count: usize,
    recursive: bool,
    max_levels: i64,
    /// The first five.
    sample: Vec<ImpactUse>,
}

impl ProductUsedSummary {
    pub fn new(authorized: bool, (recursive, max_levels): (bool, i64), found: UsedLines) -> Self {
        let count = found.lines.len();
        let sample = found.lines.into_iter().take(SAMPLE).map(ImpactUse::from).collect();
        Self { authorized, count, recursive, max_levels, sample }
    }
}

#[derive(Object)]
pub struct ProductWeightSummary {
    root_id: String,
    weight_key: String,
    /// Its own weight, else the computed one.
    total_weight: Option<f64>,
    own_weight: Option<f64>,
    computed_weight: Option<f64>,
    missing_items: Vec<MissingValue>,
    missing_count: usize,
    is_partial: bool,
    authorized: bool,
    levels: i64,
    effective_at: Option<Time>,
}

impl ProductWeightSummary {
    pub fn new(authorized: bool, levels: i64, effective_at: Option<Time>, found: &Rollup) -> Self {
        let root = found.root();
        let shown = |value: Option<rust_decimal::Decimal>| value.and_then(|value| float(found.rounded(value)));
        let missing_items: Vec<MissingValue> = found.missing.iter().map(MissingValue::from).collect();
        Self {
            root_id: root.map(|root| root.item.id.to_string()).unwrap_or_default(),
            weight_key: found.measure.key().to_owned(),
            total_weight: shown(root.and_then(|root| root.total())),
            own_weight: shown(root.and_then(|root| root.own)),
            computed_weight: shown(root.and_then(|root| root.computed)),
            missing_count: missing_items.len(),
            is_partial: !missing_items.is_empty() || root.is_some_and(|root| root.is_partial),
            missing_items,
            authorized,
            levels,
            effective_at,
        }
    }
}

/// A document that a relationship of the item leads to.
#[derive(Object, Clone)]
struct ProductDocument {
    id: String,
    item_number: Option<String>,
    name: Option<String>,
    state: String,
    current_version_id: Option<String>,
}

impl From<ItemView> for ProductDocument {
    fn from(view: ItemView) -> Self {
        Self {
            id: view.item.id.to_string(),
            name: view.item.name().map(str::to_owned),
            item_number: view.number,
            current_version_id: view.item.current_version_id.map(|id| id.to_string()),
            state: view.item.state,
        }
    }
}

#[derive(Object)]
pub struct ProductDocumentSummary {
    authorized: bool,
    count: u64,
    state_counts: BTreeMap<String, u64>,
    /// The first ten.
    sample: Vec<ProductDocument>,
    /// The same.
    items: Vec<ProductDocument>,
    /// The same.
    documents: Vec<ProductDocument>,
}

impl ProductDocumentSummary {
    pub fn new(authorized: bool, Documents { states, sample }: Documents) -> Self {
        let sample: Vec<ProductDocument> = sample.into_iter().map(ProductDocument::from).collect();
        let count = states.values().sum();
        let (items, documents) = (sample.clone(), sample.clone());
        Self { authorized, count, state_counts: states, sample, items, documents }
    }
}

/// Where the rest is told.
#[derive(Object)]
pub struct ProductLinks {
    cockpit: String,
    impact: String,
    release_readiness: String,
    bom_tree: String,
    where_used: String,
}

impl ProductLinks {
    pub fn of(id: &str) -> Self {
        Self {
            cockpit: format!("/api/v1/items/{id}/cockpit"),
            impact: format!("/api/v1/impact/items/{id}/summary"),
            release_readiness: format!("/api/v1/release-readiness/items/{id}"),
            bom_tree: format!("/api/v1/bom/{id}/tree"),
            where_used: format!("/api/v1/bom/{id}/where-used"),
        }
    }
}

/// An item with everything that its page shows; what was not asked for is null.
#[derive(Object)]
pub struct ProductResponse {
    pub item: ProductItem,
    pub current_version: Option<ProductVersion>,
    /// The oldest first, at most 200.
    pub versions: Option<Vec<ProductVersion>>,
    pub files: Option<Vec<ProductFile>>,
    pub version_files: Option<Vec<VersionFileResponse>>,
    pub bom_summary: Option<ProductBomSummary>,
    pub bom_obsolete_summary: Option<ProductObsoleteSummary>,
    pub where_used_summary: Option<ProductUsedSummary>,
    pub bom_weight_rollup_summary: Option<ProductWeightSummary>,
    pub document_summary: Option<ProductDocumentSummary>,
    pub eco_summary: Option<ProductChangeSummary>,
    pub impact_summary: Option<ImpactSummary>,
    pub release_readiness_summary: Option<ReadinessResponse>,
    pub cockpit_links: ProductLinks,
}
