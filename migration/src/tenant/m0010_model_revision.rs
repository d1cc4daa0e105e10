//! One number that every change of types, rights or lifecycles raises, by which a remembered model knows that it is stale.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint, create_tables, integer};

create_tables! {
    tables: [
        Table::create()
            .table("model_revision")
            // Always 1: the table has one row, or none before the first change.
            .col(integer("id").primary_key())
            .col(bigint("value"))
            .to_owned(),
    ],
    indexes: [],
    names: ["model_revision"]
}
