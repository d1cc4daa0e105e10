//! Reading files.

use std::ops::Range;

use url::Url;
use uuid::Uuid;

use super::model::{File, FileRules};
use super::{content, repo};
use crate::context::Ctx;
use crate::domain::meta::Model;
use crate::error::{Error, Kind, Result};
use crate::storage::{Blob, DAMAGED};

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
    let mut file = repo::files::find(&*ctx.db, &model, id).await?.ok_or_else(not_found)?;
    repo::readable::as_known(&*ctx.db, &model, &mut file).await?;
    Ok(file)
}

/// Decides how a file is fetched.
///
/// Errors: `Unavailable` `FILE_CONTENT_MISSING` where the storage has lost it, `FILE_CONTENT_DAMAGED` where it has another length.
pub async fn deliver(ctx: &Ctx, rules: &FileRules, file: &File) -> Result<Delivery> {
    let link = async {
        let object = content::locate(ctx, &file.sha256).await?;
        ctx.store.link(&object.id, file.size, rules.link_life, &file.filename, &file.kind.mime_type).await
    };
    Ok(link.await.map_err(|error| lost(error, file))?.map_or(Delivery::Stream, Delivery::Link))
}

/// Some bytes of a file's content.
///
/// Errors: as those of [`deliver`].
pub async fn open_range(ctx: &Ctx, file: &File, range: Range<u64>) -> Result<Blob> {
    let blob = async {
        let object = content::locate(ctx, &file.sha256).await?;
        ctx.store.get_range(&object.id, file.size, range).await
    };
    blob.await.map_err(|error| lost(error, file))
}

/// A file without its content, or with another one, is damage, which no client can mend and an operator must hear of.
pub(super) fn lost(error: Error, file: &File) -> Error {
    if error.code_name() == Some(DAMAGED) {
        tracing::error!(file = %file.id, sha256 = %file.sha256, "the storage has damaged the content of a file");
        return error;
    }
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
