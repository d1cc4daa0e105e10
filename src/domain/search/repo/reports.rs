//! Counting.

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, QueryResult};

use super::super::indexer::push_admitted;
use super::super::reports::{Count, DayCount, StageAge};
use super::find::Search;
use crate::db::{Db, Sql, dialect};
use crate::domain::meta::{Model, visible};
use crate::error::Result;

/// The items that the caller may read, by one of their columns; the most frequent first.
pub async fn items_by(db: &Db, model: &Model, column: &str) -> Result<Vec<Count>> {
    let mut sql = Sql::new(format!("SELECT i.{column} AS part, COUNT(*) AS many FROM items i WHERE "));
    visible(&mut sql, model, "i");
    sql.push(&format!(" GROUP BY i.{column} ORDER BY 2 DESC, 1"));
    db.query_all_raw(sql.statement(db)).await?.iter().map(count).collect()
}

/// The same of documents of the index.
pub async fn documents_by(db: &Db, search: &Search<'_>, column: &str) -> Result<Vec<Count>> {
    let mut sql = Sql::new(format!("SELECT COALESCE(d.{column}, '') AS part, COUNT(*) AS many"));
    push_from(&mut sql, search);
    sql.push(" GROUP BY 1 ORDER BY 2 DESC, 1");
    db.query_all_raw(sql.statement(db)).await?.iter().map(count).collect()
}

pub async fn stage_ages(db: &Db, search: &Search<'_>, now: DateTime<Utc>) -> Result<Vec<StageAge>> {
    let mut sql = Sql::new("SELECT part, COUNT(*) AS many, AVG(age) AS average, MAX(age) AS most FROM (");
    sql.push("SELECT COALESCE(d.stage, '') AS part, ");
    dialect::push_days_between(&mut sql, db, "COALESCE(d.updated_at, d.created_at)", now);
    sql.push(" AS age");
    push_from(&mut sql, search);
    sql.push(") a GROUP BY part ORDER BY 2 DESC, 1");
    let rows = db.query_all_raw(sql.statement(db)).await?;
    let age = |row: &QueryResult| {
        let Count { key, count } = count(row)?;
        Ok(StageAge {
            stage: key,
            count,
            average_days: row.try_get("", "average")?,
            most_days: row.try_get("", "most")?,
        })
    };
    rows.iter().map(age).collect()
}

pub async fn days(db: &Db, search: &Search<'_>, from: DateTime<Utc>) -> Result<Vec<DayCount>> {
    let mut sql =
        Sql::new(format!("SELECT {} AS day, COALESCE(d.state, '') AS part, ", dialect::utc_day(db, "d.created_at")));
    sql.push("COUNT(*) AS many");
    push_from(&mut sql, search);
    sql.push(" AND d.created_at >= ").bind(from).push(" GROUP BY 1, 2 ORDER BY 1, 2");
    let rows = db.query_all_raw(sql.statement(db)).await?;
    let day = |row: &QueryResult| {
        let Count { key, count } = count(row)?;
        Ok(DayCount { date: row.try_get("", "day")?, state: key, count })
    };
    rows.iter().map(day).collect()
}

fn push_from(sql: &mut Sql, search: &Search<'_>) {
    sql.push(" FROM search_documents d WHERE d.kind = ").bind(search.kind.as_str()).push(" AND ");
    push_admitted(sql, search.indexer, search.model, search.filters);
}

fn count(row: &QueryResult) -> Result<Count> {
    Ok(Count { key: row.try_get("", "part")?, count: row.try_get::<i64>("", "many")?.unsigned_abs() })
}
