//! Announcing an upload in parts.

use serde_json::json;

use super::model::{NewSession, Session, SessionState};
use super::{plan, record};
use crate::context::{Actor, Ctx};
use crate::domain::audit::new_id;
use crate::domain::file::model::{FileRules, NewFile};
use crate::domain::file::name::{clean_name, clean_text};
use crate::domain::file::repo::sessions as repo;
use crate::domain::file::upload::{require_may_bring, room_for, too_large};
use crate::domain::meta::Model;
use crate::domain::quota::{self, Reservation};
use crate::error::{Error, Result};

/// Uploads that one user may have under way. Each may hold as many bytes as a file may have.
const MOST_OPEN: u64 = 1000;

/// Begins an upload, for a caller who may bring files.
///
/// Errors: `Forbidden`; `TooLarge`; `Invalid` for what does not fit; `LimitReached` for one upload too many, or beyond what the
/// tenant may store.
pub async fn begin(ctx: &Ctx, rules: &FileRules, new: NewSession) -> Result<Session> {
    require_may_bring(&Model::load(ctx).await?)?;
    if new.size == 0 {
        return Err(Error::invalid_field("value_error", &["body", "size"], "The file is empty"));
    }
    if new.size > rules.max_bytes {
        return Err(too_large(rules));
    }
    let name = match &ctx.actor {
        Actor::User { name, .. } => Some(name.clone()),
        _ => None,
    };
    let now = ctx.now();
    let mut session = Session {
        id: new_id(),
        file: NewFile {
            filename: clean_name(&new.file.filename, &["body", "filename"])?,
            author: clean_text(new.file.author, "author")?,
            source_system: clean_text(new.file.source_system, "source_system")?,
            source_version: clean_text(new.file.source_version, "source_version")?,
            document_version: clean_text(new.file.document_version, "document_version")?,
            generate_preview: new.file.generate_preview,
        },
        size: new.size,
        sha256: new.sha256.map(|text| text.parse()).transpose()?,
        part_size: plan::part_size(new.size),
        multipart_id: None,
        state: SessionState::Open,
        claim: None,
        claimed_until: None,
        job_id: None,
        failure: None,
        file_id: None,
        is_duplicate: false,
        file_jobs: Vec::new(),
        created_by_id: ctx.actor.user_id(),
        created_by_name: name,
        created_at: now,
        expires_at: now + rules.upload_life,
        finished_at: None,
    };
    require_room(repo::count_open(&*ctx.db, ctx).await?)?;
    // From here on until it ends the upload takes the room that it announced: many that are open cannot pass the limit together.
    let room = quota::reserve(ctx, room_for(new.size)).await?;
    // A crash before the row is written leaves an upload that has no parts, and that nobody has links to.
    session.multipart_id = ctx.store.begin_parts(session.id).await?.multipart;
    let noted = note(ctx, &session, room).await;
    if noted.is_err()
        && let Err(error) = ctx.store.discard_parts(&session.upload()).await
    {
        tracing::warn!(error = %error.chain(), "an upload without a session was not given up");
    }
    noted.map(|()| session)
}

async fn note(ctx: &Ctx, session: &Session, room: Reservation) -> Result<()> {
    let tx = ctx.begin().await?;
    repo::insert(&tx, ctx, session).await?;
    record(ctx, &tx, "upload.begun", session.id, None, Some(session)).await?;
    room.settle(tx).await
}

/// Two that begin at the same moment may make one too many, which does no harm.
fn require_room(open: u64) -> Result<()> {
    if open < MOST_OPEN {
        return Ok(());
    }
    Err(Error::new(crate::error::Kind::LimitReached, format!("You have {open} uploads under way"))
        .code("TOO_MANY_UPLOADS", "Complete or abort uploads that are under way before you begin another one.")
        .details(json!({ "limit": MOST_OPEN })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_up_to_the_limit() {
        assert!(require_room(MOST_OPEN - 1).is_ok());
        assert_eq!(require_room(MOST_OPEN).unwrap_err().code_name(), Some("TOO_MANY_UPLOADS"));
    }
}
