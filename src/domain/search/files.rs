//! Files as documents: found by every name that they were brought under and by what is known of them, not by what they hold.

use async_trait::async_trait;
use serde_json::json;
use uuid::Uuid;

use super::document::{Document, FileFields, Kind};
use super::indexer::{Filters, Indexer};
use super::repo;
use super::repo::files::Named;
use crate::context::Ctx;
use crate::db::{Db, Sql, Tx};
use crate::domain::file::findable;
use crate::domain::meta::Model;
use crate::error::Result;

pub struct FileIndexer;

#[async_trait]
impl Indexer for FileIndexer {
    fn kind(&self) -> Kind {
        Kind::File
    }

    fn topics(&self) -> &'static [&'static str] {
        &["file."]
    }

    async fn load(&self, _: &Ctx, tx: &Tx, ids: &[Uuid]) -> Result<Vec<Document>> {
        Ok(repo::files::by_ids(tx, ids).await?.into_iter().map(document).collect())
    }

    async fn page(
        &self,
        _: &Ctx,
        tx: &Tx,
        scope: Option<&str>,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<Vec<Document>> {
        Ok(repo::files::page(tx, scope, after, most).await?.into_iter().map(document).collect())
    }

    async fn count(&self, db: &Db, scope: Option<&str>) -> Result<u64> {
        repo::files::count(db, scope).await
    }

    fn admits(&self, sql: &mut Sql, model: &Model, filters: &Filters) {
        // Rights are those of now: the index may be a moment behind.
        sql.push("EXISTS (SELECT 1 FROM files f WHERE f.id = d.document_id AND ");
        findable(sql, model, &filters.words, "f");
        sql.push(")");
    }

    fn is_gone(&self, sql: &mut Sql) {
        sql.push("NOT EXISTS (SELECT 1 FROM files f WHERE f.id = d.document_id)");
    }
}

fn document(named: Named) -> Document {
    let Named { file, names } = named;
    let known = [&file.cad_format, &file.author, &file.source_system, &file.source_version, &file.document_version];
    let mut words = vec![file.filename.as_str()];
    words.extend(names.iter().map(String::as_str).filter(|name| *name != file.filename));
    words.extend(known.into_iter().flatten().map(String::as_str));
    words.push(&file.document_type);
    let text = words.join(" ");
    let fields = FileFields {
        filename: file.filename.clone(),
        cad_format: file.cad_format,
        document_type: Some(file.document_type.clone()),
        document_version: file.document_version,
        cad_review_state: None,
    };
    Document {
        id: file.id,
        type_id: Some(file.document_type),
        state: None,
        stage: None,
        number: None,
        name: Some(file.filename),
        text,
        fields: Some(json!(fields)),
        created_at: file.created_at,
        updated_at: None,
    }
}
