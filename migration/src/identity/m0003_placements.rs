//! Where each tenant's product database and objects live, how far it is set up, and its schema version.
//!
//! `database_key` names the physical database; being unique, it makes two tenants on one database impossible.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, index, moment, text, text_null};

create_tables! {
    tables: [
        Table::create()
            .table("placements")
            .col(text("tenant_id"))
            // Empty where all organisations of the tenant share one database.
            .col(text("org_id"))
            .col(text("database_key"))
            // Overrides the configured template; empty for most.
            .col(text_null("database_url"))
            // Where its objects are kept; empty for the configured bucket, and for its root.
            .col(text_null("bucket"))
            .col(text_null("prefix"))
            // provisioning | ready | failed | deleting | deleted
            .col(text("state"))
            .col(text_null("state_reason"))
            // The last finished step of provisioning: none | created | migrated | seeded; of deletion: dropped
            .col(text("step"))
            .col(text_null("schema_version"))
            // The oldest change that a binary must know to work with that schema.
            .col(text_null("schema_readable_from"))
            // Why the last migration failed; empty after one that did not.
            .col(text_null("migration_error"))
            .col(moment("created_at"))
            .col(moment("updated_at"))
            .primary_key(Index::create().col("tenant_id").col("org_id"))
            .foreign_key(ForeignKey::create().from("placements", "tenant_id").to("tenants", "id"))
            .to_owned(),
    ],
    indexes: [
        index("placements", &["database_key"], true),
        // How many databases are at which version, without looking at the rows; and those at one of them.
        index("placements", &["state", "schema_version", "schema_readable_from"], false),
    ],
    names: ["placements"]
}
