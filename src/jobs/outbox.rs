//! From the outbox to those who asked for its events: at least once, in order for each subject.
//!
//! An event that a subscriber fails on stays, is tried again later, and holds back only later events of its own subject.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use serde_json::Value;
use uuid::Uuid;

use super::repo::outbox as repo;
use super::retry::wait_after;
use super::site::Site;
use crate::context::Ctx;
use crate::db::{Tx, dialect};
use crate::entity::tenant::outbox_event;
use crate::error::{Error, Result};

/// A committed change of one organisation's data.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: Uuid,
    /// What happened: `item.created`, `bom.line_removed` …
    pub topic: String,
    /// What it happened to: `Part/<uuid>`.
    pub subject: String,
    pub payload: Value,
    pub created_at: DateTime<Utc>,
}

/// Someone whom changes concern: the search index, webhooks.
#[async_trait]
pub trait Subscriber: Send + Sync {
    fn name(&self) -> &'static str;

    fn wants(&self, topic: &str) -> bool;

    /// Acts on one event by writing to `tx`, which also marks the event as delivered: both happen or neither.
    ///
    /// `tx` holds back other writers, so whatever is slow or leaves the database belongs in a job that is enqueued here.
    /// The same event may come again.
    async fn handle(&self, ctx: &Ctx, tx: &Tx, event: &Event) -> Result<()>;

    /// Whether [`Subscriber::handle_many`] is cheaper than one event after the other.
    fn takes_many(&self) -> bool {
        false
    }

    /// Acts on several events at once. A failure undoes all of it, and they come again one by one.
    async fn handle_many(&self, ctx: &Ctx, tx: &Tx, events: &[Event]) -> Result<()> {
        for event in events {
            self.handle(ctx, tx, event).await?;
        }
        Ok(())
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delivery {
    pub delivered: usize,
    pub failed: usize,
}

/// Hands up to `limit` due events to the subscribers. An event that nobody wants counts as delivered.
pub async fn deliver(
    site: &Site,
    subscribers: &[Arc<dyn Subscriber>],
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Delivery> {
    let tx = site.db.begin().await?;
    // One deliverer per database: a second one would overtake the first within a subject.
    dialect::lock(&tx, "outbox").await?;
    let mut delivered = Vec::new();
    let mut stuck = HashSet::new();
    let due = repo::due(&tx, now, limit).await?;
    for rows in due.chunk_by(|row, next| row.org_id == next.org_id) {
        let rows: Vec<_> = rows.iter().filter(|row| !stuck.contains(&row.subject)).collect();
        let single = hand_over_together(site, &tx, subscribers, &rows).await?;
        for row in rows {
            if stuck.contains(&row.subject) {
                continue;
            }
            match hand_over(site, &tx, &single, &[row]).await? {
                Ok(()) => delivered.push(row.id),
                Err(error) => {
                    let until = now + wait_after(row.attempt_count.saturating_add(1));
                    repo::put_off(&tx, row, until, error.message()).await?;
                    stuck.insert(row.subject.clone());
                }
            }
        }
    }
    repo::mark_delivered(&tx, &delivered, now).await?;
    tx.commit().await?;
    Ok(Delivery { delivered: delivered.len(), failed: stuck.len() })
}

/// Hands events of one organisation to those who take many at once; answers with those who are to get them one by one.
async fn hand_over_together(
    site: &Site,
    tx: &Tx,
    subscribers: &[Arc<dyn Subscriber>],
    rows: &[&outbox_event::Model],
) -> Result<Vec<Arc<dyn Subscriber>>> {
    let mut single = Vec::new();
    for subscriber in subscribers {
        let done = rows.len() > 1
            && subscriber.takes_many()
            && hand_over(site, tx, std::slice::from_ref(subscriber), rows).await?.is_ok();
        if !done {
            single.push(subscriber.clone());
        }
    }
    Ok(single)
}

/// Hands events of one organisation to those who want them: all of it or nothing.
async fn hand_over(
    site: &Site,
    tx: &Tx,
    subscribers: &[Arc<dyn Subscriber>],
    rows: &[&outbox_event::Model],
) -> Result<Result<()>> {
    let events = |subscriber: &Arc<dyn Subscriber>| -> Vec<Event> {
        rows.iter().filter(|row| subscriber.wants(&row.topic)).map(|row| event(row)).collect()
    };
    let wanting: Vec<_> = subscribers
        .iter()
        .map(|subscriber| (subscriber, events(subscriber)))
        .filter(|(_, events)| !events.is_empty())
        .collect();
    let Some(first) = rows.first().filter(|_| !wanting.is_empty()) else { return Ok(Ok(())) };
    let ctx = match site.ctx(&first.org_id) {
        Ok(ctx) => ctx,
        Err(error) => return Ok(Err(error)),
    };
    tx.attempt(async {
        for (subscriber, events) in &wanting {
            // A panic must not take the other events of the batch with it, each time anew.
            let handled = AssertUnwindSafe(subscriber.handle_many(&ctx, tx, events)).catch_unwind().await;
            let handled = handled.unwrap_or_else(|_| Err(Error::internal("The subscriber panicked")));
            if let Err(error) = handled {
                let (subscriber, tenant, many) = (subscriber.name(), &ctx.tenant, events.len());
                tracing::warn!(subscriber, %tenant, event = %first.id, topic = first.topic, many,
                    error = %error.chain(), "events were not handled and will be tried again");
                return Err(error);
            }
        }
        Ok(())
    })
    .await
}

fn event(row: &outbox_event::Model) -> Event {
    Event {
        id: row.id,
        topic: row.topic.clone(),
        subject: row.subject.clone(),
        payload: row.payload.clone(),
        created_at: row.created_at,
    }
}
