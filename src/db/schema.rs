//! Which schema a database has, and whether this binary can work with it.
//!
//! Besides the book of changes of each list, a database says which change a binary must know at least. Binaries from before
//! a change that only adds something go on working; those from before one that takes something away are refused.

use chrono::Utc;
use migration::{ChangeList, latest, names, readable_from};
use sea_orm::ConnectionTrait;

use super::Tx;
use super::dialect::{have_tables, statement};
use crate::error::{Error, Result};

/// One row for each book, because the control database may be the product's own.
const COMPATIBILITY: &str = "schema_compatibility";

/// The schema of a database that has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaVersion {
    /// The latest change that was made.
    pub version: String,
    /// The oldest change that a binary must know to work with it.
    pub readable_from: Option<String>,
}

impl SchemaVersion {
    /// The present schema of a list.
    pub fn present<L: ChangeList>() -> Self {
        Self { version: latest::<L>(), readable_from: Some(readable_from::<L>()) }
    }

    pub fn standing<L: ChangeList>(&self) -> Standing {
        standing::<L>(Some(&self.version), self.readable_from.as_deref())
    }

    /// The refusal of a binary that is too old.
    pub fn too_new<L: ChangeList>(&self) -> Error {
        let needed = self.readable_from.as_deref().unwrap_or(&self.version);
        Error::unavailable(format!(
            "The database has schema {}, which is newer than this binary knows ({}), and needs one that knows {needed}; \
             run the newer yuantus",
            self.version,
            latest::<L>(),
        ))
        .code("SCHEMA_NEWER", "This server is older than the database. Ask your operator.")
        .retry_after(30)
    }
}

/// What a database is to this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It lacks changes, or has no schema yet.
    Behind,
    Current,
    /// It has changes that this binary does not know and need not know.
    NewerServed,
    /// It has changes that this binary would have to know.
    NewerRefused,
}

impl Standing {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Behind => "behind",
            Self::Current => "up to date",
            Self::NewerServed => "newer, served",
            Self::NewerRefused => "newer, refused",
        }
    }

    pub fn is_served(self) -> bool {
        matches!(self, Self::Current | Self::NewerServed)
    }
}

/// Compares a schema with the ones that this binary knows. A version that it does not know is a newer one.
pub fn standing<L: ChangeList>(version: Option<&str>, readable_from: Option<&str>) -> Standing {
    let known = names::<L>();
    let knows = |name: &str| known.iter().any(|known| known == name);
    match version {
        None => Standing::Behind,
        Some(version) if known.last().is_some_and(|last| last == version) => Standing::Current,
        Some(version) if knows(version) => Standing::Behind,
        Some(_) if readable_from.is_some_and(knows) => Standing::NewerServed,
        Some(_) => Standing::NewerRefused,
    }
}

/// What a database says about its schema.
#[derive(Debug)]
pub(super) struct Book {
    /// The changes that were made, in order.
    pub applied: Vec<String>,
    readable_from: Option<String>,
    /// Whether there is a table for the changes, and one for the compatibility.
    tables: (bool, bool),
}

impl Book {
    /// Only reads.
    pub async fn read<L: ChangeList>(db: &impl ConnectionTrait) -> Result<Self> {
        let name = L::migration_table_name().to_string();
        let tables = have_tables(db, &name, COMPATIBILITY).await?;
        let mut book = Self { applied: Vec::new(), readable_from: None, tables };
        let (sql, values) = match tables {
            (false, _) => return Ok(book),
            (true, false) => (format!("SELECT version, CAST(NULL AS text) FROM {name}"), Vec::new()),
            (true, true) => {
                let readable_from = format!("SELECT readable_from FROM {COMPATIBILITY} WHERE book = $1");
                (format!("SELECT version, ({readable_from}) FROM {name}"), vec![name.into()])
            }
        };
        for row in db.query_all_raw(statement(db, sql, values)).await? {
            book.applied.push(row.try_get_by_index(0)?);
            book.readable_from = row.try_get_by_index(1)?;
        }
        // Here, because the order of texts in a database depends on its collation.
        book.applied.sort();
        Ok(book)
    }

    /// None for an empty database.
    pub fn schema(&self) -> Option<SchemaVersion> {
        let version = self.applied.last()?.clone();
        Some(SchemaVersion { version, readable_from: self.readable_from.clone() })
    }

    /// Names changes as made, and which one a binary must know from now on: with the changes themselves, in `tx`.
    pub async fn record<L: ChangeList>(&self, tx: &Tx, made: &[String]) -> Result<()> {
        let name = L::migration_table_name().to_string();
        if !self.tables.0 {
            L::install(tx.inner()).await?;
        }
        if !made.is_empty() {
            let now = Utc::now().timestamp();
            let rows: Vec<String> = (1..=made.len()).map(|number| format!("(${number}, {now})")).collect();
            let sql = format!("INSERT INTO {name} (version, applied_at) VALUES {}", rows.join(", "));
            tx.execute_raw(statement(tx, sql, made.iter().map(Into::into).collect())).await?;
        }
        if !self.tables.1 {
            let columns = "(book text NOT NULL PRIMARY KEY, readable_from text NOT NULL)";
            tx.execute_unprepared(&format!("CREATE TABLE {COMPATIBILITY} {columns}")).await?;
        }
        let sql = format!(
            "INSERT INTO {COMPATIBILITY} (book, readable_from) VALUES ($1, $2) \
             ON CONFLICT (book) DO UPDATE SET readable_from = excluded.readable_from"
        );
        tx.execute_raw(statement(tx, sql, vec![name.into(), readable_from::<L>().into()])).await?;
        Ok(())
    }
}

/// The schema of a database, or none for an empty one. Only reads.
pub async fn schema<L: ChangeList>(db: &impl ConnectionTrait) -> Result<Option<SchemaVersion>> {
    Ok(Book::read::<L>(db).await?.schema())
}

/// The changes that the book of a database names, in order. Only reads.
pub async fn applied<L: ChangeList>(db: &impl ConnectionTrait) -> Result<Vec<String>> {
    Ok(Book::read::<L>(db).await?.applied)
}

#[cfg(test)]
mod tests {
    use migration::tenant::Migrator;

    use super::*;

    #[test]
    fn a_binary_serves_what_it_knows_and_what_was_only_added_since() {
        let (first, last) = (names::<Migrator>().remove(0), latest::<Migrator>());
        for (version, readable_from, expected) in [
            (None, None, Standing::Behind),
            (Some(first.as_str()), Some(first.as_str()), Standing::Behind),
            (Some(last.as_str()), Some(first.as_str()), Standing::Current),
            (Some("m9999_later"), Some(last.as_str()), Standing::NewerServed),
            (Some("m9999_later"), Some("m9999_later"), Standing::NewerRefused),
            (Some("m9999_later"), None, Standing::NewerRefused),
        ] {
            assert_eq!(standing::<Migrator>(version, readable_from), expected, "{version:?} {readable_from:?}");
        }
    }
}
