//! The job that makes one delivery.

use std::sync::Arc;

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
/// Events of one subject are sent in order, as long as the first attempt of each is not this late.
const ORDER_HORIZON: TimeDelta = TimeDelta::minutes(5);
/// How long a delivery is put off: the longer, the more of its webhook are ahead of it, and longer where the webhook fails, so
/// that a receiver that hangs does not keep the queue busy.
const TURN: TimeDelta = TimeDelta::milliseconds(100);
const TURN_FOR_EACH: TimeDelta = TimeDelta::milliseconds(20);
const FAILING_TURN: TimeDelta = TimeDelta::seconds(2);
const LONGEST_TURN: TimeDelta = TimeDelta::minutes(1);

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
        let Some(mut delivery) = deliveries::find(&*ctx.db, &ctx, input.delivery_id).await? else {
            return Ok(json!({ "status": "deleted" }));
        };
        let Some(webhook) = webhooks::find(&*ctx.db, &ctx, delivery.webhook_id).await? else {
            return Ok(json!({ "status": "deleted" }));
        };
        if delivery.status == Status::Failed && task.attempt == 1 {
            // The job was put back.
            delivery = reopen(&ctx, delivery).await?;
        }
        if delivery.status.is_finished() {
            return Ok(json!({ "status": delivery.status.as_str() }));
        }
        if !webhook.is_active && delivery.event != TEST {
            return self.give_up(&ctx, delivery).await;
        }
        if let Some(wait) = wait_for_turn(&ctx, &webhook, &delivery, task.id).await? {
            return Ok(task.put_off(ctx.now() + wait));
        }
        let result = self.send(&ctx, &webhook, &delivery).await?;
        let at = ctx.now();
        let others_failed = match webhook.failing_since {
            Some(since) => deliveries::count_failing(&*ctx.db, &delivery, since).await?,
            None => 0,
        };
        let attempt = Attempt {
            at,
            number: task.attempt,
            max: input.max_attempts,
            failing_since: webhook.failing_since,
            others_failed,
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

/// A delivery that failed, and whose job was put back.
async fn reopen(ctx: &Ctx, delivery: Delivery) -> Result<Delivery> {
    let again = Delivery { status: Status::Pending, error: None, finished_at: None, ..delivery };
    let tx = ctx.begin().await?;
    deliveries::update(&tx, &again).await?;
    tx.commit().await?;
    Ok(again)
}

/// How long to wait while it is not this delivery's turn: earlier events of its subject are to be tried first, and a webhook is
/// sent one delivery at a time, so that one that hangs takes one place.
async fn wait_for_turn(ctx: &Ctx, webhook: &Webhook, delivery: &Delivery, job: Uuid) -> Result<Option<TimeDelta>> {
    let (db, now) = (&*ctx.db, ctx.now());
    let waits = deliveries::has_earlier_untried(db, delivery, now - ORDER_HORIZON).await?
        || deliveries::is_under_way(db, webhook.id, job, now).await?;
    if !waits {
        return Ok(None);
    }
    let ahead = deliveries::count_ahead(db, delivery).await?;
    Ok(Some(turn(ahead, webhook.failing_since.is_some())))
}

fn turn(ahead: u64, fails: bool) -> TimeDelta {
    let first = if fails { FAILING_TURN } else { TURN };
    let ahead = i32::try_from(ahead).unwrap_or(i32::MAX);
    TURN_FOR_EACH.checked_mul(ahead).map_or(LONGEST_TURN, |wait| (first + wait).min(LONGEST_TURN))
}
