//! Contents and files that nothing refers to, and their end.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{LockBehavior, LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryResult, QuerySelect};
use uuid::Uuid;

use super::content_hash;
use super::references::{push_referenced, push_unattached, push_unreferenced};
use crate::db::{Sql, Tx};
use crate::entity::tenant::stored_object::{ActiveModel, Column, Entity};
use crate::error::Result;
use crate::storage::{ContentHash, Stored};

/// How many there are and how large they are together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    pub count: u64,
    pub bytes: u64,
}

/// Which of these contents have a row.
pub async fn known(db: &impl ConnectionTrait, hashes: &[ContentHash]) -> Result<HashSet<ContentHash>> {
    let texts = hashes.iter().map(ContentHash::to_string);
    let rows: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Sha256)
        .filter(Column::Sha256.is_in(texts))
        .into_tuple()
        .all(db)
        .await?;
    rows.iter().map(|text| content_hash(text)).collect()
}

/// Which of these contents something refers to.
pub async fn referenced(db: &impl ConnectionTrait, hashes: &[ContentHash]) -> Result<HashSet<ContentHash>> {
    let mut sql = Sql::new("SELECT o.sha256 FROM objects o WHERE o.sha256 IN ");
    sql.bind_list(hashes.iter().map(ContentHash::to_string)).push(" AND ");
    push_referenced(&mut sql, "o.sha256");
    let rows = db.query_all_raw(sql.statement(db)).await?;
    rows.iter().map(|row| content_hash(&row.try_get::<String>("", "sha256")?)).collect()
}

/// Gives contents without a row one, as if they had been brought now.
pub async fn adopt(tx: &Tx, contents: &[Stored], now: DateTime<Utc>) -> Result<()> {
    let rows = contents.iter().map(|content| ActiveModel {
        sha256: Set(content.sha256.to_string()),
        size: Set(i64::try_from(content.size).unwrap_or(i64::MAX)),
        touched_at: Set(now),
    });
    let once = OnConflict::column(Column::Sha256).do_nothing().to_owned();
    Entity::insert_many(rows).on_conflict(once).try_insert().exec_without_returning(tx).await?;
    Ok(())
}

/// The next contents that nothing refers to and nobody touched since `limit`, in the order of their checksums.
pub async fn forgotten(
    db: &impl ConnectionTrait,
    limit: DateTime<Utc>,
    after: Option<&ContentHash>,
    most: u64,
) -> Result<Vec<Stored>> {
    let mut sql = Sql::new("SELECT o.sha256, o.size FROM objects o WHERE o.touched_at < ");
    sql.bind(limit).push(" AND ");
    push_unreferenced(&mut sql, "o.sha256");
    page(db, sql, after, most).await
}

/// The next contents that something refers to, in the order of their checksums.
pub async fn kept(db: &impl ConnectionTrait, after: Option<&ContentHash>, most: u64) -> Result<Vec<Stored>> {
    let mut sql = Sql::new("SELECT o.sha256, o.size FROM objects o WHERE ");
    push_referenced(&mut sql, "o.sha256");
    page(db, sql, after, most).await
}

async fn page(db: &impl ConnectionTrait, mut sql: Sql, after: Option<&ContentHash>, most: u64) -> Result<Vec<Stored>> {
    if let Some(after) = after {
        sql.push(" AND o.sha256 > ").bind(after.to_string());
    }
    sql.push(" ORDER BY o.sha256 LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    let rows = db.query_all_raw(sql.statement(db)).await?;
    rows.iter().map(stored).collect()
}

fn stored(row: &QueryResult) -> Result<Stored> {
    let (sha256, size): (String, i64) = (row.try_get("", "sha256")?, row.try_get("", "size")?);
    Ok(Stored { sha256: content_hash(&sha256)?, size: u64::try_from(size).unwrap_or_default() })
}

/// Locks a content that nobody touched since `limit`: whoever brings it waits until the transaction ends. False if somebody
/// did, or works with it at this moment.
pub async fn hold(tx: &Tx, hash: &ContentHash, limit: DateTime<Utc>) -> Result<bool> {
    let query = Entity::find_by_id(hash.to_string()).filter(Column::TouchedAt.lt(limit));
    Ok(query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked).one(tx).await?.is_some())
}

/// Deletes the row of a content that is held, unless something refers to it. What referred to it before it was held is seen
/// here, and what would later has to wait.
pub async fn forget(tx: &Tx, hash: &ContentHash) -> Result<bool> {
    let mut sql = Sql::new("DELETE FROM objects WHERE sha256 = ");
    sql.bind(hash.to_string()).push(" AND ");
    push_unreferenced(&mut sql, "objects.sha256");
    Ok(tx.execute_raw(sql.statement(tx)).await?.rows_affected() > 0)
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
    sum(db, Sql::new(format!("{COUNT}objects x"))).await
}

pub async fn unreferenced(db: &impl ConnectionTrait) -> Result<Sum> {
    let mut sql = Sql::new(format!("{COUNT}objects x WHERE "));
    push_unreferenced(&mut sql, "x.sha256");
    sum(db, sql).await
}

pub async fn has_contents(db: &impl ConnectionTrait) -> Result<bool> {
    Ok(Entity::find().one(db).await?.is_some())
}
