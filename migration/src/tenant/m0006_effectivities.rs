//! When a line or a version holds: by date, lot, serial number or unit.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint_null, create_tables, index, json, moment, moment_null, text, uuid, uuid_null};

create_tables! {
    tables: [
        Table::create()
            .table("effectivities")
            .col(uuid("id").primary_key())
            .col(uuid_null("item_id"))
            .col(uuid_null("version_id"))
            // Date | Lot | Serial | Unit
            .col(text("effectivity_type"))
            .col(moment_null("start_date"))
            .col(moment_null("end_date"))
            .col(json("payload"))
            .col(moment("created_at"))
            .col(bigint_null("created_by_id"))
            .foreign_key(
                ForeignKey::create()
                    .from("effectivities", "item_id")
                    .to("items", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned(),
    ],
    indexes: [index("effectivities", &["item_id"], false), index("effectivities", &["version_id"], false)],
    names: ["effectivities"]
}
