//! Permission sets and what each grants to whom.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, flag, text};

create_tables! {
    tables: [
        Table::create().table("permissions").col(text("id").primary_key()).col(text("name")).to_owned(),
        Table::create()
            .table("permission_entries")
            // "{permission_id}:{identity_id}"
            .col(text("id").primary_key())
            .col(text("permission_id"))
            // A role, a user id, `world`, `Creator` or `Owner`.
            .col(text("identity_id"))
            .col(flag("can_create", false))
            .col(flag("can_get", false))
            .col(flag("can_update", false))
            .col(flag("can_delete", false))
            .col(flag("can_discover", false))
            .foreign_key(
                ForeignKey::create()
                    .from("permission_entries", "permission_id")
                    .to("permissions", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned(),
    ],
    indexes: [Index::create()
        .name("ix_permission_entries_permission_id_identity_id")
        .table("permission_entries")
        .col("permission_id")
        .col("identity_id")
        .unique()
        .to_owned()],
    names: ["permissions", "permission_entries"]
}
