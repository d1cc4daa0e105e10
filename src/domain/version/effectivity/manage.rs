//! Effectivities, one by one. They say when something is used, not what it is: those of a released version may change.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::model::{Effectivity, EffectivityKind, check};
use crate::context::Ctx;
use crate::domain::audit::{Change, new_id};
use crate::domain::meta::{self, Item, Model, Turns, Values, Write};
use crate::domain::permission::Action;
use crate::domain::version::open::open_version;
use crate::domain::version::read::require_version;
use crate::domain::version::repo::effectivities as repo;
use crate::error::{Error, Kind, Result};
use crate::types::PageRequest;

/// Of one item or version.
const MOST: u64 = 1000;

/// An effectivity to be: of an item or line, or of a version.
#[derive(Debug, Clone, Default)]
pub struct NewEffectivity {
    pub item_id: Option<String>,
    pub version_id: Option<String>,
    pub kind: EffectivityKind,
    /// ISO 8601; without an offset it is UTC.
    pub start: Option<String>,
    pub end: Option<String>,
    pub payload: Values,
}

/// The field that ends a period.
const END: &str = "end_date";

/// What changes; what is left out stays, `Some(None)` takes away.
#[derive(Debug, Clone, Default)]
pub struct EffectivityChange {
    pub start: Option<Option<String>>,
    pub end: Option<Option<String>>,
}

/// A date alone is its first moment where it begins something, and its last where it ends it.
fn moment(field: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let message = "Expected a time: 2026-11-24T08:00:00Z";
    let parse = if field == END { meta::parse_end } else { meta::parse_moment };
    let read = parse(text).ok_or_else(|| Error::invalid_field("datetime_type", &["body", field], message));
    read.map(Some)
}

/// Adds an effectivity. The caller may change the item; a line also by its state.
pub async fn add_effectivity(ctx: &Ctx, new: NewEffectivity) -> Result<Effectivity> {
    let (start, end) = (moment("start_date", new.start.as_deref())?, moment(END, new.end.as_deref())?);
    check(new.kind, start, end, &new.payload)?;
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (item_id, version_id) = match (&new.item_id, &new.version_id) {
        (Some(item), None) => (Some(lock_item(&write, meta::parse_id(item)?).await?.id), None),
        (None, Some(version)) => (None, Some(lock_version(&write, version).await?)),
        (None, None) => return Err(Error::invalid_field("missing", &["body", "item_id"], "Field required")),
        (Some(_), Some(_)) => {
            let message = "An effectivity is of an item or of a version, not of both";
            return Err(Error::invalid_field("value_error", &["body", "version_id"], message));
        }
    };
    if repo::count(write.tx(), item_id, version_id).await? >= MOST {
        return Err(Error::conflict(format!("There are {MOST} effectivities already"))
            .code("TOO_MANY_EFFECTIVITIES", "Delete those that are not needed any more."));
    }
    let added = Effectivity {
        id: new_id(),
        item_id,
        version_id,
        kind: new.kind.as_str().to_owned(),
        start,
        end,
        payload: new.payload,
        created_at: ctx.now(),
        created_by_id: ctx.actor.user_id(),
    };
    repo::insert(write.tx(), &added).await?;
    note(&write, "effectivity.created", None, Some(&added)).await?;
    write.commit().await?;
    Ok(added)
}

/// An item whose effectivities the caller may change. When a line holds is part of the structure that it belongs to; when an
/// item is used can be said whatever its state.
async fn lock_item(write: &Write<'_>, id: Uuid) -> Result<Item> {
    let item = meta::require_locked_item(write, id).await?;
    if item.source_id.is_some() {
        return meta::lock_to_change(write, id).await;
    }
    write.model.require(&item, Action::Update)?;
    Ok(item)
}

async fn lock_version(write: &Write<'_>, id: &str) -> Result<Uuid> {
    let (item, version) = open_version(write, id).await?;
    write.model.require(&item, Action::Update)?;
    Ok(version.id)
}

fn not_found(id: &str) -> Error {
    Error::not_found(format!("Effectivity {id} not found"))
}

/// What is of something hidden is not told from what is not there.
fn hidden(error: Error, id: &str) -> Error {
    if error.kind() == Kind::NotFound { not_found(id) } else { error }
}

