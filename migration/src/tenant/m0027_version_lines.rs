//! What versions consisted of: their lines as they were when they were sealed, or as they are in a draft beside the current
//! version. And which files of a version hung on its item.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bigint, bigint_null, flag, index, integer, json, json_null, moment, moment_null, text, text_null, uuid, uuid_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

fn lines() -> TableCreateStatement {
    Table::create()
        .table("version_lines")
        .col(uuid("version_id"))
        // That of the relationship that it was or is to be.
        .col(uuid("line_id"))
        .col(text("item_type_id"))
        .col(uuid("config_id"))
        .col(integer("generation"))
        .col(text("state"))
        .col(uuid_null("current_state"))
        .col(text_null("unique_key"))
        // The item of the version, or the line that this one hangs on.
        .col(uuid("source_id"))
        .col(uuid("related_id"))
        // The version that the related item was in; none for its first.
        .col(uuid_null("related_version_id"))
        .col(json("properties"))
        .col(json_null("effectivities"))
        .col(text_null("permission_id"))
        .col(bigint_null("owner_id"))
        .col(bigint_null("created_by_id"))
        .col(moment("created_on"))
        .col(bigint_null("modified_by_id"))
        .col(moment_null("modified_on"))
        .col(bigint("change_count"))
        .primary_key(Index::create().col("version_id").col("line_id"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_version_lines_version")
                .from("version_lines", "version_id")
                .to("item_versions", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create().name("fk_version_lines_related").from("version_lines", "related_id").to("items", "id"),
        )
        .to_owned()
}

/// What was released before there was a place for it: the lines cannot have changed since.
const SEAL_RELEASED: &str = "INSERT INTO version_lines (version_id, line_id, item_type_id, config_id, generation, state, \
    current_state, unique_key, source_id, related_id, related_version_id, properties, permission_id, owner_id, created_by_id, \
    created_on, modified_by_id, modified_on, change_count) \
    SELECT v.id, i.id, i.item_type_id, i.config_id, i.generation, i.state, i.current_state, i.unique_key, i.source_id, \
    i.related_id, COALESCE((SELECT x.id FROM item_versions x WHERE x.item_id = i.related_id AND x.is_released \
    ORDER BY x.released_at DESC, x.id DESC LIMIT 1), (SELECT r.current_version_id FROM items r WHERE r.id = i.related_id)), i.properties, i.permission_id, \
    i.owner_id, i.created_by_id, i.created_on, i.modified_by_id, i.modified_on, i.change_count \
    FROM item_versions v JOIN items i ON i.source_id = v.item_id JOIN item_types t ON t.id = i.item_type_id \
    WHERE v.is_released AND v.is_current AND t.is_acyclic AND i.related_id IS NOT NULL";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let attached = Table::alter().table("version_files").add_column(flag("from_attachment", false)).to_owned();
        // The state of the lifecycle that goes with `state`; none where it was not kept yet.
        let state = Table::alter().table("item_versions").add_column(uuid_null("state_id")).to_owned();
        let related = index("version_lines", &["related_id"], false);
        let key = index("version_lines", &["version_id", "item_type_id", "unique_key"], true);
        let statements = [
            backend.build(&lines()).sql,
            backend.build(&related).sql,
            backend.build(&key).sql,
            backend.build(&attached).sql,
            backend.build(&state).sql,
            SEAL_RELEASED.to_owned(),
        ];
        crate::schema::run_together(manager, &statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("version_lines").to_owned()).await?;
        manager.alter_table(Table::alter().table("item_versions").drop_column("state_id").to_owned()).await?;
        manager.alter_table(Table::alter().table("version_files").drop_column("from_attachment").to_owned()).await
    }
}
