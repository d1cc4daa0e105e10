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
pub struct Change<'a> {
    /// Also the topic of the outbox event: `item.created`, `bom.line_removed` …
    pub action: &'a str,
    pub subject_type: &'a str,
    pub subject_id: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Writes the audit row and the outbox event of a change.
pub async fn record(ctx: &Ctx, tx: &Tx, change: Change<'_>) -> Result<()> {
    let event = json!({
        "action": change.action, "subject_type": change.subject_type, "subject_id": change.subject_id,
        "actor_id": ctx.actor.user_id(), "org_id": ctx.org,
    });
    let now = ctx.now();
    repo::insert_outbox(ctx, tx, now, &change, event).await?;
    repo::insert_event(ctx, tx, now, change).await
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
