//! Iterations: numbered snapshots of the properties and lines of a version in work, and the way back to one.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::apply::{apply, structures};
use super::content::{Held, from_json, lines_to_json};
use super::merge::Content;
use super::model::{Version, VersionView};
use super::open::{open_version, record};
use super::read::require_version;
use super::{given, repo};
use crate::context::Ctx;
use crate::domain::audit::{Change, new_id};
use crate::domain::meta::{self, Item, Model, Turns, VERSION, Values, VersionEvent, Write};
use crate::domain::permission::Action;
use crate::error::{Error, Result};
use crate::types::{PageRequest, UserId};

const MAX_DESCRIPTION: usize = 2000;
const MAX_SOURCE: usize = 50;
/// The most iterations that a version keeps: each holds all of its lines.
const MOST: u64 = 1000;

/// How an iteration came to be: a person asked for it.
const MANUAL: &str = "manual";
/// The content was brought back to an earlier one.
const RESTORE: &str = "restore";
/// What a branch began as; it bears the number 0 and is not listed.
pub(super) const BRANCH: &str = "branch";

/// An iteration.
#[derive(Debug, Clone)]
pub struct Iteration {
    pub id: Uuid,
    pub version_id: Uuid,
    /// From 1; that of a deleted one is not given again.
    pub number: i32,
    /// `1.A.2`
    pub label: String,
    pub source_type: String,
    pub description: Option<String>,
    pub properties: Values,
    pub lines: Value,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

impl Iteration {
    pub fn line_count(&self) -> usize {
        self.lines.as_array().map_or(0, Vec::len)
    }

    /// What audit rows keep of it.
    fn snapshot(&self, item: Uuid) -> Value {
        json!({
            "id": self.id, "version_id": self.version_id, "item_id": item, "iteration_number": self.number,
            "iteration_label": self.label, "source_type": self.source_type, "description": self.description,
        })
    }
}

/// An iteration to be.
#[derive(Debug, Clone, Default)]
pub struct NewIteration {
    /// Laid over those of the version, as an update takes them; in the iteration alone.
    pub properties: Option<Values>,
    pub description: Option<String>,
    /// Without one `manual`.
    pub source_type: Option<String>,
}

/// A version that was brought back to an iteration.
#[derive(Debug, Clone)]
pub struct Restored {
    pub version: VersionView,
    pub from: Iteration,
    /// The iteration that says so.
    pub recorded: Iteration,
}

/// A version that the caller may work on, and its item; both stay until the write ends.
async fn open_to_work(write: &Write<'_>, version: &str) -> Result<(Item, Version)> {
    let (item, version) = open_version(write, version).await?;
    write.model.require(&item, Action::Update)?;
    version.require_open()?;
    version.require_free(write.ctx)?;
    if version.is_current {
        let current_version_id = item.current_version_id;
        return Ok((Item { current_version_id, ..meta::lock_to_change(write, item.id).await? }, version));
    }
    Ok((item, version))
}

/// Takes a snapshot of a version in work.
///
/// Fails with `Conflict` `VERSION_RELEASED`, `VERSION_MERGED`, `VERSION_CHECKED_OUT`, `STATE_LOCKED`, `TOO_MANY_ITERATIONS`.
pub async fn add_iteration(ctx: &Ctx, version: &str, new: NewIteration) -> Result<Iteration> {
    let description = given::text("description", new.description, MAX_DESCRIPTION)?;
    let source_type = given::text("source_type", new.source_type, MAX_SOURCE)?;
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (item, version) = open_to_work(&write, version).await?;
    let mut content = Held::read(&write, &item, &version).await?.content;
    if let Some(properties) = new.properties.filter(|properties| !properties.is_empty()) {
        let before = if version.is_current { item.clone() } else { version.as_item(&item) };
        let kind = write.model.item_type(&item.item_type)?;
        if let Some(changed) = meta::prepare_change(&write, kind, &before, properties).await? {
            content.properties = changed.properties;
        }
    }
    let source_type = source_type.as_deref().unwrap_or(MANUAL);
    let iteration = add(&write, &version, source_type, description, &content).await?;
    write.commit().await?;
    Ok(iteration)
}

async fn add(
    write: &Write<'_>,
    version: &Version,
    source_type: &str,
    description: Option<String>,
    content: &Content,
) -> Result<Iteration> {
    if repo::iterations::count(write.tx(), version.id).await? >= MOST {
        return Err(Error::conflict(format!("Version {} has {MOST} iterations", version.id))
            .code("TOO_MANY_ITERATIONS", format!("A version keeps at most {MOST} iterations. Delete some first.")));
    }
    let number = repo::iterations::next_number(write.tx(), version.id).await?;
    let iteration = keep(write, version, source_type, number, description, content).await?;
    let changes = Some(json!({ "iteration_id": iteration.id, "iteration_label": iteration.label }));
    log(write, version, "iteration", iteration.description.clone(), changes).await?;
    note(write, "version.iteration_created", version, None, Some(&iteration)).await?;
    Ok(iteration)
}

/// Stores a content under a number of a version.
pub(super) async fn keep(
    write: &Write<'_>,
    version: &Version,
    source_type: &str,
    number: i32,
    description: Option<String>,
    content: &Content,
) -> Result<Iteration> {
    let iteration = Iteration {
        id: new_id(),
        version_id: version.id,
        number,
        label: format!("{}.{number}", version.label),
        source_type: source_type.to_owned(),
        description,
        properties: content.properties.clone(),
        lines: lines_to_json(content)?,
        created_by_id: write.ctx.actor.user_id(),
        created_at: write.ctx.now(),
    };
    repo::iterations::insert(write.tx(), &iteration).await?;
    Ok(iteration)
}

/// The iterations of a version, the oldest first, for whoever may read its item.
pub async fn list_iterations(ctx: &Ctx, version: &str, page: PageRequest) -> Result<(Vec<Iteration>, Option<Uuid>)> {
    let (_, _, version) = require_version(ctx, version).await?;
    let latest = repo::iterations::latest(&*ctx.db, version.id).await?.map(|latest| latest.id);
    Ok((repo::iterations::of_version(&*ctx.db, version.id, page).await?, latest))
}

/// The latest iteration of a version. Fails with `NotFound` where there is none.
pub async fn latest_iteration(ctx: &Ctx, version: &str) -> Result<Iteration> {
    let (_, _, version) = require_version(ctx, version).await?;
    let latest = repo::iterations::latest(&*ctx.db, version.id).await?;
    latest.ok_or_else(|| Error::not_found(format!("Version {} has no iterations", version.id)))
}

/// An iteration within a write, with the version that the caller may work on.
async fn open_iteration(write: &Write<'_>, id: &str) -> Result<(Item, Version, Iteration)> {
    let missing = || Error::not_found(format!("Iteration {id} not found"));
    let uuid = Uuid::parse_str(id).map_err(|_| missing())?;
    let found = repo::iterations::find(write.tx(), uuid).await?.filter(|found| found.number > 0).ok_or_else(missing)?;
    let hidden = |error: Error| if error.kind() == crate::error::Kind::NotFound { missing() } else { error };
    let (item, version) = open_to_work(write, &found.version_id.to_string()).await.map_err(hidden)?;
    // Once more, now that nobody deletes it.
    let found = repo::iterations::find(write.tx(), uuid).await?.ok_or_else(missing)?;
    Ok((item, version, found))
}

/// Deletes an iteration of a version in work; the one before the latest is the latest then.
pub async fn delete_iteration(ctx: &Ctx, id: &str) -> Result<()> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (_, version, iteration) = open_iteration(&write, id).await?;
    repo::iterations::delete(write.tx(), iteration.id).await?;
    let changes = Some(json!({ "iteration_label": iteration.label }));
    log(&write, &version, "iteration_delete", None, changes).await?;
    note(&write, "version.iteration_deleted", &version, Some(&iteration), None).await?;
    write.commit().await
}

