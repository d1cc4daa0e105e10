//! What operators do to recorded placements: choosing a place before anything is made there, and removing what was made.

use chrono::Utc;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::registry::{PROVISIONING, READY, Step, at};
use super::{Place, Placement, Tenancy, database_key};
use crate::config::{Secret, TenancyMode};
use crate::db::{self, Tx};
use crate::entity::identity::placement;
use crate::error::{Error, Result};
use crate::storage::ObjectPlace;
use crate::types::{OrgId, TenantId};

const DELETING: &str = "deleting";
pub(super) const DELETED: &str = "deleted";
/// A placement in this state will not be served again.
pub(super) fn is_ending(state: &str) -> bool {
    [DELETING, DELETED].contains(&state)
}

/// The step of deletion after which a placement has no database any more.
const DROPPED: &str = "dropped";

/// A place other than the template's; what is not given is as the template says.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub database_url: Option<Secret>,
    pub objects: ObjectPlace,
}

impl Tenancy {
    /// Makes sure that a place can be used: the database is reachable and empty or still to be made, the bucket takes
    /// objects.
    pub async fn check_place(&self, wanted: &Wanted) -> Result<()> {
        if self.settings.mode == TenancyMode::Single {
            return Err(Error::bad_request("Mode single has one database, named in the configuration"));
        }
        if let Some(url) = &wanted.database_url {
            let target = self.rules.named(url)?;
            if !db::is_vacant(&target, self.settings.database_limits).await? {
                return Err(Error::conflict(format!("The database {} holds tables already", target.redacted()))
                    .code("DATABASE_TAKEN", "Name a database that is empty, or one that is still to be made."));
            }
        }
        self.storage.probe_at(&wanted.objects).await
    }

    /// Records where an organisation shall live that has no database yet. Replaces what was recorded before.
    ///
    /// Fails with `Conflict` when it has one, or the database is another's.
    pub async fn place(&self, tx: &Tx, tenant: &TenantId, org: &OrgId, wanted: &Wanted) -> Result<()> {
        let place = self.rules.place(tenant, org);
        let target = match &wanted.database_url {
            Some(url) => self.rules.named(url)?,
            None => self.rules.from_template(&place)?,
        };
        let key = database_key(&target)?;
        if let Some(other) = owner(tx, &key).await?.filter(|other| *other != place) {
            return Err(Error::conflict(format!("The database belongs to {}/{}", other.tenant, other.org))
                .code("DATABASE_TAKEN", "The database belongs to another tenant or organisation; no two share one."));
        }
        let row = placement::ActiveModel {
            database_key: Set(key),
            database_url: Set(wanted.database_url.as_ref().map(|url| url.expose().to_owned())),
            bucket: Set(wanted.objects.bucket().map(str::to_owned)),
            prefix: Set(wanted.objects.prefix().map(str::to_owned)),
            state: Set(PROVISIONING.to_owned()),
            state_reason: Set(None),
            updated_at: Set(Utc::now()),
            ..Default::default()
        };
        replace(tx, &place, row).await
    }

    /// Records that the objects of an organisation that has a database are at another place from now on; every server knows within
    /// a second. Who moves them there is the caller.
    ///
    /// Fails with `NotFound` when it has no database.
    pub async fn move_objects(
        &self,
        tx: &Tx,
        tenant: &TenantId,
        org: &OrgId,
        objects: &ObjectPlace,
    ) -> Result<Placement> {
        let made = at(&self.rules.place(tenant, org)).add(placement::Column::State.eq(READY));
        let missing = || Error::not_found("The organisation has no database yet: leave out --files-copied");
        let before = placement::Entity::find().filter(made.clone()).one(tx).await?.ok_or_else(missing)?;
        let row = placement::ActiveModel {
            bucket: Set(objects.bucket().map(str::to_owned)),
            prefix: Set(objects.prefix().map(str::to_owned)),
            updated_at: Set(Utc::now()),
            ..Default::default()
        };
        placement::Entity::update_many().set(row).filter(made).exec(tx).await?;
        Ok(before.into())
    }

