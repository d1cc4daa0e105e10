//! The parts of an upload under way: where they are sent, taking one, looking at them, giving all up.

use std::time::Duration;

use tokio::io::AsyncRead;
use url::Url;
use uuid::Uuid;

use super::model::{Session, SessionState};
use super::{claim, not_found, plan, record, sweep};
use crate::context::Ctx;
use crate::domain::file::repo::sessions as repo;
use crate::domain::file::upload::require_may_bring;
use crate::domain::meta::Model;
use crate::error::{Error, Kind, Result};
use crate::storage::StoredPart;
use crate::types::{Page, PageRequest};

/// A part that is there or is still to be sent.
#[derive(Debug, Clone)]
pub struct ListedPart {
    pub number: u32,
    /// How long it must be, in bytes.
    pub size: u64,
    /// How much of it has arrived; another size than it must have means that it has to be sent again.
    pub stored: Option<u64>,
    pub etag: Option<String>,
    /// Where it is sent; none is this server.
    pub link: Option<Url>,
}

/// How much of an upload has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub parts: u32,
    pub bytes: u64,
}

/// The caller's own upload; `NotFound` for any other.
pub async fn require_session(ctx: &Ctx, id: &str) -> Result<Session> {
    let id = Uuid::parse_str(id).map_err(|_| not_found())?;
    let found = repo::find(&*ctx.db, ctx, id).await?;
    let mut session = found.filter(|session| is_own(ctx, session)).ok_or_else(not_found)?;
    // Whoever was reading it has died or given up: it is as open as before.
    if session.state == SessionState::Verifying && !claim::is_worked_on(ctx, &session).await? {
        session.state = SessionState::Open;
    }
    Ok(session)
}

pub(super) fn is_own(ctx: &Ctx, session: &Session) -> bool {
    session.created_by_id == ctx.actor.user_id() && session.state != SessionState::Ending
}

/// The caller's own uploads, the latest first.
pub async fn sessions(ctx: &Ctx, page: PageRequest) -> Result<Page<Session>> {
    repo::page_of_own(&*ctx.db, ctx, page).await
}

/// How much has arrived; of an upload that takes no more parts, all.
pub async fn progress(ctx: &Ctx, session: &Session) -> Result<Progress> {
    let count = session.part_count();
    if session.state != SessionState::Open {
        return Ok(Progress { parts: count, bytes: session.size });
    }
    let stored = stored(ctx, session).await?;
    let whole =
        stored.iter().filter(|part| plan::length_of(session.size, session.part_size, part.number) == Some(part.size));
    Ok(whole.fold(Progress { parts: 0, bytes: 0 }, |sum, part| Progress {
        parts: sum.parts + 1,
        bytes: sum.bytes + part.size,
    }))
}

/// Parts from the number `from` on, with links that hold as long as the upload does.
pub async fn list_parts(ctx: &Ctx, session: &Session, from: u32, limit: u32) -> Result<Vec<ListedPart>> {
    require_may_bring(&Model::load(ctx).await?)?;
    require_open(ctx, session)?;
    let stored = stored(ctx, session).await?;
    let (from, count) = (from.max(1), session.part_count());
    let life = (session.expires_at - ctx.now()).to_std().unwrap_or(Duration::from_secs(1));
    let mut listed = Vec::new();
    for number in from..=count.min(from.saturating_add(limit).saturating_sub(1)) {
        let Some(size) = plan::length_of(session.size, session.part_size, number) else { break };
        let part = stored.iter().find(|part| part.number == number);
        let link = ctx.store.part_link(&session.upload(), number, size, life).await?;
        listed.push(ListedPart {
            number,
            size,
            stored: part.map(|part| part.size),
            etag: part.and_then(|part| part.etag.clone()),
            link: link.map(|link| link.url),
        });
    }
    Ok(listed)
}

