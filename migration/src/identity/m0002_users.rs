//! Users, numbered per tenant, and their memberships in organisations.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint, create_tables, flag, index, json, moment, moment_null, text, text_null};

create_tables! {
    tables: [
        Table::create()
            .table("users")
            .col(text("tenant_id"))
            .col(bigint("id"))
            .col(text("username"))
            .col(text_null("email"))
            .col(text("password_hash"))
            .col(flag("is_active", true))
            .col(flag("is_superuser", false))
            // Tokens issued before this moment are refused: set when a password is reset.
            .col(moment_null("sessions_valid_from"))
            .col(moment("created_at"))
            .col(moment("updated_at"))
            .primary_key(Index::create().col("tenant_id").col("id"))
            .foreign_key(ForeignKey::create().from("users", "tenant_id").to("tenants", "id"))
            .to_owned(),
        Table::create()
            .table("memberships")
            .col(text("tenant_id"))
            .col(text("org_id"))
            .col(bigint("user_id"))
            .col(json("roles"))
            .col(flag("is_active", true))
            .col(moment("created_at"))
            .primary_key(Index::create().col("tenant_id").col("org_id").col("user_id"))
            .foreign_key(ForeignKey::create().from("memberships", ("tenant_id", "org_id")).to("orgs", ("tenant_id", "id")))
            .foreign_key(ForeignKey::create().from("memberships", ("tenant_id", "user_id")).to("users", ("tenant_id", "id")))
            .to_owned(),
    ],
    indexes: [
        index("users", &["tenant_id", "username"], true),
        index("memberships", &["tenant_id", "user_id"], false),
    ],
    names: ["users", "memberships"]
}
