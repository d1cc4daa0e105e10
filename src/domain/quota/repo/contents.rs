//! What one product database holds of what is limited.

use sea_orm::ConnectionTrait;

use super::super::limits::Amounts;
use crate::db::Sql;
use crate::error::{Error, Result};

/// One statement, so that all of it is of one moment. Uploads in parts count from their beginning, as files of the size that was
/// announced, until they are files or their parts are gone; previews take room beside their files. Jobs count that were asked for
/// by name, and what users set going on files; what the program asks for itself is never refused.
pub async fn count(db: &impl ConnectionTrait) -> Result<Amounts> {
    let sql = Sql::new(
        "SELECT (SELECT COUNT(*) FROM files) \
         + (SELECT COUNT(*) FROM upload_sessions WHERE state IN ('open', 'verifying', 'ending')) AS files, \
         (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM files) \
         + (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM upload_sessions \
         WHERE state IN ('open', 'verifying', 'ending')) \
         + (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM objects \
         WHERE sha256 IN (SELECT preview_sha256 FROM files WHERE preview_sha256 IS NOT NULL)) AS storage_bytes, \
         (SELECT COUNT(*) FROM jobs WHERE status IN ('pending', 'processing') \
         AND (asked_as IS NOT NULL OR (created_by_id IS NOT NULL AND file_id IS NOT NULL))) AS active_jobs, \
         (SELECT COUNT(*) FROM jobs WHERE status = 'processing') AS processing_jobs",
    );
    let row = db.query_one_raw(sql.statement(db)).await?;
    let row = row.ok_or_else(|| Error::internal("A database does not say what it holds"))?;
    Ok(Amounts {
        files: row.try_get("", "files")?,
        storage_bytes: row.try_get("", "storage_bytes")?,
        active_jobs: row.try_get("", "active_jobs")?,
        processing_jobs: row.try_get("", "processing_jobs")?,
        ..Amounts::default()
    })
}
