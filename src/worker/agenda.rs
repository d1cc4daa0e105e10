//! Which database is looked at next. Pure: places and times in, places out.
//!
//! Two lanes: places with a reason to go there now, in the order in which the reasons came, and the places of a full sweep.
//! A place is in at most one visit at a time; a reason that comes during a visit leads to another one after it.
//!
//! Room for jobs is given by turns: a place whose jobs found none queues up, whoever is first in the queue and may use a free
//! room gets it, and goes to the end of the queue if it wants more. So between two turns of one place no other has two, and a
//! place with a single job waits for at most one job of each place before it.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::tenancy::{Place, Placement};

/// So many bursts are remembered before those that are over are forgotten.
const MOST_RUNG: usize = 1000;

#[derive(Debug, Default)]
pub struct Agenda {
    now: VecDeque<Place>,
    in_now: HashSet<Place>,
    /// What is left of the sweep.
    rest: VecDeque<Placement>,
    /// Due jobs that found no room, first come first served.
    hungry: VecDeque<Place>,
    later: BTreeSet<(Instant, Place)>,
    later_at: HashMap<Place, Instant>,
    /// When the latest burst of commits at a place began.
    rung: HashMap<Place, Instant>,
    /// Being visited, and whether a reason for another visit came meanwhile.
    visited: HashMap<Place, bool>,
}

impl Agenda {
    /// There is a reason to go there now.
    pub fn wake(&mut self, place: Place) {
        if let Some(again) = self.visited.get_mut(&place) {
            *again = true;
        } else if self.in_now.insert(place.clone()) {
            self.now.push_back(place);
        }
    }

    /// Commits there left work. The first of a burst is a reason to go there now; those that follow within `gather` are
    /// gathered for one more visit, since each is a transaction that writers of the same database wait for.
    pub fn ring(&mut self, place: Place, time: Instant, gather: Duration) {
        let gathered = self.rung.get(&place).map_or(time, |&rung| rung + gather);
        if gathered > time {
            return self.put_off(place, gathered);
        }
        if self.rung.len() >= MOST_RUNG {
            self.rung.retain(|_, rung| *rung + gather > time);
        }
        self.rung.insert(place.clone(), time);
        self.wake(place);
    }

    /// A reason to go there at a time; the earliest one counts.
    pub fn put_off(&mut self, place: Place, until: Instant) {
        if self.later_at.get(&place).is_some_and(|&at| at <= until) {
            return;
        }
        self.forget_later(&place);
        self.later.insert((until, place.clone()));
        self.later_at.insert(place, until);
    }

    fn forget_later(&mut self, place: &Place) {
        if let Some(at) = self.later_at.remove(place) {
            self.later.remove(&(at, place.clone()));
        }
    }

    /// Its due jobs wait for room.
    pub fn starve(&mut self, place: Place) {
        if !self.is_hungry(&place) {
            self.hungry.push_back(place);
        }
    }

    pub fn is_hungry(&self, place: &Place) -> bool {
        self.hungry.contains(place)
    }

    /// Nobody waits for room.
    pub fn is_sated(&self) -> bool {
        self.hungry.is_empty()
    }

    /// Whether someone who waits could use free room: then it is not for those who have not waited.
    pub fn is_room_spoken_for(&self, has_room: impl Fn(&Place) -> bool) -> bool {
        self.hungry.iter().any(has_room)
    }

    /// Begins a visit of the place whose turn it is: the first in the queue for which `take` finds room.
    pub fn begin_fed<T>(&mut self, take: impl Fn(&Place) -> Option<T>) -> Option<(Place, T)> {
        let free = |place: &&Place| !self.visited.contains_key(*place);
        let (place, room) =
            self.hungry.iter().filter(free).find_map(|place| take(place).map(|room| (place.clone(), room)))?;
        self.hungry.retain(|other| *other != place);
        if self.in_now.remove(&place) {
            self.now.retain(|other| *other != place);
        }
        self.enter(&place);
        Some((place, room))
    }

