//! Rows of tenants.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TryInsertResult,
};

use super::super::model::{OrgOverview, Tenant, TenantOverview};
use crate::config::{DatabaseUrl, HIDDEN};
use crate::db::{Db, Tx};
use crate::entity::identity::{membership, org, placement, tenant, user};
use crate::error::{Error, Result};
use crate::tenancy::TenantState;
use crate::types::TenantId;

impl From<tenant::Model> for Tenant {
    fn from(row: tenant::Model) -> Self {
        Self {
            id: row.id,
            name: row.name,
            is_active: row.is_active,
            state: row.state,
            state_reason: row.state_reason,
            created_at: row.created_at,
        }
    }
}

pub async fn find(db: &impl ConnectionTrait, id: &TenantId) -> Result<Option<Tenant>> {
    Ok(tenant::Entity::find_by_id(id.as_str()).one(db).await?.map(Tenant::from))
}

pub async fn list(db: &Db) -> Result<Vec<Tenant>> {
    let there = tenant::Column::State.ne(TenantState::Deleted.as_str());
    let rows = tenant::Entity::find().filter(there).order_by_asc(tenant::Column::Id).all(db).await?;
    Ok(rows.into_iter().map(Tenant::from).collect())
}

/// The tenant lets its users in. For callers who have shown that they are its users: others learn nothing of it.
pub async fn require_enterable(db: &Db, id: &TenantId) -> Result<()> {
    let gone = || Error::unauthenticated("Tenant is not active");
    let tenant = find(db, id).await?.ok_or_else(gone)?;
    TenantState::require_served(&tenant.id, &tenant.state, tenant.is_active, tenant.state_reason.as_deref())
}

/// Inserts unless it exists; says whether it did.
pub async fn insert(
    tx: &Tx,
    id: &TenantId,
    name: &str,
    is_active: bool,
    state: TenantState,
    now: DateTime<Utc>,
) -> Result<bool> {
    if find(tx, id).await?.is_some_and(|tenant| TenantState::is_ending(&tenant.state)) {
        return Err(ending(id));
    }
    let row = tenant::ActiveModel {
        id: Set(id.to_string()),
        name: Set(name.to_owned()),
        is_active: Set(is_active),
        state: Set(state.as_str().to_owned()),
        state_reason: Set(None),
        created_at: Set(now),
        updated_at: Set(now),
    };
    let inserted = tenant::Entity::insert(row)
        .on_conflict(OnConflict::column(tenant::Column::Id).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(count) if count > 0))
}

/// A tenant of this id is being deleted, or was.
pub fn ending(id: &TenantId) -> Error {
    Error::conflict(format!("Tenant {id} was deleted"))
        .code("TENANT_DELETED", "A tenant of this id was deleted or is being deleted; its id is not used again.")
}

/// What may change of a tenant.
#[derive(Debug, Default)]
pub struct Change {
    pub name: Option<String>,
    pub is_active: Option<bool>,
    pub state: Option<(TenantState, Option<String>)>,
}

pub async fn update(tx: &Tx, id: &TenantId, change: Change, now: DateTime<Utc>) -> Result<Tenant> {
    let mut row = tenant::ActiveModel { id: Set(id.to_string()), updated_at: Set(now), ..Default::default() };
    if let Some(name) = change.name {
        row.name = Set(name);
    }
    if let Some(is_active) = change.is_active {
        row.is_active = Set(is_active);
    }
    if let Some((state, reason)) = change.state {
        row.state = Set(state.as_str().to_owned());
        row.state_reason = Set(reason);
    }
    Ok(tenant::Entity::update(row).exec(tx).await?.into())
}

/// Removes a tenant's memberships, users and organisations; its own row stays.
pub async fn clear(tx: &Tx, id: &TenantId) -> Result<()> {
    let id = id.as_str();
    membership::Entity::delete_many().filter(membership::Column::TenantId.eq(id)).exec(tx).await?;
    user::Entity::delete_many().filter(user::Column::TenantId.eq(id)).exec(tx).await?;
    org::Entity::delete_many().filter(org::Column::TenantId.eq(id)).exec(tx).await?;
    Ok(())
}

/// All tenants with their organisations and databases: four queries, however many there are.
pub async fn overviews(db: &Db) -> Result<Vec<TenantOverview>> {
    let mut orgs: HashMap<String, Vec<org::Model>> = HashMap::new();
    for org in org::Entity::find().order_by_asc(org::Column::Id).all(db).await? {
        orgs.entry(org.tenant_id.clone()).or_default().push(org);
    }
    let mut placements: HashMap<(String, String), placement::Model> = HashMap::new();
    for place in placement::Entity::find().all(db).await? {
        placements.insert((place.tenant_id.clone(), place.org_id.clone()), place);
    }
    let mut users = user_counts(db).await?;
    let tenants = list(db).await?;
    Ok(tenants
        .into_iter()
        .map(|tenant| {
            let orgs = orgs.remove(&tenant.id).unwrap_or_default();
            let orgs = orgs.iter().map(|org| overview(org, &placements)).collect();
            TenantOverview { users: users.remove(&tenant.id).unwrap_or(0), orgs, tenant }
        })
        .collect())
}

/// A URL without its password. One that cannot be read is not shown at all.
fn shown(url: &str) -> String {
    DatabaseUrl::parse(url).map_or_else(|_| HIDDEN.to_owned(), |url| url.redacted())
}

async fn user_counts(db: &Db) -> Result<HashMap<String, u64>> {
    let rows: Vec<(String, i64)> = user::Entity::find()
        .select_only()
        .column(user::Column::TenantId)
        .column_as(user::Column::Id.count(), "users")
        .group_by(user::Column::TenantId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|(tenant, users)| (tenant, u64::try_from(users).unwrap_or(0))).collect())
}

fn overview(org: &org::Model, placements: &HashMap<(String, String), placement::Model>) -> OrgOverview {
    let own = (org.tenant_id.clone(), org.id.clone());
    let shared = (org.tenant_id.clone(), String::new());
    let placed = placements.get(&own).or_else(|| placements.get(&shared));
    OrgOverview {
        id: org.id.clone(),
        name: org.name.clone(),
        is_active: org.is_active,
        database: placed.map_or_else(|| "none".to_owned(), |place| place.state.clone()),
        schema_version: placed.and_then(|place| place.schema_version.clone()),
        database_url: placed.and_then(|place| place.database_url.as_deref().map(shown)),
        bucket: placed.and_then(|place| place.bucket.clone()),
        prefix: placed.and_then(|place| place.prefix.clone()),
    }
}
