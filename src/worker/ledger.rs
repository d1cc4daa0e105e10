//! What other workers are told of the places that this one looks after: the worker's side of `tenancy::bells`, with as few
//! writes as keep it true. The row of a place may say an earlier time than needed, never a later one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::context::now;
use crate::error::Result;
use crate::tenancy::{Outlook, Place, Tenancy};

/// What a visit leaves behind at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    Nothing,
    /// This worker goes on there at once.
    More,
    Work(Outlook),
}

pub struct Ledger {
    tenancy: Arc<Tenancy>,
    worker: String,
    /// The rows that are this worker's, as far as it knows.
    held: Mutex<HashMap<Place, Outlook>>,
}

impl Ledger {
    pub fn new(tenancy: Arc<Tenancy>, worker: String) -> Self {
        Self { tenancy, worker, held: Mutex::default() }
    }

    /// Takes places that are due; answers with those that it got.
    pub async fn take(&self, places: Vec<Place>) -> Result<Vec<Place>> {
        if places.is_empty() {
            return Ok(places);
        }
        let (taken, until) = self.tenancy.take_places(&self.worker, places).await?;
        let mut held = self.held();
        for place in &taken {
            held.insert(place.clone(), Outlook::At(until));
        }
        Ok(taken)
    }

    /// Notes what a visit left behind.
    pub async fn settle(&self, place: &Place, left: Left) -> Result<()> {
        match left {
            Left::More => Ok(()),
            Left::Nothing => {
                let held = self.held().remove(place).is_some();
                if held { self.tenancy.finish_place(&self.worker, place).await } else { Ok(()) }
            }
            Left::Work(outlook) => {
                if self.held().get(place).is_some_and(|said| suffices(*said, outlook, now())) {
                    return Ok(());
                }
                let ours = self.tenancy.expect_work(&self.worker, place, outlook).await?;
                let mut held = self.held();
                if ours {
                    held.insert(place.clone(), outlook);
                } else {
                    held.remove(place);
                }
                Ok(())
            }
        }
    }

    /// Leaves everything to the other workers.
    pub async fn hand_back(&self) -> Result<()> {
        self.held().clear();
        self.tenancy.hand_back_places(&self.worker).await
    }

    /// A panic elsewhere leaves the map whole.
    fn held(&self) -> MutexGuard<'_, HashMap<Place, Outlook>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether what the row says is good enough for what is now known.
fn suffices(said: Outlook, known: Outlook, now: DateTime<Utc>) -> bool {
    match (said, known) {
        (Outlook::Starving(_), Outlook::Starving(_)) => true,
        // One that has passed may have made another worker come already.
        (Outlook::At(said), Outlook::At(known)) => said <= known && said > now,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_row_is_left_alone_while_it_says_no_later_time() {
        let now = now();
        let at = |seconds| Outlook::At(now + TimeDelta::seconds(seconds));
        let starving = Outlook::Starving(now);
        for (said, known, expected) in [
            (at(10), at(20), true),
            (at(10), at(10), true),
            (at(20), at(10), false),
            (at(-1), at(10), false),
            (starving, starving, true),
            (at(10), starving, false),
            (starving, at(10), false),
        ] {
            assert_eq!(suffices(said, known, now), expected, "{said:?} {known:?}");
        }
    }
}
