//! Contents and files that nothing refers to, and their end.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{LockBehavior, LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryResult, QuerySelect};
use uuid::Uuid;

use super::objects::{Object, object};
use super::references::{push_referenced, push_unattached, push_unreferenced};
use crate::db::{Sql, Tx};
use crate::entity::tenant::stored_object::{ActiveModel, Column, Entity};
use crate::error::Result;
use crate::storage::{ContentHash, ObjectId};

/// How many there are and how large they are together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    pub count: u64,
    pub bytes: u64,
}

/// What the database says of a content that has a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub object: Object,
    /// Its removal was begun,
    pub is_leaving: bool,
    /// and has ended.
    pub is_removed: bool,
    pub is_referenced: bool,
}

/// What is said of these contents; those without a row are left out.
pub async fn standing(
    db: &impl ConnectionTrait,
    hashes: impl IntoIterator<Item = ContentHash>,
) -> Result<HashMap<ContentHash, Standing>> {
    let mut sql = Sql::new(
        "SELECT o.sha256, o.size, o.edition, CASE WHEN o.leaving_at IS NULL THEN 0 ELSE 1 END AS leaving, \
         CASE WHEN o.removed_at IS NULL THEN 0 ELSE 1 END AS removed, CASE WHEN ",
    );
    push_referenced(&mut sql, "o.sha256");
    sql.push(" THEN 1 ELSE 0 END AS referenced FROM objects o WHERE o.sha256 IN ");
    sql.bind_list(hashes.into_iter().map(|hash| hash.to_string()));
    let rows = db.query_all_raw(sql.statement(db)).await?;
    let one = |row: &QueryResult| {
        let holds = |column: &str| row.try_get::<i32>("", column).map(|value| value == 1);
        let (object, is_leaving, is_removed) = (object(row)?, holds("leaving")?, holds("removed")?);
        Ok((object.id.sha256, Standing { object, is_leaving, is_removed, is_referenced: holds("referenced")? }))
    };
    rows.iter().map(one).collect()
}

/// Gives contents without a row one, as if they had been brought now.
pub async fn adopt(tx: &Tx, contents: &[Object], now: DateTime<Utc>) -> Result<()> {
    let rows = contents.iter().map(|content| ActiveModel {
        sha256: Set(content.id.sha256.to_string()),
        size: Set(i64::try_from(content.size).unwrap_or(i64::MAX)),
        touched_at: Set(now),
        edition: Set(stored_edition(content.id)),
        leaving_at: Set(None),
        removed_at: Set(None),
    });
    let once = OnConflict::column(Column::Sha256).do_nothing().to_owned();
    Entity::insert_many(rows).on_conflict(once).try_insert().exec_without_returning(tx).await?;
    Ok(())
}

/// Makes a later edition than the known one the known one, as if it had been brought now, if it is as long.
pub async fn catch_up(tx: &Tx, later: Object, now: DateTime<Utc>) -> Result<()> {
    let mut sql = Sql::new("UPDATE objects SET leaving_at = NULL, removed_at = NULL, touched_at = ");
    sql.bind(now).push(", edition = ").bind(stored_edition(later.id)).push(" WHERE sha256 = ");
    sql.bind(later.id.sha256.to_string()).push(" AND edition < ").bind(stored_edition(later.id));
    sql.push(" AND size = ").bind(i64::try_from(later.size).unwrap_or(i64::MAX));
    tx.execute_raw(sql.statement(tx)).await?;
    Ok(())
}

/// The next contents that nothing refers to and nobody touched since `limit`, and those whose removal was begun, in the order of
/// their checksums.
pub async fn forgotten(
    db: &impl ConnectionTrait,
    limit: DateTime<Utc>,
    after: Option<&ContentHash>,
    most: u64,
) -> Result<Vec<Object>> {
    let mut sql = Sql::new(
        "SELECT o.sha256, o.size, o.edition FROM objects o \
         WHERE o.removed_at IS NULL AND (o.leaving_at IS NOT NULL OR (o.touched_at < ",
    );
    sql.bind(limit).push(" AND ");
    push_unreferenced(&mut sql, "o.sha256");
    sql.push("))");
    page(db, sql, after, most).await
}

/// The next contents that something refers to, in the order of their checksums.
pub async fn kept(db: &impl ConnectionTrait, after: Option<&ContentHash>, most: u64) -> Result<Vec<Object>> {
    let mut sql = Sql::new("SELECT o.sha256, o.size, o.edition FROM objects o WHERE ");
    push_referenced(&mut sql, "o.sha256");
    page(db, sql, after, most).await
}

async fn page(db: &impl ConnectionTrait, mut sql: Sql, after: Option<&ContentHash>, most: u64) -> Result<Vec<Object>> {
    if let Some(after) = after {
        sql.push(" AND o.sha256 > ").bind(after.to_string());
    }
    sql.push(" ORDER BY o.sha256 LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    let rows = db.query_all_raw(sql.statement(db)).await?;
    rows.iter().map(object).collect()
}

/// Locks a content that nobody touched since `limit`: whoever brings it waits until the transaction ends. False if somebody
/// did, or works with it at this moment, or if it is being removed.
pub async fn hold(tx: &Tx, object: ObjectId, limit: DateTime<Utc>) -> Result<bool> {
    let query = Entity::find_by_id(object.sha256.to_string())
        .filter(Column::TouchedAt.lt(limit))
        .filter(Column::Edition.eq(stored_edition(object)))
        .filter(Column::LeavingAt.is_null());
    Ok(query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).one(tx).await?.is_some())
}

