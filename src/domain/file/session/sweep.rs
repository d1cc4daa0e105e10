//! Uploads that nobody completed in time, and what is left of those that ended.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::model::{Session, SessionState};
use super::record;
use crate::context::Ctx;
use crate::db::Db;
use crate::domain::file::repo::sessions as repo;
use crate::error::{Kind, Result};
use crate::jobs::Site;
use crate::storage::{PartedUpload, Remains, TenantStore};
use crate::types::OrgId;

/// Uploads that are looked up at once.
const BATCH: u64 = 100;
/// An upload whose parts the storage does not let go of is forgotten then; a rule of the bucket removes the parts.
const PATIENCE: TimeDelta = TimeDelta::days(7);

/// Ends the uploads of the organisation whose time is over, with their parts; says how many.
pub async fn sweep_sessions(ctx: &Ctx) -> Result<u64> {
    let (mut swept, mut after) = (0, Uuid::nil());
    loop {
        let due = repo::due(&*ctx.db, ctx, after, BATCH).await?;
        let Some(last) = due.last() else { return Ok(swept) };
        after = last.id;
        for session in due {
            let id = session.id;
            match end(ctx, session).await {
                Ok(ended) => swept += u64::from(ended),
                Err(error) => {
                    tracing::warn!(upload = %id, error = %error.chain(), "an old upload was not removed");
                }
            }
        }
    }
}

/// The same for every organisation of a database.
pub async fn sweep_all_sessions(site: &Site) -> Result<u64> {
    let mut swept = 0;
    for org in repo::orgs(&*site.db).await? {
        swept += sweep_sessions(&site.ctx(&org)?).await?;
    }
    Ok(swept)
}

/// Ends the uploads whose time is over, and removes what lies in the storage of uploads that the database knows nothing of (any
/// more) and was written before `limit`, as after a kill. Says how much the latter was; with `dry` nothing is removed.
///
/// Parts that an S3 storage took by links and never joined are no objects: a rule of the bucket removes those of unknown uploads.
pub async fn clear_parts(ctx: &Ctx, limit: DateTime<Utc>, dry: bool) -> Result<Remains> {
    if !dry {
        for org in repo::orgs(&*ctx.db).await? {
            let mut within = ctx.clone();
            within.org = OrgId::new(org)?;
            sweep_sessions(&within).await?;
        }
    }
    let mut cleared = Remains::default();
    let found = ctx.store.part_remains(limit).await?;
    let known = repo::known(&*ctx.db, found.iter().map(|(id, _)| *id)).await?;
    for (id, remains) in found.into_iter().filter(|(id, _)| !known.contains(id)) {
        if !dry {
            ctx.store.discard_parts(&PartedUpload { id, multipart: None }).await?;
        }
        cleared.objects += remains.objects;
        cleared.bytes += remains.bytes;
    }
    Ok(cleared)
}

/// Has an S3 storage give up all uploads of a database that is about to be dropped, with their parts; says how many. Repeatable.
pub async fn abandon_all(db: &Db, store: &TenantStore) -> Result<u64> {
    let uploads = repo::with_multipart(db).await?;
    for upload in &uploads {
        match store.discard_parts(upload).await {
            // They were begun on another storage, which is not configured any more.
            Err(error) if error.kind() == Kind::Conflict => {
                tracing::warn!(upload = %upload.id, "an upload in parts is left to the bucket's rule");
            }
            done => done?,
        }
    }
    Ok(uploads.len() as u64)
}

/// False where it is not due any more.
async fn end(ctx: &Ctx, seen: Session) -> Result<bool> {
    let tx = ctx.begin().await?;
    let Some(mut session) = repo::find_locked(&tx, ctx, seen.id).await? else { return Ok(false) };
    if session.state != SessionState::Ending {
        if !session.is_expired(ctx.now()) || session.is_claimed(ctx.now()) {
            return Ok(false);
        }
        if matches!(session.state, SessionState::Open | SessionState::Verifying) {
            record(ctx, &tx, "upload.expired", session.id, Some(&session), None).await?;
        }
        session.state = SessionState::Ending;
        repo::update(&tx, ctx, &session).await?;
        tx.commit().await?;
    } else {
        drop(tx);
    }
    remove(ctx, &session).await?;
    Ok(true)
}

/// Removes the parts of an upload that is ending, then its row. A crash between leaves the row, and the next sweep goes on.
pub(super) async fn remove(ctx: &Ctx, session: &Session) -> Result<()> {
    let removed = ctx.store.discard_parts(&session.upload()).await;
    if removed.is_err() && session.expires_at + PATIENCE > ctx.now() {
        return removed;
    }
    let tx = ctx.begin().await?;
    repo::delete(&tx, ctx, session.id).await?;
    tx.commit().await
}
