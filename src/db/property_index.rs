//! Indexes over single properties: one value in the JSON of a row, for the rows of one type. They are data, not schema: an
//! administrator asks for them, and a job of the engine makes and drops them while everybody goes on working.
//!
//! A query hits such an index when it says both, in literals: [`push_type`], and a comparison of [`push_value`].

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use uuid::Uuid;

use super::dialect::{
    begin_scratch, concurrently, indexes_of, json_key, literal, own_connection, push_json_scalar, read_catalogue,
    statement,
};
use super::{Db, Inspected, Sql};
use crate::error::{Error, Result};

const TABLE: &str = "items";
const TYPE: &str = "item_type_id";
const VALUES: &str = "properties";
/// Begins the names of these indexes, and of nothing else.
const PREFIX: &str = "px_";
const BUILDERS_LOCK: &str = "yuantus-property-indexes";
/// Between two looks at whether another process still makes indexes.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// The index of one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyIndex {
    pub property: Uuid,
    pub item_type: String,
    pub key: String,
    pub unique: bool,
}

impl PropertyIndex {
    pub fn name(&self) -> String {
        format!("{PREFIX}{}_{}", if self.unique { 'u' } else { 'i' }, self.property.simple())
    }

    fn create(&self, db: &impl ConnectionTrait, how: &str) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let (name, value, kind) = (self.name(), json_key(db, VALUES, &self.key), literal(&self.item_type));
        format!("CREATE {unique}INDEX {how} IF NOT EXISTS {name} ON {TABLE} ({value}) WHERE {TYPE} = {kind}")
    }
}

/// Pushes that a row is of a type, so that the engine can tell which index covers it.
pub fn push_type(sql: &mut Sql, alias: &str, item_type: &str) {
    sql.push(&format!("{alias}.{TYPE} = {}", literal(item_type)));
}

/// Pushes the value of a declared property, which is none where the item has no value.
pub fn push_value(db: &impl ConnectionTrait, sql: &mut Sql, alias: &str, key: &str) {
    sql.push(&json_key(db, &format!("{alias}.{VALUES}"), key));
}

/// Pushes that the rows are of a type and have this text, number or boolean as the value of a declared property.
pub fn push_equals(
    db: &impl ConnectionTrait,
    sql: &mut Sql,
    (alias, item_type): (&str, &str),
    key: &str,
    value: &serde_json::Value,
) {
    push_type(sql, alias, item_type);
    sql.push(" AND ");
    push_value(db, sql, alias, key);
    sql.push(" = ");
    push_json_scalar(db, sql, value);
}

/// The property whose unique index refused a write.
pub fn violated(error: &Error) -> Option<Uuid> {
    let text = error.chain();
    let at = text.find("px_u_")? + "px_u_".len();
    Uuid::parse_str(text.get(at..at + 32)?).ok()
}

/// A value that occurs more than once, as JSON or plain text, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    pub value: String,
    pub count: i64,
}

/// The values that stand in the way of a unique index, the most frequent first.
pub async fn duplicates(db: &Db, index: &PropertyIndex, most: u64) -> Result<Vec<Duplicate>> {
    let value = json_key(db, VALUES, &index.key);
    let sql = format!(
        "SELECT CAST({value} AS text) AS value, COUNT(*) AS many FROM {TABLE} \
         WHERE {TYPE} = {} AND {value} IS NOT NULL GROUP BY {value} HAVING COUNT(*) > 1 ORDER BY many DESC, 1 LIMIT {most}",
        literal(&index.item_type),
    );
    let rows = db.query_all_raw(statement(db, sql, Vec::new())).await?;
    rows.iter().map(|row| Ok(Duplicate { value: row.try_get("", "value")?, count: row.try_get("", "many")? })).collect()
}

/// Makes and drops indexes, alone among all processes until it is dropped.
pub struct Builder<'a> {
    db: &'a Db,
    /// PostgreSQL: a connection that is no pool's, with neither a transaction nor a time limit.
    own: Option<DatabaseConnection>,
}

impl<'a> Builder<'a> {
    /// Waits until no other process makes indexes. Asked again and again rather than waited for: a statement that waits
    /// would itself be waited for by the one that makes an index.
    pub async fn begin(db: &'a Db) -> Result<Self> {
        let own = own_connection(db).await?;
        if let Some(own) = &own {
            let sql = "SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS taken";
            loop {
                let row = own.query_one_raw(statement(own, sql, vec![BUILDERS_LOCK.into()])).await?;
                if row.map(|row| row.try_get("", "taken")).transpose()?.unwrap_or(false) {
                    break;
                }
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
        Ok(Self { db, own })
    }

    /// The names of the indexes that are there and whole. What an interrupted build left behind is dropped.
    pub async fn present(&self) -> Result<Vec<String>> {
        let mut whole = Vec::new();
        for (name, is_valid) in indexes_of(self.db, TABLE, PREFIX).await? {
            if is_valid {
                whole.push(name);
            } else {
                self.drop(&name).await?;
            }
        }
        Ok(whole)
    }

    /// Fails with `Conflict` `DUPLICATE` where a unique index meets a value twice; nothing is left of the index then.
    pub async fn create(&self, index: &PropertyIndex) -> Result<()> {
        let made = self.run(&index.create(self.db, concurrently(self.db))).await;
        if made.is_err() {
            self.drop(&index.name()).await?;
        }
        made
    }

    pub async fn drop(&self, name: &str) -> Result<()> {
        self.run(&format!("DROP INDEX {} IF EXISTS {name}", concurrently(self.db))).await
    }

    async fn run(&self, sql: &str) -> Result<()> {
        if let Some(own) = &self.own {
            own.execute_unprepared(sql).await?;
            return Ok(());
        }
        let tx = self.db.begin().await?;
        tx.execute_unprepared(sql).await?;
        tx.commit().await
    }

    pub async fn end(self) -> Result<()> {
        if let Some(own) = self.own {
            own.close().await?;
        }
        Ok(())
    }
}

/// How the catalogue describes these indexes once they are made.
pub async fn expected_indexes(db: &Db, wanted: &[PropertyIndex]) -> Result<Inspected> {
    if wanted.is_empty() {
        return Ok(Inspected::default());
    }
    let scratch = begin_scratch(db).await?;
    scratch
        .execute_unprepared(&format!("CREATE TABLE {TABLE} ({TYPE} text NOT NULL, {VALUES} jsonb NOT NULL)"))
        .await?;
    for index in wanted {
        scratch.execute_unprepared(&index.create(&scratch, "")).await?;
    }
    let mut made = read_catalogue(&scratch).await?;
    made.retain(|table, part| table == TABLE && part.starts_with(&format!("index {PREFIX}")));
    Ok(made)
}

/// The part of the catalogue that an index of these is.
pub fn catalogue_part(index: &PropertyIndex) -> (&'static str, String) {
    (TABLE, format!("index {}", index.name()))
}
