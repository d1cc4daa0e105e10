//! Failed logins per account and per address, counted over a window; shared by all API processes.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, index, integer, moment, text};

create_tables! {
    tables: [
        Table::create()
            .table("login_failures")
            .col(text("subject").primary_key())
            .col(integer("failures"))
            .col(moment("window_start"))
            .to_owned(),
    ],
    indexes: [index("login_failures", &["window_start"], false)],
    names: ["login_failures"]
}
