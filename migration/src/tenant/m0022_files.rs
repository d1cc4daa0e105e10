//! Files: the contents that the storage holds, what is known of each, who brought it, and which items it is attached to.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint, bigint_null, create_tables, flag, index, json_null, moment, text, text_null, uuid};

create_tables! {
    tables: [
        // Every content that is stored or about to be. Touched before a content is given its key, so that whoever collects
        // what nobody refers to never takes what is just being brought.
        Table::create()
            .table("objects")
            .col(text("sha256").primary_key())
            .col(bigint("size"))
            .col(moment("touched_at"))
            .to_owned(),
        // One for each distinct content.
        Table::create()
            .table("files")
            .col(uuid("id").primary_key())
            .col(text("sha256"))
            .col(bigint("size"))
            .col(text("filename"))
            // The extension in lower case, without its dot.
            .col(text("file_type"))
            .col(text("mime_type"))
            .col(text("document_type"))
            .col(flag("is_native_cad", false))
            .col(text_null("cad_format"))
            .col(text_null("author"))
            .col(text_null("source_system"))
            .col(text_null("source_version"))
            .col(text_null("document_version"))
            // pending | queued | processing | completed | failed | unsupported
            .col(text("conversion_status"))
            .col(text_null("conversion_error"))
            .col(text_null("preview_sha256"))
            .col(json_null("preview_facts"))
            .col(bigint_null("created_by_id"))
            .col(moment("created_at"))
            .foreign_key(ForeignKey::create().name("fk_files_object").from("files", "sha256").to("objects", "sha256"))
            .foreign_key(
                ForeignKey::create().name("fk_files_preview").from("files", "preview_sha256").to("objects", "sha256"),
            )
            .to_owned(),
        // Who brought a file, and under which name.
        Table::create()
            .table("file_uploads")
            .col(uuid("id").primary_key())
            .col(uuid("file_id"))
            .col(text("filename"))
            .col(bigint_null("uploaded_by_id"))
            .col(moment("created_at"))
            .foreign_key(
                ForeignKey::create()
                    .name("fk_file_uploads_file")
                    .from("file_uploads", "file_id")
                    .to("files", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned(),
        Table::create()
            .table("file_attachments")
            .col(uuid("id").primary_key())
            .col(uuid("item_id"))
            .col(uuid("file_id"))
            .col(text("file_role"))
            .col(text_null("description"))
            .col(bigint_null("created_by_id"))
            .col(moment("created_at"))
            .foreign_key(
                ForeignKey::create()
                    .name("fk_file_attachments_item")
                    .from("file_attachments", "item_id")
                    .to("items", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .foreign_key(
                ForeignKey::create()
                    .name("fk_file_attachments_file")
                    .from("file_attachments", "file_id")
                    .to("files", "id"),
            )
            .to_owned(),
    ],
    indexes: [
        index("files", &["sha256"], true),
        index("files", &["preview_sha256"], false),
        index("file_uploads", &["file_id", "uploaded_by_id", "filename"], true),
        index("file_attachments", &["item_id", "file_id", "file_role"], true),
        index("file_attachments", &["file_id"], false),
    ],
    names: ["objects", "files", "file_uploads", "file_attachments"]
}
