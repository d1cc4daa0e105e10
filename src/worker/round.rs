//! The loop: starts visits and jobs within their bounds and follows up on what they found.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::agenda::Agenda;
use super::execute::execute;
use super::visit::{Reason, Seen, Visitor};
use crate::context::now;
use crate::error::Result;
use crate::tenancy::Place;

/// Visits at the same time, so that one database that does not answer does not hold up the others. A scan has one more.
const VISITS: usize = 4;
const TIDY_EVERY: Duration = Duration::from_secs(3600);

pub struct Round {
    visitor: Arc<Visitor>,
    agenda: Agenda,
    visits: JoinSet<Result<Seen>>,
    /// Where each visit goes, and whether it is the scan's.
    under_way: HashMap<Id, (Place, bool)>,
    jobs: JoinSet<Place>,
    /// Ends the jobs that run beyond the grace time.
    abandon: CancellationToken,
    next_scan: Instant,
    next_tidy: Instant,
    tidying: bool,
}

impl Round {
    pub fn new(visitor: Visitor) -> Self {
        Self {
            visitor: Arc::new(visitor),
            agenda: Agenda::default(),
            visits: JoinSet::new(),
            under_way: HashMap::new(),
            jobs: JoinSet::new(),
            abandon: CancellationToken::new(),
            next_scan: Instant::now(),
            next_tidy: Instant::now(),
            tidying: false,
        }
    }

    /// Runs until shutdown.
    pub async fn serve(&mut self) {
        let (shutdown, wakeups) = (self.visitor.shutdown.clone(), self.visitor.tenancy.wakeups().clone());
        while !shutdown.is_cancelled() {
            self.begin_visits();
            let next = self.agenda.next_time().map_or(self.next_scan, |time| time.min(self.next_scan));
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {}
                Some(done) = self.visits.join_next_with_id() => self.follow_up(done),
                Some(done) = self.jobs.join_next() => self.job_ended(done),
                places = wakeups.next() => places.into_iter().for_each(|place| self.agenda.wake(place)),
                () = tokio::time::sleep_until(next) => self.on_time(&shutdown).await,
            }
        }
    }

    fn begin_visits(&mut self) {
        let slots = &self.visitor.slots;
        self.agenda.feed(|place| slots.has_room(place));
        let scanning = self.under_way.values().filter(|(_, scan)| *scan).count();
        if scanning == 0
            && let Some(placement) = self.agenda.begin_scanned()
        {
            let (place, tidy) = (placement.place(), self.tidying);
            self.begin_visit(place, Reason::Scan { placement: Box::new(placement), tidy });
        }
        while self.under_way.len() < VISITS
            && let Some(place) = self.agenda.begin()
        {
            self.begin_visit(place, Reason::Called);
        }
    }

    fn begin_visit(&mut self, place: Place, reason: Reason) {
        let (visitor, to, scan) = (self.visitor.clone(), place.clone(), matches!(reason, Reason::Scan { .. }));
        let handle = self.visits.spawn(async move { visitor.visit(&to, reason).await });
        self.under_way.insert(handle.id(), (place, scan));
    }

    fn follow_up(&mut self, done: Result<(Id, Result<Seen>), JoinError>) {
        let (id, seen) = match done {
            Ok((id, seen)) => (id, seen.map_err(|error| error.chain())),
            Err(error) => (error.id(), Err(error.to_string())),
        };
        let Some((place, _)) = self.under_way.remove(&id) else { return };
        self.agenda.end(&place);
        match seen {
            Ok(seen) => self.note(place, seen),
            Err(error) => {
                tracing::warn!(
                    tenant = place.tenant,
                    org = place.org,
                    error,
                    "background work could not be looked for"
                );
                self.agenda.put_off(place, Instant::now() + self.visitor.settings.scan_interval);
            }
        }
    }

    fn note(&mut self, place: Place, seen: Seen) {
        for taken in seen.taken {
            let (visitor, abandon, at) = (self.visitor.clone(), self.abandon.clone(), place.clone());
            self.jobs.spawn(async move {
                execute(visitor, taken, abandon).await;
                at
            });
        }
        let settings = &self.visitor.settings;
        if let Some(next) = seen.next {
            let wait = (next - now()).to_std().unwrap_or_default();
            // What is due after the next scan is the scan's to find.
            if wait <= settings.scan_interval {
                self.agenda.put_off(place.clone(), Instant::now() + wait.max(settings.poll_interval));
            }
        }
        if seen.contended {
            self.agenda.put_off(place.clone(), Instant::now() + settings.poll_interval);
        }
        if seen.starving {
            self.agenda.starve(place.clone());
        }
        if seen.more {
            self.agenda.wake(place);
        }
    }

    /// A failed job may be due again soon, which only another look tells.
    fn job_ended(&mut self, done: Result<Place, JoinError>) {
        match done {
            Ok(place) => self.agenda.wake(place),
            Err(error) => tracing::error!(%error, "the runner of a job died; the job is run again when its lease ends"),
        }
    }

    async fn on_time(&mut self, shutdown: &CancellationToken) {
        let time = Instant::now();
        self.agenda.advance(time);
        if time < self.next_scan {
            return;
        }
        self.next_scan = time + self.visitor.settings.scan_interval;
        if self.agenda.is_scanning() {
            return;
        }
        match shutdown.run_until_cancelled(self.visitor.tenancy.served_places()).await {
            Some(Ok(places)) => {
                self.visitor.slots.share(places.len() > 1);
                self.agenda.scan(places);
                self.tidying = time >= self.next_tidy;
                if self.tidying {
                    self.next_tidy = time + TIDY_EVERY;
                }
            }
            Some(Err(error)) => tracing::warn!(error = %error.chain(), "the tenants could not be listed"),
            None => {}
        }
    }

    /// Lets visits and jobs end; puts back the jobs that do not within the grace time.
    pub async fn finish(&mut self) {
        let grace = self.visitor.settings.grace;
        if tokio::time::timeout(grace, self.drain()).await.is_err() {
            self.abandon.cancel();
            self.visits.abort_all();
            self.drain().await;
        }
    }

    async fn drain(&mut self) {
        while let Some(done) = self.visits.join_next_with_id().await {
            self.follow_up(done);
        }
        while self.jobs.join_next().await.is_some() {}
    }
}
