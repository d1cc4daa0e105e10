//! Collecting what nobody wants any more: contents that nothing refers to, what uploads left behind, and if asked, files that
//! hang on nothing.
//!
//! A content goes a grace after it was last touched, in three steps: its row is marked as leaving, the storage removes the object,
//! the row is marked as removed. Whoever brings the same content from the first step on writes its next edition, under another
//! key, so that no removal reaches it, however late the storage carries it out. Should the process end between the steps, the
//! next collection goes on. An object without a row is given one first, so that it, too, has its grace.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, StreamExt};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::orphans::{self, Lot};
use super::repo;
use super::repo::objects::Object;
use super::session;
use super::upload::change;
use crate::context::Ctx;
use crate::domain::audit;
use crate::domain::permission::{Action, require_administrator};
use crate::error::Result;
use crate::storage::{Listed, ObjectId};

/// Contents that are looked up, or taken in hand, together.
const PAGE: u64 = 500;
/// Contents that are removed at the same time.
const AT_ONCE: usize = 2;
/// How long the edition of a removed content is remembered: longer than a storage could take to carry out a removal.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

/// What is collected.
#[derive(Debug, Clone, Copy)]
pub struct CollectRules {
    /// How long a content is kept after it was last touched; longer than any upload takes.
    pub grace: Duration,
    /// Also files that no item or version refers to; otherwise they are counted.
    pub unattached: bool,
    /// Only counts.
    pub dry_run: bool,
}

/// What was collected, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    pub contents: u64,
    pub bytes: u64,
    /// Objects that the database knew nothing of; they are collected a grace later.
    pub unknown: u64,
    /// Objects of editions that were removed before, and had come or stayed all the same.
    pub outdated: u64,
    pub outdated_bytes: u64,
    /// What unfinished uploads left behind, whole or in parts.
    pub remains: u64,
    pub remains_bytes: u64,
    /// Files that hang on nothing.
    pub unattached_files: u64,
    pub unattached_bytes: u64,
    pub files_removed: u64,
    /// Contents that could not be removed; they are taken again by the next run.
    pub failed: u64,
}

/// Collects in one database and its part of the storage; repeatable, and may be stopped between any two contents. `tell` hears of
/// each content that was looked at.
pub async fn collect(
    ctx: &Ctx,
    rules: &CollectRules,
    stop: &CancellationToken,
    tell: &(dyn Fn() + Sync),
) -> Result<Collected> {
    require_administrator(ctx, Action::Delete, "Storage")?;
    // Before anything is given a row: what is new in this run is not collected by it.
    let limit = before(ctx.now(), rules.grace);
    let mut collected = Collected::default();
    look_around(ctx, rules, stop, tell, &mut collected).await?;
    let unwanted = repo::collect::unwanted(&*ctx.db, limit).await?;
    (collected.unattached_files, collected.unattached_bytes) = (unwanted.count, unwanted.bytes);
    if rules.unattached && !rules.dry_run {
        collected.files_removed = remove_files(ctx, limit, stop).await?;
    }
    contents(ctx, rules, limit, stop, tell, &mut collected).await?;
    if !stop.is_cancelled() {
        let whole = ctx.store.sweep_remains(rules.grace, rules.dry_run).await?;
        let parts = session::clear_parts(ctx, limit, rules.dry_run).await?;
        (collected.remains, collected.remains_bytes) = (whole.objects + parts.objects, whole.bytes + parts.bytes);
    }
    Ok(collected)
}

