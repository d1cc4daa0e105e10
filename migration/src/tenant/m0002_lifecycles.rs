//! Lifecycle maps: the states an item passes through and the transitions between them.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, flag, index, integer, text, text_null, uuid};

create_tables! {
    tables: [
        Table::create().table("lifecycle_maps").col(uuid("id").primary_key()).col(text("name").unique_key()).to_owned(),
        Table::create()
            .table("lifecycle_states")
            .col(uuid("id").primary_key())
            .col(uuid("map_id"))
            .col(text("name"))
            .col(integer("position"))
            .col(flag("is_start", false))
            // A locked state refuses updates of the item and of its lines.
            .col(flag("is_locked", false))
            .col(flag("is_released", false))
            .col(text_null("permission_id"))
            .foreign_key(ForeignKey::create().from("lifecycle_states", "map_id").to("lifecycle_maps", "id"))
            .foreign_key(ForeignKey::create().from("lifecycle_states", "permission_id").to("permissions", "id"))
            .to_owned(),
        Table::create()
            .table("lifecycle_transitions")
            .col(uuid("id").primary_key())
            .col(uuid("map_id"))
            .col(text("action"))
            .col(uuid("from_state_id"))
            .col(uuid("to_state_id"))
            // Who may take it besides administrators; empty: whoever may update.
            .col(text_null("role"))
            .foreign_key(ForeignKey::create().from("lifecycle_transitions", "map_id").to("lifecycle_maps", "id"))
            .foreign_key(ForeignKey::create().from("lifecycle_transitions", "from_state_id").to("lifecycle_states", "id"))
            .foreign_key(ForeignKey::create().from("lifecycle_transitions", "to_state_id").to("lifecycle_states", "id"))
            .to_owned(),
    ],
    indexes: [
        index("lifecycle_states", &["map_id", "name"], true),
        index("lifecycle_transitions", &["from_state_id", "action"], true),
    ],
    names: ["lifecycle_maps", "lifecycle_states", "lifecycle_transitions"]
}
