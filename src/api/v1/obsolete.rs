//! What structures still use although it is obsolete.

use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use serde::Deserialize;

use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::yes;
use crate::domain::bom::{self, ObsoleteLine, ObsoleteRequest, ResolveMode, ResolveStatus, Resolved};

pub struct ObsoleteApi;

/// A line that leads to something obsolete.
#[derive(Object)]
pub struct ObsoleteEntry {
    relationship_id: String,
    relationship_type: String,
    parent_id: String,
    parent_number: Option<String>,
    parent_name: Option<String>,
    child_id: String,
    child_number: Option<String>,
    child_name: Option<String>,
    child_state: String,
    child_is_current: bool,
    /// What is to take its place, as far as a property of the child says.
    replacement_id: Option<String>,
    replacement_number: Option<String>,
    replacement_name: Option<String>,
    /// From 1: the lines of the root.
    level: u32,
    /// `obsolete_state`, `obsolete_flag`, `not_current`.
    reasons: Vec<String>,
    /// Of a resolution: `updated`, `unresolved`, or why not: `skipped_locked`, `skipped_checked_out`, `skipped_forbidden`,
    /// `skipped_missing`, `skipped_exists`, `skipped_cycle`, `skipped_unreleased`.
    #[oai(skip_serializing_if_is_none)]
    status: Option<String>,
}

pub fn entry(found: ObsoleteLine, status: Option<ResolveStatus>) -> ObsoleteEntry {
    let ObsoleteLine { line, parent, child, replacement, level, reasons } = found;
    let name = |view: &crate::domain::meta::ItemView| view.item.name().map(str::to_owned);
    ObsoleteEntry {
        relationship_id: line.id.to_string(),
        relationship_type: line.item_type.clone(),
        parent_id: parent.item.id.to_string(),
        parent_name: name(&parent),
        parent_number: parent.number,
        child_id: child.item.id.to_string(),
        child_name: name(&child),
        child_number: child.number,
        child_is_current: child.item.is_current,
        child_state: child.item.state,
        replacement_id: replacement.as_ref().map(|view| view.item.id.to_string()),
        replacement_name: replacement.as_ref().and_then(name),
        replacement_number: replacement.and_then(|view| view.number),
        level,
        reasons: reasons.iter().map(|reason| reason.as_str().to_owned()).collect(),
        status: status.map(|status| status.as_str().to_owned()),
    }
}

#[derive(Object)]
struct ObsoleteResponse {
    root_id: String,
    count: u64,
    /// Level by level.
    entries: Vec<ObsoleteEntry>,
}

#[derive(Enum, Deserialize, Clone, Copy, Default)]
#[oai(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
enum ObsoleteResolveMode {
    /// The line stays and leads to the replacement.
    #[default]
    Update,
    /// A new line of the same values takes the place of the old one.
    NewBom,
}

#[derive(Object, Deserialize)]
struct ResolveObsoleteRequest {
    #[oai(default)]
    #[serde(default)]
    mode: ObsoleteResolveMode,
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    recursive: bool,
    /// 1 to 100.
    #[oai(default = "ten")]
    #[serde(default = "ten")]
    levels: i64,
    /// `Part BOM` unless others are named.
    relationship_types: Option<Vec<String>>,
    /// Says what would become of each line, and changes nothing.
    #[oai(default)]
    #[serde(default)]
    dry_run: bool,
}

#[derive(Object)]
struct ObsoleteSummary {
    entries: u64,
    /// Lines that lead to a replacement now.
    updated_lines: u64,
    /// Those of them that are new.
    created_lines: u64,
    /// Lines whose parent is locked, released or checked out by somebody else.
    skipped_locked: u64,
    /// Lines that stay for any other reason.
    unresolved: u64,
    parents_touched: u64,
}

#[derive(Object)]
struct ResolveObsoleteResponse {
    ok: bool,
    mode: String,
    dry_run: bool,
    root_id: String,
    summary: ObsoleteSummary,
    entries: Vec<ObsoleteEntry>,
}

impl ResolveObsoleteResponse {
    fn new(resolved: Resolved, dry_run: bool) -> Self {
        let count = |wanted: &dyn Fn(ResolveStatus) -> bool| {
            resolved.entries.iter().filter(|(_, status)| wanted(*status)).count() as u64
        };
        let updated = count(&|status| status == ResolveStatus::Updated);
        let locked = count(&ResolveStatus::is_locked);
        let entries = resolved.entries.len() as u64;
        Self {
            ok: true,
            mode: resolved.mode.as_str().to_owned(),
            dry_run,
            root_id: resolved.root.to_string(),
            summary: ObsoleteSummary {
                entries,
                updated_lines: updated,
                created_lines: resolved.created_lines as u64,
                skipped_locked: locked,
                unresolved: entries - updated - locked,
                parents_touched: resolved.parents_touched as u64,
            },
            entries: resolved.entries.into_iter().map(|(line, status)| entry(line, Some(status))).collect(),
        }
    }
}

fn ten() -> i64 {
    10
}

#[OpenApi(prefix_path = "/bom", tag = "Tag::Bom")]
impl ObsoleteApi {
    /// Find what is obsolete
    ///
    /// The lines below an item that lead to something obsolete, with what is to take its place where a property of it says
    /// so (`superseded_by`, `replacement_id`, `replacement`: an id or a number).
    #[oai(path = "/:item_id/obsolete", method = "get", operation_id = "list_obsolete_lines")]
    async fn list(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        #[oai(default = "yes")] recursive: Query<bool>,
        /// 1 to 100.
        #[oai(default = "ten")]
        levels: Query<i64>,
        /// Several with commas between; `Part BOM` unless others are named.
        relationship_types: Query<Option<String>>,
    ) -> ApiResult<Json<ObsoleteResponse>> {
        let kinds = relationship_types.0.unwrap_or_default().split(',').map(str::to_owned).collect();
        let request = ObsoleteRequest { recursive: recursive.0, levels: levels.0, kinds, place: "query" };
        let (root, lines) = bom::obsolete_lines(&caller.0, &item_id, &request).await?;
        let entries: Vec<ObsoleteEntry> = lines.into_iter().map(|line| entry(line, None)).collect();
        Ok(Json(ObsoleteResponse { root_id: root.to_string(), count: entries.len() as u64, entries }))
    }

    /// Replace what is obsolete
    ///
    /// Puts replacements in the place of what is obsolete below an item, in one transaction. A line that cannot change is
    /// passed over, and its status says why.
    #[oai(path = "/:item_id/obsolete/resolve", method = "post", operation_id = "resolve_obsolete_lines")]
    async fn resolve(
        &self,
        caller: OrgCaller,
        item_id: Path<String>,
        body: Body<ResolveObsoleteRequest>,
    ) -> ApiResult<Json<ResolveObsoleteResponse>> {
        let ResolveObsoleteRequest { mode, recursive, levels, relationship_types, dry_run } = body.0;
        let mode = match mode {
            ObsoleteResolveMode::Update => ResolveMode::Update,
            ObsoleteResolveMode::NewBom => ResolveMode::NewBom,
        };
        let kinds = relationship_types.unwrap_or_default();
        let request = ObsoleteRequest { recursive, levels, kinds, place: "body" };
        let resolved = bom::resolve_obsolete(&caller.0, &item_id, &request, mode, dry_run).await?;
        Ok(Json(ResolveObsoleteResponse::new(resolved, dry_run)))
    }
}
