//! Making a file of an upload whose parts are all there. Every step bears repetition: a process may die at any of them.

use super::claim::require_held;
use super::model::{Session, SessionState, checksum_mismatch};
use super::plan::NamedPart;
use super::{parts, plan, record};
use crate::context::{Actor, Ctx};
use crate::domain::file::model::{FileRules, Uploaded};
use crate::domain::file::repo::sessions as repo;
use crate::domain::file::upload::{Arrived, keep};
use crate::error::{Error, Kind, Result};
use crate::storage::StoredPart;

/// The parts, if all are there as they must be.
pub(super) async fn whole(ctx: &Ctx, session: &Session, named: &[NamedPart]) -> Result<Vec<StoredPart>> {
    let stored = parts::stored(ctx, session).await?;
    plan::check(session.size, session.part_size, &stored, named)
}

/// Joins and reads the parts, keeps them as a file, and removes them. The caller holds the claim.
///
/// Errors: `Conflict` `CHECKSUM_MISMATCH` where the content is not the announced one; the upload has failed then.
pub(super) async fn finish(ctx: &Ctx, rules: &FileRules, held: &Session, whole: &[StoredPart]) -> Result<Uploaded> {
    let upload = held.upload();
    if !parts::is_joined(ctx, held).await? {
        ctx.store.join_parts(&upload, whole).await?;
    }
    let content = ctx.store.receive_parts(&upload, whole, rules.max_bytes).await.map_err(changed)?;
    let stored = content.stored();
    if stored.size != held.size {
        return Err(changed(Error::not_found("a part was replaced")));
    }
    if let Some(announced) = held.sha256
        && announced != stored.sha256
    {
        drop(content);
        return Err(fail(ctx, held, checksum_mismatch(&announced, &stored.sha256)).await?);
    }
    // A crash behind this makes the next attempt find its own file: it says then that the content was there already.
    let uploaded = keep(&as_sender(ctx, held), rules, Arrived::in_parts(content), held.file.clone()).await?;
    complete(ctx, held, &uploaded).await?;
    remove_parts(ctx, held).await;
    Ok(uploaded)
}

/// Who began the upload, also where a job ends it.
fn as_sender(ctx: &Ctx, session: &Session) -> Ctx {
    let mut ctx = ctx.clone();
    if let (Some(id), Actor::System { .. }) = (session.created_by_id, &ctx.actor) {
        let name = session.created_by_name.clone().unwrap_or_default();
        // What needs rights was checked when they asked for it.
        ctx.actor = Actor::User { tenant: ctx.tenant.clone(), id, name, roles: Vec::new(), superuser: false };
    }
    ctx
}

/// A part that is gone or has grown shorter was replaced or removed since it was looked at.
fn changed(error: Error) -> Error {
    if error.kind() != Kind::NotFound {
        return error;
    }
    Error::conflict("The parts changed while they were read")
        .code("UPLOAD_CHANGED", "Look at the parts of the upload, send what is missing, then complete it again.")
        .caused_by(error.chain())
}

async fn complete(ctx: &Ctx, held: &Session, uploaded: &Uploaded) -> Result<()> {
    let tx = ctx.begin().await?;
    let mut session = require_held(repo::find_locked(&tx, ctx, held.id).await?, held)?;
    session.file_id = Some(uploaded.file.id);
    session.is_duplicate = uploaded.duplicate;
    session.file_jobs = uploaded.jobs.clone();
    end(ctx, &mut session, SessionState::Completed);
    repo::update(&tx, ctx, &session).await?;
    tx.commit().await
}

async fn fail(ctx: &Ctx, held: &Session, failure: serde_json::Value) -> Result<Error> {
    let tx = ctx.begin().await?;
    let mut session = require_held(repo::find_locked(&tx, ctx, held.id).await?, held)?;
    session.failure = Some(failure);
    end(ctx, &mut session, SessionState::Failed);
    repo::update(&tx, ctx, &session).await?;
    record(ctx, &tx, "upload.failed", session.id, Some(held), Some(&session)).await?;
    tx.commit().await?;
    remove_parts(ctx, held).await;
    Ok(session.failed_with().unwrap_or_else(|| Error::internal("A failed upload has no failure")))
}

fn end(ctx: &Ctx, session: &mut Session, state: SessionState) {
    session.state = state;
    // The storage has joined its parts, and knows it no more.
    session.multipart_id = None;
    session.claim = None;
    session.claimed_until = None;
    session.finished_at = Some(ctx.now());
}

/// What stays behind is removed with the session.
async fn remove_parts(ctx: &Ctx, session: &Session) {
    if let Err(error) = ctx.store.discard_parts(&session.upload()).await {
        tracing::warn!(upload = %session.id, error = %error.chain(), "the parts of an upload were not removed");
    }
}
