//! Opening the next revision of what is released.

use super::given;
use super::model::VersionView;
use super::open::open;
use crate::context::Ctx;
use crate::domain::meta::{self, Model, Turns, Write};
use crate::error::Result;

/// Makes the next version of an item the current one: a draft that begins as what is released.
///
/// Fails with `BadRequest` where the current version is not released, `NotFound`, `Forbidden`.
pub async fn revise(ctx: &Ctx, item: &str, comment: Option<String>) -> Result<VersionView> {
    let comment = given::comment(comment)?;
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (found, _) = open(&write, item, None).await?;
    let kind = write.model.item_type(&found.item_type)?;
    let revised = meta::open_revision(&write, kind, found, comment).await?;
    let (revised, version) = open(&write, &revised.id.to_string(), None).await?;
    write.commit().await?;
    Ok(VersionView::new(&model, &revised, version))
}
