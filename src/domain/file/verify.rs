//! Whether the storage still has what it was given: every content that something refers to, read again, and what lies there that
//! nothing refers to.

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::orphans;
use super::repo;
use super::repo::objects::Object;
use crate::context::Ctx;
use crate::domain::permission::{Action, require_administrator};
use crate::error::{Kind, Result};
use crate::storage::{ContentHash, Health, ObjectId};

const PAGE: u64 = 500;
/// Files and items that are named for one content.
const MOST_NAMED: u64 = 20;

/// How to look.
#[derive(Debug, Clone, Copy)]
pub struct VerifyRules {
    /// So many of a hundred contents are read to their end; of the others only the size is compared.
    pub percent: u8,
    /// Contents that are read at the same time.
    pub at_once: usize,
    /// Moves damaged contents out of the way, if nobody touched them for so long, so that the next upload writes them anew.
    pub set_aside: Option<Duration>,
}

/// What was looked at, and how much of it was not in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    pub contents: u64,
    /// Those that were read to their end.
    pub read: u64,
    pub bytes_read: u64,
    pub missing: u64,
    pub damaged: u64,
    /// Those that the storage did not hand out.
    pub unreadable: u64,
    pub set_aside: u64,
    /// What nothing refers to; it is collected after its grace.
    pub orphaned: u64,
    pub orphaned_bytes: u64,
}

impl Verified {
    /// Everything that something refers to is there and whole.
    pub fn is_sound(&self) -> bool {
        self.missing + self.damaged + self.unreadable == 0
    }
}

/// Something that is not in order.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    #[serde(flatten)]
    pub problem: Problem,
    pub sha256: String,
    /// Which of the content's objects it is: how often it was removed before.
    pub edition: u32,
    /// Of the content as it should be; of an orphan, as it is.
    pub size: u64,
    /// What cannot be read any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Hurt>,
}

