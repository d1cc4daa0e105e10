//! What the control database knows of tenants and placements: the SQL of this module, but for the fleet's (`fleet::records`).

use std::collections::HashSet;

use chrono::Utc;
use migration::readable_from;
use migration::tenant::Migrator;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    TryInsertResult,
};

use super::Place;
use crate::config::Secret;
use crate::db::{Db, SchemaVersion};
use crate::entity::identity::{org, placement, tenant};
use crate::error::{Error, Result};
use crate::storage::ObjectPlace;
use crate::types::{OrgId, TenantId};

/// Whether a tenant may be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantState {
    Provisioning,
    Active,
    Suspended,
    Failed,
    Deleting,
    /// All that was of it is gone but its id, which is never used again.
    Deleted,
}

impl TenantState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }

    /// Nothing of a tenant in this state may be made or changed any more.
    pub fn is_ending(state: &str) -> bool {
        [Self::Deleting, Self::Deleted].iter().any(|ending| ending.as_str() == state)
    }
}

impl TenantState {
    /// The tenant may be served now.
    ///
    /// Fails with `Forbidden` for a suspended one and `Unavailable` for one that is being made or out of service, with the
    /// operator's reason.
    pub fn require_served(tenant: &str, state: &str, is_active: bool, reason: Option<&str>) -> Result<()> {
        if state == Self::Deleted.as_str() {
            return Err(Error::not_found("Tenant not found"));
        }
        let because = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        let suspended = !is_active || state == Self::Suspended.as_str() || state == Self::Deleting.as_str();
        if suspended {
            return Err(Error::forbidden(format!("Tenant {tenant} is suspended{because}"))
                .code("TENANT_SUSPENDED", format!("This tenant is suspended{because}")));
        }
        if state == Self::Active.as_str() {
            return Ok(());
        }
        let (code, what) = if state == Self::Provisioning.as_str() {
            ("TENANT_PROVISIONING", "is being set up")
        } else {
            ("TENANT_FAILED", "is out of service")
        };
        Err(Error::unavailable(format!("Tenant {tenant} {what}{because}"))
            .code(code, format!("This tenant {what}{because}"))
            .retry_after(10))
    }
}

/// The last finished step of provisioning a product database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    None,
    Created,
    Migrated,
    Seeded,
}

impl Step {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Created => "created",
            Self::Migrated => "migrated",
            Self::Seeded => "seeded",
        }
    }
}

/// A recorded product database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    pub tenant: String,
    pub org: String,
    pub database_key: String,
    /// Overrides the configured template.
    pub database_url: Option<Secret>,
    /// Where its objects are kept, if not in the root of the configured bucket.
    pub bucket: Option<String>,
    pub prefix: Option<String>,
    pub state: String,
    pub state_reason: Option<String>,
    pub step: String,
    pub schema_version: Option<String>,
    /// The oldest change that a binary must know to work with that schema.
    pub schema_readable_from: Option<String>,
    /// Why the last migration failed.
    pub migration_error: Option<String>,
}

impl Placement {
    pub fn is_ready(&self) -> bool {
        self.state == READY
    }

    /// How people call it: `TENANT/ORG`, or `TENANT` where its organisations share a database.
    pub fn name(&self) -> String {
        if self.org.is_empty() { self.tenant.clone() } else { format!("{}/{}", self.tenant, self.org) }
    }

    /// Names are checked again: nothing that came into the row otherwise leads out of the storage.
    pub fn objects(&self) -> Result<ObjectPlace> {
        ObjectPlace::new(self.bucket.as_deref(), self.prefix.as_deref())
    }

    pub fn place(&self) -> Place {
        Place { tenant: self.tenant.clone(), org: self.org.clone() }
    }
}

impl From<placement::Model> for Placement {
    fn from(row: placement::Model) -> Self {
        Self {
            tenant: row.tenant_id,
            org: row.org_id,
            database_key: row.database_key,
            database_url: row.database_url.map(Secret::new),
            bucket: row.bucket,
            prefix: row.prefix,
            state: row.state,
            state_reason: row.state_reason,
            step: row.step,
            schema_version: row.schema_version,
            schema_readable_from: row.schema_readable_from,
            migration_error: row.migration_error,
        }
    }
}

pub(super) const READY: &str = "ready";
pub(super) const PROVISIONING: &str = "provisioning";
const FAILED: &str = "failed";

/// Tenant and organisation exist and may be served.
pub(super) async fn require_active(control: &Db, tenant_id: &TenantId, org_id: &OrgId) -> Result<()> {
    let found = tenant::Entity::find_by_id(tenant_id.as_str()).one(control).await?;
    let found = found.ok_or_else(|| Error::not_found("Tenant not found"))?;
    TenantState::require_served(&found.id, &found.state, found.is_active, found.state_reason.as_deref())?;
    let org = org::Entity::find_by_id((tenant_id.to_string(), org_id.to_string())).one(control).await?;
    match org {
        None => Err(Error::not_found("Org not found")),
        Some(org) if !org.is_active => Err(Error::forbidden(format!("Org {org_id} is not active"))),
        Some(_) => Ok(()),
    }
}

pub(super) async fn first_org(control: &Db, tenant: &str) -> Result<Option<OrgId>> {
    let first = org::Entity::find().filter(org::Column::TenantId.eq(tenant)).order_by_asc(org::Column::Id);
    first.one(control).await?.map(|org| OrgId::new(org.id)).transpose()
}

pub(super) async fn placement(control: &Db, place: &Place) -> Result<Option<Placement>> {
    let row = placement::Entity::find_by_id((place.tenant.clone(), place.org.clone())).one(control).await?;
    Ok(row.map(Placement::from))
}

