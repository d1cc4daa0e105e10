//! Whose turn it is to read the content of an upload: one at a time, whatever becomes of the process that does.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::model::{Session, SessionState};
use super::not_found;
use super::parts::require_current;
use crate::context::Ctx;
use crate::domain::file::repo::sessions as repo;
use crate::error::{Error, Kind, Result};
use crate::jobs::{self, Status};

/// How long a claim counts that is not renewed any more.
const LIFE: TimeDelta = TimeDelta::seconds(60);
const RENEW_EVERY: Duration = Duration::from_secs(15);
/// How long an upload stays once its content is read: for those who ask what became of it, and beyond any repetition.
const GRACE: TimeDelta = TimeDelta::hours(6);

/// What somebody finds who wants to read.
pub(super) enum Turn {
    /// It is theirs, until they let go or the process dies.
    Mine(Box<Session>),
    /// Another one reads, or a job is about to.
    Busy(Box<Session>),
    /// There is nothing to read any more.
    Over(Box<Session>),
}

/// Takes the claim, or says why not. A job takes that of its own upload only.
pub(super) async fn take(ctx: &Ctx, id: Uuid, job: Option<Uuid>) -> Result<Turn> {
    // Looked up before the transaction, which holds a connection already.
    let waits = match repo::find(&*ctx.db, ctx, id).await? {
        Some(session) if job.is_none() => has_unfinished_job(ctx, &session).await?,
        _ => false,
    };
    let tx = ctx.begin().await?;
    let mut session = repo::find_locked(&tx, ctx, id).await?.ok_or_else(not_found)?;
    match session.state {
        SessionState::Ending => return Err(not_found()),
        SessionState::Completed | SessionState::Failed => return Ok(Turn::Over(Box::new(session))),
        SessionState::Open | SessionState::Verifying => {}
    }
    // One that was begun again, or had to let go: the sender completes anew, with the rights they have then.
    if job.is_some() && session.job_id != job {
        return Ok(Turn::Over(Box::new(session)));
    }
    let now = ctx.now();
    if session.is_claimed(now) || waits {
        return Ok(Turn::Busy(Box::new(session)));
    }
    require_current(ctx, &session)?;
    session.state = SessionState::Verifying;
    session.claim = Some(Uuid::new_v4());
    session.claimed_until = Some(now + LIFE);
    // Whoever reads is not overtaken by the end of the upload's time.
    session.expires_at = session.expires_at.max(now + GRACE);
    repo::update(&tx, ctx, &session).await?;
    tx.commit().await?;
    Ok(Turn::Mine(Box::new(session)))
}

/// Lets go of the claim: the upload takes parts again, or waits for its job.
pub(super) async fn release(ctx: &Ctx, held: &Session, state: SessionState, job: Option<Uuid>) -> Result<Session> {
    let tx = ctx.begin().await?;
    let mut session = require_held(repo::find_locked(&tx, ctx, held.id).await?, held)?;
    session.state = state;
    session.claim = None;
    session.claimed_until = None;
    session.job_id = job;
    repo::update(&tx, ctx, &session).await?;
    tx.commit().await?;
    Ok(session)
}

/// Does the work while the claim is renewed. Fails when it was lost, and the work is dropped.
pub(super) async fn holding<T>(ctx: &Ctx, held: &Session, work: impl Future<Output = Result<T>>) -> Result<T> {
    let renewing = async {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            if let Err(error) = renew(ctx, held).await {
                return error;
            }
        }
    };
    tokio::select! {
        done = work => done,
        lost = renewing => Err(lost),
    }
}

async fn renew(ctx: &Ctx, held: &Session) -> Result<()> {
    let tx = ctx.begin().await?;
    let mut session = require_held(repo::find_locked(&tx, ctx, held.id).await?, held)?;
    session.claimed_until = Some(until(ctx));
    repo::update(&tx, ctx, &session).await?;
    tx.commit().await
}

fn until(ctx: &Ctx) -> DateTime<Utc> {
    ctx.now() + LIFE
}

/// The row as it is, if the claim on it still is the one that is held.
pub(super) fn require_held(found: Option<Session>, held: &Session) -> Result<Session> {
    let lost = || Error::unavailable("Another process has taken over this upload").retry_after(1);
    found.filter(|session| session.claim.is_some() && session.claim == held.claim).ok_or_else(lost)
}

/// Whether somebody reads the content at present, or a job is about to.
pub(super) async fn is_worked_on(ctx: &Ctx, session: &Session) -> Result<bool> {
    Ok(session.is_claimed(ctx.now()) || has_unfinished_job(ctx, session).await?)
}

async fn has_unfinished_job(ctx: &Ctx, session: &Session) -> Result<bool> {
    let Some(job) = session.job_id else { return Ok(false) };
    match jobs::find(ctx, job).await {
        Ok(job) => Ok(Status::UNFINISHED.contains(&job.status)),
        Err(error) if error.kind() == Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
