//! The loop: starts visits and jobs within their bounds and follows up on what they found.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::agenda::Agenda;
use super::bells::{Heard, hear, take};
use super::execute::execute;
use super::sweep::Sweep;
use super::visit::{Reason, Room, Seen, Visitor};
use crate::context::now;
use crate::error::Result;
use crate::tenancy::Place;

/// Visits at the same time, so that one database that does not answer does not hold up the others. A sweep has one more.
const VISITS: usize = 4;
/// How long the commits of a burst are gathered.
const GATHER: Duration = Duration::from_millis(50);
/// When to look again at a database that could not be looked at.
const TRY_AGAIN: Duration = Duration::from_secs(60);

pub struct Round {
    visitor: Arc<Visitor>,
    agenda: Agenda,
    visits: JoinSet<Result<Seen>>,
    /// Where each visit goes, and whether it is the sweep's.
    under_way: HashMap<Id, (Place, bool)>,
    jobs: JoinSet<Place>,
    /// The look at the bells of other processes; one at a time.
    bells: JoinSet<Heard>,
    next_bells: Instant,
    sweep: Sweep,
    /// Ends the jobs that run beyond the grace time.
    abandon: CancellationToken,
}

impl Round {
    pub fn new(visitor: Visitor) -> Self {
        Self {
            sweep: Sweep::new(&visitor.settings, Instant::now()),
            visitor: Arc::new(visitor),
            agenda: Agenda::default(),
            visits: JoinSet::new(),
            under_way: HashMap::new(),
            jobs: JoinSet::new(),
            bells: JoinSet::new(),
            next_bells: Instant::now(),
            abandon: CancellationToken::new(),
        }
    }

    /// Runs until shutdown.
    pub async fn serve(&mut self) {
        let (shutdown, wakeups) = (self.visitor.shutdown.clone(), self.visitor.tenancy.wakeups().clone());
        while !shutdown.is_cancelled() {
            self.begin_visits();
            let next = self.next_time();
            // Whichever is ready, in no order: nothing that comes often keeps the rest waiting.
            tokio::select! {
                () = shutdown.cancelled() => {}
                Some(done) = self.visits.join_next_with_id() => self.follow_up(done),
                Some(done) = self.jobs.join_next() => self.job_ended(done),
                Some(heard) = self.bells.join_next() => self.on_bells(heard),
                places = wakeups.next() => {
                    let time = Instant::now();
                    places.into_iter().for_each(|place| self.agenda.ring(place, time, GATHER));
                }
                () = tokio::time::sleep_until(next) => self.on_time(&shutdown).await,
            }
        }
    }

    fn next_time(&self) -> Instant {
        let sweep = (!self.is_sweep_under_way()).then(|| self.sweep.next(&self.agenda));
        let bells = self.bells.is_empty().then_some(self.next_bells);
        let far = Instant::now() + TRY_AGAIN;
        [self.agenda.next_time(), sweep, bells].into_iter().flatten().fold(far, Instant::min)
    }

    fn is_sweep_under_way(&self) -> bool {
        self.under_way.values().any(|(_, swept)| *swept)
    }

    fn begin_visits(&mut self) {
        let slots = self.visitor.slots.clone();
        if !self.is_sweep_under_way()
            && self.sweep.is_step_due(Instant::now())
            && let Some(placement) = self.agenda.begin_swept()
        {
            self.sweep.stepped(Instant::now());
            let (place, tidy) = (placement.place(), self.sweep.is_tidying());
            let room = self.room_at(&place);
            self.begin_visit(place, Reason::Swept { placement: Box::new(placement), tidy }, room);
        }
        while self.under_way.len() < VISITS {
            if let Some((place, slot)) = self.agenda.begin_fed(|place| slots.take(place)) {
                // While others wait too each gets room for one job in turn.
                let room = Room { kept: Some(slot), more: self.agenda.is_sated() };
                self.begin_visit(place, Reason::Called, room);
            } else if let Some(place) = self.agenda.begin() {
                let room = self.room_at(&place);
                self.begin_visit(place, Reason::Called, room);
            } else {
                break;
            }
        }
    }

