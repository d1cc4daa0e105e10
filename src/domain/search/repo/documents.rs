//! Rows of the index: writing and removing.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
};
use uuid::Uuid;

use super::super::document::{Document, Folded, Kind};
use super::super::indexer::Indexer;
use crate::db::fulltext::{Indexed, put, remove};
use crate::db::{Db, Sql, Tx};
use crate::entity::tenant::search_document::{ActiveModel, Column, Entity};
use crate::error::Result;

/// Columns that a document that is there already gets anew.
const CHANGING: [Column; 9] = [
    Column::TypeId,
    Column::State,
    Column::Stage,
    Column::NumberKey,
    Column::NameKey,
    Column::Title,
    Column::Body,
    Column::Fields,
    Column::UpdatedAt,
];

/// Writes documents, each once.
pub async fn write(tx: &Tx, kind: Kind, documents: &[Document]) -> Result<()> {
    if documents.is_empty() {
        return Ok(());
    }
    let folded: Vec<(Uuid, Folded)> = documents.iter().map(|document| (document.id, document.folded())).collect();
    let rows = documents.iter().zip(&folded).map(|(document, (_, folded))| row(kind, document, folded));
    let conflict = OnConflict::columns([Column::Kind, Column::DocumentId]).update_columns(CHANGING).to_owned();
    let insert = Entity::insert_many(rows).on_conflict(conflict);
    let mut statement = insert.into_query();
    statement.returning_all();
    let written = tx.query_all(&statement).await?;
    let mut indexed = Vec::with_capacity(written.len());
    let mut by_id: std::collections::HashMap<Uuid, Folded> = folded.into_iter().collect();
    for row in written {
        let id: Uuid = row.try_get("", "document_id")?;
        if let Some(Folded { body, terms, .. }) = by_id.remove(&id) {
            indexed.push(Indexed { row_id: row.try_get("", "row_id")?, body, terms });
        }
    }
    put(tx, &indexed).await
}

fn row(kind: Kind, document: &Document, folded: &Folded) -> ActiveModel {
    ActiveModel {
        row_id: NotSet,
        kind: Set(kind.as_str().to_owned()),
        document_id: Set(document.id),
        type_id: Set(document.type_id.clone()),
        state: Set(document.state.clone()),
        stage: Set(document.stage.clone()),
        number_key: Set(folded.number.clone()),
        name_key: Set(folded.name.clone()),
        title: Set(folded.title.clone()),
        body: Set(folded.body.clone()),
        fields: Set(document.fields.clone()),
        created_at: Set(document.created_at),
        updated_at: Set(document.updated_at),
    }
}

/// Removes documents by their ids.
pub async fn delete(tx: &Tx, kind: Kind, ids: &[Uuid]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let rows = Entity::find()
        .select_only()
        .column(Column::RowId)
        .filter(Column::Kind.eq(kind.as_str()))
        .filter(Column::DocumentId.is_in(ids.iter().copied()));
    let rows: Vec<i64> = rows.into_tuple().all(tx).await?;
    delete_rows(tx, &rows).await
}

async fn delete_rows(tx: &Tx, rows: &[i64]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    remove(tx, rows).await?;
    Entity::delete_many().filter(Column::RowId.is_in(rows.iter().copied())).exec(tx).await?;
    Ok(())
}

/// Removes up to `most` documents of a scope; says how many.
pub async fn empty(tx: &Tx, indexer: &dyn Indexer, scope: Option<&str>, most: u64) -> Result<usize> {
    let column = if indexer.kind() == Kind::Eco { Column::State } else { Column::TypeId };
    let mut rows =
        Entity::find().select_only().column(Column::RowId).filter(Column::Kind.eq(indexer.kind().as_str())).limit(most);
    if let Some(scope) = scope {
        rows = rows.filter(column.eq(scope));
    }
    let rows: Vec<i64> = rows.into_tuple().all(tx).await?;
    delete_rows(tx, &rows).await?;
    Ok(rows.len())
}

/// Removes up to `most` documents that are no more; says how many.
pub async fn sweep(tx: &Tx, indexer: &dyn Indexer, most: u64) -> Result<usize> {
    let mut sql = Sql::new("SELECT d.row_id FROM search_documents d WHERE d.kind = ");
    sql.bind(indexer.kind().as_str()).push(" AND ");
    indexer.is_gone(&mut sql);
    sql.push(" LIMIT ").bind(most);
    let rows = tx.query_all_raw(sql.statement(tx)).await?;
    let rows: Vec<i64> = rows.iter().map(|row| row.try_get("", "row_id")).collect::<Result<_, _>>()?;
    delete_rows(tx, &rows).await?;
    Ok(rows.len())
}

pub async fn count(db: &Db, kind: Kind) -> Result<u64> {
    use sea_orm::PaginatorTrait;
    Ok(Entity::find().filter(Column::Kind.eq(kind.as_str())).count(db).await?)
}

/// Events that have not come to the index yet.
pub async fn pending(db: &Db, topics: &[&str]) -> Result<u64> {
    let mut sql = Sql::new("SELECT COUNT(*) AS many FROM outbox WHERE delivered_at IS NULL AND (FALSE");
    for begin in topics {
        sql.push(" OR substr(topic, 1, ")
            .bind(i32::try_from(begin.len()).unwrap_or(i32::MAX))
            .push(") = ")
            .bind(*begin);
    }
    sql.push(")");
    let row = db.query_one_raw(sql.statement(db)).await?;
    let many: i64 = row.map(|row| row.try_get("", "many")).transpose()?.unwrap_or_default();
    Ok(many.unsigned_abs())
}
