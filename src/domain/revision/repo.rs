//! SQL of the model's revision.

use sea_orm::ConnectionTrait;

use crate::db::{Sql, Tx};
use crate::error::Result;

pub(super) async fn raise(tx: &Tx) -> Result<()> {
    let sql = "INSERT INTO model_revision (id, value) VALUES (1, 1) \
               ON CONFLICT (id) DO UPDATE SET value = model_revision.value + 1";
    tx.execute_raw(Sql::new(sql).statement(tx)).await?;
    Ok(())
}

pub(super) async fn current(db: &impl ConnectionTrait) -> Result<i64> {
    let row = db.query_one_raw(Sql::new("SELECT value FROM model_revision WHERE id = 1").statement(db)).await?;
    Ok(row.map(|row| row.try_get("", "value")).transpose()?.unwrap_or_default())
}
