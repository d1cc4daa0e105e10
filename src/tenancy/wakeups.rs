//! Which product databases have new background work: rung by commits, heard by the worker of this process.
//!
//! A wake-up is a hint. One that is lost (the process ends, the writer is another process) costs time, not work: the worker
//! also looks through all databases now and then.

use std::collections::HashSet;
use std::sync::Mutex;

use tokio::sync::Notify;

use super::{Place, lock};

/// A bell with the names of those who rang it. At most one entry per place, so it needs no bound where nobody listens.
#[derive(Debug, Default)]
pub struct WakeUps {
    places: Mutex<HashSet<Place>>,
    bell: Notify,
}

impl WakeUps {
    /// Never blocks.
    pub fn wake(&self, place: &Place) {
        let mut places = lock(&self.places);
        if !places.contains(place) {
            places.insert(place.clone());
        }
        drop(places);
        self.bell.notify_one();
    }

    /// Waits until there is a place to name. Nothing is lost when the wait is given up.
    pub async fn next(&self) -> HashSet<Place> {
        loop {
            let places = std::mem::take(&mut *lock(&self.places));
            if !places.is_empty() {
                return places;
            }
            self.bell.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_that_rang_often_before_anyone_listened_is_named_once() {
        let wakeups = WakeUps::default();
        let place = Place { tenant: "acme".to_owned(), org: String::new() };
        for _ in 0..3 {
            wakeups.wake(&place);
        }
        assert_eq!(wakeups.next().await, HashSet::from([place]));
        let silence = tokio::time::timeout(std::time::Duration::from_millis(20), wakeups.next()).await;
        assert!(silence.is_err());
    }
}
