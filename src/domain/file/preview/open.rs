//! Reading a preview.

use super::super::content;
use super::super::read::require_file;
use crate::context::Ctx;
use crate::error::{Error, Kind, Result};
use crate::storage::{Blob, ContentHash, DAMAGED};

/// The picture of a file that the caller may read, and its checksum; without the picture where `known` is its checksum.
///
/// Errors: `NotFound` for a file without one.
pub async fn open_preview(
    ctx: &Ctx,
    id: &str,
    known: impl FnOnce(&ContentHash) -> Result<bool>,
) -> Result<(ContentHash, Option<Blob>)> {
    let none = || Error::not_found("Preview not available");
    let preview = require_file(ctx, id).await?.preview.ok_or_else(none)?;
    if known(&preview)? {
        return Ok((preview, None));
    }
    let blob = async {
        let object = content::locate(ctx, &preview).await?;
        ctx.store.get_range(&object.id, object.size, 0..object.size).await
    };
    let blob = blob.await.map_err(|error| {
        if error.kind() != Kind::NotFound && error.code_name() != Some(DAMAGED) {
            return error;
        }
        tracing::error!(file = id, sha256 = %preview, "the storage has lost or damaged a preview");
        none().caused_by(error)
    })?;
    Ok((preview, Some(blob)))
}
