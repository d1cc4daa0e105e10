//! What a local directory needs beyond the common operations: directory entries that survive a power loss.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::error::{Error, Result};

/// Flushes every directory from the object's own up to `root`.
///
/// The file itself is flushed when it is closed; without this its name could still be lost with the power.
pub(super) async fn sync_directories(root: &Path, key: &str) -> Result<()> {
    let (root, file) = (root.to_owned(), root.join(key));
    let flushed = tokio::task::spawn_blocking(move || flush(&root, &file)).await;
    flushed
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| Error::internal("The file storage cannot flush a directory").caused_by(error))
}

#[cfg(unix)]
fn flush(root: &Path, file: &Path) -> io::Result<()> {
    for directory in file.ancestors().skip(1).take_while(|directory| directory.starts_with(root)) {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Elsewhere a directory cannot be opened as a file, and its entries are journalled.
#[cfg(not(unix))]
fn flush(_root: &Path, _file: &Path) -> io::Result<()> {
    Ok(())
}
