//! What items know of their versions: that there is one, that a release seals it, and that the next one follows.
//!
//! Not here: that whoever has one checked out has the item to themselves (`check_outs`); what is done with versions
//! (`version`).

use serde_json::{Value, json};
use uuid::Uuid;

use super::add::duplicate;
use super::item::Item;
use super::model::{ItemType, Model};
use super::repo::versions::{NewVersion, Release, Standing};
use super::write::Write;
use super::{hooks, repo};
use crate::domain::audit::{Change, new_id};
use crate::domain::lifecycle;
use crate::domain::permission::Action;
use crate::error::{Error, Result};
use crate::plugins::Moment;

/// How audit rows call a version.
pub const VERSION: &str = "Version";
/// The branch that every item begins on.
pub const MAIN: &str = "main";

/// Something that happened to a version, for its history.
#[derive(Debug, Clone)]
pub struct VersionEvent {
    pub version_id: Uuid,
    pub item_id: Uuid,
    pub action: &'static str,
    pub comment: Option<String>,
    pub changes: Option<Value>,
}

/// Whether items of a type have versions.
pub fn has_versions(kind: &ItemType) -> bool {
    kind.is_versionable && !kind.is_relationship
}

/// The item's current version. Items get their first one when somebody needs it, as it would be had it been made with the
/// item; the item is locked until the write ends.
pub async fn ensure_version(write: &Write<'_>, kind: &ItemType, item: &Item) -> Result<Uuid> {
    if let Some(id) = repo::versions::lock_current(&write.tx, item.id).await? {
        return Ok(id);
    }
    let (id, revision) = (new_id(), write.model.revision_scheme(kind).initial);
    let label = label(item, &revision);
    // What is released does not change any more: its last change was the release.
    let is_released = write.model.state(item).is_some_and(|state| state.is_released);
    let release =
        is_released.then(|| Release { by: item.modified_by_id, at: item.modified_on.unwrap_or(item.created_on) });
    let new = NewVersion {
        id,
        revision: &revision,
        label: &label,
        branch: MAIN,
        predecessor: None,
        release,
        created_by_id: item.created_by_id,
        created_at: item.created_on,
    };
    repo::versions::insert_current(&write.tx, item, new).await?;
    let event = |action| VersionEvent { version_id: id, item_id: item.id, action, comment: None, changes: None };
    repo::versions::insert_event(&write.tx, event("create"), item.created_by_id, item.created_on).await?;
    if let Some(Release { by, at }) = release {
        repo::versions::insert_event(&write.tx, event("release"), by, at).await?;
        keep_contents(write, id, item).await?;
    }
    note_created(write, item, id, &label, is_released).await?;
    Ok(id)
}

fn label(item: &Item, revision: &str) -> String {
    format!("{}.{revision}", item.generation)
}

async fn note_created(write: &Write<'_>, item: &Item, id: Uuid, label: &str, is_released: bool) -> Result<()> {
    let after = json!({
        "id": id, "item_id": item.id, "version_label": label, "state": item.state, "is_released": is_released,
    });
    write.note(change("version.created", id, None, Some(after))).await
}

/// What an audit row tells of a version.
fn change(action: &'static str, id: Uuid, before: Option<Value>, after: Option<Value>) -> Change {
    Change { action, subject_type: VERSION.to_owned(), subject_id: id.to_string(), before, after }
}

/// Notes what happened to a version in its history.
pub async fn log_version_event(write: &Write<'_>, event: VersionEvent) -> Result<()> {
    repo::versions::insert_event(&write.tx, event, write.ctx.actor.user_id(), write.ctx.now()).await
}

/// Seals the current version of an item that has just come to a released state: what it is like then stays.
pub(super) async fn seal(write: &Write<'_>, kind: &ItemType, item: Item) -> Result<Item> {
    let id = ensure_version(write, kind, &item).await?;
    let release = Release { by: write.ctx.actor.user_id(), at: write.ctx.now() };
    if repo::versions::release(&write.tx, id, &item, release).await? {
        keep_contents(write, id, &item).await?;
        let event = VersionEvent { version_id: id, item_id: item.id, action: "release", comment: None, changes: None };
        log_version_event(write, event).await?;
        let facts = |is_released| json!({ "id": id, "item_id": item.id, "is_released": is_released });
        write.note(change("version.released", id, Some(facts(false)), Some(facts(true)))).await?;
    }
    require_acyclic(write, id, &item).await?;
    Ok(Item { current_version_id: Some(id), ..item })
}

/// Keeps what the item of a version consists of now, apart from all that may change: its structure and its files. What
/// stood released before it is superseded.
async fn keep_contents(write: &Write<'_>, version: Uuid, item: &Item) -> Result<()> {
    copy_lines(write, version, item.id).await?;
    repo::versions::bind_attachments(&write.tx, version, item.id, write.ctx.now()).await?;
    let standing = standing(write, version).await?;
    repo::versions::supersede(&write.tx, version, item.id, &standing.branch).await
}

/// Gives a version of an item the item's lines as they are now, with what hangs on them.
pub async fn copy_lines(write: &Write<'_>, version: Uuid, item: Uuid) -> Result<()> {
    let kinds: Vec<&str> = structure_kinds(write.model).collect();
    repo::version_lines::copy(&write.tx, version, item, &kinds).await
}

/// Binds the files of a version to another, but for those that hang on the item itself.
pub async fn copy_files(write: &Write<'_>, from: Uuid, to: Uuid) -> Result<()> {
    repo::versions::copy_files(&write.tx, from, to, write.ctx.now()).await
}

