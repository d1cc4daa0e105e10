//! The job that completes a long upload.

use async_trait::async_trait;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::claim::{Turn, holding, release, take};
use super::finish;
use super::model::SessionState;
use crate::context::Ctx;
use crate::domain::file::model::FileRules;
use crate::error::{Error, Kind, Result};
use crate::jobs::{Job, NewJob, Task};

pub(super) const NAME: &str = "file.complete_upload";
/// While another process may still be at it: the claim of one that died ends within a minute.
const WAIT: TimeDelta = TimeDelta::seconds(5);

#[derive(Serialize, Deserialize)]
struct Input {
    upload_id: Uuid,
}

pub(super) fn new(upload: Uuid) -> NewJob {
    NewJob::new(NAME, json!(Input { upload_id: upload })).once(upload.to_string())
}

/// Reads the content of an upload and makes a file of it.
pub struct CompleteUpload {
    rules: FileRules,
}

impl CompleteUpload {
    pub fn new(rules: FileRules) -> Self {
        Self { rules }
    }
}

#[async_trait]
impl Job for CompleteUpload {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Answers `{"status": …}`, and `file_id` with `completed`. Where parts are missing it gives up, and the upload takes
    /// parts again.
    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        let input: Input = task.input()?;
        let held = match take(&ctx, input.upload_id, Some(task.id)).await {
            Ok(Turn::Mine(held)) => held,
            Ok(Turn::Busy(_)) => return Ok(task.put_off(ctx.now() + WAIT)),
            Ok(Turn::Over(session)) => {
                return Ok(json!({ "status": session.state.as_str(), "file_id": session.file_id }));
            }
            Err(error) if error.kind() == Kind::NotFound => return Ok(json!({ "status": "aborted" })),
            Err(error) => return Err(error),
        };
        task.report(0, format!("Reading {} bytes", held.size));
        let work = async {
            let whole = finish::whole(&ctx, &held, &[]).await?;
            finish::finish(&ctx, &self.rules, &held, &whole).await
        };
        let error = match holding(&ctx, &held, work).await {
            Ok(uploaded) => {
                return Ok(
                    json!({ "status": "completed", "file_id": uploaded.file.id, "duplicate": uploaded.duplicate }),
                );
            }
            Err(error) => error,
        };
        let passes = error.kind() == Kind::Unavailable;
        // While it is tried again, the upload waits for this job.
        let (state, job) = if passes { (SessionState::Verifying, Some(task.id)) } else { (SessionState::Open, None) };
        if let Err(lost) = release(&ctx, &held, state, job).await {
            tracing::debug!(upload = %held.id, error = %lost.chain(), "the claim on an upload ended otherwise");
        }
        // What no repetition mends is for the sender, who completes again.
        Err(if passes { error } else { Error::bad_request(error.message()).caused_by(error.chain()) })
    }
}
