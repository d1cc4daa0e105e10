//! Recursive queries over relationships.

use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::super::item::Item;
use super::query::read;
use crate::db::Tx;
use crate::db::dialect::statement;
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
