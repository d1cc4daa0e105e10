//! What an organisation decided about each plugin, and how the plugin fares there.

use sea_orm_migration::prelude::*;

use crate::schema::{create_tables, integer, json_null, moment_null, text, text_null};

create_tables! {
    tables: [
        Table::create()
            .table("plugin_settings")
            .col(text("org_id"))
            .col(text("plugin_id"))
            // None: as the installation says.
            .col(ColumnDef::new("is_active").boolean().null())
            .col(moment_null("activated_at"))
            .col(json_null("config"))
            .col(moment_null("config_created_at"))
            .col(moment_null("config_updated_at"))
            .col(integer("error_count").default(0))
            .col(text_null("last_error"))
            .col(moment_null("last_error_at"))
            .primary_key(Index::create().col("org_id").col("plugin_id"))
            .to_owned(),
    ],
    indexes: [],
    names: ["plugin_settings"]
}
