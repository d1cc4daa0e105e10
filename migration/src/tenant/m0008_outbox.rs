//! Events for later work (search, webhooks), written in the transaction of the change and delivered after it.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, index, json, moment, moment_null, text, uuid};

create_tables! {
    tables: [
        Table::create()
            .table("outbox")
            .col(uuid("id").primary_key())
            .col(text("topic"))
            .col(json("payload"))
            .col(moment("created_at"))
            .col(moment_null("delivered_at"))
            .to_owned(),
    ],
    indexes: [index("outbox", &["delivered_at", "id"], false)],
    names: ["outbox"]
}
