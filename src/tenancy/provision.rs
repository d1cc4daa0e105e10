//! Making a product database: create, migrate, seed. Each step is recorded when done and bears repetition, so a crash at
//! any point is mended by asking again.

use std::sync::Arc;

use migration::{latest, tenant::Migrator};

use super::registry::{self, Placement, Step};
use super::{Place, Tenancy, lock, placement};
use crate::config::{DatabaseUrl, SchemaMode, TenancyMode};
use crate::db::{self, Db, Limits};
use crate::error::{Error, Result};
use crate::types::{OrgId, TenantId};

impl Tenancy {
    /// Provisions the database of an organisation; one that is ready is left as it is.
    ///
    /// Fails with `Forbidden` in single mode when the database belongs to another tenant.
    pub async fn provision(&self, tenant: &TenantId, org: &OrgId) -> Result<Placement> {
        let place = self.rules.place(tenant, org);
        let turn = self.turn(&place);
        let _mine = turn.lock().await;
        let placement = self.reserve(tenant, &place).await?;
        if placement.is_ready() {
            return Ok(placement);
        }
        let done = self.run_steps(tenant, &place, &placement).await;
        if let Err(error) = done {
            tracing::error!(%tenant, %org, error = %error.chain(), "provisioning failed");
            registry::fail(&self.control, &place, error.message()).await?;
            return Err(error);
        }
        registry::placement(&self.control, &place).await?.ok_or_else(|| Error::internal("A placement disappeared"))
    }

    /// A placement is recorded before anything is made, so that nothing exists of which the control database is unaware.
    async fn reserve(&self, tenant: &TenantId, place: &Place) -> Result<Placement> {
        if self.settings.mode == TenancyMode::Single {
            self.require_single_tenant(tenant)?;
        }
        let key = placement::database_key(&self.rules.from_template(place)?)?;
        registry::reserve(&self.control, place, &key).await.map_err(|error| match self.settings.mode {
            TenancyMode::Single => single_refusal(tenant),
            _ => error,
        })
    }

    fn require_single_tenant(&self, tenant: &TenantId) -> Result<()> {
        let named_another = self.settings.single_tenant.as_ref().is_some_and(|named| named != tenant);
        if named_another || *tenant == self.settings.platform_tenant {
            return Err(single_refusal(tenant));
        }
        Ok(())
    }

    async fn run_steps(&self, tenant: &TenantId, place: &Place, placement: &Placement) -> Result<()> {
        let target = self.rules.target(placement)?;
        let version = latest::<Migrator>();
        let limits = self.settings.database_limits;
        let open = || async { db::connect_or_create(&target, limits).await };
        let database = self.pools.get(place, open).await?;
        registry::finish_step(&self.control, place, Step::Created, &version).await?;
        db::upgrade::<Migrator>(&database).await?;
        registry::finish_step(&self.control, place, Step::Migrated, &version).await?;
        (self.seed)(database, tenant.clone()).await?;
        registry::finish_step(&self.control, place, Step::Seeded, &version).await
    }

    /// Brings a ready database to the present schema and records its version.
    pub async fn upgrade(&self, placement: &Placement) -> Result<db::Upgrade> {
        let target = self.rules.target(placement)?;
        let database = db::connect(&target, Limits { max_connections: 1, ..self.settings.database_limits }).await?;
        let done = db::upgrade::<Migrator>(&database).await;
        database.close().await?;
        let done = done?;
        registry::record_version(&self.control, &placement.place(), &done.to).await?;
        Ok(done)
    }

    fn turn(&self, place: &Place) -> Arc<tokio::sync::Mutex<()>> {
        lock(&self.provisioning).entry(place.clone()).or_default().clone()
    }
}

fn single_refusal(tenant: &TenantId) -> Error {
    Error::forbidden(format!("TENANCY_MODE=single: the database holds another tenant's data, {tenant} has none here"))
        .code("SINGLE_TENANT", "This installation serves one tenant, and it is not this one.")
}

pub(super) async fn create_and_migrate(target: &DatabaseUrl, limits: Limits) -> Result<Db> {
    let database = db::connect_or_create(target, limits).await?;
    db::upgrade::<Migrator>(&database).await?;
    Ok(database)
}

/// Opens a database and makes sure that its schema is the one this binary knows.
pub(super) async fn open_checked(target: DatabaseUrl, limits: Limits, schema_mode: SchemaMode) -> Result<Db> {
    if db::file_is_missing(&target) {
        return Err(Error::unavailable("The organisation's database is missing; restore it from a backup")
            .code("DATABASE_MISSING", "This organisation's database is missing. Ask your operator."));
    }
    let database = db::connect(&target, limits).await?;
    match check_version(&database, schema_mode).await {
        Ok(()) => Ok(database),
        Err(error) => {
            database.close().await?;
            Err(error)
        }
    }
}

async fn check_version(database: &Db, schema_mode: SchemaMode) -> Result<()> {
    let wanted = latest::<Migrator>();
    let found = db::schema_version::<Migrator>(database).await?;
    if found.as_deref() == Some(wanted.as_str()) {
        return Ok(());
    }
    match schema_mode {
        SchemaMode::CreateAll => db::upgrade::<Migrator>(database).await.map(|_| ()),
        SchemaMode::Migrations if found.as_deref() > Some(wanted.as_str()) => Err(Error::unavailable(format!(
            "The database has schema {}, which is newer than this binary knows ({wanted})",
            found.unwrap_or_default()
        ))),
        SchemaMode::Migrations => Err(Error::unavailable(format!(
            "The database has schema {} and this binary needs {wanted}; run: yuantus db upgrade --all",
            found.unwrap_or_else(|| "none".to_owned())
        ))
        .code("SCHEMA_BEHIND", "This organisation's database is being upgraded. Try again later.")),
    }
}
