//! What an organisation demands of everybody's work.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint_null, create_tables, moment, text};

create_tables! {
    tables: [
        Table::create()
            .table("policies")
            .col(text("name").primary_key())
            .col(text("value"))
            .col(bigint_null("changed_by_id"))
            .col(moment("changed_at"))
            .to_owned(),
    ],
    indexes: [],
    names: ["policies"]
}
