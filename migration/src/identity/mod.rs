//! The control database: who exists, who may enter, and where each tenant's data lives.

use sea_orm_migration::prelude::*;

use crate::{Change, ChangeList};

mod m0001_tenants;
mod m0002_users;
mod m0003_placements;
mod m0004_login_failures;
mod m0005_control_events;
mod m0006_pending_work;
mod m0007_user_origin;
mod m0008_quotas;

/// The changes of the control database, oldest first.
pub struct Migrator;

impl ChangeList for Migrator {
    fn changes() -> Vec<Change> {
        vec![
            Change::expand(m0001_tenants::Migration),
            Change::expand(m0002_users::Migration),
            Change::expand(m0003_placements::Migration),
            Change::expand(m0004_login_failures::Migration),
            Change::expand(m0005_control_events::Migration),
            Change::expand(m0006_pending_work::Migration),
            Change::expand(m0007_user_origin::Migration),
            Change::expand(m0008_quotas::Migration),
        ]
    }
}

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Self::changes().into_iter().map(Change::into_migration).collect()
    }

    // The control database may be the product's own (single mode), so each list keeps its own book.
    fn migration_table_name() -> DynIden {
        "identity_migrations".into_iden()
    }
}
