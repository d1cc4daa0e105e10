//! A job as others see it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::entity::tenant::job;
use crate::error::{Error, Result};
use crate::jobs::Asker;
use crate::types::UserId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Waits for its time, for the first run or for a repetition.
    Pending,
    /// A worker holds its lease.
    Processing,
    Completed,
    /// Every attempt failed; nothing happens to it by itself any more.
    Failed,
    Cancelled,
}

impl Status {
    pub const UNFINISHED: [Self; 2] = [Self::Pending, Self::Processing];
    pub const FINISHED: [Self; 3] = [Self::Completed, Self::Failed, Self::Cancelled];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let all = Self::UNFINISHED.into_iter().chain(Self::FINISHED);
        all.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let allowed = "pending, processing, completed, failed or cancelled";
            Error::invalid_field("enum", &["query", "status"], allowed)
        })
    }
}

/// One row of the queue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobRecord {
    pub id: Uuid,
    pub org_id: String,
    pub task_type: String,
    pub payload: Value,
    pub status: Status,
    pub priority: i32,
    pub worker_id: Option<String>,
    pub attempt_count: i32,
    pub max_attempts: i32,
    /// What a completed job answered.
    pub result: Option<Value>,
    /// Of the latest failed attempt.
    pub last_error: Option<String>,
    pub dedupe_key: Option<String>,
    pub created_at: DateTime<Utc>,
    pub scheduled_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    pub created_by_id: Option<UserId>,
    /// 0 to 100.
    pub progress: i32,
    /// What the running attempt is at.
    pub progress_message: Option<String>,
    /// The file that the payload names.
    pub file_id: Option<String>,
    /// As who it was asked for by name; none where the program did.
    #[serde(skip)]
    pub asked_as: Option<Asker>,
}

impl TryFrom<job::Model> for JobRecord {
    type Error = Error;

    fn try_from(row: job::Model) -> Result<Self> {
        Ok(Self {
            id: row.id,
            org_id: row.org_id,
            task_type: row.task_type,
            payload: row.payload,
            status: row.status.parse()?,
            priority: row.priority,
            worker_id: row.worker_id,
            attempt_count: row.attempt_count,
            max_attempts: row.max_attempts,
            result: row.result,
            last_error: row.last_error,
            dedupe_key: row.dedupe_key,
            created_at: row.created_at,
            scheduled_at: row.scheduled_at,
            started_at: row.started_at,
            completed_at: row.completed_at,
            created_by_id: row.created_by_id,
            progress: row.progress,
            progress_message: row.progress_message,
            file_id: row.file_id,
            asked_as: row.asked_as.as_deref().map(Asker::parse),
        })
    }
}
