//! What the values of a property must satisfy beyond their type, and the indexes that the engine keeps for a property.

use sea_orm_migration::prelude::*;

use crate::schema::{flag, json_null, text_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

const TABLE: &str = "properties";
const NAMES: [&str; 8] =
    ["pattern", "choices", "minimum", "maximum", "is_unique", "is_indexed", "index_status", "index_problem"];

fn double_null(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.double().null();
    column
}

fn columns() -> [ColumnDef; 8] {
    [
        // A regular expression for the whole value.
        text_null("pattern"),
        // The values that are allowed; null allows all.
        json_null("choices"),
        double_null("minimum"),
        double_null("maximum"),
        flag("is_unique", false),
        flag("is_indexed", false),
        // `building`, `ready` or `failed`; null for a property without an index.
        text_null("index_status"),
        // Why it failed: a sentence, and the values that occur more than once.
        json_null("index_problem"),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    // SQLite takes one column at a time.
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in columns() {
            manager.alter_table(Table::alter().table(TABLE).add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in NAMES.into_iter().rev() {
            manager.alter_table(Table::alter().table(TABLE).drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}
