//! What a database really consists of, and what it should consist of, in a form that can be compared.
//!
//! The expected schema is made, not described: the changes run on a scratch database of the same engine, and both are read
//! from the catalogue in the same way.

pub(super) mod postgres;
pub(super) mod sqlite;

use std::collections::BTreeMap;

use migration::{ChangeList, names};
use sea_orm::{ConnectionTrait, QueryResult};

use super::Db;
use super::dialect::{begin_scratch, read_catalogue, statement};
use super::migrate::apply;
use super::schema::Book;
use crate::error::Result;

/// Table by table: its columns, indexes, constraints and triggers, each with its definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspected {
    tables: BTreeMap<String, BTreeMap<String, String>>,
}

impl Inspected {
    fn table(&mut self, table: &str) -> &mut BTreeMap<String, String> {
        self.tables.entry(table.to_owned()).or_default()
    }

    /// Takes in another schema of the same database.
    pub fn merge(&mut self, other: &Self) {
        for (table, parts) in &other.tables {
            self.table(table).extend(parts.clone());
        }
    }

    /// Keeps the parts of tables that fit.
    pub fn retain(&mut self, fits: impl Fn(&str, &str) -> bool) {
        for (table, parts) in &mut self.tables {
            parts.retain(|part, _| fits(table, part));
        }
        self.tables.retain(|_, parts| !parts.is_empty());
    }

    /// Takes over a part as another has it, where it has it.
    pub fn adopt(&mut self, other: &Self, table: &str, part: &str) {
        if let Some(definition) = other.tables.get(table).and_then(|parts| parts.get(part)) {
            self.table(table).insert(part.to_owned(), definition.clone());
        }
    }

    /// Each difference from what is expected, in words.
    pub fn differences(&self, expected: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (table, parts) in &expected.tables {
            match self.tables.get(table) {
                None => found.push(format!("{table}: the table is missing")),
                Some(real) => found.extend(table_differences(table, real, parts)),
            }
        }
        let unexpected = self.tables.keys().filter(|table| !expected.tables.contains_key(*table));
        found.extend(unexpected.map(|table| format!("{table}: the table is not expected")));
        found
    }
}

fn table_differences(table: &str, real: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    for (part, wanted) in expected {
        match real.get(part) {
            None => found.push(format!("{table}: {part} is missing{}", in_brackets(wanted))),
            Some(is) if is != wanted => found.push(format!("{table}: {part} is {is}, expected {wanted}")),
            Some(_) => {}
        }
    }
    let unexpected = real.iter().filter(|(part, _)| !expected.contains_key(*part));
    found.extend(unexpected.map(|(part, is)| format!("{table}: {part} is not expected{}", in_brackets(is))));
    found
}

fn in_brackets(definition: &str) -> String {
    if definition.is_empty() { String::new() } else { format!(" ({definition})") }
}

/// What is in the connection's schema. Only reads.
pub async fn real_schema(db: &impl ConnectionTrait) -> Result<Inspected> {
    read_catalogue(db).await
}

/// What the changes of a list up to `version` make on the engine of `db`.
///
/// On PostgreSQL they run in a schema of their own in that database, in a transaction that is rolled back.
pub async fn expected_schema<L: ChangeList>(db: &Db, version: &str) -> Result<Inspected> {
    let steps = names::<L>().iter().position(|name| name == version).map_or(0, |position| position + 1);
    let scratch = begin_scratch(db).await?;
    let book = Book::read::<L>(&scratch).await?;
    apply::<L>(&scratch, &book, Some(steps)).await?;
    read_catalogue(&scratch).await
}

async fn rows(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>> {
    Ok(db.query_all_raw(statement(db, sql, Vec::new())).await?)
}

#[cfg(test)]
mod tests {
    use migration::tenant::Migrator;
    use migration::{latest, names};

    use super::*;
    use crate::db::connect;

    async fn migrated() -> (Db, Inspected) {
        let db = connect::in_memory().await.unwrap();
        crate::db::upgrade::<Migrator>(&db).await.unwrap();
        let expected = expected_schema::<Migrator>(&db, &latest::<Migrator>()).await.unwrap();
        (db, expected)
    }

    #[tokio::test]
    async fn a_migrated_database_is_as_expected() {
        let (db, expected) = migrated().await;
        assert_eq!(real_schema(&db).await.unwrap().differences(&expected), [""; 0]);
        let earlier = expected_schema::<Migrator>(&db, &names::<Migrator>()[0]).await.unwrap();
        assert!(earlier.tables.len() < expected.tables.len());
    }

    #[tokio::test]
    async fn each_difference_is_named() {
        let (db, expected) = migrated().await;
        for sql in [
            "ALTER TABLE jobs ADD COLUMN extra text",
            "ALTER TABLE jobs DROP COLUMN lease_until",
            "DROP INDEX ix_jobs_dedupe_key",
            "CREATE INDEX ix_jobs_dedupe_key ON jobs (task_type)",
            "CREATE TABLE stray (id integer)",
            "DROP TABLE permission_entries",
        ] {
            db.execute_unprepared(sql).await.unwrap();
        }
        let differences = real_schema(&db).await.unwrap().differences(&expected).join("\n");
        for wanted in [
            "jobs: column extra is not expected (text",
            "jobs: column lease_until is missing",
            "jobs: index ix_jobs_dedupe_key is",
            "stray: the table is not expected",
            "permission_entries: the table is missing",
        ] {
            assert!(differences.contains(wanted), "{wanted}\n{differences}");
        }
        assert_eq!(differences.lines().count(), 5, "{differences}");
    }
}
