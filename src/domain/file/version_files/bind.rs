//! Which files a version has.

use super::model::{NewVersionFile, VersionFile};
use super::open::{open_held, record, require_bound};
use crate::context::Ctx;
use crate::domain::audit::new_id;
use crate::domain::file::FileRole;
use crate::domain::file::read::{not_found, parse_id};
use crate::domain::file::repo::{files, version_files as repo};
use crate::domain::meta::{Model, Turns, Write};
use crate::domain::version::Version;
use crate::error::{Error, Result};

/// Files of one version: they are listed as a whole.
const MOST: u64 = 1000;

/// Binds a file that the caller may read to a version that they have checked out. One that is bound in that role already
/// takes the new place, and becomes the primary one where that is asked for.
///
/// Errors: `NotFound`, `Forbidden`, `Conflict` for a version that is not the caller's to change.
pub async fn bind_file(ctx: &Ctx, version: &str, new: NewVersionFile) -> Result<VersionFile> {
    let file = parse_id(&new.file_id)?;
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let version = open_held(ctx, &write, version).await?;
    // Otherwise binding would be a way to read.
    let file = files::find(write.tx(), write.model, file).await?.ok_or_else(not_found)?.id;
    let there = repo::of_file(write.tx(), version.id, file, Some(new.role)).await?.pop();
    let bound = match there {
        Some(there) => place(ctx, &write, &version, there, &new).await?,
        None => {
            let bound = VersionFile {
                id: new_id(),
                version_id: version.id,
                file_id: file,
                role: new.role,
                sequence: new.sequence,
                is_primary: new.is_primary,
                lock: None,
                created_by_id: ctx.actor.user_id(),
                created_at: ctx.now(),
            };
            insert(&write, &version, bound).await?
        }
    };
    write.commit().await?;
    Ok(bound)
}

async fn insert(write: &Write<'_>, version: &Version, bound: VersionFile) -> Result<VersionFile> {
    if repo::facts(write.tx(), version.id).await?.count >= MOST {
        let message = format!("A version has at most {MOST} files");
        return Err(Error::conflict(message).code("TOO_MANY_FILES", "Remove files that are not needed any more."));
    }
    if bound.is_primary {
        repo::clear_primary(write.tx(), version.id).await?;
    }
    repo::insert(write.tx(), &bound).await.map_err(gone)?;
    record(write, version, ("file_bind", "version.file_bound"), None, Some(&bound)).await?;
    Ok(bound)
}

/// A file that was removed at this moment.
fn gone(error: Error) -> Error {
    if error.code_name() == Some("REFERENCE_VIOLATION") { not_found() } else { error }
}

async fn place(
    ctx: &Ctx,
    write: &Write<'_>,
    version: &Version,
    there: VersionFile,
    new: &NewVersionFile,
) -> Result<VersionFile> {
    let is_primary = there.is_primary || new.is_primary;
    let after = VersionFile { sequence: new.sequence, is_primary, ..there.clone() };
    if after == there {
        return Ok(there);
    }
    there.require_free(ctx, version)?;
    store(write, version, &there, &after, ("file_bind", "version.file_bound")).await?;
    Ok(after)
}

async fn store(
    write: &Write<'_>,
    version: &Version,
    before: &VersionFile,
    after: &VersionFile,
    what: (&'static str, &'static str),
) -> Result<()> {
    if after.is_primary && !before.is_primary {
        repo::clear_primary(write.tx(), version.id).await?;
    }
    repo::place(write.tx(), after).await?;
    record(write, version, what, Some(before), Some(after)).await
}

/// Makes a file of a version the one that stands for it.
pub async fn set_primary_file(ctx: &Ctx, version: &str, file: &str, role: Option<FileRole>) -> Result<VersionFile> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let version = open_held(ctx, &write, version).await?;
    let there = require_bound(write.tx(), &version, file, role).await?;
    let after = VersionFile { is_primary: true, ..there.clone() };
    if after != there {
        there.require_free(ctx, &version)?;
        store(&write, &version, &there, &after, ("file_primary", "version.file_primary_set")).await?;
        write.commit().await?;
    }
    Ok(after)
}

/// Takes a file off a version. The file stays.
pub async fn unbind_file(ctx: &Ctx, version: &str, file: &str, role: Option<FileRole>) -> Result<()> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let version = open_held(ctx, &write, version).await?;
    let there = require_bound(write.tx(), &version, file, role).await?;
    there.require_free(ctx, &version)?;
    repo::delete(write.tx(), there.id).await?;
    record(&write, &version, ("file_unbind", "version.file_unbound"), Some(&there), None).await?;
    write.commit().await
}
