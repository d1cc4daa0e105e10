//! Rows of webhooks.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::webhook::model::Webhook;
use crate::entity::tenant::webhook::{ActiveModel, Column, Entity, Model};
use crate::entity::tenant::{item_type, webhook_delivery};
use crate::error::Result;

impl From<Model> for Webhook {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            url: row.url,
            events: texts(row.events),
            item_types: texts(row.item_types),
            is_active: row.is_active,
            disabled_reason: row.disabled_reason,
            secret: row.secret,
            previous_secret: row.previous_secret,
            previous_secret_until: row.previous_secret_until,
            failing_since: row.failing_since,
            created_by_id: row.created_by_id,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Written by this module alone, always a list of texts.
fn texts(value: Value) -> Vec<String> {
    serde_json::from_value(value).unwrap_or_default()
}

fn row(ctx: &Ctx, webhook: &Webhook) -> ActiveModel {
    ActiveModel {
        id: Set(webhook.id),
        org_id: Set(ctx.org.to_string()),
        name: Set(webhook.name.clone()),
        url: Set(webhook.url.clone()),
        events: Set(json!(webhook.events)),
        item_types: Set(json!(webhook.item_types)),
        is_active: Set(webhook.is_active),
        disabled_reason: Set(webhook.disabled_reason.clone()),
        secret: Set(webhook.secret.clone()),
        previous_secret: Set(webhook.previous_secret.clone()),
        previous_secret_until: Set(webhook.previous_secret_until),
        failing_since: Set(webhook.failing_since),
        created_by_id: Set(webhook.created_by_id),
        created_at: Set(webhook.created_at),
        updated_at: Set(webhook.updated_at),
    }
}

pub async fn insert(tx: &Tx, ctx: &Ctx, webhook: &Webhook) -> Result<()> {
    Entity::insert(row(ctx, webhook)).exec_without_returning(tx).await?;
    Ok(())
}

pub async fn update(tx: &Tx, ctx: &Ctx, webhook: &Webhook) -> Result<()> {
    Entity::update_many()
        .set(row(ctx, webhook))
        .filter(Column::Id.eq(webhook.id))
        .filter(Column::OrgId.eq(ctx.org.as_str()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Deletes a webhook with its log.
pub async fn delete(tx: &Tx, ctx: &Ctx, id: Uuid) -> Result<()> {
    use webhook_delivery::{Column as Log, Entity as Deliveries};
    Deliveries::delete_many().filter(Log::WebhookId.eq(id)).filter(Log::OrgId.eq(ctx.org.as_str())).exec(tx).await?;
    Entity::delete_many().filter(Column::Id.eq(id)).filter(Column::OrgId.eq(ctx.org.as_str())).exec(tx).await?;
    Ok(())
}

pub async fn find(db: &impl ConnectionTrait, ctx: &Ctx, id: Uuid) -> Result<Option<Webhook>> {
    let found = Entity::find_by_id(id).filter(Column::OrgId.eq(ctx.org.as_str())).one(db).await?;
    Ok(found.map(Webhook::from))
}

/// The same, locked until the transaction ends.
pub async fn find_locked(tx: &Tx, ctx: &Ctx, id: Uuid) -> Result<Option<Webhook>> {
    let query = Entity::find_by_id(id).filter(Column::OrgId.eq(ctx.org.as_str())).lock(LockType::NoKeyUpdate);
    Ok(query.one(tx).await?.map(Webhook::from))
}

/// In the order in which they were made.
pub async fn all(db: &impl ConnectionTrait, ctx: &Ctx) -> Result<Vec<Webhook>> {
    let rows = Entity::find().filter(Column::OrgId.eq(ctx.org.as_str())).order_by_asc(Column::Id).all(db).await?;
    Ok(rows.into_iter().map(Webhook::from).collect())
}

pub async fn count(db: &impl ConnectionTrait, ctx: &Ctx) -> Result<u64> {
    Ok(Entity::find().filter(Column::OrgId.eq(ctx.org.as_str())).count(db).await?)
}

/// Notes how long a webhook has failed, if that changed.
pub async fn note_failing(tx: &Tx, webhook: &Webhook, since: Option<DateTime<Utc>>) -> Result<()> {
    if webhook.failing_since == since {
        return Ok(());
    }
    let change = ActiveModel { failing_since: Set(since), ..Default::default() };
    Entity::update_many().set(change).filter(Column::Id.eq(webhook.id)).exec(tx).await?;
    Ok(())
}

/// The ids of all item types.
pub async fn item_type_ids(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    let query = item_type::Entity::find().select_only().column(item_type::Column::Id);
    Ok(query.into_tuple().all(db).await?)
}
