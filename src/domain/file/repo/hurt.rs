//! Whom the loss of a content hurts.

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::references::push_holders;
use crate::db::Sql;
use crate::error::Result;
use crate::storage::ContentHash;

/// A file whose content or preview is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HurtFile {
    pub id: Uuid,
    pub filename: String,
    pub is_preview: bool,
}

/// An item that such a file hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HurtItem {
    pub id: Uuid,
    pub item_type: String,
    pub number: Option<String>,
}

pub async fn files_of(db: &impl ConnectionTrait, hash: &ContentHash, most: u64) -> Result<Vec<HurtFile>> {
    let text = hash.to_string();
    let mut sql = Sql::new("SELECT f.id, f.filename, f.sha256 FROM files f WHERE f.sha256 = ");
    sql.bind(text.as_str()).push(" OR f.preview_sha256 = ").bind(text.as_str());
    sql.push(" ORDER BY f.id LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    let rows = db.query_all_raw(sql.statement(db)).await?;
    rows.iter()
        .map(|row| {
            let is_preview = row.try_get::<String>("", "sha256")? != text;
            Ok(HurtFile { id: row.try_get("", "id")?, filename: row.try_get("", "filename")?, is_preview })
        })
        .collect()
}

pub async fn items_of(db: &impl ConnectionTrait, file: Uuid, most: u64) -> Result<Vec<HurtItem>> {
    let mut sql = Sql::new("SELECT i.id, i.item_type_id, i.unique_key FROM items i WHERE i.id IN ");
    push_holders(&mut sql, file);
    sql.push(" ORDER BY i.id LIMIT ").bind(i64::try_from(most).unwrap_or(i64::MAX));
    let rows = db.query_all_raw(sql.statement(db)).await?;
    rows.iter()
        .map(|row| {
            let (id, item_type) = (row.try_get("", "id")?, row.try_get("", "item_type_id")?);
            Ok(HurtItem { id, item_type, number: row.try_get("", "unique_key")? })
        })
        .collect()
}
