//! Which database is looked at next. Pure: places and times in, places out.
//!
//! Two lanes: places with a reason to go there now, in the order in which the reasons came, and the places of a full scan.
//! A place is in at most one visit at a time; a reason that comes during a visit leads to another one after it.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use tokio::time::Instant;

use crate::tenancy::{Place, Placement};

#[derive(Debug, Default)]
pub struct Agenda {
    now: VecDeque<Place>,
    in_now: HashSet<Place>,
    scan: VecDeque<Placement>,
    /// Due jobs that found no room, first come first served.
    hungry: VecDeque<Place>,
    later: BTreeSet<(Instant, Place)>,
    later_at: HashMap<Place, Instant>,
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
        if !self.hungry.contains(&place) {
            self.hungry.push_back(place);
        }
    }

    /// The place that has waited longest among those for which there is room is due now.
    pub fn feed(&mut self, has_room: impl Fn(&Place) -> bool) {
        if let Some(position) = self.hungry.iter().position(has_room)
            && let Some(place) = self.hungry.remove(position)
        {
            self.wake(place);
        }
    }

    /// Every database is due once, behind whatever is left of the scan before.
    pub fn scan(&mut self, places: Vec<Placement>) {
        self.scan = places.into();
    }

    pub fn is_scanning(&self) -> bool {
        !self.scan.is_empty()
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
        // The visit will find out anew what else is to come.
        self.forget_later(&place);
        self.visited.insert(place.clone(), false);
        Some(place)
    }

    /// Begins the next visit of a scan. Places that are looked at anyway are passed over.
    pub fn begin_scanned(&mut self) -> Option<Placement> {
        loop {
            let placement = self.scan.pop_front()?;
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
    use std::time::Duration;

    use super::*;

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
        agenda.feed(|place| place.tenant != "greedy");
        assert_eq!((agenda.begin(), agenda.begin()), (Some(place("b")), None));
    }
}
