//! Webhooks: an organisation's administrators name addresses that are told of events, signed, and again until they answer.
//!
//! The outbox turns each event into one delivery per webhook that wants it, in the transaction that marks the event as
//! handled; each delivery is one job. Not here: how a request is sent and where it may go (`outbound`).

mod deliver;
#[cfg(test)]
mod deliver_tests;
mod deliveries;
mod events;
mod manage;
mod model;
mod outcome;
mod payload;
mod repo;
mod signature;
mod subscriber;

use std::time::Duration;

use chrono::TimeDelta;

use crate::outbound::{Client, Reach};

pub use deliver::DeliverWebhook;
pub use deliveries::{DeliveryFilter, find_delivery, list_deliveries, redeliver, send_test};
pub use events::{EVENTS, EventName};
pub use manage::{create, delete, get, list, rotate_secret, update};
pub use model::{Delivery, NewWebhook, Webhook, WebhookChange};
pub use subscriber::WebhookEvents;

/// How this installation delivers.
#[derive(Debug, Clone)]
pub struct Webhooks {
    pub allow_private_addresses: bool,
    pub max_attempts: i32,
    pub disable_after: TimeDelta,
    pub keep: TimeDelta,
    client: Client,
}

impl Webhooks {
    pub fn new(config: &crate::config::Webhooks) -> Self {
        let reach = if config.allow_private_addresses { Reach::Anywhere } else { Reach::Public };
        let hours = |count: u64| TimeDelta::hours(i64::try_from(count).unwrap_or(i64::from(u32::MAX)));
        Self {
            allow_private_addresses: config.allow_private_addresses,
            max_attempts: i32::try_from(config.max_attempts).unwrap_or(i32::MAX),
            disable_after: hours(config.disable_after_hours),
            keep: hours(config.delivery_log_days.saturating_mul(24)),
            client: Client::new(reach, Duration::from_secs(config.timeout_seconds)),
        }
    }
}
