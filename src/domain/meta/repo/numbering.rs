//! Rows of numbering sequences and their counters.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::super::numbering::{Counter, Sequence};
use crate::db::{Db, Sql, Tx};
use crate::entity::tenant::{number_counter, number_sequence};
use crate::error::{Error, Result};

impl From<&number_sequence::Model> for Sequence {
    fn from(row: &number_sequence::Model) -> Self {
        Self {
            prefix: row.prefix.clone(),
            padding: usize::try_from(row.padding).unwrap_or(0),
            gap_free: row.gap_free,
            counts_by_prefix: row.counts_by_prefix,
            start: row.next_value,
            generation: row.generation,
        }
    }
}

fn padding(sequence: &Sequence) -> i32 {
    i32::try_from(sequence.padding).unwrap_or(0)
}

/// Every sequence, by type.
pub async fn all(db: &impl ConnectionTrait) -> Result<BTreeMap<String, Sequence>> {
    let rows = number_sequence::Entity::find().all(db).await?;
    Ok(rows.into_iter().map(|row| (row.item_type_id.clone(), Sequence::from(&row))).collect())
}

/// Makes a sequence that begins at 1, unless there is one.
pub async fn ensure(tx: &Tx, kind: &str, prefix: &str, padding: usize) -> Result<()> {
    ensure_for(tx, kind, &Sequence { prefix: prefix.to_owned(), padding, ..Sequence::usual(kind) }).await
}

pub async fn ensure_for(tx: &Tx, kind: &str, sequence: &Sequence) -> Result<()> {
    let row = number_sequence::ActiveModel {
        item_type_id: Set(kind.to_owned()),
        prefix: Set(sequence.prefix.clone()),
        padding: Set(padding(sequence)),
        next_value: Set(1),
        gap_free: Set(sequence.gap_free),
        counts_by_prefix: Set(sequence.counts_by_prefix),
        generation: Set(0),
    };
    number_sequence::Entity::insert(row)
        .on_conflict(OnConflict::column(number_sequence::Column::ItemTypeId).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// A sequence with its next value.
pub async fn find(db: &impl ConnectionTrait, kind: &str) -> Result<Option<(Sequence, i64)>> {
    let row = number_sequence::Entity::find_by_id(kind).one(db).await?;
    Ok(row.map(|row| (Sequence::from(&row), row.next_value)))
}

/// The same, locked until the transaction ends.
pub async fn find_locked(tx: &Tx, kind: &str) -> Result<Option<(Sequence, i64)>> {
    let row = number_sequence::Entity::find_by_id(kind).lock(LockType::NoKeyUpdate).one(tx).await?;
    Ok(row.map(|row| (Sequence::from(&row), row.next_value)))
}

/// Stores a sequence, and its start as the next value.
pub async fn update(tx: &Tx, kind: &str, sequence: &Sequence) -> Result<()> {
    let row = number_sequence::ActiveModel {
        item_type_id: Set(kind.to_owned()),
        prefix: Set(sequence.prefix.clone()),
        padding: Set(padding(sequence)),
        next_value: Set(sequence.start),
        gap_free: Set(sequence.gap_free),
        counts_by_prefix: Set(sequence.counts_by_prefix),
        generation: Set(sequence.generation),
    };
    number_sequence::Entity::update(row).exec(tx).await?;
    Ok(())
}

/// Those of some numbers that items of a type bear.
pub async fn taken(tx: &Tx, kind: &str, numbers: &[String]) -> Result<BTreeSet<String>> {
    let mut sql = Sql::new("SELECT unique_key FROM items WHERE item_type_id = ");
    sql.bind(kind).push(" AND unique_key IN ").bind_list(numbers.iter().map(String::as_str));
    let rows = tx.query_all_raw(sql.statement(tx)).await?;
    rows.iter().map(|row| Ok(row.try_get("", "unique_key")?)).collect()
}

/// Takes the next values of a counter, and answers with the first; the row stays locked until the transaction ends.
pub async fn advance(tx: &Tx, kind: &str, sequence: &Sequence, prefix: &str, many: usize) -> Result<i64> {
    let many = i64::try_from(many).unwrap_or(i64::MAX);
    if let Some(first) = try_advance(tx, kind, sequence, prefix, many).await? {
        return Ok(first);
    }
    // The first number of a type that nobody gave a numbering.
    ensure_for(tx, kind, sequence).await?;
    let first = try_advance(tx, kind, sequence, prefix, many).await?;
    first.ok_or_else(|| Error::internal("A numbering sequence is missing"))
}

async fn try_advance(tx: &Tx, kind: &str, sequence: &Sequence, prefix: &str, many: i64) -> Result<Option<i64>> {
    let mut sql = Sql::default();
    if sequence.counts_by_prefix {
        sql.push("INSERT INTO number_counters (item_type_id, prefix, next_value) VALUES (").bind(kind);
        sql.push(", ").bind(prefix).push(", ").bind(sequence.start.saturating_add(many));
        sql.push(") ON CONFLICT (item_type_id, prefix) DO UPDATE SET next_value = number_counters.next_value + ");
        sql.bind(many);
    } else {
        sql.push("UPDATE number_sequences SET next_value = next_value + ").bind(many);
        sql.push(" WHERE item_type_id = ").bind(kind);
    }
    sql.push(" RETURNING next_value");
    let row = tx.query_one_raw(sql.statement(tx)).await?;
    let next = row.map(|row| row.try_get::<i64>("", "next_value")).transpose()?;
    Ok(next.map(|next| next - many))
}

/// The next value of a counter, which nobody takes by asking.
pub async fn standing(db: &Db, kind: &str, sequence: &Sequence, prefix: &str) -> Result<i64> {
    if sequence.counts_by_prefix {
        let key = (kind.to_owned(), prefix.to_owned());
        let row = number_counter::Entity::find_by_id(key).one(db).await?;
        return Ok(row.map_or(sequence.start, |row| row.next_value));
    }
    Ok(find(db, kind).await?.map_or(1, |(_, next_value)| next_value))
}

pub async fn counters(db: &Db, kind: &str, most: usize) -> Result<Vec<Counter>> {
    let rows = number_counter::Entity::find()
        .filter(number_counter::Column::ItemTypeId.eq(kind))
        .order_by_desc(number_counter::Column::Prefix)
        .limit(most as u64)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| Counter { prefix: row.prefix, next_value: row.next_value }).collect())
}

pub async fn set_counter(tx: &Tx, kind: &str, counter: &Counter) -> Result<()> {
    let row = number_counter::ActiveModel {
        item_type_id: Set(kind.to_owned()),
        prefix: Set(counter.prefix.clone()),
        next_value: Set(counter.next_value),
    };
    let key = [number_counter::Column::ItemTypeId, number_counter::Column::Prefix];
    let set = OnConflict::columns(key).update_column(number_counter::Column::NextValue).to_owned();
    number_counter::Entity::insert(row).on_conflict(set).exec_without_returning(tx).await?;
    Ok(())
}
