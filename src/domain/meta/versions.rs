//! What items know of their versions: that there is one, that whoever has it checked out has the item to themselves, and
//! that a release seals it.
//!
//! Not here: what is done with versions (`version`).

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::item::Item;
use super::model::{ItemType, Model};
use super::repo::versions::{NewVersion, Release, Standing};
use super::write::Write;
use super::{repo, revision};
use crate::context::Ctx;
use crate::domain::audit::{Change, new_id};
use crate::domain::lifecycle::{self, State, Unmet};
use crate::domain::permission::Action;
use crate::error::{Error, Result};
use crate::types::UserId;

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

/// That somebody has a version checked out.
#[derive(Debug, Clone)]
pub struct CheckOut {
    pub version_id: Uuid,
    pub version_label: String,
    /// Nobody in particular where authentication is off.
    pub by: Option<UserId>,
    /// As it was then.
    pub by_name: Option<String>,
    pub since: DateTime<Utc>,
}

impl CheckOut {
    pub fn is_mine(&self, ctx: &Ctx) -> bool {
        self.by == ctx.actor.user_id()
    }

    fn holder(&self) -> String {
        holder(self.by, self.by_name.as_deref(), self.since)
    }

    fn details(&self) -> Value {
        json!({
            "version_id": self.version_id, "version_label": self.version_label, "checked_out_by_id": self.by,
            "checked_out_by": self.by_name, "checked_out_at": self.since,
        })
    }

    /// The refusal of what only its holder may do.
    pub fn refusal(&self) -> Error {
        let advice = "Ask them to check it in, or an administrator to undo the check-out with force.";
        Error::conflict(format!("Version {} is checked out by another user", self.version_id))
            .code(
                "VERSION_CHECKED_OUT",
                format!("Version {} is checked out by {}. {advice}", self.version_label, self.holder()),
            )
            .details(self.details())
    }
}

