//! Completing an upload: at once where that is quick, by a job where it takes longer.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tracing::Instrument;

use super::claim::{Turn, holding, release, take};
use super::model::{Session, SessionState};
use super::parts::{is_own, require_session};
use super::plan::NamedPart;
use super::{finish, job, not_found};
use crate::context::Ctx;
use crate::domain::file::model::{FileRules, Uploaded};
use crate::domain::file::repo::readable;
use crate::domain::file::repo::sessions as repo;
use crate::domain::file::upload::require_may_bring;
use crate::domain::meta::Model;
use crate::error::{Error, Result};
use crate::jobs;
use crate::storage::StoredPart;

/// How long a request waits for the content to be read, by itself or by another one.
const WAIT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What came of it.
pub enum Completion {
    Done(Box<Uploaded>),
    /// The content is being read.
    Working(Box<Session>),
}

/// Completes the caller's upload; doing so again answers the same file.
///
/// Errors: `Conflict` with `UPLOAD_INCOMPLETE` and what is missing, or with what else stands in the way.
pub async fn complete(ctx: &Ctx, rules: &FileRules, id: &str, named: &[NamedPart]) -> Result<Completion> {
    let session = require_session(ctx, id).await?;
    require_may_bring(&Model::load(ctx).await?)?;
    let until = Instant::now() + WAIT;
    loop {
        match take(ctx, session.id, None).await? {
            Turn::Mine(held) => return begin(ctx, rules, *held, named).await,
            Turn::Over(session) if is_own(ctx, &session) => return outcome(ctx, *session).await,
            Turn::Over(_) => return Err(not_found()),
            Turn::Busy(session) if session.job_id.is_some() || Instant::now() >= until => {
                return Ok(Completion::Working(session));
            }
            Turn::Busy(_) => sleep(LOOK_EVERY).await,
        }
    }
}

async fn begin(ctx: &Ctx, rules: &FileRules, held: Session, named: &[NamedPart]) -> Result<Completion> {
    let whole = match finish::whole(ctx, &held, named).await {
        Ok(whole) => whole,
        Err(error) => return Err(let_go(ctx, &held, error).await),
    };
    if held.size > rules.verify_in_request {
        return hand_over(ctx, held).await;
    }
    let (ctx, rules, shown) = (ctx.clone(), *rules, held.clone());
    // A task of its own, so that a client who hangs up does not leave the claim behind.
    let work = async move { now(&ctx, &rules, &held, &whole).await };
    match timeout(WAIT, tokio::spawn(work.in_current_span())).await {
        Ok(Ok(done)) => Ok(Completion::Done(Box::new(done?))),
        Ok(Err(error)) => Err(Error::internal("Completing an upload stopped unexpectedly").caused_by(error)),
        // It goes on.
        Err(_) => Ok(Completion::Working(Box::new(shown))),
    }
}

async fn now(ctx: &Ctx, rules: &FileRules, held: &Session, whole: &[StoredPart]) -> Result<Uploaded> {
    match holding(ctx, held, finish::finish(ctx, rules, held, whole)).await {
        Ok(uploaded) => Ok(uploaded),
        Err(error) => Err(let_go(ctx, held, error).await),
    }
}

/// The upload takes parts again; whatever went wrong may be mended. A failed one stays failed.
async fn let_go(ctx: &Ctx, held: &Session, error: Error) -> Error {
    if let Err(lost) = release(ctx, held, SessionState::Open, None).await {
        tracing::debug!(upload = %held.id, error = %lost.chain(), "the claim on an upload ended otherwise");
    }
    error
}

async fn hand_over(ctx: &Ctx, held: Session) -> Result<Completion> {
    let tx = ctx.begin().await?;
    let id = jobs::enqueue(&tx, ctx, job::new(held.id)).await?;
    let mut session = super::claim::require_held(repo::find_locked(&tx, ctx, held.id).await?, &held)?;
    session.claim = None;
    session.claimed_until = None;
    session.job_id = Some(id);
    repo::update(&tx, ctx, &session).await?;
    tx.commit().await?;
    Ok(Completion::Working(Box::new(session)))
}

/// What became of an upload that ended.
async fn outcome(ctx: &Ctx, session: Session) -> Result<Completion> {
    if let Some(error) = session.failed_with() {
        return Err(error);
    }
    let file = match session.file_id {
        Some(id) => repo::file_of(&*ctx.db, id).await?,
        None => None,
    };
    let mut file = file.ok_or_else(|| Error::not_found("The file of this upload was deleted"))?;
    if session.is_duplicate {
        readable::as_known(&*ctx.db, &Model::load(ctx).await?, &mut file).await?;
    }
    let jobs = session.file_jobs;
    Ok(Completion::Done(Box::new(Uploaded { file, duplicate: session.is_duplicate, jobs })))
}
