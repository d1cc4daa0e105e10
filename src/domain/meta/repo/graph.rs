//! Recursive queries over relationships.

use std::collections::{BTreeSet, HashMap, HashSet};

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Value};
use uuid::Uuid;

use super::super::item::Item;
use super::super::model::Model;
use super::query::{IDS_PER_QUERY, read};
use super::visible::visible;
use crate::db::dialect::statement;
use crate::db::{Sql, Tx};
use crate::error::Result;

/// `reach(id, level)`: every item below `$2` along lines of type `$1`, in at most `$3` steps, with each of its levels.
///
/// `CROSS JOIN` keeps SQLite from putting the lines first, which would read every line of the database at each step.
const REACH: &str = "WITH RECURSIVE reach(id, level) AS (\
    SELECT i.id, 0 FROM items i WHERE i.id = $2 \
    UNION SELECT i.related_id, r.level + 1 FROM reach r CROSS JOIN items i \
    WHERE i.source_id = r.id AND i.item_type_id = $1 AND r.level < $3) ";

/// The same without levels, to any depth.
const REACH_ALL: &str = "WITH RECURSIVE reach(id) AS (\
    SELECT i.id FROM items i WHERE i.id = $2 \
    UNION SELECT i.related_id FROM reach r CROSS JOIN items i WHERE i.source_id = r.id AND i.item_type_id = $1) ";

async fn items(db: &impl ConnectionTrait, sql: String, values: Vec<Value>) -> Result<Vec<Item>> {
    let rows = db.query_all_raw(statement(db, sql, values)).await?;
    read(&rows)
}

/// Items and what they hang on up to the top, each with how far from the top it is; those that are not there are left out.
pub async fn with_sources(tx: &Tx, ids: &[Uuid]) -> Result<BTreeSet<(usize, Uuid)>> {
    let mut sources: HashMap<Uuid, Option<Uuid>> = HashMap::new();
    for some in ids.chunks(IDS_PER_QUERY) {
        let mut sql =
            Sql::new("WITH RECURSIVE up(id, source_id) AS (SELECT i.id, i.source_id FROM items i WHERE i.id IN ");
        sql.bind_list(some.iter().copied()).push(
            " UNION SELECT i.id, i.source_id FROM up u CROSS JOIN items i WHERE i.id = u.source_id) \
             SELECT id, source_id FROM up",
        );
        for row in tx.query_all_raw(sql.statement(tx)).await? {
            sources.insert(row.try_get("", "id")?, row.try_get("", "source_id")?);
        }
    }
    let height = |id: &Uuid| std::iter::successors(Some(*id), |id| sources.get(id).copied().flatten()).count();
    Ok(sources.keys().map(|id| (height(id), *id)).collect())
}

pub async fn lines_below(db: &impl ConnectionTrait, kind: &str, root: Uuid, depth: u32) -> Result<Vec<Item>> {
    let sql = format!(
        "{REACH} SELECT i.* FROM items i WHERE i.item_type_id = $1 \
         AND i.source_id IN (SELECT id FROM reach WHERE level < $3) ORDER BY i.id"
    );
    items(db, sql, vec![kind.into(), root.into(), i64::from(depth).into()]).await
}

pub async fn items_below(db: &impl ConnectionTrait, kind: &str, root: Uuid, depth: u32) -> Result<Vec<Item>> {
    let sql = format!("{REACH} SELECT i.* FROM items i WHERE i.id IN (SELECT id FROM reach)");
    items(db, sql, vec![kind.into(), root.into(), i64::from(depth).into()]).await
}

pub async fn is_below(tx: &Tx, kind: &str, from: Uuid, to: Uuid) -> Result<bool> {
    let sql = format!("{REACH_ALL} SELECT 1 FROM reach WHERE id = $3");
    Ok(tx.query_one_raw(statement(tx, sql, vec![kind.into(), from.into(), to.into()])).await?.is_some())
}

pub async fn edges_below(tx: &Tx, kind: &str, from: Uuid) -> Result<Vec<(Uuid, Uuid)>> {
    let sql = format!(
        "{REACH_ALL} SELECT i.source_id, i.related_id FROM items i WHERE i.item_type_id = $1 \
         AND i.source_id IN (SELECT id FROM reach)"
    );
    let rows = tx.query_all_raw(statement(tx, sql, vec![kind.into(), from.into()])).await?;
    rows.iter().map(|row| Ok((row.try_get("", "source_id")?, row.try_get("", "related_id")?))).collect()
}

/// The lines below any of the items, to any depth.
pub async fn edges_below_all(tx: &Tx, kind: &str, from: &HashSet<Uuid>) -> Result<HashSet<(Uuid, Uuid)>> {
    let mut edges = HashSet::new();
    let ids: Vec<Uuid> = from.iter().copied().collect();
    for some in ids.chunks(IDS_PER_QUERY) {
        let mut sql = Sql::new("WITH RECURSIVE reach(id) AS (SELECT i.id FROM items i WHERE i.id IN ");
        sql.bind_list(some.iter().copied());
        sql.push(
            " UNION SELECT i.related_id FROM reach r CROSS JOIN items i WHERE i.source_id = r.id AND i.item_type_id = ",
        );
        sql.bind(kind).push(") SELECT i.source_id, i.related_id FROM reach r CROSS JOIN items i ");
        sql.push("WHERE i.source_id = r.id AND i.item_type_id = ").bind(kind);
        for row in tx.query_all_raw(sql.statement(tx)).await? {
            edges.insert((row.try_get("", "source_id")?, row.try_get("", "related_id")?));
        }
    }
    Ok(edges)
}

