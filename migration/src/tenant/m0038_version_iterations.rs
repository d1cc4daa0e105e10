//! Numbered snapshots of versions, and which version a merge took another into.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint_null, index, integer, json, moment, moment_null, text, text_null, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

fn iterations() -> TableCreateStatement {
    Table::create()
        .table("version_iterations")
        .col(uuid("id").primary_key())
        .col(uuid("version_id"))
        // From 1; 0 is what a branch began as.
        .col(integer("iteration_number"))
        .col(text("iteration_label"))
        // manual | restore | branch | whatever a client calls its own
        .col(text("source_type"))
        .col(text_null("description"))
        .col(json("properties"))
        .col(json("lines"))
        .col(bigint_null("created_by_id"))
        .col(moment("created_at"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_version_iterations_version")
                .from("version_iterations", "version_id")
                .to("item_versions", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let number = index("version_iterations", &["version_id", "iteration_number"], true);
        let version = |column: ColumnDef| Table::alter().table("item_versions").add_column(column).to_owned();
        // The greatest number given: that of a deleted iteration is not given again.
        let mut last = integer("last_iteration");
        last.default(0);
        let statements = [
            backend.build(&iterations()).sql,
            backend.build(&number).sql,
            backend.build(&version(last)).sql,
            backend.build(&version(uuid_null("merged_into_id"))).sql,
            backend.build(&version(moment_null("merged_at"))).sql,
        ];
        crate::schema::run_together(manager, &statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["merged_at", "merged_into_id", "last_iteration"] {
            manager.alter_table(Table::alter().table("item_versions").drop_column(column).to_owned()).await?;
        }
        manager.drop_table(Table::drop().table("version_iterations").to_owned()).await
    }
}
