//! Webhooks and deliveries as the domain sees them, and what may be written in them.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::{Webhooks, events};
use crate::error::{Error, Result};
use crate::outbound::check_url;
use crate::types::UserId;
use crate::types::text::hidden;

const MAX_NAME: usize = 200;
const MAX_URL: usize = 2000;
const MAX_ITEM_TYPES: usize = 100;

/// How long the secret before the present one is signed with beside it.
pub const GRACE: TimeDelta = TimeDelta::hours(24);

/// An address that is told of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    pub id: Uuid,
    pub name: String,
    pub url: String,
    /// Patterns; see [`events::matches`].
    pub events: Vec<String>,
    /// Ids of item types; an empty list is all.
    pub item_types: Vec<String>,
    pub is_active: bool,
    /// Why the program switched it off.
    pub disabled_reason: Option<String>,
    /// Shown when it is made, never again.
    pub secret: String,
    pub previous_secret: Option<String>,
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub failing_since: Option<DateTime<Utc>>,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: Option<DateTime<Utc>>,
}

impl Webhook {
    pub fn wants(&self, event: &str, item_type: &str) -> bool {
        self.is_active
            && (self.item_types.is_empty() || self.item_types.iter().any(|wanted| wanted == item_type))
            && self.events.iter().any(|pattern| events::matches(pattern, event))
    }

    /// The secrets to sign with, the present one first.
    pub fn secrets(&self, now: DateTime<Utc>) -> Vec<&str> {
        let previous =
            self.previous_secret.as_deref().filter(|_| self.previous_secret_until.is_some_and(|at| now < at));
        std::iter::once(self.secret.as_str()).chain(previous).collect()
    }

    /// What audit rows keep of it: never a secret.
    pub fn snapshot(&self) -> Option<Value> {
        Some(json!({
            "name": self.name, "url": self.url, "events": self.events, "item_types": self.item_types,
            "is_active": self.is_active, "disabled_reason": self.disabled_reason,
        }))
    }
}

/// What a new webhook is made of.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    pub name: Option<String>,
    pub url: String,
    pub events: Vec<String>,
    pub item_types: Vec<String>,
    pub is_active: bool,
}

/// What to change of one; none stays.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    pub name: Option<String>,
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub item_types: Option<Vec<String>>,
    pub is_active: Option<bool>,
}

/// The state of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not tried yet.
    Pending,
    /// Tried, and to be tried again.
    Retrying,
    Delivered,
    Failed,
}

impl Status {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Retrying, Self::Delivered, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub fn is_finished(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed)
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// One event on its way to one webhook, with how the latest attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub id: Uuid,
    pub webhook_id: Uuid,
    pub event_id: Uuid,
    pub event: String,
    /// What the event is about: `Part/<uuid>`.
    pub subject: String,
    pub payload: Value,
    pub status: Status,
    pub job_id: Option<Uuid>,
    pub redelivery_of: Option<Uuid>,
    pub attempt_count: i32,
    pub response_status: Option<i32>,
    /// The first kilobyte.
    pub response_body: Option<String>,
    pub error: Option<String>,
    pub duration_ms: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub attempted_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

pub(super) fn check_name(name: Option<String>, url: &str) -> Result<String> {
    let given = name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let host = || Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let name = given.or_else(host).unwrap_or_default();
    let refuse = |rule: &str, message: String| Err(Error::invalid_field(rule, &["body", "name"], message));
    if name.chars().count() > MAX_NAME {
        return refuse("string_too_long", format!("At most {MAX_NAME} characters"));
    }
    if let Some(sign) = hidden(&name) {
        return refuse("value_error", format!("The name holds the invisible character {sign:?}"));
    }
    Ok(name)
}

/// An address that may be sent to, in its normal form.
pub(super) fn check_address(rules: &Webhooks, text: &str) -> Result<String> {
    let refuse = |message: String| Err(Error::invalid_field("value_error", &["body", "url"], message));
    if text.len() > MAX_URL {
        return refuse(format!("An address has at most {MAX_URL} bytes"));
    }
    let Ok(mut url) = Url::parse(text.trim()) else {
        return refuse("Expected an address such as https://example.com/hook".to_owned());
    };
    if let Err(refused) = check_url(&url, rules.allow_private_addresses) {
        return refuse(refused.to_string());
    }
    url.set_fragment(None);
    Ok(url.into())
}

pub(super) fn check_item_types(given: Vec<String>, known: &[String]) -> Result<Vec<String>> {
    if given.len() > MAX_ITEM_TYPES {
        let message = format!("At most {MAX_ITEM_TYPES} item types; an empty list is all");
        return Err(Error::invalid_field("too_long", &["body", "item_types"], message));
    }
    let mut types: Vec<String> = Vec::new();
    for (index, name) in given.into_iter().enumerate() {
        if !known.contains(&name) {
            let message = format!("There is no item type {name:?}");
            return Err(Error::invalid_field("value_error", &["body", "item_types", &index.to_string()], message));
        }
        if !types.contains(&name) {
            types.push(name);
        }
    }
    Ok(types)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(allow: bool) -> Webhooks {
        let allow = if allow { "true" } else { "false" };
        let pairs = [("YUANTUS_WEBHOOKS__ALLOW_PRIVATE_ADDRESSES".to_owned(), allow.to_owned())];
        Webhooks::new(&crate::config::Config::load_from(None, pairs).unwrap().config.webhooks)
    }

    #[test]
    fn addresses_are_checked_and_brought_to_their_normal_form() {
        assert_eq!(check_address(&rules(false), " https://Exämple.com/a#b ").unwrap(), "https://xn--exmple-cua.com/a");
        for bad in ["", "example.com", "mailto:a@b", "http://127.1/", "http://[::1]/", "https://u:p@example.com"] {
            assert_eq!(check_address(&rules(false), bad).unwrap_err().problems()[0].loc, ["body", "url"], "{bad}");
        }
        assert!(check_address(&rules(true), "http://127.0.0.1:9/").is_ok());
        assert!(check_address(&rules(true), &format!("http://h/{}", "x".repeat(MAX_URL))).is_err());
    }

    #[test]
    fn a_webhook_without_a_name_is_called_by_its_host() {
        assert_eq!(check_name(None, "https://example.com/x").unwrap(), "example.com");
        assert_eq!(check_name(Some(" 仓库 ".to_owned()), "https://example.com/x").unwrap(), "仓库");
        assert!(check_name(Some("a\u{200b}".to_owned()), "https://example.com").is_err());
        assert!(check_name(Some("x".repeat(201)), "https://example.com").is_err());
    }
}
