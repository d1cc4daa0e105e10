//! Contents on their way into the storage. The row in `objects` comes first, then the object, then whatever refers to it: a
//! crash between leaves a content that nobody refers to, which is collected later, and never a reference without its content.

use super::repo;
use crate::context::Ctx;
use crate::error::{Error, Result};
use crate::storage::{ContentHash, Received, Stored};

/// Gives a content that has arrived its key. Nobody collects it before the grace is over.
pub async fn store(ctx: &Ctx, received: Received) -> Result<Stored> {
    let tx = ctx.begin().await?;
    repo::objects::touch(ctx, &tx, &received.stored()).await?;
    tx.commit().await?;
    received.publish().await
}

/// For a transaction that has just referred to a content, and so holds its row: nobody collects it from here on. Before, it
/// may have been: by a collection whose grace was outlasted, while another who brings the same content has made the row anew
/// and not yet the object.
pub async fn require_stored(ctx: &Ctx, hash: &ContentHash) -> Result<()> {
    match ctx.store.exists(hash).await? {
        true => Ok(()),
        false => Err(collected()),
    }
}

/// That a content went between its arrival and the reference to it.
pub fn collected() -> Error {
    Error::unavailable("The content was collected before its file was known; send it again").retry_after(1)
}
