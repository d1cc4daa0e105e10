//! Webhooks and their deliveries, for administrators.

use std::sync::Arc;

use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;

use super::Tag;
use crate::api::auth::OrgCaller;
use crate::api::body::Body;
use crate::api::error::ApiResult;
use crate::api::shapes::{FreeObject, Time, yes};
use crate::app::App;
use crate::domain::webhook::{self, Delivery, DeliveryFilter, NewWebhook, Webhook, WebhookChange};
use crate::types::page::PageRequest;

const MAX_PAGE: u64 = 200;

pub struct WebhooksApi;

#[derive(Object)]
struct WebhookEvent {
    name: String,
    description: String,
}

#[derive(Object)]
struct WebhookEventList {
    items: Vec<WebhookEvent>,
}

#[derive(Object)]
struct WebhookResponse {
    id: String,
    name: String,
    url: String,
    /// Names of events, or patterns: `item.*`, `*`.
    events: Vec<String>,
    /// Ids of item types that it is told about; none is all.
    item_types: Vec<String>,
    is_active: bool,
    /// Why the program switched it off.
    disabled_reason: Option<String>,
    /// Since when no delivery has succeeded.
    failing_since: Option<Time>,
    /// Deliveries are signed with the previous secret too, until then.
    previous_secret_until: Option<Time>,
    created_by_id: Option<i64>,
    created_at: Time,
    updated_at: Option<Time>,
}

impl From<Webhook> for WebhookResponse {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id.to_string(),
            name: webhook.name,
            url: webhook.url,
            events: webhook.events,
            item_types: webhook.item_types,
            is_active: webhook.is_active,
            disabled_reason: webhook.disabled_reason,
            failing_since: webhook.failing_since.map(Time::from),
            previous_secret_until: webhook.previous_secret_until.map(Time::from),
            created_by_id: webhook.created_by_id,
            created_at: webhook.created_at.into(),
            updated_at: webhook.updated_at.map(Time::from),
        }
    }
}

/// A webhook with its secret, which is shown this once.
#[derive(Object)]
struct WebhookWithSecret {
    webhook: WebhookResponse,
    /// Keep it: it is not shown again. Deliveries are signed with HMAC-SHA256 under this text.
    secret: String,
}

impl From<Webhook> for WebhookWithSecret {
    fn from(webhook: Webhook) -> Self {
        Self { secret: webhook.secret.clone(), webhook: webhook.into() }
    }
}

#[derive(Object)]
struct WebhookList {
    items: Vec<WebhookResponse>,
    total: u64,
}

#[derive(Object)]
struct DeletedWebhook {
    id: String,
    deleted: bool,
}

#[derive(Object, Deserialize)]
struct NewWebhookRequest {
    /// Where events are sent to: an https:// or http:// address, as a rule a public one.
    url: String,
    /// What it is told of: names of events, or patterns such as `item.*`. See `GET /webhooks/events`.
    events: Vec<String>,
    /// Without one it is called by the host of its address.
    name: Option<String>,
    /// Ids of item types; none is all. The changes of a BOM are those of the type `Part BOM`.
    #[oai(default)]
    #[serde(default)]
    item_types: Vec<String>,
    #[oai(default = "yes")]
    #[serde(default = "yes")]
    is_active: bool,
}

#[derive(Object, Deserialize)]
struct WebhookChangeRequest {
    url: Option<String>,
    events: Option<Vec<String>>,
    name: Option<String>,
    item_types: Option<Vec<String>>,
    /// Switching it on forgets why it was switched off.
    is_active: Option<bool>,
}

/// One event on its way to a webhook, and how the latest attempt ended.
#[derive(Object)]
struct DeliveryResponse {
    id: String,
    webhook_id: String,
    /// The same for every delivery of one event.
    event_id: String,
    event: String,
    /// The body that is sent.
    payload: FreeObject,
    /// pending, retrying, delivered or failed.
    status: String,
    attempt_count: i32,
    /// The status that the receiver answered.
    response_status: Option<i32>,
    /// The first kilobyte of the answer.
    response_body: Option<String>,
    error: Option<String>,
    duration_ms: Option<i64>,
    /// The delivery that this one repeats.
    redelivery_of: Option<String>,
    created_at: Time,
    attempted_at: Option<Time>,
    finished_at: Option<Time>,
}

impl From<Delivery> for DeliveryResponse {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            webhook_id: delivery.webhook_id.to_string(),
            event_id: delivery.event_id.to_string(),
            event: delivery.event,
            payload: FreeObject(delivery.payload.as_object().cloned().unwrap_or_default()),
            status: delivery.status.as_str().to_owned(),
            attempt_count: delivery.attempt_count,
            response_status: delivery.response_status,
            response_body: delivery.response_body,
            error: delivery.error,
            duration_ms: delivery.duration_ms,
            redelivery_of: delivery.redelivery_of.map(|id| id.to_string()),
            created_at: delivery.created_at.into(),
            attempted_at: delivery.attempted_at.map(Time::from),
            finished_at: delivery.finished_at.map(Time::from),
        }
    }
}

#[derive(Object)]
struct DeliveryList {
    items: Vec<DeliveryResponse>,
    total: u64,
}

#[OpenApi(prefix_path = "/webhooks", tag = "Tag::Webhooks")]
impl WebhooksApi {
    /// List webhooks
    #[oai(path = "/", method = "get", operation_id = "list_webhooks")]
    async fn list(&self, caller: OrgCaller) -> ApiResult<Json<WebhookList>> {
        let items: Vec<_> = webhook::list(&caller.0).await?.into_iter().map(WebhookResponse::from).collect();
        Ok(Json(WebhookList { total: items.len() as u64, items }))
    }

