//! From the outbox to deliveries: one for each webhook and event, in the transaction that marks the change as handled.

use std::sync::Arc;

use async_trait::async_trait;

use super::deliveries::{Message, enqueue};
use super::payload::{self, Subject};
use super::repo::webhooks as repo;
use super::{Webhooks, events};
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::lifecycle;
use crate::error::Result;
use crate::jobs::{Event, Subscriber};

/// Listens to the changes that webhooks may want.
pub struct WebhookEvents {
    rules: Arc<Webhooks>,
}

impl WebhookEvents {
    pub fn new(rules: Arc<Webhooks>) -> Self {
        Self { rules }
    }
}

#[async_trait]
impl Subscriber for WebhookEvents {
    fn name(&self) -> &'static str {
        "webhooks"
    }

    fn wants(&self, topic: &str) -> bool {
        events::concerns(topic)
    }

    async fn handle(&self, ctx: &Ctx, tx: &Tx, event: &Event) -> Result<()> {
        let webhooks = repo::all(tx, ctx).await?;
        if webhooks.is_empty() {
            return Ok(());
        }
        let item_type = Subject(event).item_type();
        let names = events::events_of(&event.topic, item_type, is_released(ctx, event).await?);
        for (index, name) in (0..).zip(names) {
            let (event_id, body) = payload::body(ctx, name, index, event);
            for webhook in webhooks.iter().filter(|webhook| webhook.wants(name, item_type)) {
                let message = Message {
                    event_id,
                    event: name.to_owned(),
                    subject: event.subject.clone(),
                    payload: body.clone(),
                    redelivery_of: None,
                };
                enqueue(tx, ctx, &self.rules, webhook, message).await?;
            }
        }
        Ok(())
    }
}

/// Whether a promotion led from a state that is not released to one that is.
async fn is_released(ctx: &Ctx, event: &Event) -> Result<bool> {
    if event.topic != "item.promoted" {
        return Ok(false);
    }
    let subject = Subject(event);
    let lifecycles = lifecycle::lifecycles(&ctx.db).await?;
    let released =
        |field: &str| subject.id_of(field).and_then(|id| lifecycles.state(id)).is_some_and(|state| state.is_released);
    Ok(released("state_id") && !released("previous_state_id"))
}
