//! The job that makes one delivery.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::events::TEST;
use super::manage::record;
use super::model::{Delivery, Status, Webhook};
use super::outcome::{Attempt, Outcome, judge};
use super::repo::{deliveries, webhooks};
use super::{Webhooks, signature};
use crate::context::Ctx;
use crate::error::{Error, Result};
use crate::jobs::{Job, NewJob, Task};
use crate::outbound::{Answer, Failure};

const NAME: &str = "webhook.deliver";
/// After what people wait for.
const PRIORITY: i32 = 15;
/// Runs beyond the attempts, so that one that was lost with its worker does not leave its delivery without an end.
const RESERVE: i32 = 2;
/// Bytes kept of an answer.
const KEPT_BODY: usize = 1024;
/// Events of one subject are sent in order as long as the first attempt of each is quick to come.
const ORDER_PATIENCE: Duration = Duration::from_secs(15);
const ORDER_POLL: Duration = Duration::from_millis(50);
/// What is older and was never tried is stuck, and waited for by nobody.
const ORDER_HORIZON: TimeDelta = TimeDelta::minutes(5);

#[derive(Serialize, Deserialize)]
struct Input {
    delivery_id: Uuid,
    max_attempts: i32,
}

pub(super) fn job(delivery_id: Uuid, max_attempts: i32) -> NewJob {
    let payload = json!(Input { delivery_id, max_attempts });
    NewJob { priority: PRIORITY, max_attempts: max_attempts.saturating_add(RESERVE), ..NewJob::new(NAME, payload) }
}

/// Sends one event to one webhook.
pub struct DeliverWebhook {
    rules: Arc<Webhooks>,
}

impl DeliverWebhook {
    pub fn new(rules: Arc<Webhooks>) -> Self {
        Self { rules }
    }
}

#[async_trait]
impl Job for DeliverWebhook {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Answers `{"status": …}`. Fails when the attempt did, so that the queue tries again.
    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        let input: Input = task.input()?;
        let Some(delivery) = deliveries::find(&*ctx.db, &ctx, input.delivery_id).await? else {
            return Ok(json!({ "status": "deleted" }));
        };
        let Some(webhook) = webhooks::find(&*ctx.db, &ctx, delivery.webhook_id).await? else {
            return Ok(json!({ "status": "deleted" }));
        };
        if delivery.status.is_finished() {
            return Ok(json!({ "status": delivery.status.as_str() }));
        }
        if !webhook.is_active && delivery.event != TEST {
            return self.give_up(&ctx, delivery).await;
        }
        await_turn(&ctx, &delivery).await?;
        let result = self.send(&ctx, &webhook, &delivery).await?;
        let attempt = Attempt {
            at: ctx.now(),
            number: task.attempt,
            max: input.max_attempts,
            failing_since: webhook.failing_since,
            disable_after: self.rules.disable_after,
        };
        let outcome = judge(attempt, &result);
        self.record(&ctx, &webhook, delivery, &result, &outcome).await?;
        match outcome.error {
            None => Ok(json!({ "status": outcome.status.as_str() })),
            Some(error) if outcome.status.is_finished() => Err(Error::bad_request(error)),
            Some(error) => Err(Error::unavailable(error)),
        }
    }
}

impl DeliverWebhook {
    async fn send(
        &self,
        ctx: &Ctx,
        webhook: &Webhook,
        delivery: &Delivery,
    ) -> Result<std::result::Result<Answer, Failure>> {
        let Ok(url) = Url::parse(&webhook.url) else {
            return Ok(Err(Failure::Refused("The address of the webhook is no URL".to_owned())));
        };
        let body = serde_json::to_vec(&delivery.payload)
            .map_err(|error| Error::internal("A payload could not be written").caused_by(error))?;
        let now = ctx.now();
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-yuantus-event", delivery.event.clone()),
            ("x-yuantus-delivery", delivery.id.to_string()),
            ("x-yuantus-signature", signature::sign(&webhook.secrets(now), now.timestamp(), &body)),
        ];
        Ok(self.rules.client.post(&url, &headers, body, KEPT_BODY).await)
    }

    /// Writes how an attempt ended, for the delivery and for the webhook.
    async fn record(
        &self,
        ctx: &Ctx,
        webhook: &Webhook,
        delivery: Delivery,
        result: &std::result::Result<Answer, Failure>,
        outcome: &Outcome,
    ) -> Result<()> {
        let now = ctx.now();
        let answer = result.as_ref().ok();
        let after = Delivery {
            status: outcome.status,
            attempt_count: delivery.attempt_count.saturating_add(1),
            response_status: answer.map(|answer| answer.status.into()),
            response_body: answer.map(|answer| answer.body.clone()),
            error: outcome.error.clone(),
            duration_ms: answer.and_then(|answer| i64::try_from(answer.elapsed.as_millis()).ok()),
            attempted_at: Some(now),
            finished_at: outcome.status.is_finished().then_some(now),
            ..delivery
        };
        let tx = ctx.begin().await?;
        // Locked in the order in which a deletion does: the webhook, then its deliveries.
        let Some(present) = webhooks::find_locked(&tx, ctx, webhook.id).await? else { return Ok(()) };
        deliveries::update(&tx, &after).await?;
        deliveries::prune(&tx, webhook.id, now - self.rules.keep).await?;
        match &outcome.disable {
            Some(reason) if present.is_active => {
                let off = Webhook {
                    is_active: false,
                    disabled_reason: Some(reason.clone()),
                    failing_since: outcome.failing_since,
                    updated_at: Some(now),
                    ..present.clone()
                };
                webhooks::update(&tx, ctx, &off).await?;
                record(ctx, &tx, "webhook.disabled", Some(&present), Some(&off)).await?;
            }
            _ => {
                // Several may fail at once; the earliest failure counts.
                let since = outcome.failing_since.map(|since| present.failing_since.unwrap_or(since));
                webhooks::note_failing(&tx, &present, since).await?;
            }
        }
        tx.commit().await
    }

    /// A delivery of a webhook that was switched off meanwhile.
    async fn give_up(&self, ctx: &Ctx, delivery: Delivery) -> Result<Value> {
        let after = Delivery {
            status: Status::Failed,
            error: Some("The webhook was switched off before the event was delivered".to_owned()),
            finished_at: Some(ctx.now()),
            ..delivery
        };
        let tx = ctx.begin().await?;
        deliveries::update(&tx, &after).await?;
        tx.commit().await?;
        Ok(json!({ "status": after.status.as_str() }))
    }
}

/// Waits until earlier events of the same subject were tried. Jobs are taken in order, so those are under way already.
async fn await_turn(ctx: &Ctx, delivery: &Delivery) -> Result<()> {
    let began = tokio::time::Instant::now();
    let since = ctx.now() - ORDER_HORIZON;
    while began.elapsed() < ORDER_PATIENCE && deliveries::has_earlier_untried(&*ctx.db, delivery, since).await? {
        tokio::time::sleep(ORDER_POLL).await;
    }
    Ok(())
}