    /// Every placement of a tenant, whatever its state.
    pub async fn placements_of(&self, tenant: &TenantId) -> Result<Vec<Placement>> {
        let rows = placement::Entity::find()
            .filter(placement::Column::TenantId.eq(tenant.as_str()))
            .filter(placement::Column::State.ne(DELETED))
            .order_by_asc(placement::Column::OrgId)
            .all(&self.control)
            .await?;
        Ok(rows.into_iter().map(Placement::from).collect())
    }

    /// The database of a placement, for people: without its password.
    pub fn database_shown(&self, placement: &Placement) -> Result<String> {
        Ok(self.rules.target(placement)?.redacted())
    }

    /// Drops the database of a placement and records it; repeatable. It is not opened by anyone any more, first.
    pub async fn drop_database(&self, placement: &Placement) -> Result<()> {
        if placement.step == DROPPED {
            return Ok(());
        }
        let place = placement.place();
        let state = placement::ActiveModel { state: Set(DELETING.to_owned()), ..Default::default() };
        placement::Entity::update_many().set(state).filter(at(&place)).exec(&self.control).await?;
        self.pools.close_unused(&place).await;
        // What was only planned may be a database of somebody else by now; what was begun is ours.
        if placement.step != Step::None.as_str() || placement.database_url.is_none() {
            db::drop_database(&self.rules.target(placement)?).await?;
        }
        let step = placement::ActiveModel { step: Set(DROPPED.to_owned()), ..Default::default() };
        placement::Entity::update_many().set(step).filter(at(&place)).exec(&self.control).await?;
        Ok(())
    }

    /// Forgets all placements of a tenant.
    pub async fn forget_places(&self, tx: &Tx, tenant: &TenantId) -> Result<()> {
        let of = placement::Column::TenantId.eq(tenant.as_str());
        placement::Entity::delete_many().filter(of).exec(tx).await?;
        self.silence(tx, tenant).await
    }

    /// Keeps of a placement only that there was one: servers may still hold its database open under this name.
    pub async fn bury_place(&self, tx: &Tx, tenant: &TenantId, org: &OrgId) -> Result<()> {
        let place = self.rules.place(tenant, org);
        let row = placement::ActiveModel {
            database_key: Set(format!("deleted:{tenant}/{org}")),
            database_url: Set(None),
            bucket: Set(None),
            prefix: Set(None),
            state: Set(DELETED.to_owned()),
            schema_version: Set(None),
            updated_at: Set(Utc::now()),
            ..Default::default()
        };
        placement::Entity::update_many().set(row).filter(at(&place)).exec(tx).await?;
        Ok(())
    }
}

async fn owner(tx: &Tx, database_key: &str) -> Result<Option<Place>> {
    let row = placement::Entity::find().filter(placement::Column::DatabaseKey.eq(database_key)).one(tx).await?;
    Ok(row.map(|row| Placement::from(row).place()))
}

async fn replace(tx: &Tx, place: &Place, mut row: placement::ActiveModel) -> Result<()> {
    let found = placement::Entity::find_by_id((place.tenant.clone(), place.org.clone())).one(tx).await?;
    if found.is_some() {
        let unmade = at(place)
            .add(placement::Column::Step.eq(Step::None.as_str()))
            .add(placement::Column::State.is_not_in([DELETING, DELETED]));
        let done = placement::Entity::update_many().set(row).filter(unmade).exec(tx).await?;
        return if done.rows_affected > 0 { Ok(()) } else { Err(made_already()) };
    }
    row.tenant_id = Set(place.tenant.clone());
    row.org_id = Set(place.org.clone());
    row.step = Set(Step::None.as_str().to_owned());
    row.created_at = Set(Utc::now());
    placement::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

fn made_already() -> Error {
    Error::conflict("It has a database already, which a new place would leave behind").code(
        "PLACED",
        "A place is chosen before the database is made. To move one: back it up, and restore it at its new place.",
    )
}

/// Whether the organisation's id belonged to one that was deleted.
pub async fn is_buried(tx: &Tx, tenant: &TenantId, org: &OrgId) -> Result<bool> {
    let found = placement::Entity::find_by_id((tenant.to_string(), org.to_string())).one(tx).await?;
    Ok(found.is_some_and(|row| row.state == DELETED))
}
