//! Putting replacements in the place of what is obsolete: all of it in one transaction, line by line as a person would, and
//! with the outcome of every line.

use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;

use super::lines::remove_with_substitutes;
use super::obsolete::{ObsoleteLine, ObsoleteRequest, obsolete_lines};
use super::rollup_write::UpdateStatus;
use super::{PART_BOM, PART_BOM_SUBSTITUTE};
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model, Turns, Write};
use crate::error::{Error, Result};

/// How a replacement takes the place of what is obsolete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolveMode {
    /// The line stays and leads to the replacement.
    Update,
    /// A new line of the same values takes the place of the old one, which is removed.
    NewBom,
}

impl ResolveMode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::NewBom => "new_bom",
        }
    }
}

/// What became of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolveStatus {
    Updated,
    /// Nothing is known to take the place.
    Unresolved,
    /// The parent's state or its released version lets it not change.
    SkippedLocked,
    SkippedCheckedOut,
    SkippedForbidden,
    /// The line is not any more what it was.
    SkippedMissing,
    /// The parent has a line to the replacement in this unit already.
    SkippedExists,
    /// The parent would come to stand below itself.
    SkippedCycle,
    /// The organisation lets only released parts into structures.
    SkippedUnreleased,
}

impl ResolveStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Updated => "updated",
            Self::Unresolved => "unresolved",
            Self::SkippedLocked => "skipped_locked",
            Self::SkippedCheckedOut => "skipped_checked_out",
            Self::SkippedForbidden => "skipped_forbidden",
            Self::SkippedMissing => "skipped_missing",
            Self::SkippedExists => "skipped_exists",
            Self::SkippedCycle => "skipped_cycle",
            Self::SkippedUnreleased => "skipped_unreleased",
        }
    }

    /// Whoever holds the line back lets it go some day.
    pub fn is_locked(self) -> bool {
        matches!(self, Self::SkippedLocked | Self::SkippedCheckedOut)
    }

    fn of_refusal(error: &Error) -> Option<Self> {
        match error.code_name() {
            Some("RELATIONSHIP_EXISTS") => return Some(Self::SkippedExists),
            Some("CYCLE_DETECTED") => return Some(Self::SkippedCycle),
            Some("CHILD_NOT_RELEASED") => return Some(Self::SkippedUnreleased),
            _ => {}
        }
        Some(match UpdateStatus::of_refusal(error)? {
            UpdateStatus::SkippedCheckedOut => Self::SkippedCheckedOut,
            UpdateStatus::SkippedForbidden => Self::SkippedForbidden,
            UpdateStatus::SkippedMissing => Self::SkippedMissing,
            _ => Self::SkippedLocked,
        })
    }
}

#[derive(Debug, Clone)]
pub struct Resolved {
    pub root: Uuid,
    pub mode: ResolveMode,
    pub entries: Vec<(ObsoleteLine, ResolveStatus)>,
    pub created_lines: usize,
    pub parents_touched: usize,
}

/// Puts the replacements of everything obsolete below an item in its place. A dry run does the same, and then nothing of it.
///
/// Fails as [`obsolete_lines`] does; a line that cannot change is passed over, and its status says why.
pub async fn resolve_obsolete(
    ctx: &Ctx,
    root: &str,
    request: &ObsoleteRequest,
    mode: ResolveMode,
    dry_run: bool,
) -> Result<Resolved> {
    let (root, lines) = obsolete_lines(ctx, root, request).await?;
    let mut model = Model::load(ctx).await?;
    let kinds: HashSet<String> = lines.iter().map(|line| line.line.item_type.clone()).collect();
    let turns = |model: &Model| {
        kinds.iter().try_fold(Turns::default(), |turns, kind| Ok(turns.structure(model.item_type(kind)?)))
    };
    let write = Write::begin_fresh(ctx, &mut model, turns).await?;
    // Parent by parent in the order of their ids, in which everybody locks.
    let mut by_parent: BTreeMap<Uuid, Vec<usize>> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate() {
        by_parent.entry(line.parent.item.id).or_default().push(index);
    }
    let mut statuses = vec![ResolveStatus::Unresolved; lines.len()];
    for index in by_parent.into_values().flatten() {
        statuses[index] = resolve(&write, &lines[index], mode).await?;
    }
    if dry_run {
        drop(write);
    } else {
        write.commit().await?;
    }
    let entries: Vec<(ObsoleteLine, ResolveStatus)> = lines.into_iter().zip(statuses).collect();
    let updated = || entries.iter().filter(|(_, status)| *status == ResolveStatus::Updated);
    let parents: HashSet<Uuid> = updated().map(|(line, _)| line.parent.item.id).collect();
    let created_lines = if mode == ResolveMode::NewBom { updated().count() } else { 0 };
    Ok(Resolved { root, mode, created_lines, parents_touched: parents.len(), entries })
}

