//! Forms and grids: how items of a type are laid out for an identity on a kind of device.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, index, json, moment, moment_null, text, text_null, uuid};

create_tables! {
    tables: [
        Table::create()
            .table("views")
            .col(uuid("id").primary_key())
            // `form` or `grid`.
            .col(text("kind"))
            .col(text("item_type_id"))
            // A user id, a role, or `world`.
            .col(text("identity_id"))
            .col(text("device_type"))
            .col(text_null("label"))
            .col(json("layout"))
            .col(moment("created_on"))
            .col(moment_null("modified_on"))
            .foreign_key(
                ForeignKey::create()
                    .from("views", "item_type_id")
                    .to("item_types", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned(),
    ],
    indexes: [index("views", &["item_type_id", "kind", "identity_id", "device_type"], true)],
    names: ["views"]
}
