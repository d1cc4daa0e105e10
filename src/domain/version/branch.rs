//! Drafts beside the current version.

use serde_json::json;

use super::content::Held;
use super::given;
use super::iterations::{BRANCH, keep};
use super::model::{Version, VersionView, not_found, parse_id};
use super::open::open;
use super::repo;
use crate::context::Ctx;
use crate::domain::audit::{Change, new_id};
use crate::domain::meta::{self, Model, Turns, VERSION, VersionEvent, Write};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// The longest name of a branch.
const MAX_NAME: usize = 100;
/// The most versions that an item can be branched to.
const MOST: u64 = 10_000;

/// A branch to be.
#[derive(Debug, Clone)]
pub struct NewBranch {
    /// Any version of the item.
    pub source_version_id: String,
    pub name: String,
}

/// Makes a draft beside the current version, which begins as another version is now: with properties, lines and files of
/// its own. The item stays as it is.
///
/// Fails with `Conflict` `BRANCH_EXISTS`, `Invalid` for a name that is none, `NotFound`, `Forbidden`.
pub async fn branch(ctx: &Ctx, item: &str, new: NewBranch) -> Result<VersionView> {
    let name = branch_name(&new.name)?;
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (item, _) = open(&write, item, None).await?;
    write.model.require(&item, Action::Update)?;
    let from = parse_id(&new.source_version_id)?;
    let from = repo::find(write.tx(), from).await?.filter(|version| version.item_id == item.id);
    let from = from.ok_or_else(|| not_found(&new.source_version_id))?;
    require_unmerged(&from)?;
    if repo::has_branch(write.tx(), item.id, &name).await? {
        return Err(exists(&name));
    }
    require_room(&write, &from).await?;
    let kind = write.model.item_type(&item.item_type)?;
    let (state, state_id) = meta::start_state(&write, kind, &item).await?;
    let held = Held::read(&write, &item, &from).await?;
    let draft = Version {
        id: new_id(),
        label: format!("{}.{}-{name}", from.generation, from.revision),
        state,
        state_id,
        is_current: false,
        is_released: false,
        is_superseded: false,
        branch_name: name,
        predecessor_id: Some(from.id),
        branched_from_id: Some(from.id),
        merged_into_id: None,
        merged_at: None,
        properties: held.content.properties.clone(),
        lock: None,
        created_by_id: ctx.actor.user_id(),
        created_at: ctx.now(),
        released_by_id: None,
        released_at: None,
        ..from.clone()
    };
    store(&write, &from, &draft).await?;
    // The common beginning of the branch and of what it left, whatever becomes of either.
    keep(&write, &draft, BRANCH, 0, None, &held.content).await?;
    note(&write, &from, &draft).await?;
    write.commit().await?;
    Ok(VersionView::new(&model, &item, draft))
}

/// What is done was taken in somewhere, and goes on there: of a branch of it nobody could tell what is new.
fn require_unmerged(from: &Version) -> Result<()> {
    let Some(into) = from.merged_into_id else { return Ok(()) };
    Err(Error::conflict(format!("Version {} was merged", from.id))
        .code("VERSION_MERGED", format!("Version {} was merged. Branch from the version that took it in.", from.label))
        .details(json!({ "version_id": from.id, "merged_into_id": into })))
}

async fn store(write: &Write<'_>, from: &Version, draft: &Version) -> Result<()> {
    repo::insert(write.tx(), draft).await.map_err(|error| match error.code_name() {
        Some("DUPLICATE") => exists(&draft.branch_name).caused_by(error),
        _ => error,
    })?;
    if from.is_live() {
        meta::copy_lines(write, draft.id, draft.item_id).await?;
    } else {
        repo::copy_own_lines(write.tx(), from.id, draft.id).await?;
    }
    meta::copy_files(write, from.id, draft.id).await
}

async fn note(write: &Write<'_>, from: &Version, draft: &Version) -> Result<()> {
    let changes = Some(json!({ "from": from.label, "to": draft.label, "branch_name": draft.branch_name }));
    let (version_id, item_id) = (draft.id, draft.item_id);
    meta::log_version_event(write, VersionEvent { version_id, item_id, action: "branch", comment: None, changes })
        .await?;
    let (subject_type, subject_id) = (VERSION.to_owned(), draft.id.to_string());
    let change = Change { action: "version.branched", subject_type, subject_id, before: None, after: draft.snapshot() };
    write.note(change).await
}

async fn require_room(write: &Write<'_>, from: &Version) -> Result<()> {
    if repo::count(write.tx(), from.item_id).await? < MOST {
        return Ok(());
    }
    Err(Error::conflict(format!("The item has {MOST} versions"))
        .code("TOO_MANY_VERSIONS", format!("An item is branched up to {MOST} versions.")))
}

fn exists(name: &str) -> Error {
    Error::conflict(format!("Branch {name} already exists"))
        .code("BRANCH_EXISTS", format!("The item has a branch {name} already. Choose another name."))
        .details(json!({ "branch_name": name }))
}

/// A name is part of the version's label.
fn branch_name(text: &str) -> Result<String> {
    let name = given::text("branch_name", Some(text.to_owned()), MAX_NAME)?.unwrap_or_default();
    let fits = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || !name.chars().all(fits) {
        let message = format!("1 to {MAX_NAME} letters, digits, -, _ and .");
        return Err(Error::invalid_field("value_error", &["body", "branch_name"], message));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_has_a_plain_name() {
        for name in ["eco-6da57fba", " 试验_2.b ", "x"] {
            assert_eq!(branch_name(name).unwrap(), name.trim());
        }
        for name in ["", " ", "a b", "a/b", "a\nb", "a\0b", &"x".repeat(101)] {
            assert_eq!(branch_name(name).unwrap_err().problems()[0].loc, ["body", "branch_name"], "{name:?}");
        }
    }
}
