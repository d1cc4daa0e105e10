//! Numbering sequences: the next number of each item type.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint, create_tables, integer, text};

create_tables! {
    tables: [
        Table::create()
            .table("number_sequences")
            .col(text("item_type_id").primary_key())
            .col(text("prefix"))
            .col(integer("padding"))
            .col(bigint("next_value"))
            .foreign_key(
                ForeignKey::create()
                    .from("number_sequences", "item_type_id")
                    .to("item_types", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned(),
    ],
    indexes: [],
    names: ["number_sequences"]
}
