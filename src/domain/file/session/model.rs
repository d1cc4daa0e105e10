//! What an upload in parts is.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::plan;
use crate::domain::file::model::NewFile;
use crate::error::{Error, Kind, Result};
use crate::storage::{ContentHash, PartedUpload};
use crate::types::UserId;

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// Takes parts.
    Open,
    /// All parts are there, and the content is read.
    Verifying,
    /// It is a file.
    Completed,
    /// It will never be one.
    Failed,
    /// Given up; its parts are being removed. Not shown.
    Ending,
}

impl SessionState {
    const ALL: [Self; 5] = [Self::Open, Self::Verifying, Self::Completed, Self::Failed, Self::Ending];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Verifying => "verifying",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Ending => "ending",
        }
    }

    pub(in crate::domain::file) fn parse(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| Error::internal(format!("An upload has the unknown state {text:?}")))
    }
}

/// What is announced.
#[derive(Debug, Clone, Default)]
pub struct NewSession {
    pub file: NewFile,
    /// In bytes.
    pub size: u64,
    /// SHA-256 of the whole, in hex, if the sender knows it.
    pub sha256: Option<String>,
}

/// An upload in parts.
#[derive(Debug, Clone)]
pub struct Session {
    pub id: Uuid,
    pub file: NewFile,
    /// In bytes.
    pub size: u64,
    pub sha256: Option<ContentHash>,
    pub part_size: u64,
    pub(in crate::domain::file) multipart_id: Option<String>,
    pub state: SessionState,
    pub(in crate::domain::file) claim: Option<Uuid>,
    pub(in crate::domain::file) claimed_until: Option<DateTime<Utc>>,
    pub job_id: Option<Uuid>,
    pub(in crate::domain::file) failure: Option<Value>,
    pub file_id: Option<Uuid>,
    pub(in crate::domain::file) is_duplicate: bool,
    pub(in crate::domain::file) file_jobs: Vec<Uuid>,
    pub(in crate::domain::file) created_by_id: Option<UserId>,
    pub(in crate::domain::file) created_by_name: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
}

impl Session {
    pub(super) fn upload(&self) -> PartedUpload {
        PartedUpload { id: self.id, multipart: self.multipart_id.clone() }
    }

    pub fn part_count(&self) -> u32 {
        plan::part_count(self.size, self.part_size)
    }

    pub(super) fn is_claimed(&self, now: DateTime<Utc>) -> bool {
        self.claimed_until.is_some_and(|until| until > now)
    }

    pub(super) fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at <= now
    }

    /// What made it fail, as an error again.
    pub fn failed_with(&self) -> Option<Error> {
        (self.state == SessionState::Failed).then(|| {
            let failure = self.failure.clone().unwrap_or_default();
            let message = failure["message"].as_str().unwrap_or("The upload failed").to_owned();
            let error = Error::new(Kind::Conflict, message).details(failure["details"].clone());
            match failure["code"].as_str() {
                Some(CHECKSUM_MISMATCH) => error.code(CHECKSUM_MISMATCH, CHECKSUM_ADVICE),
                _ => error.code("UPLOAD_FAILED", "Begin the upload again."),
            }
        })
    }

    pub(super) fn snapshot(&self) -> Value {
        json!({
            "id": self.id, "filename": self.file.filename, "size": self.size, "part_size": self.part_size,
            "state": self.state.as_str(), "expires_at": self.expires_at,
        })
    }
}

pub(super) const CHECKSUM_MISMATCH: &str = "CHECKSUM_MISMATCH";
pub(super) const CHECKSUM_ADVICE: &str =
    "What arrived is not what was announced. Read the file again, and begin the upload again.";

/// The failure of a content that is not the announced one.
pub(super) fn checksum_mismatch(announced: &ContentHash, found: &ContentHash) -> Value {
    json!({
        "code": CHECKSUM_MISMATCH,
        "message": "The content has another SHA-256 than was announced",
        "details": { "expected": announced.to_string(), "actual": found.to_string() },
    })
}
