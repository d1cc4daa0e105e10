//! `tenant.check`: whether an organisation's database is sound, and how much is in it.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use serde_json::{Value, json};

use super::{Asker, Job, Task};
use crate::context::Ctx;
use crate::db::dialect;
use crate::entity::tenant::{audit_event, item, item_type, job, outbox_event};
use crate::error::Result;

/// Reads the whole database. Answers `{"ok": bool, "damage": [text], "rows": {table: count}}`.
pub struct TenantCheck;

#[async_trait]
impl Job for TenantCheck {
    fn name(&self) -> &'static str {
        "tenant.check"
    }

    fn asked_by(&self) -> Asker {
        Asker::Administrators
    }

    async fn run(&self, ctx: Ctx, task: Task) -> Result<Value> {
        let db = &*ctx.db;
        task.report(0, "reading the database");
        let damage = dialect::damage(db).await?;
        task.report(50, "counting rows");
        if !damage.is_empty() {
            let (tenant, org) = (&ctx.tenant, &ctx.org);
            tracing::error!(%tenant, %org, ?damage, "a product database is damaged");
        }
        let rows = json!({
            "items": count::<item::Entity>(db).await?,
            "item_types": count::<item_type::Entity>(db).await?,
            "audit_events": count::<audit_event::Entity>(db).await?,
            "outbox": count::<outbox_event::Entity>(db).await?,
            "jobs": count::<job::Entity>(db).await?,
        });
        Ok(json!({ "ok": damage.is_empty(), "damage": damage, "rows": rows }))
    }
}

async fn count<E>(db: &impl ConnectionTrait) -> Result<u64>
where
    E: EntityTrait<Model: Send + Sync>,
{
    Ok(E::find().count(db).await?)
}
