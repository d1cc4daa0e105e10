//! The files of versions as the API shows them.

use std::collections::BTreeMap;

use poem_openapi::Object;

use super::super::files::{download_url, preview_url};
use super::shapes::VersionResponse;
use crate::api::shapes::Time;
use crate::domain::file::{File, VersionFile, VersionFileFacts};
use crate::domain::version::VersionView;

/// A version with its files.
#[derive(Object)]
pub struct VersionDetail {
    #[oai(flatten)]
    version: VersionResponse,
    /// By their roles.
    files: BTreeMap<String, Vec<VersionFileResponse>>,
}

impl VersionDetail {
    pub fn new(view: VersionView, files: Vec<(VersionFile, File)>) -> Self {
        let primary = files.iter().find(|(bound, _)| bound.is_primary).map(|(_, file)| file.id);
        let version = VersionResponse::new(view, VersionFileFacts { count: files.len() as u64, primary });
        let mut by_role: BTreeMap<String, Vec<VersionFileResponse>> = BTreeMap::new();
        for (bound, file) in files {
            by_role.entry(bound.role.as_str().to_owned()).or_default().push((bound, file).into());
        }
        Self { version, files: by_role }
    }
}

/// A file of a version.
#[derive(Object)]
pub struct VersionFileResponse {
    /// Of the binding.
    id: String,
    file_id: String,
    file_role: String,
    sequence: i32,
    is_primary: bool,
    checked_out_by_id: Option<i64>,
    /// The name of who has it checked out, as it was then.
    checked_out_by: Option<String>,
    checked_out_at: Option<Time>,
    filename: String,
    /// The extension in lower case, without its dot.
    file_type: String,
    /// In bytes.
    file_size: u64,
    mime_type: String,
    /// SHA-256, in hex.
    checksum: String,
    document_type: String,
    preview_url: Option<String>,
    download_url: String,
}

impl From<(VersionFile, File)> for VersionFileResponse {
    fn from((bound, file): (VersionFile, File)) -> Self {
        Self {
            id: bound.id.to_string(),
            file_id: file.id.to_string(),
            file_role: bound.role.as_str().to_owned(),
            sequence: bound.sequence,
            is_primary: bound.is_primary,
            checked_out_by_id: bound.lock.as_ref().and_then(|lock| lock.by),
            checked_out_by: bound.lock.as_ref().and_then(|lock| lock.by_name.clone()),
            checked_out_at: bound.lock.map(|lock| lock.since.into()),
            preview_url: preview_url(&file),
            download_url: download_url(&file),
            filename: file.filename,
            file_type: file.kind.extension,
            file_size: file.size,
            mime_type: file.kind.mime_type,
            checksum: file.sha256.to_string(),
            document_type: file.kind.document_type,
        }
    }
}

/// What a file is to a version.
#[derive(Object)]
pub struct BoundFileResponse {
    /// Of the binding.
    id: String,
    version_id: String,
    file_id: String,
    file_role: String,
    is_primary: bool,
    sequence: i32,
}

impl From<VersionFile> for BoundFileResponse {
    fn from(bound: VersionFile) -> Self {
        Self {
            id: bound.id.to_string(),
            version_id: bound.version_id.to_string(),
            file_id: bound.file_id.to_string(),
            file_role: bound.role.as_str().to_owned(),
            is_primary: bound.is_primary,
            sequence: bound.sequence,
        }
    }
}

/// Who has a file of a version checked out.
#[derive(Object)]
pub struct FileLockResponse {
    /// Of the binding.
    id: String,
    version_id: String,
    file_id: String,
    file_role: String,
    is_locked: bool,
    checked_out_by_id: Option<i64>,
    /// The name of who has it checked out, as it was then.
    checked_out_by: Option<String>,
    checked_out_at: Option<Time>,
}

impl From<VersionFile> for FileLockResponse {
    fn from(bound: VersionFile) -> Self {
        Self {
            id: bound.id.to_string(),
            version_id: bound.version_id.to_string(),
            file_id: bound.file_id.to_string(),
            file_role: bound.role.as_str().to_owned(),
            is_locked: bound.lock.is_some(),
            checked_out_by_id: bound.lock.as_ref().and_then(|lock| lock.by),
            checked_out_by: bound.lock.as_ref().and_then(|lock| lock.by_name.clone()),
            checked_out_at: bound.lock.map(|lock| lock.since.into()),
        }
    }
}
