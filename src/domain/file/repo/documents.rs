//! Files by the items and versions that they belong to.

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::db::Sql;
use crate::domain::file::documents::Document;
use crate::error::Result;

/// As many ids as one statement takes comfortably on both engines.
const IDS_PER_QUERY: usize = 1000;

#[derive(FromQueryResult)]
struct Row {
    holder: Uuid,
    file_id: Uuid,
    file_role: String,
    filename: String,
    sha256: String,
}

/// In the order in which they were attached, and by their sequence.
pub async fn of_holders(db: &impl ConnectionTrait, holders: &[Uuid]) -> Result<Vec<Document>> {
    let mut found = Vec::new();
    for some in holders.chunks(IDS_PER_QUERY) {
        for (table, column, order) in
            [("file_attachments", "item_id", "h.id"), ("version_files", "version_id", "h.sequence, h.id")]
        {
            let mut sql = Sql::new(format!(
                "SELECT h.{column} AS holder, h.file_id, h.file_role, f.filename, f.sha256 \
                 FROM {table} h JOIN files f ON f.id = h.file_id WHERE h.{column} IN "
            ));
            sql.bind_list(some.iter().copied()).push(" ORDER BY ").push(order);
            let rows = db.query_all_raw(sql.statement(db)).await?;
            for row in rows {
                let Row { holder, file_id, file_role, filename, sha256 } = Row::from_query_result(&row, "")?;
                found.push(Document { holder, file_id, role: file_role, filename, sha256 });
            }
        }
    }
    Ok(found)
}
