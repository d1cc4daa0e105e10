//! Making a product database: create, migrate, seed. Each step is recorded when done and bears repetition, so a crash at
//! any point is mended by asking again.

use std::sync::Arc;

use migration::{latest, tenant::Migrator};

use super::registry::{self, Placement, Step};
use super::{Place, Tenancy, lock, placement};
use crate::config::{DatabaseUrl, SchemaMode, TenancyMode};
use crate::db::{self, Db, Limits, SchemaVersion, Standing};
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

/// An open database with its schema, and why this binary may not work with it, if so.
pub(super) struct Opened {
    pub database: Db,
    pub schema: SchemaVersion,
    pub refusal: Option<Error>,
}

/// Opens a database and compares its schema with what this binary knows.
///
/// Fails with `Unavailable` `DATABASE_MISSING`; the refusal is `SCHEMA_BEHIND` or `SCHEMA_NEWER`.
pub(super) async fn open_checked(target: DatabaseUrl, limits: Limits, schema_mode: SchemaMode) -> Result<Opened> {
    let database = open_existing(&target, limits).await?;
    match check_version(&database, schema_mode).await {
        Ok((schema, refusal)) => Ok(Opened { database, schema, refusal }),
        Err(error) => {
            database.close().await?;
            Err(error)
        }
    }
}

/// A database that is lost is reported: an empty one must not take its place.
pub(super) async fn open_existing(target: &DatabaseUrl, limits: Limits) -> Result<Db> {
    db::connect_existing(target, limits).await?.ok_or_else(missing)
}

pub(super) fn missing() -> Error {
    Error::unavailable("The organisation's database is missing; restore it from a backup")
        .code("DATABASE_MISSING", "This organisation's database is missing. Ask your operator.")
}

async fn check_version(database: &Db, schema_mode: SchemaMode) -> Result<(SchemaVersion, Option<Error>)> {
    let found = db::schema::<Migrator>(database).await?.ok_or_else(missing)?;
    let refusal = match found.standing::<Migrator>() {
        Standing::Current | Standing::NewerServed => None,
        Standing::NewerRefused => Some(found.too_new::<Migrator>()),
        Standing::Behind if schema_mode == SchemaMode::CreateAll => {
            return Ok((db::upgrade::<Migrator>(database).await?.to, None));
        }
        Standing::Behind => Some(behind(&found)),
    };
    Ok((found, refusal))
}

fn behind(found: &SchemaVersion) -> Error {
    Error::unavailable("This organisation's database has another schema than this server needs")
        .code("SCHEMA_BEHIND", "This organisation's database is being upgraded. Try again later.")
        .retry_after(30)
        .caused_by(format!(
            "its schema is {}, this binary needs {}; run: yuantus db upgrade --all",
            found.version,
            latest::<Migrator>()
        ))
}