    /// Every database is due once.
    pub fn sweep(&mut self, places: Vec<Placement>) {
        self.rest = places.into();
    }

    pub fn is_sweeping(&self) -> bool {
        !self.rest.is_empty()
    }

    /// What was put off until `time` is due now.
    pub fn advance(&mut self, time: Instant) {
        while let Some((at, place)) = self.later.pop_first() {
            if at > time {
                self.later.insert((at, place));
                break;
            }
            self.later_at.remove(&place);
            self.wake(place);
        }
    }

    /// When [`Agenda::advance`] next has something to do.
    pub fn next_time(&self) -> Option<Instant> {
        self.later.first().map(|(at, _)| *at)
    }

    /// Begins a visit that has a reason.
    pub fn begin(&mut self) -> Option<Place> {
        let place = self.now.pop_front()?;
        self.in_now.remove(&place);
        self.enter(&place);
        Some(place)
    }

    fn enter(&mut self, place: &Place) {
        // The visit will find out anew what else is to come.
        self.forget_later(place);
        self.visited.insert(place.clone(), false);
    }

    /// Keeps a place from being visited while it is taken from other processes; no use where a visit is to come anyway.
    pub fn reserve(&mut self, place: &Place) -> bool {
        if self.in_now.contains(place) || self.visited.contains_key(place) {
            return false;
        }
        self.visited.insert(place.clone(), false);
        true
    }

    /// How many places have a reason to be visited now.
    pub fn waiting(&self) -> usize {
        self.now.len()
    }

    /// Begins the next visit of a sweep. Places that are looked at anyway are passed over.
    pub fn begin_swept(&mut self) -> Option<Placement> {
        loop {
            let placement = self.rest.pop_front()?;
            let place = placement.place();
            if !self.in_now.contains(&place) && !self.visited.contains_key(&place) {
                self.visited.insert(place, false);
                return Some(placement);
            }
        }
    }

