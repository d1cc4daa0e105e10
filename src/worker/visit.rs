//! One look at one database: deliver some events, take some jobs, and tell other workers what is left. Writes nothing where
//! nothing is due.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::WorkerSettings;
use super::ledger::{Ledger, Left};
use super::slots::{Slot, Slots};
use super::strangers::Strangers;
use crate::context::{PlatformCtx, TenantCtx, now};
use crate::domain::file::sweep_all_sessions;
use crate::domain::quota::{self, Reservation};
use crate::error::Result;
use crate::jobs::queue::{Claimed, claim, outlook, unknown};
use crate::jobs::{Registry, Site, Subscriber, enqueue_recurring, outbox, tidy};
use crate::telemetry::metrics;
use crate::tenancy::{Outlook, Place, Placement, Tenancy};

/// Events delivered in one visit: enough to be quick, few enough that other places get their turn.
const EVENTS_AT_ONCE: u64 = 500;
/// Types of one database that are reported as unknown.
const UNKNOWN_TYPES: u64 = 20;
/// When to look again at a place that is not served at present: its tenant is suspended, or its database is being made.
const UNSERVED: TimeDelta = TimeDelta::seconds(30);
/// The control database must not hold up jobs that are taken already.
const SETTLING: Duration = Duration::from_secs(5);

/// What every visit needs.
pub struct Visitor {
    pub tenancy: Arc<Tenancy>,
    pub registry: Registry,
    pub subscribers: Vec<Arc<dyn Subscriber>>,
    pub settings: WorkerSettings,
    /// Names this process in the leases that it takes.
    pub worker_id: String,
    pub slots: Slots,
    pub ledger: Ledger,
    pub strangers: Strangers,
    pub shutdown: CancellationToken,
}

/// Why a place is visited.
pub enum Reason {
    /// Something called for it.
    Called,
    /// The sweep came by.
    Swept { placement: Box<Placement>, tidy: bool },
}

/// The room that a visit may fill with jobs.
#[derive(Debug, Default)]
pub struct Room {
    /// For one job, set aside already.
    pub kept: Option<Slot>,
    /// Whatever else is free may be taken: nobody waits for it.
    pub more: bool,
}

/// A job that is taken and has room to run.
pub struct Taken {
    pub site: Site,
    pub claimed: Claimed,
    pub slot: Slot,
    /// Its place among the jobs of the tenant that may run at the same time.
    pub turn: Reservation,
}

/// What a visit leaves behind.
#[derive(Default)]
pub struct Seen {
    pub taken: Vec<Taken>,
    /// More can be done there at once.
    pub more: bool,
    /// Jobs are due and have no room.
    pub starving: bool,
    /// Jobs are due that another worker is just taking.
    pub contended: bool,
    /// When there is something to do next.
    pub next: Option<DateTime<Utc>>,
}

