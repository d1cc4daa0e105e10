//! Hearing of work in other processes: one table of the control database, read about once a second, whatever the number of
//! tenants.

use std::sync::Arc;

use super::visit::Visitor;
use crate::tenancy::{Due, Place};

/// Places taken at once: more would wait here while another worker is idle.
const AT_ONCE: u64 = 32;

/// What is due.
pub struct DuePlaces {
    pub places: Vec<Due>,
    /// Nothing else was due.
    pub all: bool,
}

/// What came of a look.
pub enum Heard {
    Due(DuePlaces),
    Taken { asked: Vec<Place>, taken: Vec<Place>, all: bool },
}

/// Reads what is due; writes nothing.
pub async fn hear(visitor: Arc<Visitor>) -> Heard {
    let with_starving = visitor.slots.is_any_free();
    match visitor.tenancy.due_places(&visitor.worker_id, with_starving, AT_ONCE).await {
        Ok(places) => {
            let all = (places.len() as u64) < AT_ONCE;
            Heard::Due(DuePlaces { places, all })
        }
        Err(error) => {
            tracing::warn!(error = %error.chain(), "the work of other processes could not be looked for");
            Heard::Due(DuePlaces { places: Vec::new(), all: true })
        }
    }
}

/// Takes what is due, as far as no other worker does.
pub async fn take(visitor: Arc<Visitor>, asked: Vec<Place>, all: bool) -> Heard {
    let taken = visitor.ledger.take(asked.clone()).await.unwrap_or_else(|error| {
        tracing::warn!(error = %error.chain(), "the work of other processes could not be taken");
        Vec::new()
    });
    Heard::Taken { asked, taken, all }
}
