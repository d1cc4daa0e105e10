//! Merging a version into another.

use serde_json::{Value, json};
use uuid::Uuid;

use super::ancestry::{Common, common};
use super::apply::{Changed, apply, require_seen, structures};
use super::content::{Held, from_json};
use super::iterations::{BRANCH, keep};
use super::merge::{Conflict, Content, Resolution, merge};
use super::model::{Version, VersionView, not_found, parse_id};
use super::open::{open, record};
use super::{given, repo};
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model, VersionEvent, Write};
use crate::domain::permission::Action;
use crate::error::{Error, Problem, Result};

/// Decisions of one request.
const MOST_RESOLUTIONS: usize = 10_000;
/// The most conflicts that a refusal lists; their number is told.
const MOST_CONFLICTS: usize = 1000;

/// A merge to be.
#[derive(Debug, Clone, Default)]
pub struct NewMerge {
    pub source_version_id: String,
    pub target_version_id: String,
    pub resolutions: Vec<Resolution>,
    pub comment: Option<String>,
}

/// A version that took another in.
#[derive(Debug, Clone)]
pub struct MergedVersion {
    pub target: VersionView,
    pub source: Version,
    pub changed: Changed,
}

/// Brings what was done in one version into another: the current one, with its item and lines, or a draft beside it. What
/// both changed since their last common content is for somebody to decide. A draft that was merged does not change any more.
///
/// Fails with `Conflict` `MERGE_CONFLICT` and the conflicts, and writes nothing then; else as changes of items do.
pub async fn merge_versions(ctx: &Ctx, item: &str, new: NewMerge) -> Result<MergedVersion> {
    let comment = given::comment(new.comment.clone())?;
    if new.resolutions.len() > MOST_RESOLUTIONS {
        let message = format!("At most {MOST_RESOLUTIONS} resolutions");
        return Err(Error::invalid_field("too_long", &["body", "resolutions"], message));
    }
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |model| Ok(structures(model))).await?;
    let (found, source) = open(&write, item, Some(&new.source_version_id)).await?;
    write.model.require(&found, Action::Update)?;
    let target = target(&write, &found, &new).await?;
    require_mergeable(ctx, &source, &target)?;
    meta::require_files_given_back(&write, source.id).await?;
    let found = if target.is_current { lock_current(&write, found).await? } else { found };
    let (ours, theirs) = (Held::read(&write, &found, &target).await?, Held::read(&write, &found, &source).await?);
    let base = base(&write, &found, &source, &target).await?;
    let merged = merge(&base, &ours.content, &theirs.content, &new.resolutions);
    if !merged.conflicts.is_empty() {
        return Err(conflict(&write, &[&base, &ours.content, &theirs.content], &merged.conflicts).await?);
    }
    refuse_unused(&merged.unused)?;
    let (found, target, changed) = apply(&write, &found, &target, &ours, &merged.result).await?;
    if source.is_released && !target.is_current && base != theirs.content {
        // From here on this is what the draft and the released versions have in common.
        rebase(&write, &target, &theirs.content).await?;
    }
    meta::take_files(&write, source.id, target.id).await?;
    let source = close(&write, source, &target, comment, changed).await?;
    write.commit().await?;
    Ok(MergedVersion { target: VersionView::new(&model, &found, target), source, changed })
}

async fn target(write: &Write<'_>, item: &Item, new: &NewMerge) -> Result<Version> {
    let id = parse_id(&new.target_version_id)?;
    let found = repo::find(write.tx(), id).await?.filter(|version| version.item_id == item.id);
    found.ok_or_else(|| not_found(id))
}

/// The item as every change of it demands it.
async fn lock_current(write: &Write<'_>, item: Item) -> Result<Item> {
    let current_version_id = item.current_version_id;
    Ok(Item { current_version_id, ..meta::lock_to_change(write, item.id).await? })
}

fn require_mergeable(ctx: &Ctx, source: &Version, target: &Version) -> Result<()> {
    if source.id == target.id {
        let message = "A version is not merged into itself";
        return Err(Error::invalid_field("value_error", &["body", "target_version_id"], message));
    }
    target.require_open()?;
    target.require_free(ctx)?;
    if source.is_released {
        // It stays as it is, whoever takes it in.
        return Ok(());
    }
    source.require_draft()?;
    source.require_free(ctx)?;
    if source.lock.is_none() {
        return Ok(());
    }
    Err(Error::conflict(format!("Version {} is checked out", source.id))
        .code("CHECK_IN_FIRST", format!("You have version {} checked out. Check it in first.", source.label))
        .details(json!({ "version_id": source.id })))
}

