//! Check-outs of single files.

use super::model::VersionFile;
use super::open::{choose, open, record, require_bound};
use crate::context::Ctx;
use crate::domain::file::FileRole;
use crate::domain::file::read::parse_id;
use crate::domain::file::repo::version_files as repo;
use crate::domain::meta::{Model, Turns, Write};
use crate::domain::version::{self, Lock, LockContext};
use crate::error::{Error, Result};

/// Gives a file of a version to the caller alone. Once more by the same caller changes nothing.
///
/// Fails with `Conflict` where somebody else has the file or its version, or the version is released.
pub async fn check_out_file(ctx: &Ctx, version: &str, file: &str, role: Option<FileRole>) -> Result<VersionFile> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let version = open(&write, version).await?;
    version.require_free(ctx)?;
    let there = require_bound(write.tx(), &version, file, role).await?;
    there.require_free(ctx, &version)?;
    if there.lock.is_some() {
        return Ok(there);
    }
    let after = VersionFile { lock: Some(Lock::taken(ctx, LockContext::default())), ..there.clone() };
    repo::set_lock(write.tx(), after.id, after.lock.as_ref()).await?;
    let what = ("file_checkout", "version.file_checked_out");
    record(&write, &version, what, Some(&there), Some(&after)).await?;
    write.commit().await?;
    Ok(after)
}

/// Gives a file back. Administrators end somebody else's check-out with `force`.
pub async fn undo_file_check_out(
    ctx: &Ctx,
    version: &str,
    file: &str,
    role: Option<FileRole>,
    force: bool,
) -> Result<VersionFile> {
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    // Whoever holds it gives it back, whatever else has become of their rights.
    let (item, version) = version::open_version(&write, version).await?;
    let there = require_bound(write.tx(), &version, file, role).await?;
    if there.lock.is_none() {
        return Err(Error::conflict("File is not checked out")
            .code("NOT_CHECKED_OUT", format!("Nobody has this file of version {} checked out.", version.label)));
    }
    if let Err(refusal) = there.require_free(ctx, &version) {
        if !force {
            return Err(refusal);
        }
        if !ctx.actor.is_administrator() {
            return Err(version::forced_by_administrators(&item.item_type));
        }
    }
    let after = VersionFile { lock: None, ..there.clone() };
    repo::set_lock(write.tx(), after.id, None).await?;
    let what = ("file_undo_checkout", "version.file_checkout_undone");
    record(&write, &version, what, Some(&there), Some(&after)).await?;
    write.commit().await?;
    Ok(after)
}

/// A file of a version and who has it checked out, for whoever may read the item.
pub async fn file_lock(ctx: &Ctx, version: &str, file: &str, role: Option<FileRole>) -> Result<VersionFile> {
    let (_, _, version) = version::require_version(ctx, version).await?;
    choose(repo::of_file(&*ctx.db, version.id, parse_id(file)?, role).await?)
}
