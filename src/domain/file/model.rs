//! What files are.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::kind::FileKind;
use crate::error::{Error, Result};
use crate::storage::ContentHash;
use crate::types::UserId;

/// What the installation allows.
#[derive(Debug, Clone, Copy)]
pub struct FileRules {
    /// The largest content, in bytes.
    pub max_bytes: u64,
    /// Previews are made of files whose senders wish for them.
    pub previews: bool,
    /// How long a link into the storage is good for.
    pub link_life: Duration,
    /// How long an upload in parts may take.
    pub upload_life: Duration,
    /// Contents up to this many bytes that came in parts are read within the request that completes them; longer ones by a job.
    pub verify_in_request: u64,
}

/// How far a file is with what is derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// Nobody has asked for it.
    Pending,
    Queued,
    Processing,
    Completed,
    Failed,
    /// Nothing can be derived from files of this kind.
    Unsupported,
}

impl Conversion {
    const ALL: [Self; 6] =
        [Self::Pending, Self::Queued, Self::Processing, Self::Completed, Self::Failed, Self::Unsupported];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Unsupported => "unsupported",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|status| status.as_str() == text);
        found.ok_or_else(|| Error::internal(format!("A file has the unknown conversion status {text:?}")))
    }
}

/// A file.
#[derive(Debug, Clone)]
pub struct File {
    pub id: Uuid,
    pub sha256: ContentHash,
    /// In bytes.
    pub size: u64,
    /// What it was called when it came first.
    pub filename: String,
    pub kind: FileKind,
    pub author: Option<String>,
    pub source_system: Option<String>,
    pub source_version: Option<String>,
    pub document_version: Option<String>,
    pub conversion: Conversion,
    /// Why it failed, in words for people.
    pub conversion_error: Option<String>,
    pub preview: Option<ContentHash>,
    /// What was found out on the way to the preview.
    pub preview_facts: Option<Value>,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

impl File {
    /// As the audit keeps it.
    pub(super) fn snapshot(&self) -> Value {
        json!({
            "id": self.id, "filename": self.filename, "sha256": self.sha256.to_string(), "size": self.size,
            "mime_type": self.kind.mime_type, "author": self.author, "source_system": self.source_system,
            "source_version": self.source_version, "document_version": self.document_version,
        })
    }
}

/// What the sender says of a file.
#[derive(Debug, Clone, Default)]
pub struct NewFile {
    pub filename: String,
    pub author: Option<String>,
    pub source_system: Option<String>,
    pub source_version: Option<String>,
    pub document_version: Option<String>,
    pub generate_preview: bool,
}

/// What became of an upload.
#[derive(Debug, Clone)]
pub struct Uploaded {
    pub file: File,
    /// The content was there already, and `file` is the one that it came as first.
    pub duplicate: bool,
    /// Work that was begun with it.
    pub jobs: Vec<Uuid>,
}

/// What a file is to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRole {
    NativeCad,
    Drawing,
    Attachment,
    Geometry,
    Preview,
    Print,
}

impl FileRole {
    pub const ALL: [Self; 6] =
        [Self::NativeCad, Self::Drawing, Self::Attachment, Self::Geometry, Self::Preview, Self::Print];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::NativeCad => "native_cad",
            Self::Drawing => "drawing",
            Self::Attachment => "attachment",
            Self::Geometry => "geometry",
            Self::Preview => "preview",
            Self::Print => "print",
        }
    }

    /// # Errors
    /// `Invalid` at `loc`, with the roles there are.
    pub fn parse(text: &str, loc: &[&str]) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|role| role.as_str()).collect();
            Error::invalid_field("enum", loc, format!("A role is one of {}", known.join(", ")))
        })
    }

    pub(super) fn stored(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| Error::internal(format!("A file has the unknown role {text:?}")))
    }
}

/// A file to be attached.
#[derive(Debug, Clone)]
pub struct NewAttachment {
    pub item_id: String,
    pub file_id: String,
    pub role: FileRole,
    pub description: Option<String>,
}

/// A file at an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    pub id: Uuid,
    pub item_id: Uuid,
    pub file_id: Uuid,
    pub role: FileRole,
    pub description: Option<String>,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

impl Attachment {
    pub(super) fn snapshot(&self) -> Value {
        json!({
            "attachment_id": self.id, "item_id": self.item_id, "file_id": self.file_id,
            "file_role": self.role.as_str(), "description": self.description,
        })
    }
}

/// What attaching did.
#[derive(Debug, Clone)]
pub struct Attached {
    pub id: Uuid,
    /// False where the item had the file in that role already.
    pub created: bool,
}
