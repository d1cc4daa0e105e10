//! The search index: a row for each document, and what each engine needs to find text in them fast. What was there before
//! the index is indexed by a job that waits for the first worker.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use crate::schema::{bigint, index, json_null, moment, moment_null, text, text_null, uuid, uuid_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// Trigrams of the whole text find substrings of three characters and more; terms find the shorter ones: the beginnings
/// of words, and single and paired characters of scripts without spaces.
const SQLITE: [&str; 3] = [
    "CREATE VIRTUAL TABLE search_trigrams USING fts5(body, content='', contentless_delete=1, detail=none, \
     tokenize='trigram case_sensitive 1')",
    "CREATE VIRTUAL TABLE search_terms USING fts5(terms, content='', contentless_delete=1, detail=none, tokenize='ascii')",
    "INSERT INTO jobs (id, org_id, task_type, payload, status, priority, attempt_count, max_attempts, dedupe_key, \
     created_at, scheduled_at) \
     SELECT randomblob(16), COALESCE((SELECT org_id FROM audit_events LIMIT 1), 'org-1'), 'search.reindex', \
     '{\"kind\":\"item\"}', 'pending', 20, 0, 10, 'search.reindex:item:', \
     strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now'), strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now') \
     WHERE EXISTS (SELECT 1 FROM items)",
];

/// Terms and trigrams are the lexemes of one vector; pg_trgm finds what is only similar. Keys are compared by their bytes,
/// so that a prefix is a range.
const POSTGRES: [&str; 7] = [
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "ALTER TABLE search_documents ALTER COLUMN number_key TYPE text COLLATE \"C\"",
    "ALTER TABLE search_documents ALTER COLUMN name_key TYPE text COLLATE \"C\"",
    "CREATE TABLE search_terms (row_id bigint PRIMARY KEY REFERENCES search_documents (row_id) ON DELETE CASCADE, \
     terms tsvector NOT NULL)",
    "CREATE INDEX ix_search_terms_terms ON search_terms USING gin (terms)",
    "CREATE INDEX ix_search_documents_title ON search_documents USING gin (title gin_trgm_ops)",
    "INSERT INTO jobs (id, org_id, task_type, payload, status, priority, attempt_count, max_attempts, dedupe_key, \
     created_at, scheduled_at) \
     SELECT gen_random_uuid(), COALESCE((SELECT org_id FROM audit_events LIMIT 1), 'org-1'), 'search.reindex', \
     '{\"kind\":\"item\"}'::jsonb, 'pending', 20, 0, 10, 'search.reindex:item:', now(), now() \
     WHERE EXISTS (SELECT 1 FROM items)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(documents()).await?;
        manager.create_index(index("search_documents", &["kind", "document_id"], true)).await?;
        manager.create_index(index("search_documents", &["kind", "number_key"], false)).await?;
        manager.create_table(rebuilds()).await?;
        for sql in statements(manager) {
            manager.get_connection().execute_unprepared(sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared("DELETE FROM jobs WHERE task_type = 'search.reindex'").await?;
        connection.execute_unprepared("DROP TABLE search_terms").await?;
        // The extension stays: something else in the database may have come to use it.
        if manager.get_database_backend() != DbBackend::Postgres {
            connection.execute_unprepared("DROP TABLE search_trigrams").await?;
        }
        for name in ["search_rebuilds", "search_documents"] {
            manager.drop_table(Table::drop().table(name).to_owned()).await?;
        }
        Ok(())
    }
}

fn statements(manager: &SchemaManager) -> &'static [&'static str] {
    if manager.get_database_backend() == DbBackend::Postgres { &POSTGRES } else { &SQLITE }
}

fn documents() -> TableCreateStatement {
    let mut row_id = bigint("row_id");
    row_id.auto_increment().primary_key();
    Table::create()
        .table("search_documents")
        .col(row_id)
        // item | file | eco
        .col(text("kind"))
        .col(uuid("document_id"))
        .col(text_null("type_id"))
        .col(text_null("state"))
        .col(text_null("stage"))
        // As they are compared: without case, width and accents.
        .col(text_null("number_key"))
        .col(text_null("name_key"))
        .col(text("title"))
        .col(text("body"))
        // What a hit shows, where the index itself is asked for it.
        .col(json_null("fields"))
        .col(moment("created_at"))
        .col(moment_null("updated_at"))
        .to_owned()
}

fn rebuilds() -> TableCreateStatement {
    Table::create()
        .table("search_rebuilds")
        .col(uuid("id").primary_key())
        .col(text("kind"))
        .col(text_null("scope"))
        // How far it has come.
        .col(uuid_null("after_id"))
        .col(bigint("indexed"))
        .col(bigint("total"))
        .col(moment("started_at"))
        .col(moment_null("finished_at"))
        .to_owned()
}
