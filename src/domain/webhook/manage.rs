//! Webhooks of an organisation, for its administrators.

use uuid::Uuid;

use super::model::{GRACE, NewWebhook, Webhook, WebhookChange, check_address, check_item_types, check_name};
use super::repo::webhooks as repo;
use super::signature::new_secret;
use super::{Webhooks, events};
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change, new_id};
use crate::domain::permission::{Action, denied};
use crate::error::{Error, Result};

/// Webhooks of one organisation: each costs a row and a job for each event.
const MOST: u64 = 100;

pub(super) const RESOURCE: &str = "Webhook";

pub(super) fn require_administrator(ctx: &Ctx, action: Action) -> Result<()> {
    if ctx.actor.is_administrator() { Ok(()) } else { Err(denied(action, RESOURCE)) }
}

pub(super) fn parse_id(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id).map_err(|_| not_found())
}

pub(super) fn not_found() -> Error {
    Error::not_found("Webhook not found")
}

pub async fn list(ctx: &Ctx) -> Result<Vec<Webhook>> {
    require_administrator(ctx, Action::Get)?;
    repo::all(&*ctx.db, ctx).await
}

pub async fn get(ctx: &Ctx, id: &str) -> Result<Webhook> {
    require_administrator(ctx, Action::Get)?;
    repo::find(&*ctx.db, ctx, parse_id(id)?).await?.ok_or_else(not_found)
}

/// Makes a webhook with a secret of its own.
pub async fn create(ctx: &Ctx, rules: &Webhooks, new: NewWebhook) -> Result<Webhook> {
    require_administrator(ctx, Action::Create)?;
    let url = check_address(rules, &new.url)?;
    let webhook = Webhook {
        id: new_id(),
        name: check_name(new.name, &url)?,
        url,
        events: events::check_patterns(new.events)?,
        item_types: check_item_types(new.item_types, &repo::item_type_ids(&*ctx.db).await?)?,
        is_active: new.is_active,
        disabled_reason: None,
        secret: new_secret(),
        previous_secret: None,
        previous_secret_until: None,
        failing_since: None,
        created_by_id: ctx.actor.user_id(),
        created_at: ctx.now(),
        updated_at: None,
    };
    let tx = ctx.begin().await?;
    // Two that are made at the same moment may make one too many, which does no harm.
    if repo::count(&tx, ctx).await? >= MOST {
        let message = format!("An organisation has at most {MOST} webhooks");
        return Err(Error::conflict(message).code("TOO_MANY_WEBHOOKS", "Delete one that is not needed any more."));
    }
    repo::insert(&tx, ctx, &webhook).await?;
    record(ctx, &tx, "webhook.created", None, Some(&webhook)).await?;
    tx.commit().await?;
    Ok(webhook)
}

/// Changes a webhook. Switching it on forgets why it was switched off.
pub async fn update(ctx: &Ctx, rules: &Webhooks, id: &str, change: WebhookChange) -> Result<Webhook> {
    require_administrator(ctx, Action::Update)?;
    let id = parse_id(id)?;
    let known = match &change.item_types {
        Some(_) => repo::item_type_ids(&*ctx.db).await?,
        None => Vec::new(),
    };
    let tx = ctx.begin().await?;
    let before = repo::find_locked(&tx, ctx, id).await?.ok_or_else(not_found)?;
    let mut after = before.clone();
    if let Some(url) = change.url {
        after.url = check_address(rules, &url)?;
    }
    if let Some(name) = change.name {
        after.name = check_name(Some(name), &after.url)?;
    }
    if let Some(patterns) = change.events {
        after.events = events::check_patterns(patterns)?;
    }
    if let Some(types) = change.item_types {
        after.item_types = check_item_types(types, &known)?;
    }
    if let Some(is_active) = change.is_active {
        after.is_active = is_active;
        if is_active && !before.is_active {
            after.disabled_reason = None;
            after.failing_since = None;
        }
    }
    if after != before {
        after.updated_at = Some(ctx.now());
        repo::update(&tx, ctx, &after).await?;
        record(ctx, &tx, "webhook.updated", Some(&before), Some(&after)).await?;
        tx.commit().await?;
    }
    Ok(after)
}

/// Gives a webhook a new secret. For a day deliveries are signed with the old one too, so that the receiver can change over
/// at any moment of it.
pub async fn rotate_secret(ctx: &Ctx, id: &str) -> Result<Webhook> {
    require_administrator(ctx, Action::Update)?;
    let tx = ctx.begin().await?;
    let before = repo::find_locked(&tx, ctx, parse_id(id)?).await?.ok_or_else(not_found)?;
    let after = Webhook {
        secret: new_secret(),
        previous_secret: Some(before.secret.clone()),
        previous_secret_until: Some(ctx.now() + GRACE),
        updated_at: Some(ctx.now()),
        ..before.clone()
    };
    repo::update(&tx, ctx, &after).await?;
    record(ctx, &tx, "webhook.secret_rotated", Some(&before), Some(&after)).await?;
    tx.commit().await?;
    Ok(after)
}

/// Deletes a webhook with its log; what is still to be delivered is not.
pub async fn delete(ctx: &Ctx, id: &str) -> Result<()> {
    require_administrator(ctx, Action::Delete)?;
    let tx = ctx.begin().await?;
    let before = repo::find_locked(&tx, ctx, parse_id(id)?).await?.ok_or_else(not_found)?;
    repo::delete(&tx, ctx, before.id).await?;
    record(ctx, &tx, "webhook.deleted", Some(&before), None).await?;
    tx.commit().await
}

pub(super) async fn record(
    ctx: &Ctx,
    tx: &Tx,
    action: &'static str,
    before: Option<&Webhook>,
    after: Option<&Webhook>,
) -> Result<()> {
    let Some(webhook) = after.or(before) else { return Ok(()) };
    let change = Change {
        action,
        subject_type: RESOURCE.to_owned(),
        subject_id: webhook.id.to_string(),
        before: before.and_then(Webhook::snapshot),
        after: after.and_then(Webhook::snapshot),
    };
    audit::record(ctx, tx, vec![change]).await
}
