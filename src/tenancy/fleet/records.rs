//! What the control database knows of the fleet's schemas: the SQL of this folder.

use chrono::Utc;
use migration::{ChangeList, latest, names};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use serde::Serialize;

use crate::db::{self, Db, Standing};
use crate::entity::identity::placement::{self, Column};
use crate::error::Result;
use crate::tenancy::Place;
use crate::tenancy::records::DELETED;
use crate::tenancy::registry::{Placement, READY, at};
use crate::types::TenantId;

/// How many ready databases are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Survey {
    pub up_to_date: u64,
    pub behind: u64,
    pub newer_served: u64,
    pub newer_refused: u64,
}

impl Survey {
    pub fn total(&self) -> u64 {
        self.up_to_date + self.behind + self.newer_served + self.newer_refused
    }
}

/// One query, answered from one index.
pub(super) async fn survey<L: ChangeList>(control: &Db, tenant: Option<&TenantId>) -> Result<Survey> {
    let groups: Vec<(Option<String>, Option<String>, i64)> = ready(tenant)
        .select_only()
        .column(Column::SchemaVersion)
        .column(Column::SchemaReadableFrom)
        .column_as(Expr::col(Column::State).count(), "databases")
        .group_by(Column::SchemaVersion)
        .group_by(Column::SchemaReadableFrom)
        .into_tuple()
        .all(control)
        .await?;
    let mut survey = Survey::default();
    for (version, readable_from, databases) in groups {
        let count = match db::standing::<L>(version.as_deref(), readable_from.as_deref()) {
            Standing::Behind => &mut survey.behind,
            Standing::Current => &mut survey.up_to_date,
            Standing::NewerServed => &mut survey.newer_served,
            Standing::NewerRefused => &mut survey.newer_refused,
        };
        *count += u64::try_from(databases).unwrap_or(0);
    }
    Ok(survey)
}

/// The ready databases at an earlier schema than the list's latest, also those of suspended tenants.
pub(super) async fn behind<L: ChangeList>(control: &Db, tenant: Option<&TenantId>) -> Result<Vec<Placement>> {
    let latest = latest::<L>();
    let earlier = names::<L>().into_iter().filter(|name| *name != latest);
    let is_behind = Condition::any().add(Column::SchemaVersion.is_null()).add(Column::SchemaVersion.is_in(earlier));
    ordered(control, ready(tenant).filter(is_behind)).await
}

pub(super) async fn ready_ones(control: &Db, tenant: Option<&TenantId>) -> Result<Vec<Placement>> {
    ordered(control, ready(tenant)).await
}

/// Every recorded database that is not gone, ready or not.
pub(super) async fn all(control: &Db) -> Result<Vec<Placement>> {
    ordered(control, placement::Entity::find().filter(Column::State.ne(DELETED))).await
}

/// Records why a database could not be migrated; its version stays as it was.
pub(super) async fn failed(control: &Db, place: &Place, reason: &str) -> Result<()> {
    let row = placement::ActiveModel {
        migration_error: Set(Some(reason.to_owned())),
        updated_at: Set(Utc::now()),
        ..Default::default()
    };
    placement::Entity::update_many().set(row).filter(at(place)).exec(control).await?;
    Ok(())
}

fn ready(tenant: Option<&TenantId>) -> Select<placement::Entity> {
    let ready = placement::Entity::find().filter(Column::State.eq(READY));
    match tenant {
        Some(tenant) => ready.filter(Column::TenantId.eq(tenant.as_str())),
        None => ready,
    }
}

async fn ordered(control: &Db, select: Select<placement::Entity>) -> Result<Vec<Placement>> {
    let rows = select.order_by_asc(Column::TenantId).order_by_asc(Column::OrgId).all(control).await?;
    Ok(rows.into_iter().map(Placement::from).collect())
}
