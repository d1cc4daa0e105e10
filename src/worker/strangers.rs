//! Jobs of types that this process cannot run. They are left for one that can; here they are named, once, and counted.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::telemetry::metrics;
use crate::tenancy::Place;

/// Types that are remembered as named; clients choose the names, so there must be an end to it.
const REMEMBERED: usize = 1000;

#[derive(Debug, Default)]
pub struct Strangers(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    named: HashSet<String>,
    by_place: HashMap<Place, u64>,
}

impl Strangers {
    /// Notes what waits at one place, by type; answers with the types that were not seen before.
    pub fn note(&self, place: &Place, found: &[(String, u64)]) -> Vec<String> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count: u64 = found.iter().map(|(_, count)| count).sum();
        let before = if count == 0 { seen.by_place.remove(place) } else { seen.by_place.insert(place.clone(), count) };
        if before.unwrap_or(0) != count {
            metrics::jobs_of_unknown_type(seen.by_place.values().sum());
        }
        let mut new = Vec::new();
        for (name, _) in found {
            if seen.named.len() < REMEMBERED && seen.named.insert(name.clone()) {
                tracing::warn!(
                    task_type = name,
                    tenant = place.tenant,
                    "jobs of a type that this program does not know wait; they stay pending until a program that knows it runs"
                );
                new.push(name.clone());
            }
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_named_once() {
        let strangers = Strangers::default();
        let place = |tenant: &str| Place { tenant: tenant.to_owned(), org: String::new() };
        let found = [("cad_preview".to_owned(), 3), ("quota_test".to_owned(), 1)];
        assert_eq!(strangers.note(&place("a"), &found), ["cad_preview", "quota_test"]);
        assert!(strangers.note(&place("b"), &found).is_empty());
        assert!(strangers.note(&place("a"), &[]).is_empty());
        assert!(!strangers.0.lock().unwrap().by_place.contains_key(&place("a")));
    }
}
