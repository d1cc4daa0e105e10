//! The versions of items, and what happened to each.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bigint_null, create_tables, flag, index, integer, json, json_null, moment, moment_null, text, text_null, uuid,
    uuid_null,
};

create_tables! {
    tables: [
        Table::create()
            .table("item_versions")
            .col(uuid("id").primary_key())
            .col(uuid("item_id"))
            .col(integer("generation"))
            .col(text("revision"))
            .col(text("version_label"))
            .col(text("state"))
            .col(flag("is_current", false))
            .col(flag("is_released", false))
            .col(flag("is_superseded", false))
            .col(text("branch_name").default("main"))
            .col(uuid_null("predecessor_id"))
            .col(uuid_null("branched_from_id"))
            // As they were when the version was last set down; those of an unreleased current version are the item's.
            .col(json("properties"))
            .col(text_null("description"))
            // Who holds it, while `checked_out_at` is set; the name as it was then.
            .col(bigint_null("checked_out_by_id"))
            .col(text_null("checked_out_by_name"))
            .col(moment_null("checked_out_at"))
            .col(text_null("checkout_client_host"))
            .col(text_null("checkout_workspace_path"))
            .col(json_null("checkout_client_info"))
            .col(bigint_null("created_by_id"))
            .col(moment("created_at"))
            .col(bigint_null("released_by_id"))
            .col(moment_null("released_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("item_versions", "item_id")
                    .to("items", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(ForeignKey::create().from("item_versions", "predecessor_id").to("item_versions", "id"))
            .foreign_key(ForeignKey::create().from("item_versions", "branched_from_id").to("item_versions", "id"))
            .to_owned(),
        Table::create()
            .table("version_events")
            .col(uuid("id").primary_key())
            .col(uuid("version_id"))
            .col(uuid("item_id"))
            // create | checkout | checkin | undo_checkout | release …
            .col(text("action"))
            .col(text_null("comment"))
            .col(json_null("changes"))
            .col(bigint_null("user_id"))
            .col(moment("created_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("version_events", "version_id")
                    .to("item_versions", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .from("version_events", "item_id")
                    .to("items", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned(),
    ],
    indexes: [
        index("item_versions", &["item_id", "branch_name", "generation", "revision"], true),
        one_current_version(),
        index("item_versions", &["predecessor_id"], false),
        index("item_versions", &["branched_from_id"], false),
        index("version_events", &["item_id", "created_at"], false),
        index("version_events", &["version_id"], false),
    ],
    names: ["item_versions", "version_events"]
}

fn one_current_version() -> IndexCreateStatement {
    let mut statement = Index::create();
    statement.name("ix_item_versions_current").table("item_versions").col("item_id").unique();
    statement.cond_where(Expr::col("is_current").eq(true));
    statement
}
