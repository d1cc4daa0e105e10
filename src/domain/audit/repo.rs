//! SQL of the audit and outbox tables.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, EntityTrait};

use super::{Act, Change, event, new_id};
use crate::context::{Actor, Ctx, now};
use crate::db::Tx;
use crate::entity::identity::control_event;
use crate::entity::tenant::{audit_event, outbox_event};
use crate::error::Result;
use crate::types::TenantId;

pub(super) async fn insert_outbox(ctx: &Ctx, tx: &Tx, at: DateTime<Utc>, changes: &[Change]) -> Result<()> {
    let rows = changes.iter().map(|change| outbox_event::ActiveModel {
        id: Set(new_id()),
        org_id: Set(ctx.org.to_string()),
        topic: Set(change.action.to_owned()),
        subject: Set(format!("{}/{}", change.subject_type, change.subject_id)),
        payload: Set(event(ctx, change)),
        created_at: Set(at),
        scheduled_at: Set(at),
        attempt_count: Set(0),
        last_error: Set(None),
        delivered_at: Set(None),
    });
    outbox_event::Entity::insert_many(rows).exec_without_returning(tx).await?;
    tx.announce();
    Ok(())
}

pub(super) async fn insert_events(ctx: &Ctx, tx: &Tx, at: DateTime<Utc>, changes: Vec<Change>) -> Result<()> {
    let rows = changes.into_iter().map(|change| audit_event::ActiveModel {
        id: Set(new_id()),
        occurred_at: Set(at),
        tenant_id: Set(ctx.tenant.to_string()),
        org_id: Set(ctx.org.to_string()),
        actor_kind: Set(ctx.actor.kind().to_owned()),
        actor_id: Set(ctx.actor.user_id()),
        request_id: Set(ctx.request_id.clone()),
        action: Set(change.action.to_owned()),
        subject_type: Set(change.subject_type),
        subject_id: Set(change.subject_id),
        before: Set(change.before),
        after: Set(change.after),
    });
    audit_event::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(())
}

pub(super) async fn insert_act(
    tx: &Tx,
    tenant: &TenantId,
    actor: &Actor,
    request_id: Option<&str>,
    act: Act<'_>,
) -> Result<()> {
    let row = control_event::ActiveModel {
        id: Set(new_id()),
        occurred_at: Set(now()),
        tenant_id: Set(Some(tenant.to_string())),
        actor_kind: Set(actor.kind().to_owned()),
        actor_tenant_id: Set(actor.tenant().map(ToString::to_string)),
        actor_id: Set(actor.user_id()),
        request_id: Set(request_id.map(str::to_owned)),
        action: Set(act.action.to_owned()),
        subject: Set(act.subject),
        before: Set(act.before),
        after: Set(act.after),
    };
    control_event::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}
