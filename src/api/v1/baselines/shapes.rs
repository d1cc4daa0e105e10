//! Baselines as the API shows them.

use poem_openapi::Object;
use poem_openapi::types::ToJSON;
use serde::Serialize;
use serde_json::Value;

use crate::api::shapes::{Encoded, Time};
use crate::api::v1::item::{MAX_TREE_BYTES, Tree, TreeNode, too_many_bytes};
use crate::context::Ctx;
use crate::domain::baseline::{self, Baseline, Finding, Findings, Member};
use crate::error::Result;

/// Something that a check found.
#[derive(Object, Clone)]
pub struct BaselineFinding {
    /// missing_item, empty_baseline, unreleased_item or changed_item.
    #[oai(rename = "type")]
    kind: String,
    member_id: Option<String>,
    item_id: Option<String>,
    item_number: Option<String>,
    item_state: Option<String>,
    message: String,
}

impl From<Finding> for BaselineFinding {
    fn from(finding: Finding) -> Self {
        Self {
            kind: finding.kind.as_str().to_owned(),
            member_id: finding.member_id.map(|id| id.to_string()),
            item_id: finding.item_id.map(|id| id.to_string()),
            item_number: finding.item_number,
            item_state: finding.item_state,
            message: finding.message,
        }
    }
}

/// What a check found; at most 1,000 of each kind are listed.
#[derive(Object, Clone)]
pub struct BaselineFindings {
    errors: Vec<BaselineFinding>,
    warnings: Vec<BaselineFinding>,
}

impl From<Findings> for BaselineFindings {
    fn from(findings: Findings) -> Self {
        let shown = |those: Vec<Finding>| those.into_iter().map(BaselineFinding::from).collect();
        Self { errors: shown(findings.errors), warnings: shown(findings.warnings) }
    }
}

/// A baseline without its contents.
#[derive(Object)]
pub struct BaselineFacts {
    id: String,
    name: String,
    description: Option<String>,
    baseline_type: String,
    baseline_number: String,
    scope: String,
    eco_id: Option<String>,
    root_item_id: String,
    root_version_id: Option<String>,
    root_config_id: String,
    /// -1 is all.
    max_levels: i32,
    /// The same.
    bom_levels: i32,
    effective_at: Option<Time>,
    /// The same.
    effective_date: Option<Time>,
    include_bom: bool,
    include_substitutes: bool,
    include_effectivity: bool,
    include_documents: bool,
    include_relationships: bool,
    line_key: String,
    /// Distinct items, the root among them.
    item_count: i64,
    relationship_count: i64,
    /// draft or released.
    state: String,
    is_validated: bool,
    /// What the latest check found.
    validation_errors: Option<BaselineFindings>,
    validated_at: Option<Time>,
    validated_by_id: Option<i64>,
    /// Released.
    is_locked: bool,
    locked_at: Option<Time>,
    released_at: Option<Time>,
    released_by_id: Option<i64>,
    created_at: Time,
    created_by_id: Option<i64>,
}

impl From<Baseline> for BaselineFacts {
    fn from(baseline: Baseline) -> Self {
        let effective_at = baseline.effective_at.map(Time::from);
        let released_at = baseline.released_at.map(Time::from);
        Self {
            id: baseline.id.to_string(),
            is_locked: baseline.is_released(),
            name: baseline.name,
            description: baseline.description,
            baseline_type: baseline.baseline_type,
            baseline_number: baseline.number,
            scope: baseline.scope,
            eco_id: baseline.eco_id,
            root_item_id: baseline.root_item_id.to_string(),
            root_version_id: baseline.root_version_id.map(|id| id.to_string()),
            root_config_id: baseline.root_config_id.to_string(),
            max_levels: baseline.max_levels,
            bom_levels: baseline.max_levels,
            effective_at,
            effective_date: effective_at,
            include_bom: baseline.include.bom,
            include_substitutes: baseline.include.substitutes,
            include_effectivity: baseline.include.effectivity,
            include_documents: baseline.include.documents,
            include_relationships: baseline.include.relationships,
            line_key: baseline.line_key,
            item_count: baseline.item_count,
            relationship_count: baseline.relationship_count,
            state: baseline.state.as_str().to_owned(),
            is_validated: baseline.is_validated,
            validation_errors: baseline.findings.map(BaselineFindings::from),
            validated_at: baseline.validated_at.map(Time::from),
            validated_by_id: baseline.validated_by_id,
            locked_at: released_at,
            released_at,
            released_by_id: baseline.released_by_id,
            created_at: baseline.created_at.into(),
            created_by_id: baseline.created_by_id,
        }
    }
}

