//! One look at one database: deliver some events, take some jobs. Writes nothing where nothing is due.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::WorkerSettings;
use super::slots::{Slot, Slots};
use crate::context::now;
use crate::error::Result;
use crate::jobs::queue::{Claimed, claim, outlook};
use crate::jobs::{Registry, Site, Subscriber, outbox, tidy};
use crate::tenancy::{Place, Placement, Tenancy};

/// Events delivered in one visit: enough to be quick, few enough that other places get their turn.
const EVENTS_AT_ONCE: u64 = 100;

/// What every visit needs.
pub struct Visitor {
    pub tenancy: Arc<Tenancy>,
    pub registry: Registry,
    pub subscribers: Vec<Arc<dyn Subscriber>>,
    pub settings: WorkerSettings,
    /// Names this process in the leases that it takes.
    pub worker_id: String,
    pub slots: Slots,
    pub shutdown: CancellationToken,
}

/// Why a place is visited.
pub enum Reason {
    /// Something called for it.
    Called,
    /// The full scan came by.
    Scan { placement: Box<Placement>, tidy: bool },
}

/// A job that is taken and has room to run.
pub struct Taken {
    pub site: Site,
    pub claimed: Claimed,
    pub slot: Slot,
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
    pub async fn visit(&self, place: &Place, reason: Reason) -> Result<Seen> {
        match reason {
            Reason::Called => match self.tenancy.served_place(place).await? {
                Some(placement) => self.look(place, &Site::open(&self.tenancy, &placement).await?).await,
                None => Ok(Seen::default()),
            },
            Reason::Scan { placement, tidy } => self.glance(place, &placement, tidy).await,
        }
    }

    /// A scan must not push the databases that are in use out of the bounded set of open ones: what it opened and found idle
    /// it closes.
    async fn glance(&self, place: &Place, placement: &Placement, tidying: bool) -> Result<Seen> {
        let was_open = self.tenancy.is_open(place);
        let seen = {
            let site = Site::open(&self.tenancy, placement).await?;
            if tidying {
                let deleted = tidy(&site.db, now()).await?;
                tracing::debug!(tenant = %site.tenant, deleted, "traces of old work deleted");
            }
            self.look(place, &site).await?
        };
        if !was_open && !seen.more && seen.taken.is_empty() {
            self.tenancy.close_unused(place).await;
        }
        Ok(seen)
    }

    async fn look(&self, place: &Place, site: &Site) -> Result<Seen> {
        let types = self.registry.names();
        let first = outlook(&site.db, &types, now()).await?;
        let mut seen = Seen { next: first.next, ..Seen::default() };
        if !first.events_due && !first.jobs_due {
            return Ok(seen);
        }
        let mut delivered = 0;
        if first.events_due {
            delivered = outbox::deliver(site, &self.subscribers, now(), EVENTS_AT_ONCE).await?.delivered;
        }
        self.take_jobs(place, site, &types, &mut seen).await?;
        let rest = outlook(&site.db, &types, now()).await?;
        // Events that wait behind a failed one look due; only what can be delivered is a reason to come back at once.
        seen.more = delivered > 0 && rest.events_due;
        seen.starving &= rest.jobs_due;
        seen.contended = rest.jobs_due && !seen.starving;
        seen.next = rest.next;
        Ok(seen)
    }

    async fn take_jobs(&self, place: &Place, site: &Site, types: &[&str], seen: &mut Seen) -> Result<()> {
        while !self.shutdown.is_cancelled() {
            let Some(slot) = self.slots.take(place) else {
                seen.starving = true;
                return Ok(());
            };
            match claim(&site.db, &self.worker_id, types, now(), self.settings.lease).await {
                Ok(Some(claimed)) => seen.taken.push(Taken { site: site.clone(), claimed, slot }),
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
