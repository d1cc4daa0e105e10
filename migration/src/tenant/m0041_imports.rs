//! Imports of sheets: what each made and changed, by which it can be taken back, and how an organisation reads its sheets.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bigint, bigint_null, create_tables, index, integer, json, json_null, moment, moment_null, text, text_null, uuid,
};

create_tables! {
    tables: [
        Table::create()
            .table("imports")
            .col(uuid("id").primary_key())
            .col(text_null("file_name"))
            // The part that the sheet was imported into. It may be gone since.
            .col(uuid("parent_id"))
            .col(text("parent_number"))
            // How many parts and lines it made, changed and found.
            .col(json("counts"))
            .col(bigint_null("created_by_id"))
            .col(moment("created_at"))
            .col(bigint_null("undone_by_id"))
            .col(moment_null("undone_at"))
            .to_owned(),
        Table::create()
            .table("import_items")
            .col(uuid("import_id"))
            // In the order in which they were written.
            .col(integer("position"))
            // It may be gone since.
            .col(uuid("item_id"))
            .col(text("item_type_id"))
            // The values that were changed, as they were before; none for what was made.
            .col(json_null("before"))
            // How often the item had been changed when the import had written it.
            .col(bigint("change_count"))
            .primary_key(Index::create().col("import_id").col("position"))
            .foreign_key(
                ForeignKey::create()
                    .name("fk_import_items_import")
                    .from("import_items", "import_id")
                    .to("imports", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned(),
        Table::create()
            .table("import_mappings")
            .col(uuid("id").primary_key())
            .col(text("name"))
            // `number=Part Number,quantity=#7`; empty finds all columns by their headers.
            .col(text("columns"))
            .col(json("options"))
            .col(bigint_null("created_by_id"))
            .col(moment("created_at"))
            .col(bigint_null("changed_by_id"))
            .col(moment_null("changed_at"))
            .to_owned(),
    ],
    indexes: [
        index("imports", &["parent_id"], false),
        index("import_mappings", &["name"], true),
    ],
    names: ["imports", "import_items", "import_mappings"]
}
