//! Uploads in parts: a large file arrives in pieces, over hours and broken connections, and becomes a file when all are there.
//!
//! A session remembers what was announced and how far it is; the parts lie in the storage, which the sender reaches by
//! links of its own where that is S3. Completing reads the whole content once, since its checksum is ours to know. Whoever
//! reads holds the session's claim, which ends by itself when a process dies; completing again then goes on.

mod begin;
mod claim;
mod complete;
mod finish;
mod job;
mod model;
mod parts;
mod plan;
mod sweep;
#[cfg(test)]
mod tests;

pub use begin::begin;
pub use complete::{Completion, complete};
pub use job::CompleteUpload;
pub use model::{NewSession, Session, SessionState};
pub use parts::{ListedPart, Progress, abort, list_parts, progress, put_part, require_session, sessions};
pub use plan::NamedPart;
pub(super) use sweep::clear_parts;
pub use sweep::{abandon_all, sweep_all_sessions, sweep_sessions};

use serde_json::Value;
use uuid::Uuid;

use super::upload::change;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit;
use crate::error::{Error, Result};

const NOT_FOUND: &str = "Upload not found";

fn not_found() -> Error {
    Error::not_found(NOT_FOUND)
}

async fn record(
    ctx: &Ctx,
    tx: &Tx,
    action: &'static str,
    id: Uuid,
    before: Option<&Session>,
    after: Option<&Session>,
) -> Result<()> {
    let shown = |session: Option<&Session>| -> Option<Value> { session.map(Session::snapshot) };
    let change =
        audit::Change { subject_type: "FileUpload".to_owned(), ..change(action, id, shown(before), shown(after)) };
    audit::record(ctx, tx, vec![change]).await
}
