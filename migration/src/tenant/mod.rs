//! A product database: one tenant's (or one organisation's) item types, items, events and jobs.

use sea_orm_migration::prelude::*;

use crate::{Change, ChangeList};

mod m0001_permissions;
mod m0002_lifecycles;
mod m0003_item_types;
mod m0004_items;
mod m0005_numbering;
mod m0006_effectivities;
mod m0007_audit_events;
mod m0008_outbox;
mod m0009_jobs;
mod m0010_model_revision;
mod m0011_property_rules;
mod m0012_item_change_count;
mod m0013_search;
mod m0015_job_progress;
mod m0016_plugins;
mod m0017_webhooks;
mod m0018_views;
mod m0019_lifecycle_guards;
mod m0020_number_counters;
mod m0021_job_asker;
mod m0022_files;
mod m0023_versions;
mod m0024_version_files;
mod m0026_upload_sessions;
mod m0027_version_lines;
mod m0035_policies;
mod m0036_object_editions;
mod m0037_revision_schemes;
mod m0038_version_iterations;
mod m0039_structure_types;
mod m0040_baselines;
mod m0041_imports;

/// The changes of a product database, oldest first.
pub struct Migrator;

impl ChangeList for Migrator {
    fn changes() -> Vec<Change> {
        vec![
            Change::expand(m0001_permissions::Migration),
            Change::expand(m0002_lifecycles::Migration),
            Change::expand(m0003_item_types::Migration),
            Change::expand(m0004_items::Migration),
            Change::expand(m0005_numbering::Migration),
            Change::expand(m0006_effectivities::Migration),
            Change::expand(m0007_audit_events::Migration),
            Change::expand(m0008_outbox::Migration),
            Change::expand(m0009_jobs::Migration),
            Change::expand(m0010_model_revision::Migration),
            Change::expand(m0011_property_rules::Migration),
            Change::expand(m0012_item_change_count::Migration),
            Change::expand(m0013_search::Migration),
            Change::expand(m0015_job_progress::Migration),
            Change::expand(m0016_plugins::Migration),
            Change::expand(m0017_webhooks::Migration),
            Change::expand(m0018_views::Migration),
            Change::expand(m0019_lifecycle_guards::Migration),
            Change::expand(m0020_number_counters::Migration),
            Change::expand(m0021_job_asker::Migration),
            Change::expand(m0022_files::Migration),
            Change::expand(m0023_versions::Migration),
            Change::expand(m0024_version_files::Migration),
            Change::expand(m0026_upload_sessions::Migration),
            Change::expand(m0027_version_lines::Migration),
            Change::expand(m0035_policies::Migration),
            Change::expand(m0036_object_editions::Migration),
            Change::expand(m0037_revision_schemes::Migration),
            Change::expand(m0038_version_iterations::Migration),
            Change::expand(m0039_structure_types::Migration),
            Change::expand(m0040_baselines::Migration),
            Change::expand(m0041_imports::Migration),
        ]
    }
}

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        Self::changes().into_iter().map(Change::into_migration).collect()
    }

    fn migration_table_name() -> DynIden {
        "tenant_migrations".into_iden()
    }
}
