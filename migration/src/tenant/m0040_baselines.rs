//! Baselines: what a product consisted of at a moment, kept apart from all that may change.

use sea_orm_migration::prelude::*;

use crate::schema::{
    bigint, bigint_null, create_tables, flag, index, integer, integer_null, json, json_null, moment, moment_null, text,
    text_null, uuid, uuid_null,
};

fn baselines() -> TableCreateStatement {
    Table::create()
        .table("baselines")
        .col(uuid("id").primary_key())
        .col(text("baseline_number"))
        .col(text("name"))
        .col(text_null("description"))
        .col(text("baseline_type"))
        .col(text("scope"))
        .col(text_null("eco_id"))
        .col(uuid("root_item_id"))
        .col(uuid_null("root_version_id"))
        .col(uuid("root_config_id"))
        .col(integer("max_levels"))
        .col(moment_null("effective_at"))
        .col(flag("include_bom", true))
        .col(flag("include_substitutes", false))
        .col(flag("include_effectivity", false))
        .col(flag("include_documents", false))
        .col(flag("include_relationships", false))
        .col(text("line_key"))
        .col(bigint("item_count"))
        .col(bigint("relationship_count"))
        // draft | released
        .col(text("state"))
        .col(flag("is_validated", false))
        .col(json_null("findings"))
        .col(moment_null("validated_at"))
        .col(bigint_null("validated_by_id"))
        .col(moment_null("released_at"))
        .col(bigint_null("released_by_id"))
        .col(moment("created_at"))
        .col(bigint_null("created_by_id"))
        .to_owned()
}

/// The items of a baseline as they were, by the keys that its lines name.
fn nodes() -> TableCreateStatement {
    Table::create()
        .table("baseline_nodes")
        .col(uuid("baseline_id"))
        .col(uuid("node_key"))
        .col(json("item"))
        .primary_key(Index::create().col("baseline_id").col("node_key"))
        .foreign_key(&mut of_baseline("fk_baseline_nodes_baseline", "baseline_nodes"))
        .to_owned()
}

/// What a baseline lists: its root, each line once with the item that it leads to, and documents.
fn members() -> TableCreateStatement {
    Table::create()
        .table("baseline_members")
        .col(uuid("baseline_id"))
        .col(integer("position"))
        .col(uuid("id"))
        // item | relationship | document
        .col(text("member_type"))
        .col(uuid_null("item_id"))
        .col(uuid_null("document_id"))
        .col(uuid_null("relationship_id"))
        .col(uuid_null("parent_key"))
        .col(uuid_null("node_key"))
        .col(text_null("item_number"))
        .col(text_null("item_revision"))
        .col(integer_null("item_generation"))
        .col(text_null("item_type"))
        .col(text_null("item_state"))
        .col(integer("level"))
        .col(text("path"))
        .col(text_null("quantity"))
        .col(json_null("line"))
        .col(json_null("effectivities"))
        .col(json_null("substitutes"))
        .primary_key(Index::create().col("baseline_id").col("position"))
        .foreign_key(&mut of_baseline("fk_baseline_members_baseline", "baseline_members"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_baseline_members_document")
                .from("baseline_members", "document_id")
                .to("files", "id"),
        )
        .to_owned()
}

/// Two baselines that were compared: neither changes, so the differences are found again whenever they are asked for.
fn comparisons() -> TableCreateStatement {
    Table::create()
        .table("baseline_comparisons")
        .col(uuid("id").primary_key())
        .col(uuid("baseline_a_id"))
        .col(uuid("baseline_b_id"))
        .col(json("summary"))
        .col(moment("created_at"))
        .col(bigint_null("created_by_id"))
        .foreign_key(
            ForeignKey::create()
                .name("fk_baseline_comparisons_a")
                .from("baseline_comparisons", "baseline_a_id")
                .to("baselines", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("fk_baseline_comparisons_b")
                .from("baseline_comparisons", "baseline_b_id")
                .to("baselines", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned()
}

fn of_baseline(name: &'static str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(name)
        .from(table, "baseline_id")
        .to("baselines", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

create_tables! {
    tables: [baselines(), nodes(), members(), comparisons()],
    indexes: [
        index("baselines", &["baseline_number"], true),
        index("baselines", &["root_item_id", "released_at"], false),
        index("baseline_members", &["item_id"], false),
        index("baseline_members", &["document_id"], false),
    ],
    names: ["baselines", "baseline_nodes", "baseline_members", "baseline_comparisons"]
}
