//! Reading files.

use std::ops::Range;

use url::Url;
use uuid::Uuid;

use super::model::{File, FileRules};
use super::repo;
use crate::context::Ctx;
use crate::domain::meta::Model;
use crate::error::{Error, Kind, Result};
use crate::storage::Blob;

/// How a content gets to who asked for it.
pub enum Delivery {
    /// From the storage itself, for whoever has the link, until it expires.
    Link(Url),
    /// Through the server.
    Stream,
}

/// The file, if the caller may read it; `NotFound` otherwise.
pub async fn require_file(ctx: &Ctx, id: &str) -> Result<File> {
    let id = parse_id(id)?;
    let model = Model::load(ctx).await?;
    repo::files::find(&*ctx.db, &model, id).await?.ok_or_else(not_found)
}

/// Decides how a file is fetched.
///
/// Errors: `Unavailable` `FILE_CONTENT_MISSING` where the storage has lost it.
pub async fn deliver(ctx: &Ctx, rules: &FileRules, file: &File) -> Result<Delivery> {
    let link = ctx.store.link(&file.sha256, rules.link_life, &file.filename, &file.kind.mime_type).await;
    Ok(link.map_err(|error| lost(error, file))?.map_or(Delivery::Stream, Delivery::Link))
}

/// Some bytes of a file's content.
pub async fn open_range(ctx: &Ctx, file: &File, range: Range<u64>) -> Result<Blob> {
    ctx.store.get_range(&file.sha256, range).await.map_err(|error| lost(error, file))
}

/// A file without its content is damage, which no client can mend and an operator must hear of.
pub(super) fn lost(error: Error, file: &File) -> Error {
    if error.kind() != Kind::NotFound {
        return error;
    }
    tracing::error!(file = %file.id, sha256 = %file.sha256, "the storage has lost the content of a file");
    Error::unavailable("The content of this file is missing in the storage")
        .code("FILE_CONTENT_MISSING", "Ask the administrator to run `yuantus storage verify`.")
        .caused_by(error)
}

pub(super) fn parse_id(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id).map_err(|_| not_found())
}

pub(super) fn not_found() -> Error {
    Error::not_found("File not found")
}