    /// Create a webhook
    ///
    /// The answer is the only one with the secret. Each delivery has the headers `x-yuantus-event`, `x-yuantus-delivery` and
    /// `x-yuantus-signature: t=SECONDS,v1=HEX`, an HMAC-SHA256 over `SECONDS.BODY`.
    #[oai(path = "/", method = "post", operation_id = "create_webhook")]
    async fn create(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        body: Body<NewWebhookRequest>,
    ) -> ApiResult<Json<WebhookWithSecret>> {
        let Body(NewWebhookRequest { url, events, name, item_types, is_active }) = body;
        let new = NewWebhook { name, url, events, item_types, is_active };
        Ok(Json(webhook::create(&caller.0, &app.webhooks, new).await?.into()))
    }

    /// List the events there are
    #[oai(path = "/events", method = "get", operation_id = "list_webhook_events")]
    async fn events(&self, _caller: OrgCaller) -> ApiResult<Json<WebhookEventList>> {
        let named = |event: webhook::EventName| WebhookEvent {
            name: event.name.to_owned(),
            description: event.description.to_owned(),
        };
        Ok(Json(WebhookEventList { items: webhook::EVENTS.into_iter().map(named).collect() }))
    }

    /// Get a webhook
    #[oai(path = "/:webhook_id", method = "get", operation_id = "get_webhook")]
    async fn get(&self, caller: OrgCaller, webhook_id: Path<String>) -> ApiResult<Json<WebhookResponse>> {
        Ok(Json(webhook::get(&caller.0, &webhook_id).await?.into()))
    }

    /// Change a webhook
    #[oai(path = "/:webhook_id", method = "patch", operation_id = "update_webhook")]
    async fn update(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        webhook_id: Path<String>,
        body: Body<WebhookChangeRequest>,
    ) -> ApiResult<Json<WebhookResponse>> {
        let Body(WebhookChangeRequest { url, events, name, item_types, is_active }) = body;
        let change = WebhookChange { name, url, events, item_types, is_active };
        Ok(Json(webhook::update(&caller.0, &app.webhooks, &webhook_id, change).await?.into()))
    }

    /// Delete a webhook
    ///
    /// With its log; what is still to be delivered is not.
    #[oai(path = "/:webhook_id", method = "delete", operation_id = "delete_webhook")]
    async fn delete(&self, caller: OrgCaller, webhook_id: Path<String>) -> ApiResult<Json<DeletedWebhook>> {
        webhook::delete(&caller.0, &webhook_id).await?;
        Ok(Json(DeletedWebhook { id: webhook_id.0, deleted: true }))
    }

    /// Change the secret of a webhook
    ///
    /// The answer is the only one with the new secret. For a day deliveries carry a signature with the old one too.
    #[oai(path = "/:webhook_id/rotate-secret", method = "post", operation_id = "rotate_webhook_secret")]
    async fn rotate(&self, caller: OrgCaller, webhook_id: Path<String>) -> ApiResult<Json<WebhookWithSecret>> {
        Ok(Json(webhook::rotate_secret(&caller.0, &webhook_id).await?.into()))
    }

    /// Try a webhook
    ///
    /// Sends the event `webhook.test`, also to a webhook that is switched off. The delivery log says what became of it.
    #[oai(path = "/:webhook_id/test", method = "post", operation_id = "test_webhook")]
    async fn test(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        webhook_id: Path<String>,
    ) -> ApiResult<Json<DeliveryResponse>> {
        Ok(Json(webhook::send_test(&caller.0, &app.webhooks, &webhook_id).await?.into()))
    }

    /// List the deliveries of a webhook
    ///
    /// The newest first; finished ones are kept for a configured time, and at most 1000.
    #[oai(path = "/:webhook_id/deliveries", method = "get", operation_id = "list_webhook_deliveries")]
    async fn deliveries(
        &self,
        caller: OrgCaller,
        webhook_id: Path<String>,
        /// pending, retrying, delivered or failed.
        status: Query<Option<String>>,
        /// The name of an event.
        event: Query<Option<String>>,
        #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "200")))] limit: Query<u64>,
        #[oai(default)] offset: Query<u64>,
    ) -> ApiResult<Json<DeliveryList>> {
        let filter = DeliveryFilter { status: status.0, event: event.0 };
        let page = PageRequest::new(limit.0, offset.0, MAX_PAGE)?;
        let page = webhook::list_deliveries(&caller.0, &webhook_id, filter, page).await?.map(DeliveryResponse::from);
        Ok(Json(DeliveryList { items: page.items, total: page.total }))
    }

    /// Get a delivery
    #[oai(path = "/:webhook_id/deliveries/:delivery_id", method = "get", operation_id = "get_webhook_delivery")]
    async fn delivery(
        &self,
        caller: OrgCaller,
        webhook_id: Path<String>,
        delivery_id: Path<String>,
    ) -> ApiResult<Json<DeliveryResponse>> {
        Ok(Json(webhook::find_delivery(&caller.0, &webhook_id, &delivery_id).await?.into()))
    }

    /// Deliver an event again
    ///
    /// As a new delivery with the same event id.
    #[oai(
        path = "/:webhook_id/deliveries/:delivery_id/redeliver",
        method = "post",
        operation_id = "redeliver_webhook_delivery"
    )]
    async fn redeliver(
        &self,
        caller: OrgCaller,
        app: Data<&Arc<App>>,
        webhook_id: Path<String>,
        delivery_id: Path<String>,
    ) -> ApiResult<Json<DeliveryResponse>> {
        Ok(Json(webhook::redeliver(&caller.0, &app.webhooks, &webhook_id, &delivery_id).await?.into()))
    }
}

fn default_limit() -> u64 {
    50
}
