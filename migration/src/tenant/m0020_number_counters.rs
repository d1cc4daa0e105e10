//! Numbering by rendered prefix, and without waiting: counters per prefix, and sequences that may leave gaps.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint, flag, run_together, text};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            // Numbers are drawn in the item's own transaction and come back when that is rolled back.
            flag("gap_free", true),
            // One counter per rendered prefix instead of one for the type.
            flag("counts_by_prefix", false),
            // Raised by every change: blocks that were reserved before it are void.
            ColumnDef::new("generation").big_integer().not_null().default(0).to_owned(),
        ];
        let backend = manager.get_database_backend();
        let mut statements: Vec<String> = columns
            .into_iter()
            .map(|column| backend.build(Table::alter().table("number_sequences").add_column(column)).sql)
            .collect();
        let counters = Table::create()
            .table("number_counters")
            .col(text("item_type_id"))
            .col(text("prefix"))
            .col(bigint("next_value"))
            .primary_key(Index::create().col("item_type_id").col("prefix"))
            .foreign_key(
                ForeignKey::create()
                    .from("number_counters", "item_type_id")
                    .to("item_types", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        statements.push(backend.build(&counters).sql);
        run_together(manager, &statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("number_counters").to_owned()).await?;
        for column in ["generation", "counts_by_prefix", "gap_free"] {
            let sequence = Table::alter().table("number_sequences").drop_column(column).to_owned();
            manager.alter_table(sequence).await?;
        }
        Ok(())
    }
}
