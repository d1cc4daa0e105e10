//! How many jobs run at the same time, in all and for one database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::tenancy::Place;

/// Room for running jobs; clones share it.
#[derive(Debug, Clone)]
pub struct Slots {
    all: usize,
    used: Arc<Mutex<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    total: usize,
    by_place: HashMap<Place, usize>,
    /// Whether several databases share the room.
    shared: bool,
}

/// Room for one job, given back when dropped.
#[derive(Debug)]
pub struct Slot {
    slots: Slots,
    place: Place,
}

impl Slots {
    pub fn new(all: usize) -> Self {
        // Shared until it is known that there is one database only.
        Self { all: all.max(1), used: Arc::new(Mutex::new(Used { shared: true, ..Used::default() })) }
    }

    /// While several databases share the room one of them cannot fill it: the last slot is for the others, so that long
    /// jobs of one tenant do not hold up the first job of another.
    pub fn share(&self, shared: bool) {
        self.used().shared = shared;
    }

    pub fn take(&self, place: &Place) -> Option<Slot> {
        let mut used = self.used();
        if !self.fits(&used, place) {
            return None;
        }
        used.total += 1;
        *used.by_place.entry(place.clone()).or_default() += 1;
        drop(used);
        Some(Slot { slots: self.clone(), place: place.clone() })
    }

    pub fn is_any_free(&self) -> bool {
        self.used().total < self.all
    }

    /// Jobs that run now.
    pub fn in_use(&self) -> usize {
        self.used().total
    }

    pub fn all(&self) -> usize {
        self.all
    }

    pub fn has_room(&self, place: &Place) -> bool {
        self.fits(&self.used(), place)
    }

    fn fits(&self, used: &Used, place: &Place) -> bool {
        let most = if used.shared { self.all.saturating_sub(1).max(1) } else { self.all };
        used.total < self.all && used.by_place.get(place).is_none_or(|&count| count < most)
    }

    /// A panic elsewhere leaves these plain numbers whole.
    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut used = self.slots.used();
        used.total -= 1;
        if let Some(count) = used.by_place.get_mut(&self.place) {
            *count -= 1;
            if *count == 0 {
                used.by_place.remove(&self.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(tenant: &str) -> Place {
        Place { tenant: tenant.to_owned(), org: String::new() }
    }

    #[test]
    fn one_of_several_databases_leaves_a_slot_to_the_others() {
        let (slots, a, b) = (Slots::new(3), place("a"), place("b"));
        slots.share(true);
        let held = [slots.take(&a).unwrap(), slots.take(&a).unwrap()];
        assert!(slots.take(&a).is_none());
        let other = slots.take(&b).unwrap();
        assert!(slots.take(&b).is_none());
        drop(held);
        assert!(slots.take(&b).is_some());
        drop(other);
    }

    #[test]
    fn a_single_database_has_all_the_room() {
        let (slots, a) = (Slots::new(2), place("a"));
        slots.share(false);
        let held = [slots.take(&a).unwrap(), slots.take(&a).unwrap()];
        assert!(!slots.has_room(&a));
        drop(held);
        assert!(slots.has_room(&a));
    }

    #[test]
    fn the_only_slot_is_for_everyone() {
        let slots = Slots::new(1);
        slots.share(true);
        assert!(slots.take(&place("a")).is_some());
    }
}
