//! The files of versions, and who has one checked out.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint_null, create_tables, flag, index, integer, moment, moment_null, text, text_null, uuid};

create_tables! {
    tables: [
        Table::create()
            .table("version_files")
            .col(uuid("id").primary_key())
            .col(uuid("version_id"))
            .col(uuid("file_id"))
            .col(text("file_role"))
            .col(integer("sequence"))
            .col(flag("is_primary", false))
            // Who holds it, while `checked_out_at` is set; the name as it was then.
            .col(bigint_null("checked_out_by_id"))
            .col(text_null("checked_out_by_name"))
            .col(moment_null("checked_out_at"))
            .col(bigint_null("created_by_id"))
            .col(moment("created_at"))
            .foreign_key(
                ForeignKey::create()
                    .name("fk_version_files_version")
                    .from("version_files", "version_id")
                    .to("item_versions", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create().name("fk_version_files_file").from("version_files", "file_id").to("files", "id"),
            )
            .to_owned(),
    ],
    indexes: [
        index("version_files", &["version_id", "file_id", "file_role"], true),
        one_primary_file(),
        index("version_files", &["file_id"], false),
    ],
    names: ["version_files"]
}

fn one_primary_file() -> IndexCreateStatement {
    let mut statement = Index::create();
    statement.name("ix_version_files_primary").table("version_files").col("version_id").unique();
    statement.cond_where(Expr::col("is_primary").eq(true));
    statement
}