async fn resolve(write: &Write<'_>, found: &ObsoleteLine, mode: ResolveMode) -> Result<ResolveStatus> {
    let Some(replacement) = &found.replacement else { return Ok(ResolveStatus::Unresolved) };
    match write.attempt(replace(write, found, replacement.item.id, mode)).await? {
        Ok(status) => Ok(status),
        Err(error) => ResolveStatus::of_refusal(&error).ok_or(error),
    }
}

/// Lets the line lead to the replacement, or puts a new one in its place.
async fn replace(
    write: &Write<'_>,
    found: &ObsoleteLine,
    replacement: Uuid,
    mode: ResolveMode,
) -> Result<ResolveStatus> {
    let kind = write.model.item_type(&found.line.item_type)?;
    let lines = meta::locked_lines(write, kind, found.parent.item.id).await?;
    let now = |line: &&Item| line.id == found.line.id && line.related_id == found.line.related_id;
    let Some(line) = lines.iter().find(now) else { return Ok(ResolveStatus::SkippedMissing) };
    let same_key = |other: &&Item| other.related_id == Some(replacement) && other.text("uom") == line.text("uom");
    if lines.iter().any(|other| same_key(&other)) {
        return Ok(ResolveStatus::SkippedExists);
    }
    match mode {
        ResolveMode::Update => {
            meta::retarget_relationship(write, line, replacement).await?;
            drop_own_substitute(write, line, replacement).await?;
        }
        ResolveMode::NewBom => renew(write, line, replacement).await?,
    }
    Ok(ResolveStatus::Updated)
}

/// What has come to be the part of a line is not its substitute any more.
async fn drop_own_substitute(write: &Write<'_>, line: &Item, replacement: Uuid) -> Result<()> {
    for substitute in substitutes(write, line).await? {
        if substitute.related_id == Some(replacement) {
            meta::remove_relationship(write, &substitute).await?;
        }
    }
    Ok(())
}

/// Adds a line of the same values with the same substitutes, and removes the old one.
async fn renew(write: &Write<'_>, line: &Item, replacement: Uuid) -> Result<()> {
    let kind = write.model.item_type(&line.item_type)?;
    let source = line.source_id.ok_or_else(|| Error::internal(format!("The line {} has no source", line.id)))?;
    write.model.require(line, crate::domain::permission::Action::Delete)?;
    let added = meta::add_relationship(write, kind, source, replacement, line.properties.clone()).await?;
    let kind = write.model.item_type(PART_BOM_SUBSTITUTE)?;
    for substitute in substitutes(write, line).await? {
        if let Some(part) = substitute.related_id.filter(|part| *part != replacement) {
            meta::add_relationship(write, kind, added.id, part, substitute.properties.clone()).await?;
        }
    }
    remove_with_substitutes(write, line).await
}

async fn substitutes(write: &Write<'_>, line: &Item) -> Result<Vec<Item>> {
    if line.item_type != PART_BOM {
        return Ok(Vec::new());
    }
    meta::locked_lines(write, write.model.item_type(PART_BOM_SUBSTITUTE)?, line.id).await
}
