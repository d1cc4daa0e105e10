//! What each tenant may use at most, what it uses as last counted, and what has been set aside for work under way.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint, bigint_null, create_tables, flag, index, moment, moment_null, text, uuid};

fn count(name: &'static str) -> ColumnDef {
    let mut column = bigint(name);
    column.default(0);
    column
}

create_tables! {
    tables: [
        // A tenant without limits has no row.
        Table::create()
            .table("tenant_quotas")
            .col(text("tenant_id").primary_key())
            .col(bigint_null("max_users"))
            .col(bigint_null("max_orgs"))
            .col(bigint_null("max_files"))
            .col(bigint_null("max_storage_bytes"))
            .col(bigint_null("max_active_jobs"))
            .col(bigint_null("max_processing_jobs"))
            // Since when there is each limit that there is; what was used before was not added up.
            .col(moment("limited_at"))
            .col(moment("updated_at"))
            .foreign_key(ForeignKey::create().from("tenant_quotas", "tenant_id").to("tenants", "id"))
            .to_owned(),
        // One row for each product database; an empty org where the organisations of a tenant share one.
        Table::create()
            .table("quota_usage")
            .col(text("tenant_id"))
            .col(text("org_id"))
            .col(count("files"))
            .col(count("storage_bytes"))
            .col(count("active_jobs"))
            .col(count("processing_jobs"))
            // How often it has been counted anew: two counts at once do not mix.
            .col(count("recounts"))
            .col(moment_null("counted_at"))
            // Nothing was under way when it was counted, so nothing is in it twice.
            .col(flag("is_exact", false))
            .primary_key(Index::create().col("tenant_id").col("org_id"))
            .to_owned(),
        Table::create()
            .table("quota_reservations")
            .col(uuid("id").primary_key())
            .col(text("tenant_id"))
            .col(text("org_id"))
            .col(count("files"))
            .col(count("storage_bytes"))
            .col(count("active_jobs"))
            .col(count("processing_jobs"))
            .col(moment("created_at"))
            // Renewed while its process lives.
            .col(moment("expires_at"))
            .to_owned(),
    ],
    indexes: [index("quota_reservations", &["tenant_id", "org_id"], false)],
    names: ["tenant_quotas", "quota_usage", "quota_reservations"]
}
