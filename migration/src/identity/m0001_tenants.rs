//! Tenants and their organisations.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, flag, moment, text, text_null};

create_tables! {
    tables: [
        Table::create()
            .table("tenants")
            .col(text("id").primary_key())
            .col(text("name"))
            .col(flag("is_active", true))
            // provisioning | active | suspended | failed | deleting | deleted
            .col(text("state"))
            .col(text_null("state_reason"))
            .col(moment("created_at"))
            .col(moment("updated_at"))
            .to_owned(),
        Table::create()
            .table("orgs")
            .col(text("tenant_id"))
            .col(text("id"))
            .col(text("name"))
            .col(flag("is_active", true))
            .col(moment("created_at"))
            .primary_key(Index::create().col("tenant_id").col("id"))
            .foreign_key(ForeignKey::create().from("orgs", "tenant_id").to("tenants", "id"))
            .to_owned(),
    ],
    indexes: [],
    names: ["tenants", "orgs"]
}