/// Whose a check-out is, for a person: `anna (user 7) since 2026-11-24T10:00:00Z`.
pub fn holder(by: Option<UserId>, by_name: Option<&str>, since: DateTime<Utc>) -> String {
    let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
    match (by_name, by) {
        (Some(name), Some(id)) => format!("{name} (user {id}) since {since}"),
        (None, Some(id)) => format!("user {id} since {since}"),
        _ => format!("an anonymous user since {since}"),
    }
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
    let (id, revision) = (new_id(), revision::first(&kind.revision_scheme));
    let label = label(item, revision);
    // What is released does not change any more: its last change was the release.
    let is_released = write.model.state(item).is_some_and(|state| state.is_released);
    let release =
        is_released.then(|| Release { by: item.modified_by_id, at: item.modified_on.unwrap_or(item.created_on) });
    let new = NewVersion {
        id,
        revision,
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
    Ok(Item { current_version_id: Some(id), ..item })
}

/// Keeps what the item of a version consists of now, apart from all that may change: its structure and its files. What
/// stood released before it is superseded.
async fn keep_contents(write: &Write<'_>, version: Uuid, item: &Item) -> Result<()> {
    let kinds: Vec<&str> = structure_kinds(write.model).collect();
    repo::version_lines::copy(&write.tx, version, item.id, &kinds).await?;
    repo::versions::bind_attachments(&write.tx, version, item.id, write.ctx.now()).await?;
    let standing = standing(write, version).await?;
    repo::versions::supersede(&write.tx, version, item.id, &standing.branch).await
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
    let lifecycles = write.model.lifecycles();
    let start = kind.lifecycle_map_id.and_then(|map| lifecycles.start(map)).cloned();
    let (state, current_state) = match &start {
        Some(start) => {
            lifecycle::keep_state(&write.tx, start).await?;
            (start.name.clone(), Some(start.id))
        }
        None => (item.state.clone(), item.current_state),
    };
    let after = Item {
        state,
        current_state,
        modified_by_id: write.ctx.actor.user_id(),
        modified_on: Some(write.ctx.now()),
        ..item.clone()
    };
    let after = repo::items::update(&write.tx, after).await?;
    repo::history::insert(write.ctx, &write.tx, &item, &after, "revise", comment.clone()).await?;
    let after = next_version(write, kind, after, comment).await?;
    write.record("item.revised", &after, item.snapshot(), after.snapshot()).await?;
    Ok(after)
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
    let revision = revision::next_free(&kind.revision_scheme, &old.revision, &taken)?;
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

/// Who has the item's current version checked out. The item is locked.
async fn check_out_of(write: &Write<'_>, item: &Item) -> Result<Option<CheckOut>> {
    match item.current_version_id {
        Some(version) => repo::versions::check_out(&write.tx, version).await,
        None => Ok(None),
    }
}

/// Who has items checked out, but for the caller: by the items.
pub async fn check_outs_of_others<'a>(
    ctx: &Ctx,
    items: impl IntoIterator<Item = &'a Item>,
) -> Result<HashMap<Uuid, CheckOut>> {
    let versions: Vec<Uuid> = items.into_iter().filter_map(|item| item.current_version_id).collect();
    let mut found = repo::versions::check_outs(&*ctx.db, &versions).await?;
    found.retain(|_, check_out| !check_out.is_mine(ctx));
    Ok(found)
}

/// The item's contents may change: its state lets it, its current version is not released, and nobody else has it checked
/// out. Else `Conflict` `STATE_LOCKED`, `VERSION_RELEASED` or `VERSION_CHECKED_OUT`. The item is locked.
pub(super) async fn require_changeable(write: &Write<'_>, item: &Item) -> Result<()> {
    write.model.require_unlocked(item)?;
    let Some(version) = item.current_version_id else { return Ok(()) };
    let Some(standing) = repo::versions::standing(&write.tx, version).await? else { return Ok(()) };
    if standing.is_released {
        return Err(released(item, &standing));
    }
    match standing.check_out {
        Some(check_out) if !check_out.is_mine(write.ctx) => Err(check_out.refusal()),
        _ => Ok(()),
    }
}

fn released(item: &Item, version: &Standing) -> Error {
    let advice = format!(
        "Version {} is released and does not change any more. Open the next one: POST /api/v1/versions/items/{}/revise.",
        version.label, item.id
    );
    Error::conflict(format!("Version {} is released", version.id)).code("VERSION_RELEASED", advice).details(json!({
        "version_id": version.id, "version_label": version.label, "released_at": version.released_at,
    }))
}

/// An item that is checked out takes no step but its holder's, and none to a state in which it could not be checked in.
pub(super) async fn require_may_step(write: &Write<'_>, item: &Item, to: &State) -> Result<()> {
    match check_out_of(write, item).await? {
        Some(check_out) if !check_out.is_mine(write.ctx) => Err(check_out.refusal()),
        Some(check_out) if seals(to) => Err(not_set_down(&check_out, to)),
        _ => require_files_set_down(write, item, to).await,
    }
}

/// A state in which a version could not be checked in.
fn seals(to: &State) -> bool {
    to.is_locked || to.is_released
}

async fn require_files_set_down(write: &Write<'_>, item: &Item, to: &State) -> Result<()> {
    let Some(version) = item.current_version_id.filter(|_| seals(to)) else { return Ok(()) };
    match repo::versions::files_checked_out(&write.tx, version).await? {
        0 => Ok(()),
        count => Err(Error::conflict(format!("{count} files of version {version} are checked out")).code(
            "CHECK_IN_FIRST",
            format!("Files of the version are checked out. They must be given back before it becomes {}.", to.name),
        )),
    }
}

fn not_set_down(check_out: &CheckOut, to: &State) -> Error {
    Error::conflict(format!("Version {} is checked out", check_out.version_id))
        .code(
            "CHECK_IN_FIRST",
            format!(
                "You have version {} checked out. Check it in before it becomes {}.",
                check_out.version_label, to.name
            ),
        )
        .details(check_out.details())
}

/// Why the caller cannot take a step of an item, as far as check-outs are concerned.
pub(super) async fn reason_against(ctx: &Ctx, item: &Item) -> Result<impl Fn(&State) -> Option<Unmet> + use<>> {
    let check_out = match item.current_version_id {
        Some(version) => repo::versions::check_out(&*ctx.db, version).await?,
        None => None,
    };
    let files = match item.current_version_id {
        Some(version) => repo::versions::files_checked_out(&*ctx.db, version).await?,
        None => 0,
    };
    let is_mine = check_out.as_ref().is_some_and(|check_out| check_out.is_mine(ctx));
    Ok(move |to: &State| {
        let Some(check_out) = &check_out else {
            let message = format!("{files} files of its version are checked out");
            return (files > 0 && seals(to)).then_some(Unmet { guard: "checkout", message, details: Value::Null });
        };
        let message = match (is_mine, seals(to)) {
            (false, _) => format!("It is checked out by {}", check_out.holder()),
            (true, true) => "Check it in first".to_owned(),
            (true, false) => return None,
        };
        Some(Unmet { guard: "checkout", message, details: check_out.details() })
    })
}
