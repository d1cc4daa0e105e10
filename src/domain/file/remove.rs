//! Removing files that hang on nothing.

use super::read::{not_found, parse_id};
use super::repo;
use super::upload::change;
use crate::context::Ctx;
use crate::domain::audit;
use crate::domain::meta::Model;
use crate::domain::permission::{Action, denied};
use crate::error::{Error, Result};
use crate::storage::Stored;

/// How many of the items that hold a file are named.
const MOST_NAMED: u64 = 10;

/// Removes a file: for administrators, and for who brought it. Its content is collected after the usual grace. While others
/// have brought it too, only the caller's bringing it is taken back: the file is theirs as well.
///
/// Errors: `Conflict` `FILE_IN_USE` while it hangs on items, naming some of those that the caller may see.
pub async fn delete_file(ctx: &Ctx, id: &str) -> Result<()> {
    let id = parse_id(id)?;
    let model = Model::load(ctx).await?;
    repo::files::find(&*ctx.db, &model, id).await?.ok_or_else(not_found)?;
    let tx = ctx.begin().await?;
    let file = repo::files::find_locked(&tx, id).await?.ok_or_else(not_found)?;
    let is_mine = match ctx.actor.user_id() {
        Some(me) => repo::files::was_brought_by(&tx, id, me).await?,
        None => false,
    };
    if !is_mine && !ctx.actor.is_administrator() {
        return Err(denied(Action::Delete, "File"));
    }
    if let Some(me) = ctx.actor.user_id().filter(|_| !ctx.actor.is_administrator())
        && repo::files::was_brought_by_others(&tx, id, me).await?
    {
        repo::files::forget_uploads(&tx, id, me).await?;
        audit::record(ctx, &tx, vec![change("file.upload_withdrawn", id, Some(file.snapshot()), None)]).await?;
        return tx.commit().await;
    }
    if repo::files::is_in_use(&tx, id).await? {
        let items = repo::files::items_with(&tx, &model, id, MOST_NAMED).await?;
        return Err(Error::conflict("The file is attached to items, or bound to their versions")
            .code("FILE_IN_USE", "Take the file off these items first.")
            .details(serde_json::json!({ "item_ids": items })));
    }
    repo::files::delete(&tx, id).await?;
    // The grace begins now: whoever is about to bring the same content finds it.
    repo::objects::touch(ctx, &tx, &Stored { sha256: file.sha256, size: file.size }).await?;
    audit::record(ctx, &tx, vec![change("file.deleted", id, Some(file.snapshot()), None)]).await?;
    tx.commit().await
}
