//! The index as one of those whom changes concern.

use std::collections::BTreeMap;

use async_trait::async_trait;
use uuid::Uuid;

use super::document::Kind;
use super::index::refresh;
use super::indexer::Indexes;
use crate::context::Ctx;
use crate::db::Tx;
use crate::error::Result;
use crate::jobs::{Event, Subscriber};

/// Follows the changes of everything that is indexed.
pub struct SearchIndex(Indexes);

impl SearchIndex {
    pub fn new(indexes: Indexes) -> Self {
        Self(indexes)
    }
}

#[async_trait]
impl Subscriber for SearchIndex {
    fn name(&self) -> &'static str {
        "search"
    }

    fn wants(&self, topic: &str) -> bool {
        self.0.concerned(topic).is_some()
    }

    async fn handle(&self, ctx: &Ctx, tx: &Tx, event: &Event) -> Result<()> {
        self.handle_many(ctx, tx, std::slice::from_ref(event)).await
    }

    fn takes_many(&self) -> bool {
        true
    }

    /// Each document once, however many events are about it.
    async fn handle_many(&self, ctx: &Ctx, tx: &Tx, events: &[Event]) -> Result<()> {
        let mut changed: BTreeMap<Kind, Vec<Uuid>> = BTreeMap::new();
        for event in events {
            if let (Some(indexer), Some(id)) = (self.0.concerned(&event.topic), subject_id(&event.subject)) {
                let ids = changed.entry(indexer.kind()).or_default();
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        for (kind, ids) in changed {
            refresh(ctx, tx, self.0.require(kind)?, &ids).await?;
        }
        Ok(())
    }
}

/// `Part/<uuid>`; the name of a type may have slashes itself.
fn subject_id(subject: &str) -> Option<Uuid> {
    subject.rsplit_once('/').and_then(|(_, id)| id.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_names_the_document() {
        let id = Uuid::now_v7();
        assert_eq!(subject_id(&format!("A/B/{id}")), Some(id));
        assert_eq!((subject_id("Part/x"), subject_id("")), (None, None));
    }
}
