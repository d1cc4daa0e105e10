//! How far a job is, the file it is about, and indexes for looking through the queue.

use sea_orm_migration::prelude::*;

use crate::schema::{index, integer, text_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

fn columns() -> [(&'static str, ColumnDef); 3] {
    let mut progress = integer("progress");
    progress.default(0);
    [
        // 0 to 100, of the present attempt.
        ("progress", progress),
        ("progress_message", text_null("progress_message")),
        // As the payload names it. Jobs that are older than the column were about no file.
        ("file_id", text_null("file_id")),
    ]
}

fn indexes() -> [IndexCreateStatement; 3] {
    [
        index("jobs", &["org_id", "created_at", "id"], false),
        index("jobs", &["file_id"], false),
        index("jobs", &["status", "task_type"], false),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (_, mut column) in columns() {
            manager.alter_table(Table::alter().table("jobs").add_column(&mut column).to_owned()).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["ix_jobs_status_task_type", "ix_jobs_file_id", "ix_jobs_org_id_created_at_id"] {
            manager.drop_index(Index::drop().name(name).table("jobs").to_owned()).await?;
        }
        for (name, _) in columns().into_iter().rev() {
            manager.alter_table(Table::alter().table("jobs").drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}
