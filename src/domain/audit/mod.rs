//! What changed, by whom, before and after; written in the transaction of the change, together with its outbox event.
//!
//! One call records both, so that no write can have the one without the other.

mod repo;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::context::{Ctx, PlatformCtx, TenantCtx};
use crate::db::Tx;
use crate::error::Result;
use crate::types::TenantId;

/// One change of a product database.
#[derive(Debug, Clone)]
pub struct Change {
    /// Also the topic of the outbox event: `item.created`, `bom.line_removed` …
    pub action: &'static str,
    pub subject_type: String,
    pub subject_id: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Writes the audit rows and the outbox events of changes, in their order.
pub async fn record(ctx: &Ctx, tx: &Tx, changes: Vec<Change>) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let now = ctx.now();
    repo::insert_outbox(ctx, tx, now, &changes).await?;
    repo::insert_events(ctx, tx, now, changes).await
}

/// What subscribers learn of a change: of an item also its number, its states and its ends, of a version its item, but
/// nothing of their contents.
fn event(ctx: &Ctx, change: &Change) -> Value {
    let mut event = json!({
        "action": change.action, "subject_type": change.subject_type, "subject_id": change.subject_id,
        "actor_id": ctx.actor.user_id(), "org_id": ctx.org,
    });
    let fact = |of: Option<&Value>, name: &str| of.and_then(|of| of.get(name)).filter(|it| it.is_string()).cloned();
    let (before, latest) = (change.before.as_ref(), change.after.as_ref().or(change.before.as_ref()));
    let is_line = fact(latest, "source_id").is_some();
    for (name, value) in [
        ("number", fact(latest, "unique_key").filter(|_| !is_line)),
        ("state", fact(latest, "state")),
        ("state_id", fact(latest, "current_state")),
        ("previous_state", fact(before, "state")),
        ("previous_state_id", fact(before, "current_state")),
        ("source_id", fact(latest, "source_id")),
        ("related_id", fact(latest, "related_id")),
        ("item_id", fact(latest, "item_id")),
    ] {
        if let Some(value) = value {
            event[name] = value;
        }
    }
    event
}

/// One administrative act on a tenant, its organisations, users or memberships.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    pub action: &'a str,
    /// What it was done to: `user/7`, `org/org-1`.
    pub subject: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Writes the row of an administrative act within one tenant.
pub async fn record_act(ctx: &TenantCtx, tx: &Tx, act: Act<'_>) -> Result<()> {
    repo::insert_act(tx, &ctx.tenant, &ctx.actor, ctx.request_id.as_deref(), act).await
}

/// Writes the row of an act of the platform, on the tenant it concerns.
pub async fn record_platform_act(ctx: &PlatformCtx, tx: &Tx, tenant: &TenantId, act: Act<'_>) -> Result<()> {
    repo::insert_act(tx, tenant, &ctx.actor, ctx.request_id.as_deref(), act).await
}

/// Ids grow with time, so that the newest rows stand together.
pub(crate) fn new_id() -> Uuid {
    Uuid::now_v7()
}
