//! Items of every type in one table; a relationship is an item with a source and a related item.
//!
//! `unique_key` is what must occur once per type: the number of a part, source + related + unit of a BOM line.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bigint_null, create_tables, flag, index, integer, json, moment, moment_null, text, text_null, uuid, uuid_null,
};

create_tables! {
    tables: [
        Table::create()
            .table("items")
            .col(uuid("id").primary_key())
            .col(text("item_type_id"))
            .col(uuid("config_id"))
            .col(integer("generation"))
            .col(flag("is_current", true))
            .col(text("state"))
            .col(uuid_null("current_state"))
            .col(uuid_null("current_version_id"))
            .col(text_null("unique_key"))
            .col(uuid_null("source_id"))
            .col(uuid_null("related_id"))
            .col(json("properties"))
            .col(text_null("permission_id"))
            .col(bigint_null("owner_id"))
            .col(bigint_null("created_by_id"))
            .col(moment("created_on"))
            .col(bigint_null("modified_by_id"))
            .col(moment_null("modified_on"))
            .foreign_key(ForeignKey::create().from("items", "item_type_id").to("item_types", "id"))
            .foreign_key(ForeignKey::create().from("items", "permission_id").to("permissions", "id"))
            .foreign_key(ForeignKey::create().from("items", "current_state").to("lifecycle_states", "id"))
            .foreign_key(ForeignKey::create().from("items", "source_id").to("items", "id"))
            .foreign_key(ForeignKey::create().from("items", "related_id").to("items", "id"))
            .to_owned(),
    ],
    indexes: [
        index("items", &["item_type_id", "unique_key"], true),
        index("items", &["source_id", "item_type_id"], false),
        index("items", &["related_id", "item_type_id"], false),
    ],
    names: ["items"]
}
