//! Tenants and their databases: who is asking for whose data, where it lives, and a bounded set of open connections.
//!
//! The only module that turns a tenant/org into a database or a store. No product rules, no HTTP.

mod bells;
pub mod fleet;
mod placement;
mod pools;
mod provision;
mod records;
mod registry;
pub mod resolver;
mod template;
mod wakeups;
mod workers;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use moka::future::Cache;
use tokio::sync::Semaphore;

use crate::config::{Quota, QuotaMode, SchemaMode, TenancyMode};
use crate::db::{Db, Limits};
use crate::error::{Error, Result};
use crate::plugins::Host;
use crate::storage::{Storage, TenantStore};
use crate::types::{OrgId, TenantId};

pub use bells::{Due, Outlook};
pub use fleet::{Canary, DatabaseResult, Event, Outcome, Plan, Report, Stop, Survey, Verified};
pub use placement::{Place, PlacementRules, database_key};
pub use pools::{PoolLimits, PoolStatistics, Pools, TenantDb};
pub use records::{Wanted, is_buried};
pub use registry::{Placement, Step, TenantState};
pub use wakeups::{Mark, WakeUps};
pub use workers::{Pulse, SIGN_EVERY, WorkerSign};

/// Fills a freshly migrated product database with the seeded model; repeatable. Given by `app`, since the model is a
/// product matter.
pub type Seed = Arc<dyn Fn(TenantDb, TenantId) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// How this installation places and opens databases.
pub struct Settings {
    pub mode: TenancyMode,
    pub schema_mode: SchemaMode,
    /// Single mode: the tenant whose data the database holds; none lets the first one claim it.
    pub single_tenant: Option<TenantId>,
    /// The platform's own tenant, which has no product data in single mode.
    pub platform_tenant: TenantId,
    pub database_limits: Limits,
    pub pool_limits: PoolLimits,
    /// Where the templates of SQLite databases are kept.
    pub template_folder: PathBuf,
    /// Sets this installation apart from others on the same PostgreSQL server: [`database_key`] of its control database.
    pub installation: String,
}

/// The tenancy of one installation: the control database, the rules of placement, and the open product databases.
pub struct Tenancy {
    settings: Settings,
    rules: PlacementRules,
    control: Db,
    storage: Storage,
    pools: Pools,
    seed: Seed,
    /// One provisioning at a time per placement, in this process; the steps themselves bear repetition.
    provisioning: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>,
    provisioners: Semaphore,
    templates: template::Templates,
    /// Who may be served and where, remembered for [`FRESHNESS`].
    served: Cache<(TenantId, OrgId), Placement>,
    plugins: Arc<Host>,
    quota: Quota,
}

impl Tenancy {
    pub fn new(settings: Settings, rules: PlacementRules, control: Db, storage: Storage, seed: Seed) -> Self {
        let pools = Pools::new(settings.pool_limits);
        let served = Cache::builder().max_capacity(SERVED_CAPACITY).time_to_live(FRESHNESS).build();
        Self {
            settings,
            rules,
            control,
            storage,
            pools,
            seed,
            provisioning: Mutex::default(),
            provisioners: Semaphore::new(PROVISIONERS),
            templates: template::Templates::default(),
            served,
            plugins: Arc::default(),
            quota: Quota { mode: QuotaMode::Disabled, self_service: true },
        }
    }

    /// What every context over these databases carries.
    #[must_use]
    pub fn with_plugins(mut self, plugins: Arc<Host>) -> Self {
        self.plugins = plugins;
        self
    }

    pub fn plugins(&self) -> &Arc<Host> {
        &self.plugins
    }

    /// What the limits of tenants mean here; nothing, unless this is called.
    #[must_use]
    pub fn with_quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    pub fn mode(&self) -> TenancyMode {
        self.settings.mode
    }

    pub fn schema_mode(&self) -> SchemaMode {
        self.settings.schema_mode
    }

    /// The control database. Only `domain::identity`, `domain::audit`, `domain::quota` and this module read it, always by
    /// tenant.
    pub fn control(&self) -> &Db {
        &self.control
    }

