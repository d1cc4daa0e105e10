//! Contents on their way into the storage. The row in `objects` comes first, then the object, then whatever refers to it: a
//! crash between leaves a content that nobody refers to, which is collected later, and never a reference without its content.
//!
//! The storage is never asked within a transaction: it may be slow, and the transaction holds what others wait for.

use super::repo;
use super::repo::objects::Object;
use crate::context::Ctx;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::storage::{ContentHash, ObjectId, Received};

/// Gives a content that has arrived its key. Nobody collects it before the grace is over.
pub async fn store(ctx: &Ctx, received: Received) -> Result<ObjectId> {
    let tx = ctx.begin().await?;
    let object = repo::objects::touch(ctx, &tx, &received.stored()).await?;
    tx.commit().await?;
    received.publish(object.edition).await?;
    Ok(object)
}

/// For a transaction that has just referred to a content that was stored as `object`, and so holds its row: nobody collects it
/// from here on. Before, it may have been: by a collection whose grace was outlasted. Then it is leaving, or has another edition,
/// which somebody else is just writing.
pub async fn require_current(tx: &Tx, object: &ObjectId) -> Result<()> {
    match repo::objects::find(tx, &object.sha256).await? {
        Some(found) if found.id == *object => Ok(()),
        _ => Err(collected()),
    }
}

/// The object of a content that something refers to.
pub async fn locate(ctx: &Ctx, hash: &ContentHash) -> Result<Object> {
    let missing = || Error::not_found("The content does not exist in the file storage");
    repo::objects::find(&*ctx.db, hash).await?.ok_or_else(missing)
}

/// That a content went between its arrival and the reference to it.
pub fn collected() -> Error {
    Error::unavailable("The content was collected before its file was known; send it again").retry_after(1)
}
