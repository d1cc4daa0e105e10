//! Item types and their properties: the model is data.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, flag, index, integer, integer_null, json_null, text, text_null, uuid, uuid_null};

create_tables! {
    tables: [
        Table::create()
            .table("item_types")
            .col(text("id").primary_key())
            .col(uuid("uuid"))
            .col(text("label"))
            .col(text_null("description"))
            .col(flag("is_relationship", false))
            .col(flag("is_versionable", true))
            .col(text("revision_scheme"))
            .col(text_null("permission_id"))
            .col(uuid_null("lifecycle_map_id"))
            .col(text_null("source_item_type_id"))
            .col(text_null("related_item_type_id"))
            // The property that names an item and is unique within its type.
            .col(text_null("number_property"))
            // Relationships: with source and related item, what may occur once; null lets anything repeat.
            .col(json_null("key_properties"))
            // Relationships: an item may not come to stand below itself.
            .col(flag("is_acyclic", false))
            // The two properties that say from when and until when an item holds.
            .col(json_null("period_properties"))
            .col(flag("accepts_undeclared", true))
            .foreign_key(ForeignKey::create().from("item_types", "permission_id").to("permissions", "id"))
            .foreign_key(ForeignKey::create().from("item_types", "lifecycle_map_id").to("lifecycle_maps", "id"))
            .foreign_key(ForeignKey::create().from("item_types", "source_item_type_id").to("item_types", "id"))
            .foreign_key(ForeignKey::create().from("item_types", "related_item_type_id").to("item_types", "id"))
            .to_owned(),
        Table::create()
            .table("properties")
            .col(uuid("id").primary_key())
            .col(text("item_type_id"))
            .col(text("name"))
            .col(text("label"))
            .col(text("data_type"))
            .col(integer_null("length"))
            .col(flag("is_required", false))
            .col(text_null("default_value"))
            .col(text("ui_type"))
            .col(json_null("ui_options"))
            .col(flag("is_cad_synced", false))
            .col(text_null("default_value_expression"))
            .col(text_null("data_source_id"))
            .col(integer("position"))
            .foreign_key(
                ForeignKey::create()
                    .from("properties", "item_type_id")
                    .to("item_types", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned(),
    ],
    indexes: [index("properties", &["item_type_id", "name"], true)],
    names: ["item_types", "properties"]
}
