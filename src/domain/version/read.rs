//! Reading versions and their history, for whoever may read the item.

use std::collections::HashMap;

use uuid::Uuid;

use super::model::{Happening, ItemVersions, Version, VersionView, not_found, parse_id};
use super::open::{hidden, init_version};
use super::repo;
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model};
use crate::error::Result;
use crate::types::PageRequest;

/// A version, its item and the model that shows them, if the caller may read the item.
pub async fn require_version(ctx: &Ctx, id: &str) -> Result<(Model, Item, Version)> {
    let id = parse_id(id)?;
    let version = repo::find(&*ctx.db, id).await?.ok_or_else(|| not_found(id))?;
    let model = Model::load(ctx).await?;
    let item = meta::require_item(ctx, &model, version.item_id).await.map_err(|error| hidden(error, id))?;
    Ok((model, item, version))
}

/// A version as it was or is.
pub async fn get_version(ctx: &Ctx, id: &str) -> Result<VersionView> {
    let (model, item, version) = require_version(ctx, id).await?;
    Ok(VersionView::new(&model, &item, version))
}

/// What happened to the versions of an item, the newest first.
pub async fn version_history(ctx: &Ctx, item: &str, page: PageRequest) -> Result<Vec<Happening>> {
    let item = ensured(ctx, item).await?;
    repo::history(&*ctx.db, item.id, page).await
}

/// The versions of an item with what each followed, the oldest first.
pub async fn version_tree(ctx: &Ctx, item: &str, page: PageRequest) -> Result<Vec<Version>> {
    let item = ensured(ctx, item).await?;
    versions(ctx, &item, page).await
}

/// The versions of an item, the oldest first.
pub async fn versions_of(ctx: &Ctx, item: &str, page: PageRequest) -> Result<ItemVersions> {
    let item = ensured(ctx, item).await?;
    Ok(ItemVersions {
        item_id: item.id,
        is_under_modification: repo::any_checked_out(&*ctx.db, item.id).await?,
        versions: versions(ctx, &item, page).await?,
    })
}

async fn versions(ctx: &Ctx, item: &Item, page: PageRequest) -> Result<Vec<Version>> {
    let found = repo::of_item(&*ctx.db, item.id, page).await?;
    Ok(found.into_iter().map(|version| version.of(item)).collect())
}

/// The item, which has a version then.
async fn ensured(ctx: &Ctx, item: &str) -> Result<Item> {
    let model = Model::load(ctx).await?;
    let found = meta::require_item(ctx, &model, meta::parse_id(item)?).await?;
    if found.current_version_id.is_none() {
        init_version(ctx, item).await?;
    }
    Ok(found)
}

/// The revisions that versions are, by their ids.
pub async fn revisions(ctx: &Ctx, versions: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    repo::revisions(&*ctx.db, versions).await
}

/// Items by their ids, whoever may get them.
pub async fn items_by_id(ctx: &Ctx, ids: &[Uuid]) -> Result<HashMap<Uuid, Item>> {
    repo::items(&*ctx.db, ids).await
}