    /// Ends a visit.
    pub fn end(&mut self, place: &Place) {
        if self.visited.remove(place) == Some(true) {
            self.wake(place.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_burst_is_one_visit_at_once_and_one_more() {
        let (mut agenda, gather, began) = (Agenda::default(), Duration::from_millis(50), Instant::now());
        let busy = Place { tenant: "busy".to_owned(), org: String::new() };
        for milliseconds in 0..40 {
            agenda.ring(busy.clone(), began + Duration::from_millis(milliseconds), gather);
        }
        assert_eq!((agenda.begin(), agenda.begin()), (Some(busy.clone()), None));
        agenda.end(&busy);
        agenda.advance(began + Duration::from_millis(49));
        assert_eq!(agenda.begin(), None);
        agenda.ring(busy.clone(), began + Duration::from_millis(49), gather);
        agenda.advance(began + gather);
        assert_eq!((agenda.begin(), agenda.begin()), (Some(busy.clone()), None));
    }

    fn place(tenant: &str) -> Place {
        Place { tenant: tenant.to_owned(), org: String::new() }
    }

    #[test]
    fn places_take_turns_and_are_queued_once() {
        let mut agenda = Agenda::default();
        for tenant in ["a", "b", "a"] {
            agenda.wake(place(tenant));
        }
        assert_eq!([agenda.begin(), agenda.begin(), agenda.begin()], [Some(place("a")), Some(place("b")), None]);
    }

    #[test]
    fn a_reason_that_comes_during_a_visit_leads_to_another() {
        let mut agenda = Agenda::default();
        agenda.wake(place("a"));
        let visited = agenda.begin().unwrap();
        agenda.wake(place("a"));
        assert_eq!(agenda.begin(), None);
        agenda.end(&visited);
        assert_eq!(agenda.begin(), Some(place("a")));
    }

    #[test]
    fn what_is_put_off_comes_at_its_earliest_time() {
        let (mut agenda, start) = (Agenda::default(), Instant::now());
        let (soon, late) = (start + Duration::from_secs(1), start + Duration::from_secs(9));
        agenda.put_off(place("a"), late);
        agenda.put_off(place("a"), soon);
        agenda.put_off(place("a"), late);
        assert_eq!(agenda.next_time(), Some(soon));
        agenda.advance(start);
        assert_eq!(agenda.begin(), None);
        agenda.advance(soon);
        assert_eq!((agenda.begin(), agenda.next_time()), (Some(place("a")), None));
    }

    #[test]
    fn room_goes_to_the_longest_waiting_that_may_use_it() {
        let mut agenda = Agenda::default();
        for tenant in ["greedy", "b", "c"] {
            agenda.starve(place(tenant));
        }
        let not_greedy = |place: &Place| (place.tenant != "greedy").then_some(());
        assert_eq!(agenda.begin_fed(not_greedy), Some((place("b"), ())));
        assert!(agenda.is_room_spoken_for(|place| place.tenant == "c"));
        assert!(!agenda.is_room_spoken_for(|place| place.tenant == "b"));
        assert!(agenda.is_hungry(&place("greedy")) && !agenda.is_sated());
    }

    #[test]
    fn a_place_that_is_fed_is_not_visited_a_second_time_for_its_bell() {
        let mut agenda = Agenda::default();
        agenda.starve(place("a"));
        agenda.wake(place("a"));
        assert_eq!(agenda.begin_fed(|_| Some(1)), Some((place("a"), 1)));
        assert_eq!(agenda.begin(), None);
        // Not while it is visited either.
        agenda.starve(place("a"));
        assert_eq!(agenda.begin_fed(|_| Some(1)), None);
    }

    #[test]
    fn a_place_that_is_taken_from_other_processes_is_not_visited_meanwhile() {
        let mut agenda = Agenda::default();
        assert!(agenda.reserve(&place("a")));
        assert!(!agenda.reserve(&place("a")));
        agenda.wake(place("a"));
        assert_eq!(agenda.begin(), None);
        agenda.end(&place("a"));
        assert!(!agenda.reserve(&place("a")), "a visit is to come");
        assert_eq!(agenda.begin(), Some(place("a")));
    }

    proptest! {
        /// However many jobs places have and whenever they come, between two turns of one place no other has two.
        #[test]
        fn turns_are_fair(arrivals in proptest::collection::vec((0_usize..6, 1_u32..40), 1..40)) {
            let (mut agenda, mut left) = (Agenda::default(), HashMap::<Place, u32>::new());
            let mut turns: Vec<Place> = Vec::new();
            let mut waits: HashMap<Place, HashMap<Place, u32>> = HashMap::new();
            let mut arrivals = arrivals.into_iter();
            loop {
                let next = arrivals.next();
                let done = next.is_none() && agenda.is_sated();
                if let Some((number, jobs)) = next {
                    let place = place(&number.to_string());
                    *left.entry(place.clone()).or_default() += jobs;
                    agenda.starve(place.clone());
                    waits.entry(place).or_default();
                }
                if done {
                    break;
                }
                let Some((place, ())) = agenda.begin_fed(|_| Some(())) else { continue };
                waits.remove(&place);
                for seen in waits.values_mut() {
                    let turns = seen.entry(place.clone()).or_default();
                    *turns += 1;
                    prop_assert!(*turns <= 1, "{place:?} had two turns while another waited");
                }
                turns.push(place.clone());
                agenda.end(&place);
                let jobs = left.entry(place.clone()).or_default();
                *jobs -= 1;
                if *jobs > 0 {
                    agenda.starve(place.clone());
                    waits.entry(place).or_default();
                }
            }
            prop_assert!(left.values().all(|jobs| *jobs == 0));
            prop_assert!(!turns.is_empty());
        }
    }
}