    /// The room for a place that has not waited for it: what nobody who waits could use.
    fn room_at(&self, place: &Place) -> Room {
        let slots = &self.visitor.slots;
        if self.agenda.is_sated() {
            Room { kept: None, more: true }
        } else if self.agenda.is_hungry(place) || self.agenda.is_room_spoken_for(|other| slots.has_room(other)) {
            Room::default()
        } else {
            Room { kept: slots.take(place), more: false }
        }
    }

    fn begin_visit(&mut self, place: Place, reason: Reason, room: Room) {
        let (visitor, to, swept) = (self.visitor.clone(), place.clone(), matches!(reason, Reason::Swept { .. }));
        let handle = self.visits.spawn(async move { visitor.visit(&to, reason, room).await });
        self.under_way.insert(handle.id(), (place, swept));
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
                let (tenant, org) = (&place.tenant, &place.org);
                tracing::warn!(tenant, org, error, "background work could not be looked for");
                self.agenda.put_off(place, Instant::now() + TRY_AGAIN);
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
            self.agenda.put_off(place.clone(), Instant::now() + wait.max(settings.poll_interval));
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

    /// A failed job may be due again soon, which only another look tells. A place that waits for room is looked at anyway.
    fn job_ended(&mut self, done: Result<Place, JoinError>) {
        match done {
            Ok(place) if self.agenda.is_hungry(&place) => {}
            Ok(place) => self.agenda.wake(place),
            Err(error) => tracing::error!(%error, "the runner of a job died; the job is run again when its lease ends"),
        }
    }

    fn on_bells(&mut self, heard: Result<Heard, JoinError>) {
        self.next_bells = Instant::now() + self.visitor.settings.poll_interval;
        match heard {
            Ok(Heard::Due(due)) => {
                let slots = &self.visitor.slots;
                let wanted = due.places.into_iter().filter(|due| !due.starving || slots.has_room(&due.place));
                let places: Vec<Place> =
                    wanted.map(|due| due.place).filter(|place| self.agenda.reserve(place)).collect();
                if !places.is_empty() {
                    self.bells.spawn(take(self.visitor.clone(), places, due.all));
                }
            }
            Ok(Heard::Taken { asked, taken, all }) => {
                taken.into_iter().for_each(|place| self.agenda.wake(place));
                asked.iter().for_each(|place| self.agenda.end(place));
                if !all {
                    self.next_bells = Instant::now();
                }
            }
            Err(error) => tracing::error!(%error, "the look at the bells of other processes died"),
        }
    }

    async fn on_time(&mut self, shutdown: &CancellationToken) {
        let time = Instant::now();
        self.agenda.advance(time);
        // A worker that has enough to do leaves the rest to others.
        if self.bells.is_empty() && time >= self.next_bells {
            if self.agenda.waiting() < VISITS {
                self.bells.spawn(hear(self.visitor.clone()));
            } else {
                self.next_bells = time + self.visitor.settings.poll_interval;
            }
        }
        if !self.agenda.is_sweeping() && self.sweep.is_due(time) {
            match shutdown.run_until_cancelled(self.visitor.tenancy.served_places()).await {
                Some(Ok(places)) => {
                    self.visitor.slots.share(places.len() > 1);
                    self.sweep.begin(places.len(), time);
                    self.agenda.sweep(places);
                }
                Some(Err(error)) => {
                    tracing::warn!(error = %error.chain(), "the tenants could not be listed");
                    self.sweep.failed(time);
                }
                None => {}
            }
        }
    }

    /// Lets visits and jobs end; puts back the jobs that do not within the grace time, and leaves the rest to other workers.
    pub async fn finish(&mut self) {
        let grace = self.visitor.settings.grace;
        if tokio::time::timeout(grace, self.drain()).await.is_err() {
            self.abandon.cancel();
            self.visits.abort_all();
            self.drain().await;
        }
        if let Err(error) = self.visitor.ledger.hand_back().await {
            tracing::warn!(error = %error.chain(), "other workers learn only later of what is left to do");
        }
    }

    async fn drain(&mut self) {
        while self.bells.join_next().await.is_some() {}
        while let Some(done) = self.visits.join_next_with_id().await {
            self.follow_up(done);
        }
        while self.jobs.join_next().await.is_some() {}
    }
}
