//! The files that differ between two versions.

use super::model::VersionFile;
use super::read::files_of_version;
use crate::context::Ctx;
use crate::domain::file::File;
use crate::error::Result;

/// What the second version has more, less, or otherwise than the first. A file is known by its id and role.
#[derive(Debug, Clone)]
pub struct FileComparison {
    pub added: Vec<(VersionFile, File)>,
    pub removed: Vec<(VersionFile, File)>,
    /// As in the second version.
    pub changed: Vec<(VersionFile, File)>,
}

/// Compares the files of two versions, for whoever may read their items.
pub async fn compare_version_files(ctx: &Ctx, left: &str, right: &str) -> Result<FileComparison> {
    let (mut removed, after) = (files_of_version(ctx, left, None).await?, files_of_version(ctx, right, None).await?);
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for (bound, file) in after {
        let same = |(old, _): &(VersionFile, File)| old.file_id == bound.file_id && old.role == bound.role;
        match removed.iter().position(same).map(|at| removed.remove(at)) {
            Some((old, _)) if (old.sequence, old.is_primary) != (bound.sequence, bound.is_primary) => {
                changed.push((bound, file));
            }
            Some(_) => {}
            None => added.push((bound, file)),
        }
    }
    Ok(FileComparison { added, removed, changed })
}
