//! Each time a content is removed and brought again it gets another object: a removal that the storage carries out late meets
//! nothing that was written since. A content that is removed leaves its row behind, which remembers the edition.

use sea_orm_migration::prelude::*;

use crate::schema::moment_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut edition = ColumnDef::new("edition");
        // What exists is of the first.
        edition.integer().not_null().default(0);
        // Set while the content is being removed, and when it was: nothing may refer to it then.
        for column in [&mut edition, &mut moment_null("leaving_at"), &mut moment_null("removed_at")] {
            manager.alter_table(Table::alter().table("objects").add_column(column).to_owned()).await?;
        }
        Ok(())
    }

    /// Only what is still of the first edition can be found without it.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DELETE FROM objects WHERE leaving_at IS NOT NULL").await?;
        for name in ["removed_at", "leaving_at", "edition"] {
            manager.alter_table(Table::alter().table("objects").drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}
