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
    for row in repo::due(&tx, now, limit).await? {
        if stuck.contains(&row.subject) {
            continue;
        }
        match hand_over(site, &tx, subscribers, &row).await? {
            Ok(()) => delivered.push(row.id),
            Err(error) => {
                let until = now + wait_after(row.attempt_count.saturating_add(1));
                repo::put_off(&tx, &row, until, error.message()).await?;
                stuck.insert(row.subject);
            }
        }
    }
    repo::mark_delivered(&tx, &delivered, now).await?;
    tx.commit().await?;
    Ok(Delivery { delivered: delivered.len(), failed: stuck.len() })
}

async fn hand_over(
    site: &Site,
    tx: &Tx,
    subscribers: &[Arc<dyn Subscriber>],
    row: &outbox_event::Model,
) -> Result<Result<()>> {
    let wanting: Vec<_> = subscribers.iter().filter(|subscriber| subscriber.wants(&row.topic)).collect();
    if wanting.is_empty() {
        return Ok(Ok(()));
    }
    let ctx = match site.ctx(&row.org_id) {
        Ok(ctx) => ctx,
        Err(error) => return Ok(Err(error)),
    };
    let event = Event {
        id: row.id,
        topic: row.topic.clone(),
        subject: row.subject.clone(),
        payload: row.payload.clone(),
        created_at: row.created_at,
    };
    tx.attempt(async {
        for subscriber in wanting {
            // A panic must not take the other events of the batch with it, each time anew.
            let handled = AssertUnwindSafe(subscriber.handle(&ctx, tx, &event)).catch_unwind().await;
            let handled = handled.unwrap_or_else(|_| Err(Error::internal("The subscriber panicked")));
            if let Err(error) = handled {
                let (subscriber, tenant) = (subscriber.name(), &ctx.tenant);
                tracing::warn!(subscriber, %tenant, event = %event.id, topic = event.topic, error = %error.chain(),
                    "an event was not handled and will be tried again");
                return Err(error);
            }
        }
        Ok(())
    })
    .await
}