/// The last content that both have in common.
async fn base(write: &Write<'_>, item: &Item, source: &Version, target: &Version) -> Result<Content> {
    let versions = repo::ancestry(write.tx(), item.id).await?;
    let missing = || Error::internal(format!("Versions {} and {} have no content in common", source.id, target.id));
    match common(&versions, source.id, target.id).ok_or_else(missing)? {
        Common::Version(id) => {
            let version = repo::find(write.tx(), id).await?.ok_or_else(missing)?;
            Ok(Held::read(write, item, &version).await?.content)
        }
        Common::StartOf(id) => {
            let start = repo::iterations::start_of(write.tx(), id).await?.ok_or_else(missing)?;
            from_json(write.model, start.properties, start.lines)
        }
    }
}

/// A draft that took in what was released begins there.
async fn rebase(write: &Write<'_>, draft: &Version, content: &Content) -> Result<()> {
    repo::iterations::remove_start_of(write.tx(), draft.id).await?;
    keep(write, draft, BRANCH, 0, None, content).await?;
    Ok(())
}

/// The refusal, for whoever may see what it is about.
async fn conflict(write: &Write<'_>, sides: &[&Content; 3], conflicts: &[Conflict]) -> Result<Error> {
    let lines = conflicts.iter().flat_map(|conflict| conflict.line.into_iter().chain(conflict.other));
    let children = lines.flat_map(|id| sides.iter().filter_map(move |side| side.lines.get(&id))).map(|line| line.child);
    require_seen(write, children.collect()).await?;
    let shown: Vec<Value> = conflicts.iter().take(MOST_CONFLICTS).map(shown).collect();
    Ok(Error::conflict(format!("{} merge conflicts", conflicts.len()))
        .code("MERGE_CONFLICT", "Both versions changed the same. Decide about each conflict in `resolutions`.")
        .details(json!({ "count": conflicts.len(), "conflicts": shown })))
}

fn shown(conflict: &Conflict) -> Value {
    json!({
        "kind": conflict.kind.as_str(), "line": conflict.line, "other_line": conflict.other, "field": conflict.field,
        "base": conflict.base, "source": conflict.theirs, "target": conflict.ours,
    })
}

fn refuse_unused(unused: &[usize]) -> Result<()> {
    let problem = |index: &usize| {
        let index = index.to_string();
        Problem::new("value_error", &["body", "resolutions", &index], "Neither version has such a property or line")
    };
    if unused.is_empty() { Ok(()) } else { Err(Error::invalid(unused.iter().map(problem).collect())) }
}

/// Notes what happened to both; a draft that was merged is done.
async fn close(
    write: &Write<'_>,
    source: Version,
    target: &Version,
    comment: Option<String>,
    changed: Changed,
) -> Result<Version> {
    let counts = json!({
        "from": source.label, "to": target.label, "properties": changed.properties, "lines_added": changed.lines_added,
        "lines_changed": changed.lines_changed, "lines_removed": changed.lines_removed,
    });
    log(write, target.id, target.item_id, "merge", comment.clone(), counts).await?;
    record(write, "version.merge_taken", target, target).await?;
    if source.is_released {
        return Ok(source);
    }
    let after = Version { merged_into_id: Some(target.id), merged_at: Some(write.ctx.now()), ..source.clone() };
    repo::set_merged(write.tx(), source.id, target.id, write.ctx.now()).await?;
    let changes = json!({ "from": source.label, "to": target.label });
    log(write, source.id, source.item_id, "merged", comment, changes).await?;
    record(write, "version.merged", &source, &after).await?;
    Ok(after)
}

async fn log(
    write: &Write<'_>,
    version_id: Uuid,
    item_id: Uuid,
    action: &'static str,
    comment: Option<String>,
    changes: Value,
) -> Result<()> {
    let event = VersionEvent { version_id, item_id, action, comment, changes: Some(changes) };
    meta::log_version_event(write, event).await
}
