//! The control database: who exists, who may enter, and where each tenant's data lives.

use sea_orm_migration::prelude::*;

mod m0001_tenants;
mod m0002_users;
mod m0003_placements;
mod m0004_login_failures;
mod m0005_control_events;

/// The changes of the control database, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_tenants::Migration),
            Box::new(m0002_users::Migration),
            Box::new(m0003_placements::Migration),
            Box::new(m0004_login_failures::Migration),
            Box::new(m0005_control_events::Migration),
        ]
    }

    // The control database may be the product's own (single mode), so each list keeps its own book.
    fn migration_table_name() -> DynIden {
        "identity_migrations".into_iden()
    }
}