/// Brings a version back to an iteration: its properties, and its lines, which keep their ids where they are still there.
/// That it was done is an iteration itself.
///
/// Fails as changes of the item and of its lines do, and changes nothing then.
pub async fn restore_iteration(ctx: &Ctx, id: &str) -> Result<Restored> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |model| Ok(structures(model))).await?;
    let (item, before, from) = open_iteration(&write, id).await?;
    let held = Held::read(&write, &item, &before).await?;
    let content = from_json(write.model, from.properties.clone(), from.lines.clone())?;
    let (item, version, _) = apply(&write, &item, &before, &held, &content).await?;
    let changes = Some(json!({ "iteration_id": from.id, "iteration_label": from.label }));
    log(&write, &version, "restore", None, changes).await?;
    record(&write, "version.restored", &before, &version).await?;
    let content = Held::read(&write, &item, &version).await?.content;
    let description = Some(format!("Restored from {}", from.label));
    let recorded = add(&write, &version, RESTORE, description, &content).await?;
    write.commit().await?;
    Ok(Restored { version: VersionView::new(&model, &item, version), from, recorded })
}

async fn log(
    write: &Write<'_>,
    version: &Version,
    action: &'static str,
    comment: Option<String>,
    changes: Option<Value>,
) -> Result<()> {
    let (version_id, item_id) = (version.id, version.item_id);
    meta::log_version_event(write, VersionEvent { version_id, item_id, action, comment, changes }).await
}

async fn note(
    write: &Write<'_>,
    action: &'static str,
    version: &Version,
    before: Option<&Iteration>,
    after: Option<&Iteration>,
) -> Result<()> {
    let shown = |iteration: &Iteration| iteration.snapshot(version.item_id);
    let (subject_type, subject_id) = (VERSION.to_owned(), version.id.to_string());
    write.note(Change { action, subject_type, subject_id, before: before.map(shown), after: after.map(shown) }).await
}
