//! Background work, leased by one worker at a time.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bigint_null, create_tables, index, integer, json, json_null, moment, moment_null, text, text_null, uuid,
};

create_tables! {
    tables: [
        Table::create()
            .table("jobs")
            .col(uuid("id").primary_key())
            .col(text("org_id"))
            .col(text("task_type"))
            .col(json("payload"))
            // pending | processing | completed | failed | cancelled
            .col(text("status"))
            .col(integer("priority"))
            .col(text_null("worker_id"))
            .col(integer("attempt_count"))
            .col(integer("max_attempts"))
            .col(json_null("result"))
            .col(text_null("last_error"))
            .col(text_null("dedupe_key"))
            .col(moment("created_at"))
            .col(moment("scheduled_at"))
            .col(moment_null("started_at"))
            .col(moment_null("completed_at"))
            .col(moment_null("lease_until"))
            .col(bigint_null("created_by_id"))
            .to_owned(),
    ],
    indexes: [
        // The next to run, without looking at the whole queue; and when the next one is due.
        index("jobs", &["status", "priority", "scheduled_at", "id"], false),
        index("jobs", &["status", "scheduled_at"], false),
        index("jobs", &["dedupe_key"], false),
    ],
    names: ["jobs"]
}
