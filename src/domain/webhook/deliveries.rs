//! The delivery log, and deliveries on request.

use serde_json::Value;
use uuid::Uuid;

use super::events::TEST;
use super::manage::{not_found, parse_id, require_administrator};
use super::model::{Delivery, Status, Webhook};
use super::repo::{deliveries as repo, webhooks};
use super::{Webhooks, deliver, payload};
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::new_id;
use crate::domain::permission::Action;
use crate::error::{Error, Result};
use crate::jobs;
use crate::types::page::{Page, PageRequest};
use crate::types::text::hidden;

/// Which deliveries are listed.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// pending, retrying, delivered or failed.
    pub status: Option<String>,
    pub event: Option<String>,
}

/// The deliveries of a webhook, the newest first.
pub async fn list_deliveries(
    ctx: &Ctx,
    webhook: &str,
    filter: DeliveryFilter,
    page: PageRequest,
) -> Result<Page<Delivery>> {
    require_administrator(ctx, Action::Get)?;
    let status = match &filter.status {
        None => None,
        Some(text) => Some(Status::parse(text).ok_or_else(|| {
            Error::invalid_field("enum", &["query", "status"], "pending, retrying, delivered or failed")
        })?),
    };
    check_event(filter.event.as_deref())?;
    let webhook = webhooks::find(&*ctx.db, ctx, parse_id(webhook)?).await?.ok_or_else(not_found)?;
    end_orphans(ctx, webhook.id).await?;
    repo::page(&*ctx.db, ctx, webhook.id, status, filter.event.as_deref(), page).await
}

pub async fn find_delivery(ctx: &Ctx, webhook: &str, id: &str) -> Result<Delivery> {
    require_administrator(ctx, Action::Get)?;
    let missing = || Error::not_found("Delivery not found");
    let (webhook, id) = (parse_id(webhook)?, Uuid::parse_str(id).map_err(|_| missing())?);
    end_orphans(ctx, webhook).await?;
    let found = repo::find(&*ctx.db, ctx, id).await?;
    found.filter(|delivery| delivery.webhook_id == webhook).ok_or_else(missing)
}

/// A text that PostgreSQL could not even compare is refused.
fn check_event(event: Option<&str>) -> Result<()> {
    match event.and_then(hidden) {
        Some(_) => Err(Error::invalid_field("value_error", &["query", "event"], "Visible characters only")),
        None => Ok(()),
    }
}

/// A delivery whose job was called off, or lost with its worker, is sent by nobody: before it is shown, it ends.
async fn end_orphans(ctx: &Ctx, webhook: Uuid) -> Result<()> {
    if !repo::has_orphans(&*ctx.db, webhook).await? {
        return Ok(());
    }
    let tx = ctx.begin().await?;
    if webhooks::find_locked(&tx, ctx, webhook).await?.is_none() {
        return Ok(());
    }
    repo::end_orphans(&tx, webhook, "Its job was called off, or lost with its worker", ctx.now()).await?;
    tx.commit().await
}

/// Sends an event that means nothing, also to a webhook that is switched off.
pub async fn send_test(ctx: &Ctx, rules: &Webhooks, webhook: &str) -> Result<Delivery> {
    require_administrator(ctx, Action::Update)?;
    let tx = ctx.begin().await?;
    let webhook = webhooks::find(&tx, ctx, parse_id(webhook)?).await?.ok_or_else(not_found)?;
    let event = new_id();
    let message = Message {
        event_id: event,
        event: TEST.to_owned(),
        subject: format!("Webhook/{}", webhook.id),
        payload: payload::test_body(ctx, event, TEST, webhook.id),
        redelivery_of: None,
    };
    let delivery = enqueue(&tx, ctx, rules, &webhook, message).await?;
    tx.commit().await?;
    Ok(delivery)
}

/// Sends an event again, as a new delivery with the same event id.
pub async fn redeliver(ctx: &Ctx, rules: &Webhooks, webhook: &str, delivery: &str) -> Result<Delivery> {
    require_administrator(ctx, Action::Update)?;
    let before = find_delivery(ctx, webhook, delivery).await?;
    let tx = ctx.begin().await?;
    let webhook = webhooks::find(&tx, ctx, before.webhook_id).await?.ok_or_else(not_found)?;
    if !webhook.is_active && before.event != TEST {
        return Err(Error::conflict("The webhook is not active")
            .code("WEBHOOK_INACTIVE", "Switch the webhook on first: PATCH it with is_active true."));
    }
    let message = Message {
        event_id: before.event_id,
        event: before.event,
        subject: before.subject,
        payload: before.payload,
        redelivery_of: Some(before.id),
    };
    let delivery = enqueue(&tx, ctx, rules, &webhook, message).await?;
    tx.commit().await?;
    Ok(delivery)
}

/// What is to be delivered.
pub(super) struct Message {
    pub event_id: Uuid,
    pub event: String,
    pub subject: String,
    pub payload: Value,
    pub redelivery_of: Option<Uuid>,
}

/// Writes a delivery and the job that makes it, in the caller's transaction.
pub(super) async fn enqueue(
    tx: &Tx,
    ctx: &Ctx,
    rules: &Webhooks,
    webhook: &Webhook,
    message: Message,
) -> Result<Delivery> {
    let id = new_id();
    let job = jobs::enqueue(tx, ctx, deliver::job(id, rules.max_attempts)).await?;
    let delivery = Delivery {
        id,
        webhook_id: webhook.id,
        event_id: message.event_id,
        event: message.event,
        subject: message.subject,
        payload: message.payload,
        status: Status::Pending,
        job_id: Some(job),
        redelivery_of: message.redelivery_of,
        attempt_count: 0,
        response_status: None,
        response_body: None,
        error: None,
        duration_ms: None,
        created_at: ctx.now(),
        attempted_at: None,
        finished_at: None,
    };
    repo::insert(tx, ctx, &delivery).await?;
    Ok(delivery)
}