/// What was touched before this is old enough.
fn before(now: DateTime<Utc>, grace: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(grace).ok().and_then(|grace| now.checked_sub_signed(grace)).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Goes through what the storage has: objects that have no row are given one, those of editions that are over are removed.
async fn look_around(
    ctx: &Ctx,
    rules: &CollectRules,
    stop: &CancellationToken,
    tell: &(dyn Fn() + Sync),
    collected: &mut Collected,
) -> Result<()> {
    let mut pages = orphans::look(ctx).await?;
    while let Some(page) = pages.next().await {
        let page = page?;
        let of = |wanted: Lot| page.iter().filter(move |(_, lot)| *lot == wanted).map(|(listed, _)| *listed);
        collected.unknown += of(Lot::Unknown).count() as u64;
        if !rules.dry_run {
            adopt(ctx, of(Lot::Unknown).collect(), of(Lot::Ahead).collect()).await?;
        }
        for outdated in of(Lot::Outdated) {
            let removed = if rules.dry_run { Ok(()) } else { ctx.store.delete(&outdated.object).await };
            match removed {
                Ok(()) => {
                    collected.outdated += 1;
                    collected.outdated_bytes += outdated.size;
                }
                Err(error) => {
                    collected.failed += 1;
                    tracing::warn!(object = %outdated.object, error = %error.chain(), "an old edition was not removed");
                }
            }
        }
        page.iter().for_each(|_| tell());
        if stop.is_cancelled() {
            break;
        }
    }
    Ok(())
}

/// Gives the objects that have no row one, with the latest edition that there is.
async fn adopt(ctx: &Ctx, mut unknown: Vec<Listed>, ahead: Vec<Listed>) -> Result<()> {
    if unknown.is_empty() && ahead.is_empty() {
        return Ok(());
    }
    unknown.sort_by_key(|listed| std::cmp::Reverse(listed.object));
    unknown.dedup_by_key(|listed| listed.object.sha256);
    let found = |listed: Listed| Object { id: listed.object, size: listed.size };
    let contents: Vec<Object> = unknown.into_iter().map(found).collect();
    let tx = ctx.begin().await?;
    if !contents.is_empty() {
        repo::collect::adopt(&tx, &contents, ctx.now()).await?;
    }
    for later in ahead.into_iter().map(found) {
        repo::collect::catch_up(&tx, later, ctx.now()).await?;
    }
    tx.commit().await
}

async fn remove_files(ctx: &Ctx, limit: DateTime<Utc>, stop: &CancellationToken) -> Result<u64> {
    let (mut removed, mut after) = (0, None);
    loop {
        let page = repo::collect::unwanted_files(&*ctx.db, limit, after, PAGE).await?;
        for file in &page {
            if stop.is_cancelled() {
                return Ok(removed);
            }
            removed += u64::from(remove_file(ctx, *file, limit).await?);
        }
        match page.last() {
            Some(last) => after = Some(*last),
            None => return Ok(removed),
        }
    }
}

async fn remove_file(ctx: &Ctx, id: Uuid, limit: DateTime<Utc>) -> Result<bool> {
    let tx = ctx.begin().await?;
    let Some(file) = repo::files::find_locked(&tx, id).await? else { return Ok(false) };
    // Who attaches it from now on waits, and finds it gone.
    if !repo::collect::is_unwanted(&tx, id, limit).await? {
        return Ok(false);
    }
    repo::files::delete(&tx, id).await?;
    audit::record(ctx, &tx, vec![change("file.deleted", id, Some(file.snapshot()), None)]).await?;
    tx.commit().await?;
    Ok(true)
}

async fn contents(
    ctx: &Ctx,
    rules: &CollectRules,
    limit: DateTime<Utc>,
    stop: &CancellationToken,
    tell: &(dyn Fn() + Sync),
    collected: &mut Collected,
) -> Result<()> {
    let (removed, bytes, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let mut after = None;
    loop {
        let page = repo::collect::forgotten(&*ctx.db, limit, after.as_ref(), PAGE).await?;
        let Some(last) = page.last().filter(|_| !stop.is_cancelled()) else { break };
        after = Some(last.id.sha256);
        let each = |content: Object| {
            let (removed, bytes, failed) = (&removed, &bytes, &failed);
            async move {
                if stop.is_cancelled() {
                    return;
                }
                let done = if rules.dry_run { Ok(true) } else { remove(ctx, content.id, limit).await };
                match done {
                    Ok(true) => {
                        removed.fetch_add(1, Ordering::Relaxed);
                        bytes.fetch_add(content.size, Ordering::Relaxed);
                    }
                    Ok(false) => {}
                    Err(error) => {
                        failed.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(object = %content.id, error = %error.chain(), "a content was not collected");
                    }
                }
                tell();
            }
        };
        stream::iter(page).for_each_concurrent(AT_ONCE, each).await;
    }
    collected.contents = removed.into_inner();
    collected.bytes = bytes.into_inner();
    collected.failed += failed.into_inner();
    if rules.dry_run {
        return Ok(());
    }
    let tx = ctx.begin().await?;
    repo::collect::forget_removed(&tx, ctx.now() - REMEMBERED).await?;
    tx.commit().await
}

/// Removes a content, or goes on with the removal that another began. False where somebody needs it again.
async fn remove(ctx: &Ctx, object: ObjectId, limit: DateTime<Utc>) -> Result<bool> {
    if !is_leaving(ctx, object, limit).await? {
        return Ok(false);
    }
    ctx.store.delete(&object).await?;
    let tx = ctx.begin().await?;
    repo::collect::end_removal(&tx, object, ctx.now()).await?;
    tx.commit().await?;
    Ok(true)
}

async fn is_leaving(ctx: &Ctx, object: ObjectId, limit: DateTime<Utc>) -> Result<bool> {
    let tx = ctx.begin().await?;
    if repo::collect::hold(&tx, object, limit).await? && repo::collect::begin_removal(&tx, object, ctx.now()).await? {
        tx.commit().await?;
        return Ok(true);
    }
    drop(tx);
    let known = repo::collect::standing(&*ctx.db, [object.sha256]).await?;
    Ok(known.get(&object.sha256).is_some_and(|known| known.is_leaving && known.object.id == object))
}
