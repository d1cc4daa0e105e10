//! What changed, by whom, with the state before and after; written in the transaction of the change.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint_null, create_tables, index, json_null, moment, text, text_null, uuid};

create_tables! {
    tables: [
        Table::create()
            .table("audit_events")
            .col(uuid("id").primary_key())
            .col(moment("occurred_at"))
            .col(text("tenant_id"))
            .col(text("org_id"))
            .col(text("actor_kind"))
            .col(bigint_null("actor_id"))
            .col(text_null("request_id"))
            .col(text("action"))
            .col(text("subject_type"))
            .col(text("subject_id"))
            .col(json_null("before"))
            .col(json_null("after"))
            .to_owned(),
    ],
    indexes: [index("audit_events", &["subject_id", "occurred_at"], false)],
    names: ["audit_events"]
}
