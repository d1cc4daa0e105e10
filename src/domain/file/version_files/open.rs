//! Files of versions within a write.

use serde_json::json;

use super::model::VersionFile;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::Change;
use crate::domain::file::FileRole;
use crate::domain::file::read::parse_id;
use crate::domain::file::repo::version_files as repo;
use crate::domain::meta::{self, VERSION, VersionEvent, Write};
use crate::domain::permission::Action;
use crate::domain::version::{self, Version};
use crate::error::{Error, Result};

/// A version whose files may change, and whose item the caller may change; locked until the write ends.
pub(super) async fn open(write: &Write<'_>, version: &str) -> Result<Version> {
    let (item, version) = version::open_version(write, version).await?;
    write.model.require(&item, Action::Update)?;
    version.require_open()?;
    if version.is_current {
        write.model.require_unlocked(&item)?;
    }
    Ok(version)
}

/// The same, checked out by the caller.
pub(super) async fn open_held(ctx: &Ctx, write: &Write<'_>, version: &str) -> Result<Version> {
    let version = open(write, version).await?;
    version::require_checked_out_by_caller(ctx, &version)?;
    Ok(version)
}

/// A file of a version; where it has several roles there, one must be named.
pub(super) async fn require_bound(
    tx: &Tx,
    version: &Version,
    file: &str,
    role: Option<FileRole>,
) -> Result<VersionFile> {
    choose(repo::of_file(tx, version.id, parse_id(file)?, role).await?)
}

pub(super) fn choose(mut found: Vec<VersionFile>) -> Result<VersionFile> {
    if found.len() > 1 {
        let roles: Vec<&str> = found.iter().map(|file| file.role.as_str()).collect();
        let roles = roles.join(", ");
        return Err(Error::bad_request(format!("The file has several roles here; name one as file_role: {roles}")));
    }
    found.pop().ok_or_else(|| Error::not_found("The version has no such file"))
}

/// Notes a change for the version's history, the audit and the outbox.
pub(super) async fn record(
    write: &Write<'_>,
    version: &Version,
    (step, action): (&'static str, &'static str),
    before: Option<&VersionFile>,
    after: Option<&VersionFile>,
) -> Result<()> {
    let changes = before.or(after).map(|file| json!({ "file_id": file.file_id, "file_role": file.role.as_str() }));
    let (version_id, item_id) = (version.id, version.item_id);
    let event = VersionEvent { version_id, item_id, action: step, comment: None, changes };
    meta::log_version_event(write, event).await?;
    let shown = |file: Option<&VersionFile>| file.map(|file| file.snapshot(version));
    let (subject_type, subject_id) = (VERSION.to_owned(), version.id.to_string());
    write.note(Change { action, subject_type, subject_id, before: shown(before), after: shown(after) }).await
}
