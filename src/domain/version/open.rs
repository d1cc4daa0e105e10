//! Versions within a write: found with their item, which stays locked until it ends. Whoever changes a version locks its
//! item first.

use serde_json::json;
use uuid::Uuid;

use super::model::{Version, VersionView, not_found, parse_id};
use super::repo;
use crate::context::Ctx;
use crate::domain::audit::Change;
use crate::domain::meta::{self, Item, ItemType, Model, Turns, VERSION, Write};
use crate::error::{Error, Kind, Result};

/// An item and one of its versions: the named one, or the current one.
pub(super) async fn open(write: &Write<'_>, item: &str, version: Option<&str>) -> Result<(Item, Version)> {
    let item = meta::require_locked_item(write, meta::parse_id(item)?).await?;
    let kind = write.model.item_type(&item.item_type)?;
    require_versions(kind, &item)?;
    let current = meta::ensure_version(write, kind, &item).await?;
    let id = version.map(parse_id).transpose()?.unwrap_or(current);
    let version = repo::find(write.tx(), id).await?.filter(|version| version.item_id == item.id);
    let version = version.ok_or_else(|| not_found(id))?;
    Ok((Item { current_version_id: Some(current), ..item }, version))
}

/// A version and its item, if the caller may read that.
pub async fn open_version(write: &Write<'_>, version: &str) -> Result<(Item, Version)> {
    let id = parse_id(version)?;
    let found = repo::find(write.tx(), id).await?.ok_or_else(|| not_found(id))?;
    let item = meta::require_locked_item(write, found.item_id).await.map_err(|error| hidden(error, id))?;
    // Once more, now that nobody changes it.
    let version = repo::find(write.tx(), id).await?.ok_or_else(|| not_found(id))?;
    Ok((item, version))
}

/// A version of an item that the caller may not know of is not told from one that is not there.
pub(super) fn hidden(error: Error, id: Uuid) -> Error {
    if error.kind() == Kind::NotFound { not_found(id) } else { error }
}

/// The item has versions. One that has had them before its type had none keeps those: a check-out can still be ended.
pub(super) fn require_versions(kind: &ItemType, item: &Item) -> Result<()> {
    if meta::has_versions(kind) || item.current_version_id.is_some() {
        return Ok(());
    }
    Err(Error::conflict(format!("{} has no versions", kind.label))
        .code("NOT_VERSIONABLE", format!("Items of the type {} have no versions.", kind.id))
        .details(json!({ "resource": kind.id })))
}

/// The current version of an item, which is made where there is none yet; for whoever may read the item.
pub async fn init_version(ctx: &Ctx, item: &str) -> Result<VersionView> {
    let mut model = Model::load(ctx).await?;
    let found = meta::require_item(ctx, &model, meta::parse_id(item)?).await?;
    require_versions(model.item_type(&found.item_type)?, &found)?;
    if let Some(id) = found.current_version_id
        && let Some(version) = repo::find(&*ctx.db, id).await?
    {
        return Ok(VersionView::new(&model, &found, version));
    }
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (item, version) = open(&write, item, None).await?;
    write.commit().await?;
    Ok(VersionView::new(&model, &item, version))
}

/// Notes a change to a version for the audit and the outbox.
pub async fn record(write: &Write<'_>, action: &'static str, before: &Version, after: &Version) -> Result<()> {
    let (subject_type, subject_id) = (VERSION.to_owned(), after.id.to_string());
    let change = Change { action, subject_type, subject_id, before: before.snapshot(), after: after.snapshot() };
    write.note(change).await
}
