//! For the areas' own tests: an organisation with a seeded database of its own. Never part of the program.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::config::{DatabaseUrl, Quota, QuotaMode, SchemaMode, TenancyMode};
use crate::context::{Actor, Ctx, PlatformCtx};
use crate::db::{self, Limits};
use crate::domain::identity::{IdentitySeed, NewUser, seed_identity};
use crate::domain::meta::seed_model;
use crate::storage::{Storage, StorageTarget};
use crate::tenancy::{PlacementRules, PoolLimits, Seed, Settings, Tenancy};
use crate::types::{OrgId, TenantId, UserId};

/// One organisation on SQLite, with the seeded model and files in memory; gone when dropped.
pub struct TestOrg {
    /// As the program itself, which may do everything.
    pub ctx: Ctx,
    pub tenancy: Arc<Tenancy>,
    _folder: TempDir,
}

impl TestOrg {
    pub async fn new() -> Self {
        Self::limited(QuotaMode::Disabled).await
    }

    /// The same where limits mean something.
    pub async fn limited(mode: QuotaMode) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let quota = Quota { mode, self_service: true };
        let tenancy = Arc::new(tenancy(folder.path()).await.with_quota(quota));
        let user = NewUser {
            id: None,
            username: "admin".to_owned(),
            password: "a long enough password".to_owned(),
            email: None,
            is_superuser: false,
        };
        let seed = IdentitySeed { tenant: tenant(), org: org(), user, roles: vec!["admin".to_owned()] };
        seed_identity(&PlatformCtx::local(tenancy.clone(), "test"), &seed).await.unwrap();
        let ctx = Ctx::open(&tenancy, system(), tenant(), org(), None).await.unwrap();
        Self { ctx, tenancy, _folder: folder }
    }

    /// The same organisation, as one of its users.
    pub fn as_user(&self, id: UserId, roles: &[&str]) -> Ctx {
        let actor = Actor::User {
            tenant: tenant(),
            id,
            name: format!("user-{id}"),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            superuser: false,
        };
        let mut ctx = self.ctx.clone();
        ctx.actor = actor;
        ctx
    }
}

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn org() -> OrgId {
    OrgId::new("org-1").unwrap()
}

fn system() -> Actor {
    Actor::System { name: "test" }
}

async fn tenancy(folder: &Path) -> Tenancy {
    let limits = Limits {
        max_connections: 4,
        acquire_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(60),
        statement_timeout: Duration::from_secs(10),
    };
    let control = DatabaseUrl::Sqlite { path: folder.join("control.db") };
    let control = db::connect_or_create(&control, limits).await.unwrap();
    db::upgrade::<migration::identity::Migrator>(&control).await.unwrap();
    let template = format!("sqlite:///{}/{{tenant_id}}__{{org_id}}.db", folder.display());
    let rules = PlacementRules::new(TenancyMode::DbPerTenantOrg, template);
    let storage = Storage::connect(&StorageTarget::Memory).unwrap();
    let store = storage.bind(&tenant(), &org());
    let seed: Seed = Arc::new(move |db, tenant| {
        let ctx = Ctx::on(system(), tenant, org(), db, store.clone());
        Box::pin(async move { seed_model(&ctx).await.map(|_| ()) })
    });
    let settings = Settings {
        mode: TenancyMode::DbPerTenantOrg,
        schema_mode: SchemaMode::CreateAll,
        single_tenant: None,
        platform_tenant: TenantId::new("platform").unwrap(),
        database_limits: limits,
        pool_limits: PoolLimits { max_open: 4, wait: Duration::from_secs(1), idle: Duration::from_secs(60) },
        template_folder: folder.join("templates"),
        installation: "tests".to_owned(),
    };
    Tenancy::new(settings, rules, control, storage, seed)
}
