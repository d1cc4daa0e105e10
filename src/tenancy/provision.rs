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
        let _slot = self.provisioners.acquire().await;
        let done = self.run_steps(tenant, &place, &placement).await;
        if let Err(error) = done {
            tracing::error!(%tenant, %org, error = %error.chain(), "provisioning failed");
            registry::fail(&self.control, &placement, error.message()).await?;
            return Err(error);
        }
        registry::placement(&self.control, &place).await?.ok_or_else(|| Error::internal("A placement disappeared"))
    }

    /// A placement is recorded before anything is made, so that nothing exists of which the control database is unaware.
    async fn reserve(&self, tenant: &TenantId, place: &Place) -> Result<Placement> {
        if !self.admits(tenant)? {
            return Err(single_refusal(tenant));
        }
        let key = placement::database_key(&self.rules.from_template(place)?)?;
        registry::reserve(&self.control, place, &key).await.map_err(|error| match self.settings.mode {
            TenancyMode::Single => single_refusal(tenant),
            _ => error,
        })
    }

    async fn run_steps(&self, tenant: &TenantId, place: &Place, placement: &Placement) -> Result<()> {
        let target = self.rules.target(placement)?;
        let version = latest::<Migrator>();
        let limits = self.settings.database_limits;
        // Before a place among the open databases is taken: making a template takes one too.
        let template = self.template_for(&target).await;
        let open = || async { db::connect_or_copy(&target, limits, template.as_ref()).await };
        let database = self.pools.get(place, open).await?;
        registry::finish_step(&self.control, placement, Step::Created, &version).await?;
        db::upgrade::<Migrator>(&database).await?;
        registry::finish_step(&self.control, placement, Step::Migrated, &version).await?;
        (self.seed)(database, tenant.clone()).await?;
        registry::finish_step(&self.control, placement, Step::Seeded, &version).await
    }

    /// Brings a ready database to the present schema and records its version.
    ///
    /// Fails with `Unavailable` `DATABASE_MISSING` when the database is lost: an empty one must not take its place.
    pub async fn upgrade(&self, placement: &Placement) -> Result<db::Upgrade> {
        let target = self.rules.target(placement)?;
        let database = open_existing(&target, Limits { max_connections: 1, ..self.settings.database_limits }).await?;
        let done = upgrade_existing(&database).await;
        database.close().await?;
        let done = done?;
        registry::record_version(&self.control, &placement.place(), &done.to).await?;
        Ok(done)
    }

    fn turn(&self, place: &Place) -> Arc<tokio::sync::Mutex<()>> {
        lock(&self.provisioning).entry(place.clone()).or_default().clone()
    }
}

pub(super) fn single_refusal(tenant: &TenantId) -> Error {
    Error::forbidden(format!("TENANCY_MODE=single: the database holds another tenant's data, {tenant} has none here"))
        .code("SINGLE_TENANT", "This installation serves one tenant, and it is not this one.")
}

pub(super) async fn create_and_migrate(target: &DatabaseUrl, limits: Limits) -> Result<Db> {
    let database = db::connect_or_create(target, limits).await?;
    db::upgrade::<Migrator>(&database).await?;
    Ok(database)
}

/// Opens a database and makes sure that its schema is the one this binary knows; says to which version it was upgraded, if
/// it was.
pub(super) async fn open_checked(
    target: DatabaseUrl,
    limits: Limits,
    schema_mode: SchemaMode,
) -> Result<(Db, Option<String>)> {
    let database = open_existing(&target, limits).await?;
    match check_version(&database, schema_mode).await {
        Ok(upgraded) => Ok((database, upgraded)),
        Err(error) => {
            database.close().await?;
            Err(error)
        }
    }
}

async fn open_existing(target: &DatabaseUrl, limits: Limits) -> Result<Db> {
    if db::file_is_missing(target) {
        return Err(missing());
    }
    db::connect(target, limits).await
}

async fn upgrade_existing(database: &Db) -> Result<db::Upgrade> {
    if db::schema_version::<Migrator>(database).await?.is_none() {
        return Err(missing());
    }
    db::upgrade::<Migrator>(database).await
}

fn missing() -> Error {
    Error::unavailable("The organisation's database is missing; restore it from a backup")
        .code("DATABASE_MISSING", "This organisation's database is missing. Ask your operator.")
}

async fn check_version(database: &Db, schema_mode: SchemaMode) -> Result<Option<String>> {
    let wanted = latest::<Migrator>();
    let found = db::schema_version::<Migrator>(database).await?;
    if found.as_deref() == Some(wanted.as_str()) {
        return Ok(None);
    }
    if schema_mode == SchemaMode::CreateAll {
        return Ok(Some(upgrade_existing(database).await?.to));
    }
    let found = found.ok_or_else(missing)?;
    let (code, user, why) = if found > wanted {
        (
            "SCHEMA_NEWER",
            "This server is older than this organisation's database. Ask your operator.",
            "run a newer yuantus",
        )
    } else {
        (
            "SCHEMA_BEHIND",
            "This organisation's database is being upgraded. Try again later.",
            "run: yuantus db upgrade --all",
        )
    };
    Err(Error::unavailable("This organisation's database has another schema than this server needs")
        .code(code, user)
        .retry_after(30)
        .caused_by(format!("its schema is {found}, this binary needs {wanted}; {why}")))
}
