//! Collecting what nobody wants any more: contents that nothing refers to, what uploads left behind, and if asked, files that
//! hang on nothing.
//!
//! A content goes a grace after it was last touched, in one transaction that holds its row: whoever brings the same content at
//! that moment waits for the row, and then writes the content anew. An object without a row is given one first, so that it,
//! too, has its grace.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::repo;
use super::upload::change;
use crate::context::Ctx;
use crate::domain::audit;
use crate::domain::permission::{Action, require_administrator};
use crate::error::Result;
use crate::storage::{ContentHash, Stored};

/// Contents that are looked up, or taken in hand, together.
const PAGE: u64 = 500;
/// Contents that are removed at the same time; each holds a connection.
const AT_ONCE: usize = 2;

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
    /// What unfinished uploads left behind.
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
    let mut collected = Collected { unknown: adopt(ctx, rules, stop, tell).await?, ..Collected::default() };
    let unwanted = repo::collect::unwanted(&*ctx.db, limit).await?;
    (collected.unattached_files, collected.unattached_bytes) = (unwanted.count, unwanted.bytes);
    if rules.unattached && !rules.dry_run {
        collected.files_removed = remove_files(ctx, limit, stop).await?;
    }
    contents(ctx, rules, limit, stop, tell, &mut collected).await?;
    if !stop.is_cancelled() {
        let remains = ctx.store.sweep_remains(rules.grace, rules.dry_run).await?;
        (collected.remains, collected.remains_bytes) = (remains.objects, remains.bytes);
    }
    Ok(collected)
}

/// What was touched before this is old enough.
fn before(now: DateTime<Utc>, grace: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(grace).ok().and_then(|grace| now.checked_sub_signed(grace)).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// Gives the objects that have no row one.
async fn adopt(ctx: &Ctx, rules: &CollectRules, stop: &CancellationToken, tell: &(dyn Fn() + Sync)) -> Result<u64> {
    let listed = ctx.store.contents().await?;
    let mut pages = listed.map_ok(|one| Stored { sha256: one.sha256, size: one.size }).try_chunks(PAGE as usize);
    let mut found = 0;
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| error.1)?;
        let hashes: Vec<ContentHash> = page.iter().map(|content| content.sha256).collect();
        let known = repo::collect::known(&*ctx.db, &hashes).await?;
        let unknown: Vec<Stored> = page.iter().filter(|content| !known.contains(&content.sha256)).copied().collect();
        found += unknown.len() as u64;
        if !unknown.is_empty() && !rules.dry_run {
            let tx = ctx.begin().await?;
            repo::collect::adopt(&tx, &unknown, ctx.now()).await?;
            tx.commit().await?;
        }
        page.iter().for_each(|_| tell());
        if stop.is_cancelled() {
            break;
        }
    }
    Ok(found)
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
        after = Some(last.sha256);
        let each = |content: Stored| {
            let (removed, bytes, failed) = (&removed, &bytes, &failed);
            async move {
                if stop.is_cancelled() {
                    return;
                }
                let done = if rules.dry_run { Ok(true) } else { remove(ctx, &content.sha256, limit).await };
                match done {
                    Ok(true) => {
                        removed.fetch_add(1, Ordering::Relaxed);
                        bytes.fetch_add(content.size, Ordering::Relaxed);
                    }
                    Ok(false) => {}
                    Err(error) => {
                        failed.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(sha256 = %content.sha256, error = %error.chain(), "a content was not collected");
                    }
                }
                tell();
            }
        };
        stream::iter(page).for_each_concurrent(AT_ONCE, each).await;
    }
    collected.contents = removed.into_inner();
    collected.bytes = bytes.into_inner();
    collected.failed = failed.into_inner();
    Ok(())
}

/// Removes row and object together. Should the process end between the two, the row without its object is taken again.
async fn remove(ctx: &Ctx, hash: &ContentHash, limit: DateTime<Utc>) -> Result<bool> {
    let tx = ctx.begin().await?;
    if !repo::collect::hold(&tx, hash, limit).await? || !repo::collect::forget(&tx, hash).await? {
        return Ok(false);
    }
    ctx.store.delete(hash).await?;
    tx.commit().await?;
    Ok(true)
}
