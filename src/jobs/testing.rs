//! A small installation for tests: SQLite in a temporary directory, files in memory, one database per organisation.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;
use tempfile::TempDir;
use uuid::Uuid;

use crate::config::{DatabaseUrl, SchemaMode, TenancyMode};
use crate::context::{Actor, Ctx, now};
use crate::db::{Limits, connect_or_create, upgrade};
use crate::entity::identity::{org, tenant};
use crate::entity::tenant::{job, outbox_event};
use crate::jobs::{JobRecord, Site};
use crate::storage::{Storage, StorageTarget};
use crate::tenancy::{PlacementRules, PoolLimits, Settings, Tenancy};
use crate::types::{OrgId, TenantId};

pub struct Installation {
    pub tenancy: Arc<Tenancy>,
    _folder: TempDir,
}

impl Installation {
    /// With an organisation `org-1` in each tenant.
    pub async fn with(tenants: &[&str]) -> Self {
        Self::bounded(tenants, 16).await
    }

    /// With at most `max_open` product databases open.
    pub async fn bounded(tenants: &[&str], max_open: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let second = Duration::from_secs(5);
        let limits =
            Limits { max_connections: 4, acquire_timeout: second, idle_timeout: second, statement_timeout: second };
        let control = DatabaseUrl::Sqlite { path: folder.path().join("control.db") };
        let control = connect_or_create(&control, limits).await.unwrap();
        upgrade::<migration::identity::Migrator>(&control).await.unwrap();
        let settings = Settings {
            mode: TenancyMode::DbPerTenantOrg,
            schema_mode: SchemaMode::CreateAll,
            single_tenant: None,
            platform_tenant: TenantId::new("platform").unwrap(),
            database_limits: limits,
            pool_limits: PoolLimits { max_open, wait: second, idle: second },
            template_folder: folder.path().join("templates"),
            installation: "tests".to_owned(),
        };
        let template = format!("sqlite:///{}/{{tenant_id}}__{{org_id}}.db", folder.path().display());
        let rules = PlacementRules::new(TenancyMode::DbPerTenantOrg, template);
        let storage = Storage::connect(&StorageTarget::Memory).unwrap();
        let seed = Arc::new(|_, _| -> futures::future::BoxFuture<'static, _> { Box::pin(async { Ok(()) }) });
        let tenancy = Arc::new(Tenancy::new(settings, rules, control, storage, seed));
        let made = Self { tenancy, _folder: folder };
        for tenant in tenants {
            made.add(tenant).await;
        }
        made
    }

    async fn add(&self, id: &str) {
        let (at, control) = (now(), self.tenancy.control());
        let row = tenant::ActiveModel {
            id: Set(id.to_owned()),
            name: Set(id.to_owned()),
            is_active: Set(true),
            state: Set("active".to_owned()),
            state_reason: Set(None),
            created_at: Set(at),
            updated_at: Set(at),
        };
        tenant::Entity::insert(row).exec_without_returning(control).await.unwrap();
        let row = org::ActiveModel {
            tenant_id: Set(id.to_owned()),
            id: Set("org-1".to_owned()),
            name: Set("org-1".to_owned()),
            is_active: Set(true),
            created_at: Set(at),
        };
        org::Entity::insert(row).exec_without_returning(control).await.unwrap();
        self.tenancy.provision(&TenantId::new(id).unwrap(), &OrgId::new("org-1").unwrap()).await.unwrap();
    }

    /// `org-1` of a tenant.
    pub async fn ctx(&self, tenant: &str) -> Ctx {
        let (tenant, org) = (TenantId::new(tenant).unwrap(), OrgId::new("org-1").unwrap());
        Ctx::open(&self.tenancy, Actor::Anonymous { trusted: true }, tenant, org, None).await.unwrap()
    }

    pub async fn site(&self, tenant: &str) -> Site {
        let places = self.tenancy.served_places().await.unwrap();
        let placement = places.iter().find(|placement| placement.tenant == tenant).unwrap();
        Site::open(&self.tenancy, placement).await.unwrap()
    }

    pub async fn suspend(&self, id: &str) {
        let row =
            tenant::ActiveModel { id: Set(id.to_owned()), state: Set("suspended".to_owned()), ..Default::default() };
        tenant::Entity::update(row).exec(self.tenancy.control()).await.unwrap();
    }
}

/// Writes one event as a change does, in a transaction of its own.
pub async fn record_event(ctx: &Ctx, topic: &str, subject: &str) -> Uuid {
    let (id, at) = (Uuid::now_v7(), ctx.now());
    let row = outbox_event::ActiveModel {
        id: Set(id),
        org_id: Set(ctx.org.to_string()),
        topic: Set(topic.to_owned()),
        subject: Set(subject.to_owned()),
        payload: Set(json!({ "subject": subject })),
        created_at: Set(at),
        scheduled_at: Set(at),
        attempt_count: Set(0),
        last_error: Set(None),
        delivered_at: Set(None),
    };
    let tx = ctx.begin().await.unwrap();
    outbox_event::Entity::insert(row).exec_without_returning(&tx).await.unwrap();
    tx.announce();
    tx.commit().await.unwrap();
    id
}

pub async fn event(ctx: &Ctx, id: Uuid) -> Option<outbox_event::Model> {
    outbox_event::Entity::find_by_id(id).one(&*ctx.db).await.unwrap()
}

pub async fn jobs(ctx: &Ctx) -> Vec<JobRecord> {
    let rows = job::Entity::find().all(&*ctx.db).await.unwrap();
    rows.into_iter().map(|row| JobRecord::try_from(row).unwrap()).collect()
}
