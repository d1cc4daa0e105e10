//! As who a job was asked for by name: its kind may come to be known, and closed to them, only later.

use sea_orm_migration::prelude::*;

use crate::schema::text_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // member | administrator; none for what the program asked for.
        let column = &mut text_null("asked_as");
        manager.alter_table(Table::alter().table("jobs").add_column(column).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("jobs").drop_column("asked_as").to_owned()).await
    }
}