/// Takes a part through this server. Sending one again replaces it.
///
/// Errors: `Forbidden` for who may not bring files any more; `Invalid` for a number that there is not; `Conflict` for an upload that takes none, or none here; `TooLarge` and
/// `BadRequest` for another length than the part's.
pub async fn put_part(
    ctx: &Ctx,
    session: &Session,
    number: u32,
    announced: Option<u64>,
    source: impl AsyncRead + Send + Unpin,
) -> Result<ListedPart> {
    require_may_bring(&Model::load(ctx).await?)?;
    require_open(ctx, session)?;
    let count = session.part_count();
    let Some(size) = plan::length_of(session.size, session.part_size, number) else {
        let message = format!("The parts of this upload are numbered from 1 to {count}");
        return Err(Error::invalid_field("value_error", &["path", "number"], message));
    };
    // Before the first of too many bytes is read.
    if announced.is_some_and(|announced| announced > size) {
        return Err(Error::new(Kind::TooLarge, format!("Part {number} has {size} bytes"))
            .code("PART_TOO_LARGE", "Send exactly the bytes of this part.")
            .details(serde_json::json!({ "expected": size })));
    }
    ctx.store.put_part(&session.upload(), number, size, source).await?;
    // It may have been given up meanwhile, and its parts removed before this one came.
    let still = repo::find(&*ctx.db, ctx, session.id).await?.filter(|session| is_own(ctx, session));
    if still.is_none() {
        ctx.store.discard_parts(&session.upload()).await?;
        return Err(not_found());
    }
    Ok(ListedPart { number, size, stored: Some(size), etag: None, link: None })
}

/// Gives an upload up and removes its parts.
///
/// Errors: `Conflict` for one that is a file already, or is about to become one.
pub async fn abort(ctx: &Ctx, id: &str) -> Result<()> {
    let session = require_session(ctx, id).await?;
    let tx = ctx.begin().await?;
    let mut session =
        repo::find_locked(&tx, ctx, session.id).await?.filter(|it| is_own(ctx, it)).ok_or_else(not_found)?;
    if session.state == SessionState::Completed {
        return Err(Error::conflict("The upload is complete")
            .code("UPLOAD_COMPLETED", "It is a file now; delete the file if it is not wanted."));
    }
    if session.is_claimed(ctx.now()) {
        return Err(Error::conflict("The upload is being completed")
            .code("UPLOAD_VERIFYING", "Wait until it is complete, then delete the file if it is not wanted."));
    }
    session.state = SessionState::Ending;
    repo::update(&tx, ctx, &session).await?;
    record(ctx, &tx, "upload.aborted", session.id, Some(&session), None).await?;
    tx.commit().await?;
    sweep::remove(ctx, &session).await
}

/// What the storage has. One that has joined the parts shows none any more, so all are there; one that has given the upload
/// up has none.
pub(super) async fn stored(ctx: &Ctx, session: &Session) -> Result<Vec<StoredPart>> {
    let upload = session.upload();
    if is_joined(ctx, session).await? {
        return Ok(plan::all(session.size, session.part_size));
    }
    match ctx.store.stored_parts(&upload).await {
        Err(error) if error.kind() == Kind::NotFound => Ok(Vec::new()),
        stored => stored,
    }
}

/// Whether the storage has made one object of the parts.
pub(super) async fn is_joined(ctx: &Ctx, session: &Session) -> Result<bool> {
    Ok(session.multipart_id.is_some() && ctx.store.joined_size(&session.upload()).await? == Some(session.size))
}

fn require_open(ctx: &Ctx, session: &Session) -> Result<()> {
    if session.state != SessionState::Open {
        return Err(Error::conflict(format!("The upload is {}", session.state.as_str()))
            .code("UPLOAD_NOT_OPEN", "It takes no parts any more."));
    }
    require_current(ctx, session)
}

pub(super) fn require_current(ctx: &Ctx, session: &Session) -> Result<()> {
    if !session.is_expired(ctx.now()) {
        return Ok(());
    }
    Err(Error::conflict("The time for this upload is over").code("UPLOAD_EXPIRED", "Begin the upload again."))
}
