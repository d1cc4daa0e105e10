//! What a transition demands of an item, and the steps that items have taken.

use sea_orm_migration::prelude::*;

use crate::schema::{bigint_null, index, json_null, moment, run_together, text, text_null, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // An object of guards; null demands nothing.
        let guards = Table::alter().table("lifecycle_transitions").add_column(json_null("guards")).to_owned();
        let history = Table::create()
            .table("item_transitions")
            .col(uuid("id").primary_key())
            .col(uuid("item_id"))
            .col(text("action"))
            // Names beside ids: a state can be renamed or go, what happened stays.
            .col(text("from_state"))
            .col(uuid_null("from_state_id"))
            .col(text("to_state"))
            .col(uuid_null("to_state_id"))
            .col(text_null("comment"))
            .col(text("actor_kind"))
            .col(bigint_null("actor_id"))
            .col(moment("occurred_at"))
            .foreign_key(
                ForeignKey::create()
                    .from("item_transitions", "item_id")
                    .to("items", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        let by_item = index("item_transitions", &["item_id", "id"], false);
        let backend = manager.get_database_backend();
        let statements = [backend.build(&guards).sql, backend.build(&history).sql, backend.build(&by_item).sql];
        run_together(manager, &statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("item_transitions").to_owned()).await?;
        let guards = Table::alter().table("lifecycle_transitions").drop_column("guards").to_owned();
        manager.alter_table(guards).await
    }
}
