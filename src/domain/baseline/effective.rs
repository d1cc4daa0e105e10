//! Which baseline of a product holds at a date.

use super::model::Baseline;
use super::repo;
use crate::context::Ctx;
use crate::domain::meta::{self, Model, query_moment};
use crate::error::{Error, Result};

/// The released baseline of an item that holds at a date: the latest by the date that it is effective at, or else that of its
/// release.
///
/// Fails with `NotFound` for an unknown item and where none holds, `Invalid` for what is no date.
pub async fn effective(ctx: &Ctx, root: &str, date: &str, baseline_type: Option<&str>) -> Result<Baseline> {
    let at = query_moment("target_date", date)?;
    let model = Model::load(ctx).await?;
    let root = meta::require_item(ctx, &model, meta::parse_id(root)?).await?;
    let found = repo::effective(&*ctx.db, root.id, at, baseline_type).await?;
    found.ok_or_else(|| Error::not_found("No effective baseline found"))
}
