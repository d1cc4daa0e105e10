//! Which product databases have new background work: rung by commits in this process, heard by its worker at once and, through
//! the control database (`bells`), by the workers of other processes.
//!
//! A wake-up is a hint. One that is lost, because the process dies before it was passed on, costs time and not work: workers
//! also look through all databases, slowly.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use tokio::sync::Notify;

use super::{Place, lock};

/// A bell with the names of those who rang it. At most one entry per place, so it needs no bound where nobody listens.
#[derive(Debug, Default)]
pub struct WakeUps {
    rung: Mutex<Rung>,
    heard: Notify,
    passed_on: Notify,
}

#[derive(Debug, Default)]
struct Rung {
    /// For the worker of this process.
    places: HashSet<Place>,
    /// For other processes, each with its latest ring.
    unsent: HashMap<Place, Mark>,
    rings: u64,
}

/// A moment in the sequence of rings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(u64);

impl WakeUps {
    /// Never blocks.
    pub fn wake(&self, place: &Place) {
        let mut rung = lock(&self.rung);
        rung.rings += 1;
        let mark = Mark(rung.rings);
        if !rung.places.contains(place) {
            rung.places.insert(place.clone());
        }
        // Templates and a database that no tenant has claimed yet have no work.
        if !place.tenant.is_empty() {
            match rung.unsent.get_mut(place) {
                Some(latest) => *latest = mark,
                None => drop(rung.unsent.insert(place.clone(), mark)),
            }
        }
        drop(rung);
        self.heard.notify_one();
        self.passed_on.notify_one();
    }

    /// Waits until there is a place to name. Nothing is lost when the wait is given up.
    pub async fn next(&self) -> HashSet<Place> {
        loop {
            let places = std::mem::take(&mut lock(&self.rung).places);
            if !places.is_empty() {
                return places;
            }
            self.heard.notified().await;
        }
    }

    pub fn mark(&self) -> Mark {
        Mark(lock(&self.rung).rings)
    }

    /// Everything that was rung for a place up to a moment is done: other processes need not hear of it.
    pub fn absorb(&self, place: &Place, until: Mark) {
        let mut rung = lock(&self.rung);
        if rung.unsent.get(place).is_some_and(|latest| *latest <= until) {
            rung.unsent.remove(place);
        }
    }

    /// Waits until there is something to pass on.
    pub(super) async fn unsent(&self) {
        while lock(&self.rung).unsent.is_empty() {
            self.passed_on.notified().await;
        }
    }

    /// Takes what is to be passed on, in the order of places.
    pub(super) fn take_unsent(&self) -> Vec<(Place, Mark)> {
        let mut taken: Vec<_> = std::mem::take(&mut lock(&self.rung).unsent).into_iter().collect();
        taken.sort();
        taken
    }

    /// Takes back what could not be passed on.
    pub(super) fn keep_unsent(&self, places: Vec<(Place, Mark)>) {
        let mut rung = lock(&self.rung);
        for (place, mark) in places {
            rung.unsent.entry(place).or_insert(mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> Place {
        Place { tenant: "acme".to_owned(), org: String::new() }
    }

    #[tokio::test]
    async fn a_place_that_rang_often_before_anyone_listened_is_named_once() {
        let wakeups = WakeUps::default();
        for _ in 0..3 {
            wakeups.wake(&acme());
        }
        assert_eq!(wakeups.next().await, HashSet::from([acme()]));
        assert_eq!(wakeups.take_unsent().len(), 1);
        let silence = tokio::time::timeout(std::time::Duration::from_millis(20), wakeups.next()).await;
        assert!(silence.is_err());
    }

    #[test]
    fn only_what_rang_before_the_work_was_done_is_absorbed() {
        let wakeups = WakeUps::default();
        wakeups.wake(&acme());
        let seen = wakeups.mark();
        wakeups.wake(&acme());
        wakeups.absorb(&acme(), seen);
        let unsent = wakeups.take_unsent();
        assert_eq!(unsent.len(), 1);
        wakeups.keep_unsent(unsent);
        wakeups.absorb(&acme(), wakeups.mark());
        assert!(wakeups.take_unsent().is_empty());
    }
}
