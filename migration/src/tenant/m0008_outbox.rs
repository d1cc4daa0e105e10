//! Events for later work (search, webhooks), written in the transaction of the change and delivered after it.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, index, integer, json, moment, moment_null, text, text_null, uuid};

create_tables! {
    tables: [
        Table::create()
            .table("outbox")
            .col(uuid("id").primary_key())
            .col(text("org_id"))
            .col(text("topic"))
            // What the event is about; events of one subject are delivered in order.
            .col(text("subject"))
            .col(json("payload"))
            .col(moment("created_at"))
            // Not before this; later than created_at once a delivery has failed.
            .col(moment("scheduled_at"))
            .col(integer("attempt_count"))
            .col(text_null("last_error"))
            .col(moment_null("delivered_at"))
            .to_owned(),
    ],
    indexes: [
        index("outbox", &["delivered_at", "id"], false),
        index("outbox", &["delivered_at", "scheduled_at"], false),
    ],
    names: ["outbox"]
}
