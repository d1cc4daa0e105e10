//! The contents that the storage holds or is about to hold.

use sea_orm::ConnectionTrait;

use crate::context::Ctx;
use crate::db::{Sql, Tx};
use crate::error::Result;
use crate::storage::Stored;

/// Notes that a content is about to be stored or referred to: from now on nobody collects it for a while. Waits for whoever
/// is collecting it at this moment.
pub async fn touch(ctx: &Ctx, tx: &Tx, stored: &Stored) -> Result<()> {
    let mut sql = Sql::new("INSERT INTO objects (sha256, size, touched_at) VALUES (");
    sql.bind(stored.sha256.to_string()).push(", ").bind(i64::try_from(stored.size).unwrap_or(i64::MAX)).push(", ");
    sql.bind(ctx.now())
        .push(") ON CONFLICT (sha256) DO UPDATE SET touched_at = excluded.touched_at, size = excluded.size");
    tx.execute_raw(sql.statement(tx)).await?;
    Ok(())
}