/// Begins the removal of a content that is held, unless something refers to it. What referred to it before it was held is seen
/// here, and what would later has to wait, and then finds it leaving.
pub async fn begin_removal(tx: &Tx, object: ObjectId, now: DateTime<Utc>) -> Result<bool> {
    let mut sql = Sql::new("UPDATE objects SET leaving_at = ");
    sql.bind(now).push(" WHERE sha256 = ").bind(object.sha256.to_string()).push(" AND ");
    push_unreferenced(&mut sql, "objects.sha256");
    Ok(tx.execute_raw(sql.statement(tx)).await?.rows_affected() > 0)
}

/// Notes that the storage has removed it. Whoever has brought it again meanwhile has another edition.
pub async fn end_removal(tx: &Tx, object: ObjectId, now: DateTime<Utc>) -> Result<()> {
    let mut sql = Sql::new("UPDATE objects SET removed_at = ");
    sql.bind(now).push(" WHERE leaving_at IS NOT NULL AND sha256 = ").bind(object.sha256.to_string());
    sql.push(" AND edition = ").bind(stored_edition(object));
    tx.execute_raw(sql.statement(tx)).await?;
    Ok(())
}

/// Forgets the editions of what was removed before `limit`.
pub async fn forget_removed(tx: &Tx, limit: DateTime<Utc>) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM objects WHERE removed_at < ");
    sql.bind(limit).push(" AND ");
    push_unreferenced(&mut sql, "objects.sha256");
    tx.execute_raw(sql.statement(tx)).await?;
    Ok(())
}

/// Gives a content that is held its next edition, which is still to be written.
pub async fn next_edition(tx: &Tx, object: ObjectId) -> Result<()> {
    let mut sql = Sql::new("UPDATE objects SET edition = edition + 1 WHERE sha256 = ");
    sql.bind(object.sha256.to_string());
    tx.execute_raw(sql.statement(tx)).await?;
    Ok(())
}

fn stored_edition(object: ObjectId) -> i32 {
    i32::try_from(object.edition).unwrap_or(i32::MAX)
}

/// Pushes what makes a file one that nobody wants: no item or version refers to it, and nobody brought it since `limit`.
fn push_unwanted(sql: &mut Sql, limit: DateTime<Utc>) {
    push_unattached(sql, "f.id");
    sql.push(" AND f.created_at < ")
        .bind(limit)
        .push(" AND NOT EXISTS (SELECT 1 FROM file_uploads u WHERE u.file_id = f.id AND u.created_at >= ");
    sql.bind(limit).push(") AND NOT EXISTS (SELECT 1 FROM objects o WHERE o.sha256 = f.sha256 AND o.touched_at >= ");
    sql.bind(limit).push(")");
}

/// The next files that nobody wants.
pub async fn unwanted_files(
    db: &impl ConnectionTrait,
    limit: DateTime<Utc>,
    after: Option<Uuid>,
    most: u64,
) -> Result<Vec<Uuid>> {
    let mut sql = Sql::new("SELECT f.id FROM files f WHERE ");
    push_unwanted(&mut sql, limit);
    if let Some(after) = after {
        sql.push(" AND f.id > ").bind(after);
    }
    sql.push(" ORDER BY f.id LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    let rows = db.query_all_raw(sql.statement(db)).await?;
    rows.iter().map(|row| Ok(row.try_get("", "id")?)).collect()
}

/// Whether a file that is locked is still one that nobody wants.
pub async fn is_unwanted(tx: &Tx, file: Uuid, limit: DateTime<Utc>) -> Result<bool> {
    let mut sql = Sql::new("SELECT f.id FROM files f WHERE f.id = ");
    sql.bind(file).push(" AND ");
    push_unwanted(&mut sql, limit);
    Ok(tx.query_one_raw(sql.statement(tx)).await?.is_some())
}

const COUNT: &str = "SELECT COUNT(*) AS count, COALESCE(CAST(SUM(x.size) AS BIGINT), 0) AS bytes FROM ";

async fn sum(db: &impl ConnectionTrait, sql: Sql) -> Result<Sum> {
    let Some(row) = db.query_one_raw(sql.statement(db)).await? else { return Ok(Sum::default()) };
    let (count, bytes): (i64, i64) = (row.try_get("", "count")?, row.try_get("", "bytes")?);
    Ok(Sum { count: u64::try_from(count).unwrap_or_default(), bytes: u64::try_from(bytes).unwrap_or_default() })
}

pub async fn files(db: &impl ConnectionTrait) -> Result<Sum> {
    sum(db, Sql::new(format!("{COUNT}files x"))).await
}

pub async fn unwanted(db: &impl ConnectionTrait, limit: DateTime<Utc>) -> Result<Sum> {
    let mut sql = Sql::new(format!("{COUNT}(SELECT f.size FROM files f WHERE "));
    push_unwanted(&mut sql, limit);
    sql.push(") x");
    sum(db, sql).await
}

pub async fn contents(db: &impl ConnectionTrait) -> Result<Sum> {
    sum(db, Sql::new(format!("{COUNT}objects x WHERE x.leaving_at IS NULL"))).await
}

pub async fn has_contents(db: &impl ConnectionTrait) -> Result<bool> {
    Ok(Entity::find().one(db).await?.is_some())
}
