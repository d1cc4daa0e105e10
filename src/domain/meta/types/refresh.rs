//! Starting over from what is stored: the model that a process remembers, and indexes that failed.

use super::super::model::{IndexStatus, ItemType, Model, Property};
use super::super::repo;
use super::change::{ModelChange, require_administrator};
use super::index_job;
use crate::context::Ctx;
use crate::error::Result;

/// Forgets the remembered model of the organisation's database; says how many types that were.
pub async fn forget_model(ctx: &Ctx) -> Result<usize> {
    require_administrator(ctx)?;
    Ok(Model::forget(ctx))
}

/// Reads a type anew, and has its indexes looked after: those that failed are tried again, and one that was lost is made.
/// Answers with the type and with how many are not ready.
pub async fn refresh_item_type(ctx: &Ctx, id: &str) -> Result<(ItemType, usize)> {
    require_administrator(ctx)?;
    Model::forget(ctx);
    let kind = Model::load(ctx).await?.item_type(id)?.clone();
    if !kind.properties.iter().any(Property::wants_index) {
        return Ok((kind, 0));
    }
    let change = ModelChange::begin(ctx).await?;
    let mut kind = change.item_type(id)?.clone();
    let mut retried = 0;
    for property in kind.properties.iter_mut().filter(|property| property.wants_index()) {
        if property.index_status != Some(IndexStatus::Ready) {
            property.index_status = Some(IndexStatus::Building);
            property.index_problem = None;
            repo::types::update_property(&change.tx, id, property).await?;
            retried += 1;
        }
    }
    index_job::ask(&change.tx, ctx).await?;
    change.commit().await?;
    Ok((kind, retried))
}