/// Gives a version the files of another that it does not have.
pub async fn take_files(write: &Write<'_>, from: Uuid, to: Uuid) -> Result<u64> {
    repo::versions::take_files(&write.tx, from, to, write.ctx.now()).await
}

/// No file of a version is checked out by itself. Else `Conflict` `CHECK_IN_FIRST`.
pub async fn require_files_given_back(write: &Write<'_>, version: Uuid) -> Result<()> {
    match repo::versions::files_checked_out(&write.tx, version).await? {
        0 => Ok(()),
        count => Err(Error::conflict(format!("{count} files of version {version} are checked out"))
            .code("CHECK_IN_FIRST", "Files of the version are checked out. They must be given back first.")),
    }
}

/// What was released of its children may lead back to an item although its lines of now do not.
async fn require_acyclic(write: &Write<'_>, version: Uuid, item: &Item) -> Result<()> {
    let kinds: Vec<&str> = structure_kinds(write.model).collect();
    if !repo::version_lines::leads_back(&write.tx, version, item.id, &kinds).await? {
        return Ok(());
    }
    let advice = "A released version below it holds the item itself. Release the next version of that part first.";
    Err(Error::conflict(format!("Cycle detected: a release of item {} would hold the item itself", item.id))
        .code("CYCLE_DETECTED", advice)
        .details(json!({ "item_id": item.id })))
}

/// The relationship types whose lines a version consists of.
pub fn structure_kinds(model: &Model) -> impl Iterator<Item = &str> {
    model.item_types().filter(|kind| kind.is_relationship && kind.is_acyclic).map(|kind| kind.id.as_str())
}

async fn standing(write: &Write<'_>, version: Uuid) -> Result<Standing> {
    let found = repo::versions::standing(&write.tx, version).await?;
    found.ok_or_else(|| Error::internal(format!("The current version {version} is missing")))
}

/// Opens the next revision of an item whose current version is released: it is the current one then, and the item is back
/// where its lifecycle begins. What the item consists of stays and is the new version's; the old one has kept its own.
///
/// Fails with `BadRequest` where the current version is not released; the caller must be allowed to change the item.
pub async fn open_revision(write: &Write<'_>, kind: &ItemType, item: Item, comment: Option<String>) -> Result<Item> {
    write.model.require(&item, Action::Update)?;
    let current = ensure_version(write, kind, &item).await?;
    let item = Item { current_version_id: Some(current), ..item };
    if !standing(write, current).await?.is_released {
        let message = "Cannot revise an unreleased (in-work) version; release or discard the open draft first";
        return Err(Error::bad_request(message));
    }
    let (state, current_state) = start_state(write, kind, &item).await?;
    let after = Item {
        state,
        current_state,
        modified_by_id: write.ctx.actor.user_id(),
        modified_on: Some(write.ctx.now()),
        ..item.clone()
    };
    let after = hooks::before_write(write, kind, Moment::Promote, Some(&item), after).await?;
    let after = repo::items::update(&write.tx, after).await.map_err(|error| duplicate(error, kind, &item))?;
    repo::history::insert(write.ctx, &write.tx, &item, &after, "revise", comment.clone()).await?;
    let after = next_version(write, kind, after, comment).await?;
    write.record("item.revised", &after, item.snapshot(), after.snapshot()).await?;
    Ok(after)
}

/// Where the lifecycle of an item begins, which stays there until the write ends; as it is for a type without one.
pub async fn start_state(write: &Write<'_>, kind: &ItemType, item: &Item) -> Result<(String, Option<Uuid>)> {
    let start = kind.lifecycle_map_id.and_then(|map| write.model.lifecycles().start(map));
    let Some(start) = start else { return Ok((item.state.clone(), item.current_state)) };
    lifecycle::keep_state(&write.tx, start).await?;
    Ok((start.name.clone(), Some(start.id)))
}

/// A step of the lifecycle led from a released version to where the item may change: that is the next version.
pub(super) async fn reopen(write: &Write<'_>, kind: &ItemType, item: Item) -> Result<Item> {
    match item.current_version_id {
        Some(current) if standing(write, current).await?.is_released => next_version(write, kind, item, None).await,
        _ => Ok(item),
    }
}

async fn next_version(write: &Write<'_>, kind: &ItemType, item: Item, comment: Option<String>) -> Result<Item> {
    let old = match item.current_version_id {
        Some(current) => standing(write, current).await?,
        None => return Err(Error::internal(format!("Item {} has no current version", item.id))),
    };
    let taken = repo::versions::revisions(&write.tx, item.id, &old.branch).await?;
    let revision = write.model.revision_scheme(kind).next_free(&old.revision, &taken)?;
    let (id, label) = (new_id(), label(&item, &revision));
    let new = NewVersion {
        id,
        revision: &revision,
        label: &label,
        branch: &old.branch,
        predecessor: Some(old.id),
        release: None,
        created_by_id: write.ctx.actor.user_id(),
        created_at: write.ctx.now(),
    };
    repo::versions::insert_current(&write.tx, &item, new).await?;
    repo::versions::copy_files(&write.tx, old.id, id, write.ctx.now()).await?;
    let changes = Some(json!({ "from": old.label, "to": label }));
    let event = VersionEvent { version_id: id, item_id: item.id, action: "revise", comment, changes };
    log_version_event(write, event).await?;
    note_created(write, &item, id, &label, false).await?;
    Ok(Item { current_version_id: Some(id), ..item })
}
