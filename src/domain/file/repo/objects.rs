//! The contents that the storage holds or is about to hold, and which edition of each.

use sea_orm::{ConnectionTrait, QueryResult};

use super::content_hash;
use crate::context::Ctx;
use crate::db::{Sql, Tx};
use crate::error::{Error, Result};
use crate::storage::{ContentHash, ObjectId, Stored};

/// The object that holds a content, and how long it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object {
    pub id: ObjectId,
    /// In bytes.
    pub size: u64,
}

/// Notes that a content is about to be stored or referred to: from now on nobody collects it for a while. One that is being
/// removed gets its next edition, out of reach of the removal.
pub async fn touch(ctx: &Ctx, tx: &Tx, stored: &Stored) -> Result<ObjectId> {
    let mut sql = Sql::new("INSERT INTO objects (sha256, size, touched_at, edition) VALUES (");
    sql.bind(stored.sha256.to_string()).push(", ").bind(i64::try_from(stored.size).unwrap_or(i64::MAX)).push(", ");
    sql.bind(ctx.now()).push(
        ", 0) ON CONFLICT (sha256) DO UPDATE SET touched_at = excluded.touched_at, size = excluded.size, \
         edition = CASE WHEN objects.leaving_at IS NULL THEN objects.edition ELSE objects.edition + 1 END, \
         leaving_at = NULL, removed_at = NULL RETURNING edition",
    );
    let row = tx.query_one_raw(sql.statement(tx)).await?;
    let row = row.ok_or_else(|| Error::internal("A content was noted and has no edition"))?;
    Ok(stored.sha256.edition(edition_of(&row)?))
}

/// The object of a content that is not being removed.
pub async fn find(db: &impl ConnectionTrait, hash: &ContentHash) -> Result<Option<Object>> {
    let mut sql =
        Sql::new("SELECT o.sha256, o.size, o.edition FROM objects o WHERE o.leaving_at IS NULL AND o.sha256 = ");
    sql.bind(hash.to_string());
    db.query_one_raw(sql.statement(db)).await?.as_ref().map(object).transpose()
}

pub(super) fn object(row: &QueryResult) -> Result<Object> {
    let (sha256, size): (String, i64) = (row.try_get("", "sha256")?, row.try_get("", "size")?);
    let id = content_hash(&sha256)?.edition(edition_of(row)?);
    Ok(Object { id, size: u64::try_from(size).unwrap_or_default() })
}

pub(super) fn edition_of(row: &QueryResult) -> Result<u32> {
    Ok(u32::try_from(row.try_get::<i32>("", "edition")?).unwrap_or_default())
}