pub(super) async fn ready_placements(control: &Db) -> Result<Vec<Placement>> {
    let rows = placement::Entity::find()
        .filter(placement::Column::State.eq(READY))
        .order_by_asc(placement::Column::TenantId)
        .order_by_asc(placement::Column::OrgId)
        .all(control)
        .await?;
    Ok(rows.into_iter().map(Placement::from).collect())
}

/// Ready placements of tenants that may be served.
pub(super) async fn served_placements(control: &Db) -> Result<Vec<Placement>> {
    let rows: Vec<String> = served_tenants().select_only().column(tenant::Column::Id).into_tuple().all(control).await?;
    let served: HashSet<String> = rows.into_iter().collect();
    let ready = ready_placements(control).await?;
    Ok(ready.into_iter().filter(|placement| served.contains(&placement.tenant)).collect())
}

pub(super) async fn served_placement(control: &Db, place: &Place) -> Result<Option<Placement>> {
    let Some(found) = placement(control, place).await?.filter(Placement::is_ready) else { return Ok(None) };
    let tenant = served_tenants().filter(tenant::Column::Id.eq(&place.tenant)).one(control).await?;
    Ok(tenant.map(|_| found))
}

fn served_tenants() -> Select<tenant::Entity> {
    let refused = [TenantState::Suspended, TenantState::Failed, TenantState::Deleting, TenantState::Deleted]
        .map(TenantState::as_str);
    tenant::Entity::find().filter(tenant::Column::IsActive.eq(true)).filter(tenant::Column::State.is_not_in(refused))
}

/// Records the place as being provisioned, unless it is recorded already.
///
/// Fails with `Conflict` when the physical database belongs to another place.
pub(super) async fn reserve(control: &Db, place: &Place, database_key: &str) -> Result<Placement> {
    let now = Utc::now();
    let row = placement::ActiveModel {
        tenant_id: Set(place.tenant.clone()),
        org_id: Set(place.org.clone()),
        database_key: Set(database_key.to_owned()),
        database_url: Set(None),
        bucket: Set(None),
        prefix: Set(None),
        state: Set(PROVISIONING.to_owned()),
        state_reason: Set(None),
        step: Set(Step::None.as_str().to_owned()),
        schema_version: Set(None),
        schema_readable_from: Set(None),
        migration_error: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let inserted = placement::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(control)
        .await?;
    if matches!(inserted, TryInsertResult::Empty) {
        return Err(Error::internal("A placement was not recorded"));
    }
    placement(control, place).await?.ok_or_else(|| {
        Error::conflict("This database belongs to another tenant")
            .code("DATABASE_TAKEN", "The database belongs to another tenant; no two tenants share one.")
    })
}

/// Records a finished step. What another process has finished wholly meanwhile stays finished.
///
/// Fails with `Conflict` when the place was given another database, or is being deleted.
pub(super) async fn finish_step(control: &Db, of: &Placement, step: Step, schema_version: &str) -> Result<()> {
    let ready = step == Step::Seeded;
    let changed = update_unready(control, of, |row| {
        row.step = Set(step.as_str().to_owned());
        row.schema_version = Set((step >= Step::Migrated).then(|| schema_version.to_owned()));
        row.schema_readable_from = Set((step >= Step::Migrated).then(readable_from::<Migrator>));
        row.migration_error = Set(None);
        row.state = Set(if ready { READY } else { PROVISIONING }.to_owned());
        row.state_reason = Set(None);
    })
    .await?;
    let now = placement(control, &of.place()).await?;
    if changed || now.is_some_and(|now| now.is_ready() && now.database_key == of.database_key) {
        return Ok(());
    }
    Err(Error::conflict("The database was given another place or is being deleted").code(
        "PLACE_CHANGED",
        "This organisation was given another database, or is being deleted, while it was set up. Try again.",
    ))
}

/// Records why provisioning stopped; the next attempt goes on from the last finished step.
pub(super) async fn fail(control: &Db, of: &Placement, reason: &str) -> Result<()> {
    update_unready(control, of, |row| {
        row.state = Set(FAILED.to_owned());
        row.state_reason = Set(Some(reason.to_owned()));
    })
    .await?;
    Ok(())
}

/// Records the schema that a database was found to have, or brought to.
pub(super) async fn record_version(control: &Db, place: &Place, schema: &SchemaVersion) -> Result<()> {
    let row = placement::ActiveModel {
        schema_version: Set(Some(schema.version.clone())),
        schema_readable_from: Set(schema.readable_from.clone()),
        migration_error: Set(None),
        updated_at: Set(Utc::now()),
        ..Default::default()
    };
    placement::Entity::update_many().set(row).filter(at(place)).exec(control).await?;
    Ok(())
}

async fn update_unready(
    control: &Db,
    of: &Placement,
    change: impl FnOnce(&mut placement::ActiveModel),
) -> Result<bool> {
    let mut row = placement::ActiveModel { updated_at: Set(Utc::now()), ..Default::default() };
    change(&mut row);
    let unready = at(&of.place())
        .add(placement::Column::DatabaseKey.eq(&of.database_key))
        .add(placement::Column::State.is_in([PROVISIONING, FAILED]));
    let done = placement::Entity::update_many().set(row).filter(unready).exec(control).await?;
    Ok(done.rows_affected > 0)
}

pub(super) fn at(place: &Place) -> Condition {
    Condition::all().add(placement::Column::TenantId.eq(&place.tenant)).add(placement::Column::OrgId.eq(&place.org))
}
