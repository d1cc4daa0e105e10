//! What a file is to a version. Pure.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::context::Ctx;
use crate::domain::file::FileRole;
use crate::domain::version::{Lock, Version};
use crate::error::{Error, Result};
use crate::types::UserId;

/// A file to be bound.
#[derive(Debug, Clone)]
pub struct NewVersionFile {
    pub file_id: String,
    pub role: FileRole,
    /// The file that stands for the version; the former one is so no longer.
    pub is_primary: bool,
    pub sequence: i32,
}

/// A file of a version.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionFile {
    pub id: Uuid,
    pub version_id: Uuid,
    pub file_id: Uuid,
    pub role: FileRole,
    /// Its place among the others.
    pub sequence: i32,
    pub is_primary: bool,
    pub lock: Option<Lock>,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

impl VersionFile {
    /// As the audit keeps it.
    pub(super) fn snapshot(&self, version: &Version) -> Value {
        json!({
            "version_file_id": self.id, "version_id": self.version_id, "item_id": version.item_id,
            "file_id": self.file_id, "file_role": self.role.as_str(), "sequence": self.sequence,
            "is_primary": self.is_primary, "checked_out_by_id": self.lock.as_ref().map(|lock| lock.by),
            "checked_out_at": self.lock.as_ref().map(|lock| lock.since),
        })
    }

    /// Nobody else has it checked out; else `Conflict` `FILE_CHECKED_OUT`, naming who.
    pub(super) fn require_free(&self, ctx: &Ctx, version: &Version) -> Result<()> {
        let Some(lock) = self.lock.as_ref().filter(|lock| !lock.is_mine(ctx)) else { return Ok(()) };
        let holder = lock.holder();
        let advice = "Ask them to give it back, or an administrator to undo the check-out.";
        Err(Error::conflict(format!("File {} is checked out by another user", self.file_id))
            .code(
                "FILE_CHECKED_OUT",
                format!("This file of version {} is checked out by {holder}. {advice}", version.label),
            )
            .details(json!({
                "version_id": self.version_id, "file_id": self.file_id, "file_role": self.role.as_str(),
                "checked_out_by_id": lock.by, "checked_out_by": lock.by_name, "checked_out_at": lock.since,
            })))
    }
}

/// What is told of a version's files along with the version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VersionFileFacts {
    pub count: u64,
    pub primary: Option<Uuid>,
}
