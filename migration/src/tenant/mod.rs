//! A product database: one tenant's (or one organisation's) item types, items, events and jobs.

use sea_orm_migration::prelude::*;

mod m0001_permissions;
mod m0002_lifecycles;
mod m0003_item_types;
mod m0004_items;
mod m0005_numbering;
mod m0006_effectivities;
mod m0007_audit_events;
mod m0008_outbox;
mod m0009_jobs;

/// The changes of a product database, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_permissions::Migration),
            Box::new(m0002_lifecycles::Migration),
            Box::new(m0003_item_types::Migration),
            Box::new(m0004_items::Migration),
            Box::new(m0005_numbering::Migration),
            Box::new(m0006_effectivities::Migration),
            Box::new(m0007_audit_events::Migration),
            Box::new(m0008_outbox::Migration),
            Box::new(m0009_jobs::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        "tenant_migrations".into_iden()
    }
}