impl Finding {
    fn of(problem: Problem, object: ObjectId, size: u64, files: Vec<Hurt>) -> Self {
        Self { problem, sha256: object.sha256.to_string(), edition: object.edition, size, files }
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum Problem {
    Missing,
    Damaged { found_sha256: Option<String>, found_size: u64, set_aside: bool },
    Unreadable { error: String },
    Orphaned { modified: Option<DateTime<Utc>> },
}

/// A file that a finding hurts, and where it hangs.
#[derive(Debug, Clone, Serialize)]
pub struct Hurt {
    pub file_id: Uuid,
    pub filename: String,
    /// Only its preview is hurt, which can be made again.
    pub is_preview: bool,
    pub items: Vec<HurtItem>,
}

#[derive(Debug, Clone, Serialize)]
pub struct HurtItem {
    pub item_id: Uuid,
    pub item_type: String,
    pub number: Option<String>,
}

/// Who hears how far it is.
pub trait Listener: Sync {
    /// Bytes that were read.
    fn read(&self, bytes: u64);
    fn found(&self, finding: Finding);
}

/// Looks at one database's part of the storage. What is brought or removed meanwhile is not taken for damage.
pub async fn verify(
    ctx: &Ctx,
    rules: &VerifyRules,
    stop: &CancellationToken,
    listener: &dyn Listener,
) -> Result<Verified> {
    require_administrator(ctx, Action::Get, "Storage")?;
    let check = Check { ctx, rules, listener, seed: Uuid::new_v4().as_bytes()[0], verified: Mutex::default() };
    let mut after = None;
    loop {
        let page = repo::collect::kept(&*ctx.db, after.as_ref(), PAGE).await?;
        let Some(last) = page.last().filter(|_| !stop.is_cancelled()) else { break };
        after = Some(last.id.sha256);
        let each = |content: Object| {
            let check = &check;
            async move { if stop.is_cancelled() { Ok(()) } else { check.content(content).await } }
        };
        stream::iter(page).map(Ok).try_for_each_concurrent(rules.at_once.max(1), each).await?;
    }
    if !stop.is_cancelled() {
        check.orphans(stop).await?;
    }
    Ok(check.verified.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

struct Check<'a> {
    ctx: &'a Ctx,
    rules: &'a VerifyRules,
    listener: &'a dyn Listener,
    /// Another sample each time.
    seed: u8,
    verified: Mutex<Verified>,
}

impl Check<'_> {
    fn count(&self, add: impl FnOnce(&mut Verified)) {
        add(&mut self.verified.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    async fn content(&self, content: Object) -> Result<()> {
        let reads = is_chosen(&content.id.sha256, self.seed, self.rules.percent);
        self.count(|all| {
            all.contents += 1;
            all.read += u64::from(reads);
        });
        let looked = if reads { self.examine(&content).await } else { self.measure(&content).await };
        let problem = match looked {
            Ok(Health::Sound) => return Ok(()),
            Ok(Health::Missing) => Problem::Missing,
            Ok(Health::Damaged { size, sha256, modified }) => {
                let set_aside = self.set_aside(content.id, modified).await?;
                Problem::Damaged { found_sha256: reads.then(|| sha256.to_string()), found_size: size, set_aside }
            }
            Err(error) => Problem::Unreadable { error: error.chain() },
        };
        // Somebody may have removed it since the page was read, and another collected it. Only we give it another edition.
        let hash = content.id.sha256;
        let known = repo::collect::standing(&*self.ctx.db, [hash]).await?;
        let set_aside = matches!(problem, Problem::Damaged { set_aside: true, .. });
        if !known.get(&hash).is_some_and(|known| known.is_referenced && (set_aside || known.object.id == content.id)) {
            return Ok(());
        }
        self.count(|all| match &problem {
            Problem::Missing => all.missing += 1,
            Problem::Damaged { set_aside, .. } => {
                all.damaged += 1;
                all.set_aside += u64::from(*set_aside);
            }
            Problem::Unreadable { .. } | Problem::Orphaned { .. } => all.unreadable += 1,
        });
        let files = hurt(self.ctx, &hash).await?;
        self.listener.found(Finding::of(problem, content.id, content.size, files));
        Ok(())
    }

    async fn examine(&self, content: &Object) -> Result<Health> {
        let tell = |bytes: u64| {
            self.count(|all| all.bytes_read += bytes);
            self.listener.read(bytes);
        };
        self.ctx.store.examine(&content.id, content.size, &tell).await
    }

    /// By its size alone.
    async fn measure(&self, content: &Object) -> Result<Health> {
        match self.ctx.store.size(&content.id).await {
            Ok(size) if size == content.size => Ok(Health::Sound),
            // Reading tells what it is.
            Ok(_) => self.examine(content).await,
            Err(error) if error.kind() == Kind::NotFound => Ok(Health::Missing),
            Err(error) => Err(error),
        }
    }

    /// The content gets its next edition, which the next upload writes; nobody has begun to bring it for a while.
    async fn set_aside(&self, object: ObjectId, seen: Option<DateTime<Utc>>) -> Result<bool> {
        let Some(quiet) = self.rules.set_aside else { return Ok(false) };
        let limit = TimeDelta::from_std(quiet).ok().and_then(|quiet| self.ctx.now().checked_sub_signed(quiet));
        let Some(limit) = limit else { return Ok(false) };
        // It was written again since it was looked at.
        if self.ctx.store.written(&object).await? != seen {
            return Ok(false);
        }
        let tx = self.ctx.begin().await?;
        if !repo::collect::hold(&tx, object, limit).await? {
            return Ok(false);
        }
        repo::collect::next_edition(&tx, object).await?;
        tx.commit().await?;
        self.ctx.store.set_aside(&object).await?;
        Ok(true)
    }

    async fn orphans(&self, stop: &CancellationToken) -> Result<()> {
        let mut pages = orphans::look(self.ctx).await?;
        while let Some(page) = pages.next().await {
            for (listed, _) in page?.into_iter().filter(|(_, lot)| lot.is_orphan()) {
                self.count(|all| {
                    all.orphaned += 1;
                    all.orphaned_bytes += listed.size;
                });
                let problem = Problem::Orphaned { modified: listed.modified };
                self.listener.found(Finding::of(problem, listed.object, listed.size, Vec::new()));
            }
            if stop.is_cancelled() {
                break;
            }
        }
        Ok(())
    }
}

/// Checksums are as good as dice.
fn is_chosen(hash: &ContentHash, seed: u8, percent: u8) -> bool {
    let [high, low, ..] = hash.as_bytes();
    u16::from_be_bytes([high ^ seed, *low]) % 100 < u16::from(percent)
}

async fn hurt(ctx: &Ctx, hash: &ContentHash) -> Result<Vec<Hurt>> {
    let mut found = Vec::new();
    for file in repo::hurt::files_of(&*ctx.db, hash, MOST_NAMED).await? {
        let items = repo::hurt::items_of(&*ctx.db, file.id, MOST_NAMED).await?.into_iter();
        let items = items.map(|item| HurtItem { item_id: item.id, item_type: item.item_type, number: item.number });
        let (file_id, filename, is_preview) = (file.id, file.filename, file.is_preview);
        found.push(Hurt { file_id, filename, is_preview, items: items.collect() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_about_its_share_and_all_is_all() {
        let hash = |number: u32| {
            let mut bytes = [0; 32];
            bytes[..2].copy_from_slice(&number.to_be_bytes()[2..]);
            ContentHash::from_bytes(bytes)
        };
        for (percent, least, most) in [(0, 0, 0), (10, 6000, 7000), (50, 32_000, 33_500), (100, 65_536, 65_536)] {
            let chosen = (0..65_536).filter(|number| is_chosen(&hash(*number), 0x5a, percent)).count();
            assert!((least..=most).contains(&chosen), "{percent} %: {chosen}");
        }
    }
}
