//! Whether there is room, and setting it aside: for files and jobs, before the product transaction that makes them.
//!
//! Never within one: the control database may be the same file, and its writer would wait for itself.

use std::time::Duration;

use uuid::Uuid;

use super::errors::{exceeded, warn};
use super::known::{Known, known};
use super::limits::{Amounts, Shortage};
use super::reservation::{Reservation, lapses_at};
use super::{recount, repo};
use crate::config::QuotaMode;
use crate::context::{Ctx, TenantCtx};
use crate::error::Result;
use crate::tenancy::Place;

/// How often somebody is not refused yet because of work under way, which a count may have found twice.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(50);
/// When less than this part of a limit is left, what is left is counted anew.
const LITTLE: i64 = 10;

/// What a write adds. A content that is stored already adds nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request {
    pub files: u64,
    pub bytes: u64,
    /// Jobs that the caller asks for, by name or with what it does; none for those of the program itself.
    pub jobs: u64,
}

impl From<Request> for Amounts {
    fn from(request: Request) -> Self {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            files: number(request.files),
            storage_bytes: number(request.bytes),
            active_jobs: number(request.jobs),
            ..Self::default()
        }
    }
}

/// Whether there is room as things are, for a look before a body is read; nothing is set aside.
///
/// Fails with `LimitReached` where limits bind; where they only warn, notes the warning.
pub async fn require_room(ctx: &Ctx, request: Request) -> Result<()> {
    if let Some(desk) = Desk::open(ctx, request.into()).await? {
        desk.find_room(Step::Look).await?;
    }
    Ok(())
}

/// Sets room aside for a write of known size. Costs nothing where no limit concerns it.
///
/// Fails with `LimitReached` where limits bind; where they only warn, notes the warning and sets it aside all the same.
pub async fn reserve(ctx: &Ctx, request: Request) -> Result<Reservation> {
    let Some(desk) = Desk::open(ctx, request.into()).await? else { return Ok(Reservation::default()) };
    let id = desk.find_room(Step::SetAside).await?;
    let Desk { ctx, place, asked, .. } = desk;
    Ok(id.map(|id| Reservation::new(ctx, place, id, asked)).unwrap_or_default())
}

/// Sets room aside for what the program makes by itself, which is never refused: it counts, and who comes next has less.
pub async fn reserve_anyway(ctx: &Ctx, request: Request) -> Result<Reservation> {
    let Some(desk) = Desk::open(ctx, request.into()).await? else { return Ok(Reservation::default()) };
    let Answer::Room(Some(id)) = desk.ask(Step::SetAside, true).await? else { return Ok(Reservation::default()) };
    let Desk { ctx, place, asked, .. } = desk;
    Ok(Reservation::new(ctx, place, id, asked))
}

/// How many bytes a file of unknown length may have before it passes what is left; none where nothing binds. One that is
/// longer is refused by [`require_room`] for so many bytes and one more.
pub async fn remaining_bytes(ctx: &Ctx) -> Result<Option<u64>> {
    let Some(desk) = Desk::open(ctx, Amounts { storage_bytes: 1, ..Amounts::default() }).await? else {
        return Ok(None);
    };
    let Some(limit) = desk.known.limits.max_storage_bytes.filter(|_| desk.binding) else { return Ok(None) };
    let mut remaining = desk.bytes_left(limit).await?;
    if remaining < limit / LITTLE {
        recount::before_refusal(&desk.ctx, &desk.place).await?;
        remaining = desk.bytes_left(limit).await?;
    }
    Ok(Some(remaining.unsigned_abs()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Look,
    SetAside,
}

enum Answer {
    Room(Option<Uuid>),
    Short(Vec<Shortage>),
}

/// Where a tenant's room is asked for.
struct Desk {
    ctx: TenantCtx,
    place: Place,
    known: Known,
    asked: Amounts,
    /// Who finds no room is refused.
    binding: bool,
}

impl Desk {
    /// None where nothing that is asked for is limited.
    async fn open(ctx: &Ctx, asked: Amounts) -> Result<Option<Self>> {
        let Some(accounts) = ctx.accounts() else { return Ok(None) };
        let mode = accounts.tenancy().quota().mode;
        if mode == QuotaMode::Disabled {
            return Ok(None);
        }
        let known = known(&accounts).await?;
        if !known.limits.concern(asked) {
            return Ok(None);
        }
        let place = accounts.tenancy().place_of(&ctx.tenant, &ctx.org);
        Ok(Some(Self { ctx: accounts, place, known, asked, binding: mode == QuotaMode::Enforce }))
    }

    async fn bytes_left(&self, limit: i64) -> Result<i64> {
        let taken = repo::usage::taken(self.ctx.control(), &self.ctx.tenant, self.ctx.now()).await?;
        Ok(limit.saturating_sub(taken.storage_bytes).max(0))
    }

    async fn find_room(&self, step: Step) -> Result<Option<Uuid>> {
        let mut answer = self.ask(step, false).await?;
        for attempt in 0..ATTEMPTS {
            match &answer {
                Answer::Short(short) if !is_hopeless(short) => {}
                _ => break,
            }
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let exact = recount::before_refusal(&self.ctx, &self.place).await?;
            answer = self.ask(step, false).await?;
            if exact || !self.binding {
                break;
            }
        }
        let short = match answer {
            Answer::Room(id) => return Ok(id),
            Answer::Short(short) => short,
        };
        if self.binding {
            return Err(exceeded(&self.ctx.tenant, &short));
        }
        warn(&self.ctx, &short);
        match self.ask(step, true).await? {
            Answer::Room(id) => Ok(id),
            Answer::Short(_) => Ok(None),
        }
    }

    /// `anyway` sets aside what there is no room for.
    async fn ask(&self, step: Step, anyway: bool) -> Result<Answer> {
        let (control, tenant, now) = (self.ctx.control(), &self.ctx.tenant, self.ctx.now());
        if step == Step::Look {
            let taken = repo::usage::taken(control, tenant, now).await?;
            let short = self.known.limits.shortages(taken, self.asked);
            return Ok(if short.is_empty() || anyway { Answer::Room(None) } else { Answer::Short(short) });
        }
        let tx = repo::begin(control, tenant).await?;
        let limits = repo::limits::find(&tx, tenant).await?.map(|row| row.limits).unwrap_or_default();
        let short = limits.shortages(repo::usage::taken(&tx, tenant, now).await?, self.asked);
        if !short.is_empty() && !anyway {
            return Ok(Answer::Short(short));
        }
        let id = repo::reservations::insert(&tx, &self.place, self.asked, now, lapses_at(now)).await?;
        tx.commit().await?;
        Ok(Answer::Room(Some(id)))
    }
}

/// No count could find room for more than a limit.
fn is_hopeless(short: &[Shortage]) -> bool {
    short.iter().any(|short| short.requested > short.limit)
}