/// A baseline.
#[derive(Object)]
pub struct BaselineResponse {
    #[oai(flatten)]
    facts: BaselineFacts,
    /// What it consists of, where that was asked for and the baseline took any.
    snapshot: Option<TreeNode>,
}

/// Part of the baselines.
#[derive(Object)]
pub struct BaselineList {
    total: u64,
    items: Vec<BaselineResponse>,
}

/// As [`BaselineResponse`].
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    facts: Value,
    snapshot: Option<Tree<'a>>,
}

fn facts(baseline: &Baseline) -> Value {
    BaselineFacts::from(baseline.clone()).to_json().unwrap_or_default()
}

/// A baseline as operations answer with it.
pub async fn answer(ctx: &Ctx, baseline: Baseline, with_snapshot: bool) -> Result<Encoded<BaselineResponse>> {
    let bare = |facts| Encoded::within(MAX_TREE_BYTES, &Shown { facts, snapshot: None })?.ok_or_else(too_many_bytes);
    let facts = facts(&baseline);
    if !with_snapshot {
        return bare(facts);
    }
    let taken = facts.clone();
    let shown = baseline::snapshot(ctx, &baseline, move |tree| {
        Encoded::within(MAX_TREE_BYTES, &Shown { facts: taken, snapshot: Some(Tree(tree)) })?.ok_or_else(too_many_bytes)
    });
    match shown.await? {
        Some(shown) => Ok(shown),
        None => bare(facts),
    }
}

/// As [`BaselineList`].
#[derive(Serialize)]
struct ShownList {
    total: u64,
    items: Vec<Value>,
}

/// Part of the baselines as an operation answers with it.
pub async fn list_answer(
    ctx: &Ctx,
    total: u64,
    baselines: Vec<Baseline>,
    with_snapshots: bool,
) -> Result<Encoded<BaselineList>> {
    let mut items = Vec::with_capacity(baselines.len());
    for baseline in baselines {
        let mut shown = facts(&baseline);
        shown["snapshot"] = if with_snapshots { tree(ctx, &baseline).await? } else { Value::Null };
        items.push(shown);
    }
    Encoded::within(MAX_TREE_BYTES, &ShownList { total, items })?.ok_or_else(too_many_bytes)
}

async fn tree(ctx: &Ctx, baseline: &Baseline) -> Result<Value> {
    let shown = baseline::snapshot(ctx, baseline, |tree| {
        serde_json::to_value(Tree(tree))
            .map_err(|error| crate::error::Error::internal("A tree cannot be written").caused_by(error))
    });
    Ok(shown.await?.unwrap_or_default())
}

/// What a baseline lists.
#[derive(Object, Clone)]
pub struct BaselineMember {
    id: String,
    baseline_id: String,
    /// item, relationship or document.
    member_type: String,
    item_id: Option<String>,
    document_id: Option<String>,
    /// The line that leads to the item.
    relationship_id: Option<String>,
    /// Of a document its name.
    item_number: Option<String>,
    item_revision: Option<String>,
    item_generation: Option<i32>,
    /// Of a document its role.
    item_type: Option<String>,
    /// 0 is the root.
    level: i32,
    /// The ids from the root to the item, joined by `/`; the root's is empty.
    path: String,
    quantity: Option<String>,
    item_state: Option<String>,
}

impl BaselineMember {
    pub fn of(member: &Member) -> Self {
        let text = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
        Self {
            id: member.id.to_string(),
            baseline_id: member.baseline_id.to_string(),
            member_type: member.kind.as_str().to_owned(),
            item_id: text(member.item_id),
            document_id: text(member.document_id),
            relationship_id: text(member.relationship_id),
            item_number: member.item_number.clone(),
            item_revision: member.item_revision.clone(),
            item_generation: member.item_generation,
            item_type: member.item_type.clone(),
            level: member.level,
            path: member.path.clone(),
            quantity: member.quantity.clone(),
            item_state: member.item_state.clone(),
        }
    }
}

impl BaselineMember {
    pub fn quantity(&self) -> Option<String> {
        self.quantity.clone()
    }

    pub fn revision(&self) -> Option<String> {
        self.item_revision.clone()
    }

    pub fn state(&self) -> Option<String> {
        self.item_state.clone()
    }
}

/// Part of what a baseline lists.
#[derive(Object)]
pub struct BaselineMemberList {
    pub total: u64,
    pub items: Vec<BaselineMember>,
}
