//! Rows of numbering sequences.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};

use crate::db::Tx;
use crate::db::dialect::statement;
use crate::entity::tenant::number_sequence;
use crate::error::{Error, Result};

pub struct Drawn {
    pub prefix: String,
    pub padding: usize,
    pub value: i64,
}

/// Makes a sequence that begins at 1, unless there is one.
pub async fn ensure(tx: &Tx, kind: &str, prefix: &str, padding: usize) -> Result<()> {
    let row = number_sequence::ActiveModel {
        item_type_id: Set(kind.to_owned()),
        prefix: Set(prefix.to_owned()),
        padding: Set(i32::try_from(padding).unwrap_or(0)),
        next_value: Set(1),
        gap_free: Set(true),
        counts_by_prefix: Set(false),
        generation: Set(0),
    };
    number_sequence::Entity::insert(row)
        .on_conflict(OnConflict::column(number_sequence::Column::ItemTypeId).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// Takes the next value; the row stays locked until the transaction ends.
pub async fn next(tx: &Tx, kind: &str) -> Result<Drawn> {
    let sql = "UPDATE number_sequences SET next_value = next_value + 1 WHERE item_type_id = $1 \
               RETURNING prefix, padding, next_value - 1 AS value";
    let row = tx.query_one_raw(statement(tx, sql, vec![kind.into()])).await?;
    let row = row.ok_or_else(|| Error::internal("A numbering sequence is missing"))?;
    let padding: i32 = row.try_get("", "padding")?;
    Ok(Drawn {
        prefix: row.try_get("", "prefix")?,
        padding: usize::try_from(padding).unwrap_or(0),
        value: row.try_get("", "value")?,
    })
}
