//! What was done to tenants, organisations, users and memberships, written with each change.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint_null, create_tables, index, json_null, moment, text, text_null, uuid};

create_tables! {
    tables: [
        Table::create()
            .table("control_events")
            .col(uuid("id").primary_key())
            .col(moment("occurred_at"))
            .col(text_null("tenant_id"))
            .col(text("actor_kind"))
            .col(text_null("actor_tenant_id"))
            .col(bigint_null("actor_id"))
            .col(text_null("request_id"))
            .col(text("action"))
            .col(text("subject"))
            .col(json_null("before"))
            .col(json_null("after"))
            .to_owned(),
    ],
    indexes: [index("control_events", &["tenant_id", "occurred_at"], false)],
    names: ["control_events"]
}