    /// The platform's own tenant.
    pub fn platform_tenant(&self) -> &TenantId {
        &self.settings.platform_tenant
    }

    /// The object store of one organisation; fails as [`Tenancy::open`] does.
    pub async fn store(&self, tenant: &TenantId, org: &OrgId) -> Result<TenantStore> {
        self.store_at(&self.served_at(tenant, org).await?)
    }

    /// The object store that belongs to a product database: organisations that share the one share the other.
    pub fn store_at(&self, placement: &Placement) -> Result<TenantStore> {
        let tenant = TenantId::new(placement.tenant.as_str())?;
        let org = match placement.org.as_str() {
            "" => None,
            org => Some(OrgId::new(org)?),
        };
        self.storage.bind_at(&placement.objects()?, &tenant, org.as_ref())
    }

    /// The organisation of a placement, or the first of those that share it.
    pub async fn first_org(&self, placement: &Placement) -> Result<Option<OrgId>> {
        match placement.org.as_str() {
            "" => registry::first_org(&self.control, &placement.tenant).await,
            org => Ok(Some(OrgId::new(org)?)),
        }
    }

    pub fn pool_statistics(&self) -> PoolStatistics {
        self.pools.statistics()
    }

    /// The product database of one organisation, opened and at the present schema.
    ///
    /// Fails with `Forbidden` for a suspended tenant or organisation, `NotFound` for an unknown one, `Unavailable` while
    /// it is being provisioned or when every connection is in use.
    pub async fn open(&self, tenant: &TenantId, org: &OrgId) -> Result<TenantDb> {
        let placement = self.served_at(tenant, org).await?;
        self.open_ready(&placement.place(), &placement).await
    }

    /// Whether the organisation's database is fully provisioned.
    pub async fn is_ready(&self, tenant: &TenantId, org: &OrgId) -> Result<bool> {
        let placement = registry::placement(&self.control, &self.rules.place(tenant, org)).await?;
        Ok(placement.is_some_and(|placement| placement.is_ready()))
    }

    async fn served_at(&self, tenant: &TenantId, org: &OrgId) -> Result<Placement> {
        let key = (tenant.clone(), org.clone());
        if let Some(placement) = self.served.get(&key).await {
            return Ok(placement);
        }
        registry::require_active(&self.control, tenant, org).await?;
        let placement = match registry::placement(&self.control, &self.rules.place(tenant, org)).await? {
            Some(placement) if placement.is_ready() => placement,
            found => self.provision_on_first_use(tenant, org, found).await?,
        };
        self.served.insert(key, placement.clone()).await;
        Ok(placement)
    }

    /// With `create_all` a database comes into being when it is first needed; with `migrations` that is a command.
    async fn provision_on_first_use(
        &self,
        tenant: &TenantId,
        org: &OrgId,
        found: Option<Placement>,
    ) -> Result<Placement> {
        if self.settings.schema_mode == SchemaMode::CreateAll {
            // Boxed: rare, and much larger than the way through an open database.
            return Box::pin(self.provision(tenant, org)).await;
        }
        let advice = format!("run: yuantus seed-meta --tenant {tenant} --org {org}");
        let reason = found.and_then(|placement| placement.state_reason).unwrap_or_default();
        Err(Error::unavailable("This organisation's database is not ready")
            .code("TENANT_NOT_READY", "This organisation's database is not ready yet. Ask your operator.")
            .retry_after(PROVISIONING_RETRY_SECONDS)
            .caused_by(format!("{reason} {advice}").trim().to_owned()))
    }

    async fn open_ready(&self, place: &Place, placement: &Placement) -> Result<TenantDb> {
        let target = self.rules.target(placement)?;
        let limits = self.settings.database_limits;
        let schema_mode = self.settings.schema_mode;
        let open = || async {
            let opened = provision::open_checked(target, limits, schema_mode).await?;
            // A restored database has not the version that was recorded; a command that brings it up to date must see it.
            if placement.schema_version.as_deref() != Some(opened.schema.version.as_str()) {
                registry::record_version(&self.control, place, &opened.schema).await?;
            }
            if let Some(refusal) = opened.refusal {
                opened.database.close().await?;
                return Err(refusal);
            }
            Ok(opened.database)
        };
        self.pools.get(place, open).await
    }