/// The lines that hang on any of the items, in the order of creation.
pub async fn lines_of_all(db: &impl ConnectionTrait, kind: &str, sources: &[Uuid]) -> Result<Vec<Item>> {
    let mut lines = Vec::new();
    for some in sources.chunks(IDS_PER_QUERY) {
        let mut sql = Sql::new("SELECT i.* FROM items i WHERE i.source_id IN ");
        sql.bind_list(some.iter().copied()).push(" AND i.item_type_id = ").bind(kind).push(" ORDER BY i.id");
        lines.extend(read(&db.query_all_raw(sql.statement(db)).await?)?);
    }
    Ok(lines)
}

/// The lines of a type above an item that the caller may get, with their levels: what is above a hidden one is not reached.
pub async fn lines_above(
    db: &impl ConnectionTrait,
    model: &Model,
    kind: &str,
    item: Uuid,
    levels: u32,
    most: usize,
) -> Result<Vec<(u32, Item)>> {
    // Each part of the statement has parameters of its own, since the right to see a line has some too.
    let push_step = |sql: &mut Sql| {
        sql.push(" FROM above a CROSS JOIN items i WHERE i.related_id = a.id AND i.item_type_id = ").bind(kind);
        sql.push(" AND a.level < ").bind(i64::from(levels)).push(" AND ");
        visible(sql, model, "i");
    };
    let mut sql = Sql::new("WITH RECURSIVE above(id, level) AS (SELECT i.id, 0 FROM items i WHERE i.id = ");
    sql.bind(item).push(" UNION SELECT i.source_id, a.level + 1");
    push_step(&mut sql);
    sql.push(") SELECT i.*, a.level + 1 AS level");
    push_step(&mut sql);
    sql.push(" ORDER BY a.level, i.id LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    with_levels(&db.query_all_raw(sql.statement(db)).await?)
}

/// The same with each line once, on the first of its levels.
pub async fn lines_above_once(
    db: &impl ConnectionTrait,
    model: &Model,
    kind: &str,
    item: Uuid,
    levels: u32,
    most: usize,
) -> Result<Vec<(u32, Item)>> {
    let mut sql = Sql::new("WITH RECURSIVE above(id, level) AS (SELECT i.id, 0 FROM items i WHERE i.id = ");
    sql.bind(item).push(
        " UNION SELECT i.source_id, a.level + 1 FROM above a CROSS JOIN items i WHERE i.related_id = a.id \
         AND i.item_type_id = ",
    );
    sql.bind(kind).push(" AND a.level < ").bind(i64::from(levels)).push(" AND ");
    visible(&mut sql, model, "i");
    sql.push(
        "), nearest AS (SELECT id, MIN(level) AS level FROM above GROUP BY id) \
         SELECT i.*, n.level + 1 AS level FROM nearest n CROSS JOIN items i WHERE i.related_id = n.id \
         AND i.item_type_id = ",
    );
    sql.bind(kind).push(" AND n.level < ").bind(i64::from(levels)).push(" AND ");
    visible(&mut sql, model, "i");
    sql.push(" ORDER BY n.level, i.id LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    with_levels(&db.query_all_raw(sql.statement(db)).await?)
}

fn with_levels(rows: &[QueryResult]) -> Result<Vec<(u32, Item)>> {
    let level = |row: &QueryResult| row.try_get::<i32>("", "level").map(|level| level.unsigned_abs());
    let levels: Result<Vec<u32>, DbErr> = rows.iter().map(level).collect();
    Ok(levels?.into_iter().zip(read(rows)?).collect())
}

/// Which ends of the lines an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// What the lines hang on.
    Source,
    Either,
}

/// The lines of a type of which an item is an end, that the caller may get, in the order in which they were added.
pub async fn lines_at(
    db: &impl ConnectionTrait,
    model: &Model,
    kind: &str,
    item: Uuid,
    end: End,
    most: usize,
) -> Result<Vec<Item>> {
    let mut sql = Sql::new("SELECT i.* FROM items i WHERE i.id IN (SELECT s.id FROM items s WHERE s.source_id = ");
    sql.bind(item).push(" AND s.item_type_id = ").bind(kind);
    if end == End::Either {
        sql.push(" UNION SELECT r.id FROM items r WHERE r.related_id = ").bind(item);
        sql.push(" AND r.item_type_id = ").bind(kind);
    }
    sql.push(") AND ");
    visible(&mut sql, model, "i");
    sql.push(" ORDER BY i.id LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    read(&db.query_all_raw(sql.statement(db)).await?)
}

/// Whether a line of a type leads from one item to the other.
pub async fn leads(db: &impl ConnectionTrait, kind: &str, from: Uuid, to: Uuid) -> Result<bool> {
    let sql = "SELECT 1 FROM items i WHERE i.source_id = $1 AND i.item_type_id = $2 AND i.related_id = $3 LIMIT 1";
    Ok(db.query_one_raw(statement(db, sql, vec![from.into(), kind.into(), to.into()])).await?.is_some())
}

/// Those of the items to which a line of a type leads that the caller may get.
pub async fn used_among(
    db: &impl ConnectionTrait,
    model: &Model,
    kind: &str,
    items: &HashSet<Uuid>,
) -> Result<HashSet<Uuid>> {
    let ids: Vec<Uuid> = items.iter().copied().collect();
    let mut used = HashSet::new();
    for some in ids.chunks(IDS_PER_QUERY) {
        let mut sql = Sql::new("SELECT DISTINCT i.related_id AS id FROM items i WHERE i.item_type_id = ");
        sql.bind(kind).push(" AND i.related_id IN ").bind_list(some.iter().copied()).push(" AND ");
        visible(&mut sql, model, "i");
        for row in db.query_all_raw(sql.statement(db)).await? {
            used.insert(row.try_get("", "id")?);
        }
    }
    Ok(used)
}
