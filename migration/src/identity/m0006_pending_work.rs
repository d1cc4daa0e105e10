//! Which product databases have background work to be looked for, and which workers are alive.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, flag, index, integer, moment, text, text_null};

create_tables! {
    tables: [
        // A place without work has no row, so the table stays small however many tenants there are.
        Table::create()
            .table("pending_work")
            .col(text("tenant_id"))
            .col(text("org_id"))
            .col(moment("due_at"))
            // Who looks after it; none is whoever comes first.
            .col(text_null("worker_id"))
            // Its jobs wait for room at that worker.
            .col(flag("starving", false))
            .primary_key(Index::create().col("tenant_id").col("org_id"))
            .to_owned(),
        Table::create()
            .table("workers")
            .col(text("id").primary_key())
            .col(moment("started_at"))
            .col(moment("seen_at"))
            .col(integer("concurrency"))
            .col(integer("running"))
            .to_owned(),
    ],
    indexes: [index("pending_work", &["due_at"], false)],
    names: ["pending_work", "workers"]
}