    /// Whether this installation keeps product data for a tenant: in single mode the platform's own has none.
    ///
    /// Fails with `Forbidden` when the one database is meant for another tenant.
    pub fn admits(&self, tenant: &TenantId) -> Result<bool> {
        if self.settings.mode != TenancyMode::Single {
            return Ok(true);
        }
        match &self.settings.single_tenant {
            _ if *tenant == self.settings.platform_tenant => Ok(false),
            Some(named) if named != tenant => Err(provision::single_refusal(tenant)),
            _ => Ok(true),
        }
    }

    /// Single mode before any tenant has claimed the database: for seeding it.
    pub async fn open_unclaimed(&self) -> Result<TenantDb> {
        let target = self.rules.single_target()?;
        let limits = self.settings.database_limits;
        let place = Place::single_unclaimed();
        let db = self.pools.get(&place, || async move { provision::create_and_migrate(&target, limits).await }).await?;
        (self.seed)(db.clone(), self.settings.platform_tenant.clone()).await?;
        Ok(db)
    }

    /// Fills in what a ready database lacks of the seeded model.
    pub async fn reseed(&self, placement: &Placement, tenant: &TenantId) -> Result<()> {
        let db = self.open_place(placement).await?;
        (self.seed)(db, tenant.clone()).await
    }

    /// Every placement that is ready, for work that visits all of them (worker, `db status`).
    pub async fn ready_places(&self) -> Result<Vec<Placement>> {
        registry::ready_placements(&self.control).await
    }

    /// Opens a database by its recorded place, for the worker and for commands over all tenants.
    pub async fn open_place(&self, placement: &Placement) -> Result<TenantDb> {
        self.open_ready(&placement.place(), placement).await
    }

    /// The ready placements whose tenant may be served: where background work goes.
    pub async fn served_places(&self) -> Result<Vec<Placement>> {
        registry::served_placements(&self.control).await
    }

    /// One of [`Tenancy::served_places`]; none when background work has no business there.
    pub async fn served_place(&self, place: &Place) -> Result<Option<Placement>> {
        registry::served_placement(&self.control, place).await
    }

    /// The places with new work, as commits in this process announced them. One worker listens.
    pub fn wakeups(&self) -> &Arc<WakeUps> {
        self.pools.wakeups()
    }

    /// Where an organisation's data is, whether it is there or not.
    pub fn place_of(&self, tenant: &TenantId, org: &OrgId) -> Place {
        self.rules.place(tenant, org)
    }

    pub fn is_open(&self, place: &Place) -> bool {
        self.pools.is_open(place)
    }

    /// Closes one database unless it is in use, for whoever opened it for a glance.
    pub async fn close_unused(&self, place: &Place) {
        self.pools.close_unused(place).await;
    }

    /// Closes what has been idle for long, so that idle tenants cost nothing.
    pub async fn close_idle(&self) {
        self.pools.close_idle().await;
    }

    /// Closes every database; the last thing a process does.
    pub async fn close(&self) {
        if let Err(error) = self.flush_wakeups().await {
            tracing::warn!(error = %error.chain(), "other processes were not told of the latest work");
        }
        self.pools.close_all().await;
        if let Err(error) = self.control.close().await {
            tracing::warn!(error = %error.chain(), "the control database did not close cleanly");
        }
    }
}

const PROVISIONING_RETRY_SECONDS: u64 = 5;
/// How long a suspended tenant may still be served by another process.
const FRESHNESS: Duration = Duration::from_millis(900);
const SERVED_CAPACITY: u64 = 10_000;
/// How many databases are made at once. More would wait for each other, and take places from requests.
const PROVISIONERS: usize = 8;

/// A panic elsewhere leaves these plain maps and times whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
