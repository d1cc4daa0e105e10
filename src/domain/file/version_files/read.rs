//! Reading the files of versions.

use super::model::{VersionFile, VersionFileFacts};
use crate::context::Ctx;
use crate::domain::file::repo::version_files as repo;
use crate::domain::file::{File, FileRole};
use crate::domain::version::{self, Version};
use crate::error::Result;

/// The files of a version, by their sequence, for whoever may read its item.
pub async fn files_of_version(ctx: &Ctx, version: &str, role: Option<FileRole>) -> Result<Vec<(VersionFile, File)>> {
    let (_, _, version) = version::require_version(ctx, version).await?;
    repo::of_version(&*ctx.db, version.id, role).await
}

/// How many files a version has and which is the primary one; for whoever has the version in hand.
pub async fn version_file_facts(ctx: &Ctx, version: &Version) -> Result<VersionFileFacts> {
    repo::facts(&*ctx.db, version.id).await
}
