//! How an organisation calls its revisions: for the items of one type, or for all.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint_null, create_tables, flag, index, moment, text, text_null, uuid};

create_tables! {
    tables: [
        Table::create()
            .table("revision_schemes")
            .col(uuid("id").primary_key())
            .col(text("name"))
            // letter | number | hybrid
            .col(text("scheme_type"))
            .col(text("initial_revision"))
            // Letters that no revision has, one after the other.
            .col(text("skip"))
            .col(text_null("item_type_id"))
            .col(flag("is_default", false))
            .col(text_null("description"))
            .col(bigint_null("created_by_id"))
            .col(moment("created_at"))
            .foreign_key(
                ForeignKey::create()
                    .name("fk_revision_schemes_item_type")
                    .from("revision_schemes", "item_type_id")
                    .to("item_types", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned(),
    ],
    indexes: [index("revision_schemes", &["item_type_id"], false)],
    names: ["revision_schemes"]
}
