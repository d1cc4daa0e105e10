//! The search itself: narrowing by the engine's means, comparing, admitting, ranking, in one statement.

use sea_orm::{ConnectionTrait, QueryResult};
use serde_json::Value;
use uuid::Uuid;

use super::super::document::Kind;
use super::super::indexer::{Filters, Indexer, push_admitted};
use super::super::query::{Query, lookup};
use crate::db::fulltext::{Lookup, Similar, position, push_source, similar};
use crate::db::{Db, Sql};
use crate::domain::meta::Model;
use crate::error::Result;
use crate::types::PageRequest;

/// Documents that are counted and ranked. More are found by no one who reads pages.
pub const MOST_RANKED: u64 = 10_000;

/// What is looked for, among what.
pub struct Search<'a> {
    pub kind: Kind,
    pub indexer: Option<&'a dyn Indexer>,
    pub model: &'a Model,
    pub filters: &'a Filters,
    pub query: &'a Query,
    /// Looks into every text: short words stand inside others, where no term finds them.
    pub thorough: bool,
}

/// The ids of a page, best first, and how many there are.
#[derive(Debug, Default)]
pub struct Ranked {
    pub ids: Vec<Uuid>,
    pub total: u64,
    /// Whether there are no more than are counted.
    pub is_exact: bool,
}

pub async fn ranked(db: &Db, search: &Search<'_>, page: PageRequest) -> Result<Ranked> {
    let mut sql = Sql::new("WITH found AS (");
    push_found(&mut sql, db, search);
    sql.push(") SELECT document_id, COUNT(*) OVER () AS total FROM found ORDER BY place, ");
    // Without a query the newest come first.
    sql.push(if search.query.is_empty() {
        "row_id DESC"
    } else {
        "number_key IS NULL, length(number_key), number_key, row_id"
    });
    // A page of nothing still tells the total.
    sql.push(" LIMIT ").bind(page.limit.max(1)).push(" OFFSET ").bind(page.offset);
    let rows = db.query_all_raw(sql.statement(db)).await?;
    let Some(first) = rows.first() else {
        let total = rest(db, search, page).await?;
        return Ok(Ranked { ids: Vec::new(), total, is_exact: true });
    };
    let total: i64 = first.try_get("", "total")?;
    let some = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let ids = rows.iter().take(some).map(|row| row.try_get("", "document_id")).collect::<Result<_, _>>()?;
    Ok(Ranked { ids, total: total.unsigned_abs(), is_exact: true })
}

/// How many there are where a page lies behind them all.
async fn rest(db: &Db, search: &Search<'_>, page: PageRequest) -> Result<u64> {
    if page.offset == 0 {
        return Ok(0);
    }
    let mut sql = Sql::new("WITH found AS (");
    push_found(&mut sql, db, search);
    sql.push(") SELECT COUNT(*) AS total FROM found");
    let row = db.query_one_raw(sql.statement(db)).await?;
    let total: i64 = row.map(|row| row.try_get("", "total")).transpose()?.unwrap_or_default();
    Ok(total.unsigned_abs())
}

/// Numbers that begin with the query stand apart: they must be among those ranked, however many hold it elsewhere.
fn push_found(sql: &mut Sql, db: &Db, search: &Search<'_>) {
    let (long, all) = (search.query.long_words(), search.query.words());
    if !search.query.is_empty() {
        sql.push("SELECT * FROM (");
        push_branch(sql, db, search, Lookup::All);
        let end = format!("{}\u{10ffff}", search.query.text);
        sql.push(" AND d.number_key >= ").bind(search.query.text.as_str()).push(" AND d.number_key < ").bind(end);
        sql.push(" ORDER BY d.number_key LIMIT ").bind(MOST_RANKED).push(") p UNION ");
    }
    sql.push("SELECT * FROM (");
    push_branch(sql, db, search, if search.thorough { Lookup::All } else { lookup(&long, &all) });
    for word in &all {
        sql.push(" AND ").push(position(db)).push("(d.body, ").bind(*word).push(") > 0");
    }
    if search.query.is_empty() {
        sql.push(" ORDER BY d.row_id DESC");
    }
    sql.push(" LIMIT ").bind(MOST_RANKED).push(") w");
}

fn push_branch(sql: &mut Sql, db: &Db, search: &Search<'_>, lookup: Lookup<'_>) {
    sql.push("SELECT d.row_id, d.document_id, d.number_key, ");
    push_place(sql, db, search.query);
    sql.push(" AS place FROM ");
    push_source(sql, db, lookup);
    push_conditions(sql, search);
}

fn push_conditions(sql: &mut Sql, search: &Search<'_>) {
    sql.push(" AND d.kind = ").bind(search.kind.as_str()).push(" AND ");
    push_admitted(sql, search.indexer, search.model, search.filters);
}

/// The number itself, its beginning, a part of it; the same of the name; all words in both; anywhere.
fn push_place(sql: &mut Sql, db: &Db, query: &Query) {
    if query.is_empty() {
        sql.push("0");
        return;
    }
    let (find, text) = (position(db), query.text.as_str());
    sql.push("CASE");
    for (index, column) in ["d.number_key", "d.name_key"].into_iter().enumerate() {
        let place = 3 * index;
        sql.push(&format!(" WHEN {column} = ")).bind(text).push(&format!(" THEN {place} WHEN {find}({column}, "));
        sql.bind(text).push(&format!(") = 1 THEN {} WHEN {find}({column}, ", place + 1));
        sql.bind(text).push(&format!(") > 0 THEN {}", place + 2));
    }
    sql.push(" WHEN TRUE");
    for word in &query.words {
        sql.push(&format!(" AND {find}(d.title, ")).bind(word.as_str()).push(") > 0");
    }
    sql.push(" THEN 6 ELSE 7 END");
}

/// A document whose number or name may be what was meant.
pub struct Candidate {
    pub id: Uuid,
    pub number: Option<String>,
    pub name: Option<String>,
}

/// Documents whose titles are roughly like the query.
pub async fn candidates(db: &Db, search: &Search<'_>, wanted: &Similar<'_>) -> Result<Vec<Candidate>> {
    let columns = "d.document_id, d.number_key, d.name_key";
    let rows = similar(db, wanted, columns, |sql| push_conditions(sql, search)).await?;
    rows.iter().map(candidate).collect()
}

fn candidate(row: &QueryResult) -> Result<Candidate> {
    Ok(Candidate {
        id: row.try_get("", "document_id")?,
        number: row.try_get("", "number_key")?,
        name: row.try_get("", "name_key")?,
    })
}

/// A document as the index itself shows it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub id: Uuid,
    pub state: Option<String>,
    pub fields: Value,
    pub created_at: chrono::DateTime<chrono::Utc>,
    pub updated_at: Option<chrono::DateTime<chrono::Utc>>,
}

pub async fn shown(db: &Db, kind: Kind, ids: &[Uuid]) -> Result<Vec<Shown>> {
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

    use crate::entity::tenant::search_document::{Column, Entity};
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(Column::Kind.eq(kind.as_str()))
        .filter(Column::DocumentId.is_in(ids.iter().copied()))
        .all(db)
        .await?;
    let shown = rows.into_iter().map(|row| Shown {
        id: row.document_id,
        state: row.state,
        fields: row.fields.unwrap_or_default(),
        created_at: row.created_at,
        updated_at: row.updated_at,
    });
    Ok(shown.collect())
}
