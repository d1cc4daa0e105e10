//! Uploads in parts that are under way, and what became of those that ended lately.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bigint, bigint_null, create_tables, flag, index, json_null, moment, moment_null, text, text_null, uuid, uuid_null,
};

create_tables! {
    tables: [
        Table::create()
            .table("upload_sessions")
            .col(uuid("id").primary_key())
            .col(text("org_id"))
            // What the sender says of the file.
            .col(text("filename"))
            .col(bigint("size"))
            .col(text_null("sha256"))
            .col(text_null("author"))
            .col(text_null("source_system"))
            .col(text_null("source_version"))
            .col(text_null("document_version"))
            .col(flag("generate_preview", true))
            .col(bigint("part_size"))
            // Where the storage takes the parts itself: its own name of the upload.
            .col(text_null("multipart_id"))
            // open | verifying | completed | failed | ending
            .col(text("state"))
            // Who reads the content at present, and until when that counts.
            .col(uuid_null("claim"))
            .col(moment_null("claimed_until"))
            // The job that reads it, where that takes long.
            .col(uuid_null("job_id"))
            // {"code", "message", "details"} of what made it fail.
            .col(json_null("failure"))
            .col(uuid_null("file_id"))
            .col(flag("is_duplicate", false))
            // Work that was begun with the file.
            .col(json_null("file_jobs"))
            .col(bigint_null("created_by_id"))
            // As the sender was called then: the work may go on without a request.
            .col(text_null("created_by_name"))
            .col(moment("created_at"))
            .col(moment("expires_at"))
            .col(moment_null("finished_at"))
            .to_owned(),
    ],
    indexes: [
        index("upload_sessions", &["expires_at"], false),
        index("upload_sessions", &["org_id", "created_by_id"], false),
    ],
    names: ["upload_sessions"]
}