/// An effectivity, for whoever may read what it is of.
pub async fn get_effectivity(ctx: &Ctx, id: &str) -> Result<Effectivity> {
    let found = Uuid::parse_str(id).map_err(|_| not_found(id))?;
    let found = repo::find(&*ctx.db, found).await?.ok_or_else(|| not_found(id))?;
    let model = Model::load(ctx).await?;
    let readable = match (found.item_id, found.version_id) {
        (Some(item), _) => meta::require_item(ctx, &model, item).await.map(|_| ()),
        (None, Some(version)) => require_version(ctx, &version.to_string()).await.map(|_| ()),
        (None, None) => Err(not_found(id)),
    };
    readable.map_err(|error| hidden(error, id))?;
    Ok(found)
}

/// Those of an item or line, the oldest first.
pub async fn effectivities_of_item(ctx: &Ctx, item: &str, page: PageRequest) -> Result<Vec<Effectivity>> {
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, meta::parse_id(item)?).await?;
    repo::of(&*ctx.db, Some(item.id), None, page).await
}

/// Those of a version, the oldest first.
pub async fn effectivities_of_version(ctx: &Ctx, version: &str, page: PageRequest) -> Result<Vec<Effectivity>> {
    let (_, _, version) = require_version(ctx, version).await?;
    repo::of(&*ctx.db, None, Some(version.id), page).await
}

/// An effectivity that the caller may change; what it is of stays until the write ends.
async fn open(write: &Write<'_>, id: &str) -> Result<(Effectivity, Option<Item>)> {
    let uuid = Uuid::parse_str(id).map_err(|_| not_found(id))?;
    let found = repo::find(write.tx(), uuid).await?.ok_or_else(|| not_found(id))?;
    let item = match (found.item_id, found.version_id) {
        (Some(item), _) => Some(lock_item(write, item).await.map_err(|error| hidden(error, id))?),
        (None, Some(version)) => {
            lock_version(write, &version.to_string()).await.map_err(|error| hidden(error, id))?;
            None
        }
        (None, None) => return Err(not_found(id)),
    };
    // Once more, now that nobody changes it.
    let found = repo::find(write.tx(), uuid).await?.ok_or_else(|| not_found(id))?;
    Ok((found, item))
}

/// Changes from when and until when. One that records the dates of a line changes these.
pub async fn change_effectivity(ctx: &Ctx, id: &str, change: EffectivityChange) -> Result<Effectivity> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (before, item) = open(&write, id).await?;
    let mut after = before.clone();
    if let Some(start) = &change.start {
        after.start = moment("start_date", start.as_deref())?;
    }
    if let Some(end) = &change.end {
        after.end = moment(END, end.as_deref())?;
    }
    let kind = EffectivityKind::ALL.into_iter().find(|kind| kind.as_str() == before.kind).unwrap_or_default();
    check(kind, after.start, after.end, &after.payload)?;
    if after == before {
        return Ok(before);
    }
    match item.filter(|item| item.id == before.id) {
        Some(line) => {
            set_dates(&write, &line, (after.start, after.end)).await?;
            after = repo::find(write.tx(), before.id).await?.unwrap_or(after);
        }
        None => {
            repo::set_dates(write.tx(), &after).await?;
            note(&write, "effectivity.updated", Some(&before), Some(&after)).await?;
        }
    }
    write.commit().await?;
    Ok(after)
}

/// Deletes an effectivity. One that records the dates of a line takes these away.
pub async fn delete_effectivity(ctx: &Ctx, id: &str) -> Result<()> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (before, item) = open(&write, id).await?;
    match item.filter(|item| item.id == before.id) {
        Some(line) => set_dates(&write, &line, (None, None)).await?,
        None => {
            repo::delete(write.tx(), before.id).await?;
            note(&write, "effectivity.deleted", Some(&before), None).await?;
        }
    }
    write.commit().await
}

/// The record bears the line's id and follows its properties, which are what people edit.
async fn set_dates(
    write: &Write<'_>,
    line: &Item,
    (start, end): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
) -> Result<()> {
    let kind = write.model.item_type(&line.item_type)?;
    let Some((from, to)) = &kind.period_properties else { return Ok(()) };
    let text = |moment: Option<DateTime<Utc>>| moment.map_or(Value::Null, |moment| moment.to_rfc3339().into());
    let given = Values::from_iter([(from.clone(), text(start)), (to.clone(), text(end))]);
    meta::update_item(write, kind, line.id, given).await.map(|_| ())
}

async fn note(
    write: &Write<'_>,
    action: &'static str,
    before: Option<&Effectivity>,
    after: Option<&Effectivity>,
) -> Result<()> {
    let id = after.or(before).map(|effectivity| effectivity.id.to_string()).unwrap_or_default();
    let (before, after) = (before.map(Effectivity::snapshot), after.map(Effectivity::snapshot));
    write.note(Change { action, subject_type: "Effectivity".to_owned(), subject_id: id, before, after }).await
}
