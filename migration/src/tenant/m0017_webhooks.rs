//! Who outside is told of events, and what became of each telling.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bigint_null, create_tables, flag, index, integer, integer_null, json, moment, moment_null, text, text_null, uuid,
    uuid_null,
};

create_tables! {
    tables: [
        Table::create()
            .table("webhooks")
            .col(uuid("id").primary_key())
            .col(text("org_id"))
            .col(text("name"))
            .col(text("url"))
            // Patterns: item.released, item.*, *
            .col(json("events"))
            // Ids of item types; an empty list is all.
            .col(json("item_types"))
            .col(flag("is_active", true))
            .col(text_null("disabled_reason"))
            .col(text("secret"))
            // Still signed with, until the moment beside it.
            .col(text_null("previous_secret"))
            .col(moment_null("previous_secret_until"))
            // Since the first failure that no success followed.
            .col(moment_null("failing_since"))
            .col(bigint_null("created_by_id"))
            .col(moment("created_at"))
            .col(moment_null("updated_at"))
            .to_owned(),
        Table::create()
            .table("webhook_deliveries")
            .col(uuid("id").primary_key())
            .col(text("org_id"))
            .col(uuid("webhook_id"))
            .col(uuid("event_id"))
            .col(text("event"))
            .col(text("subject"))
            .col(json("payload"))
            // pending | retrying | delivered | failed
            .col(text("status"))
            .col(uuid_null("job_id"))
            .col(uuid_null("redelivery_of"))
            .col(integer("attempt_count"))
            .col(integer_null("response_status"))
            .col(text_null("response_body"))
            .col(text_null("error"))
            .col(bigint_null("duration_ms"))
            .col(moment("created_at"))
            .col(moment_null("attempted_at"))
            .col(moment_null("finished_at"))
            .to_owned(),
    ],
    indexes: [
        index("webhooks", &["org_id"], false),
        index("webhook_deliveries", &["webhook_id", "id"], false),
        // The first attempts of earlier events of one subject.
        index("webhook_deliveries", &["webhook_id", "status", "subject"], false),
    ],
    names: ["webhooks", "webhook_deliveries"]
}