impl Visitor {
    pub async fn visit(&self, place: &Place, reason: Reason, room: Room) -> Result<Seen> {
        let begun = self.tenancy.wakeups().mark();
        let seen = match reason {
            Reason::Called => match self.tenancy.served_place(place).await? {
                Some(placement) => self.look(place, &Site::open(&self.tenancy, &placement).await?, room).await?,
                None => self.unserved(place).await?,
            },
            Reason::Swept { placement, tidy } => self.glance(place, &placement, tidy, room).await?,
        };
        match tokio::time::timeout(SETTLING, self.ledger.settle(place, self.left(&seen))).await {
            // Others have nothing to hear, or have it in writing.
            Ok(Ok(())) if !seen.more => self.tenancy.wakeups().absorb(place, begun),
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error.chain(), "other workers were not told what is left to do"),
            Err(_) => tracing::warn!("other workers were not told in time what is left to do"),
        }
        Ok(seen)
    }

    fn left(&self, seen: &Seen) -> Left {
        if seen.starving {
            return Left::Work(Outlook::Starving(now()));
        }
        if seen.contended {
            return Left::Work(Outlook::At(now() + self.settings.poll_interval));
        }
        match seen.next {
            _ if seen.more => Left::More,
            Some(next) => Left::Work(Outlook::At(next)),
            None => Left::Nothing,
        }
    }

    async fn unserved(&self, place: &Place) -> Result<Seen> {
        let again = self.tenancy.may_be_served_again(place).await?;
        Ok(Seen { next: again.then(|| now() + UNSERVED), ..Seen::default() })
    }

    /// A sweep must not push the databases that are in use out of the bounded set of open ones: what it opened and found idle
    /// it closes.
    async fn glance(&self, place: &Place, placement: &Placement, tidying: bool, room: Room) -> Result<Seen> {
        let was_open = self.tenancy.is_open(place);
        let seen = {
            let site = Site::open(&self.tenancy, placement).await?;
            if tidying {
                let deleted = tidy(&site.db, now()).await?;
                tracing::debug!(tenant = %site.tenant, deleted, "traces of old work deleted");
                enqueue_recurring(&site, &self.registry, now()).await?;
                // What hinders it is nothing that should keep jobs waiting.
                match sweep_all_sessions(&site).await {
                    Ok(swept) => tracing::debug!(tenant = %site.tenant, swept, "old uploads removed"),
                    Err(error) => {
                        tracing::warn!(tenant = %site.tenant, error = %error.chain(), "old uploads were not removed");
                    }
                }
            }
            self.count(&site, placement).await;
            self.look(place, &site, room).await?
        };
        if !was_open && !seen.more && seen.taken.is_empty() {
            self.tenancy.close_unused(place).await;
        }
        Ok(seen)
    }

    async fn look(&self, place: &Place, site: &Site, room: Room) -> Result<Seen> {
        let types = self.registry.names();
        let mut rest = outlook(&site.db, &types, now()).await?;
        let mut seen = Seen::default();
        if rest.events_due || rest.jobs_due {
            let mut delivered = 0;
            if rest.events_due {
                let done = outbox::deliver(site, &self.subscribers, now(), EVENTS_AT_ONCE).await?;
                metrics::events_delivered(done.delivered, done.failed);
                delivered = done.delivered;
            }
            self.take_jobs(place, site, &types, room, &mut seen).await?;
            rest = outlook(&site.db, &types, now()).await?;
            // Events that wait behind a failed one look due; only what can be delivered is a reason to come back at once.
            seen.more = delivered > 0 && rest.events_due;
            seen.starving &= rest.jobs_due;
            seen.contended = rest.jobs_due && !seen.starving;
        }
        seen.next = rest.next;
        if !rest.events_due && !rest.jobs_due {
            self.strangers.note(place, &unknown(&site.db, &types, UNKNOWN_TYPES).await?);
        }
        Ok(seen)
    }

    fn of_tenant(&self, site: &Site) -> TenantCtx {
        PlatformCtx::local(self.tenancy.clone(), "worker").within(site.tenant.clone())
    }

    /// Keeps what the tenant's limits and the list of all tenants are told of this database; the sweep comes by in any case.
    async fn count(&self, site: &Site, placement: &Placement) {
        if let Err(error) = quota::count_place(&self.of_tenant(site), placement).await {
            tracing::warn!(tenant = %site.tenant, error = %error.chain(), "what a tenant uses was not counted");
        }
    }

    async fn take_jobs(
        &self,
        place: &Place,
        site: &Site,
        types: &[&str],
        mut room: Room,
        seen: &mut Seen,
    ) -> Result<()> {
        while !self.shutdown.is_cancelled() {
            let free = || if room.more { self.slots.take(place) } else { None };
            let Some(slot) = room.kept.take().or_else(free) else {
                seen.starving = true;
                return Ok(());
            };
            // Of a tenant that may run no more at the moment the rest looks contended: it is looked at again soon.
            let claimed = match quota::take_turn(&self.of_tenant(site), place).await {
                Ok(None) => return Ok(()),
                Ok(Some(turn)) => {
                    let claimed = claim(&site.db, &self.worker_id, types, now(), self.settings.lease).await;
                    claimed.map(|claimed| claimed.map(|claimed| (claimed, turn)))
                }
                Err(error) => Err(error),
            };
            match claimed {
                Ok(Some((claimed, turn))) => seen.taken.push(Taken { site: site.clone(), claimed, slot, turn }),
                Ok(None) => return Ok(()),
                // What has been taken already must still be run.
                Err(error) if !seen.taken.is_empty() => {
                    tracing::warn!(tenant = %site.tenant, error = %error.chain(), "taking a job failed");
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
