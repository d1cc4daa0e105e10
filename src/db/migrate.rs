//! Bringing a database to the present schema.
//!
//! All pending changes of one database run in one transaction that holds the database's migration lock: two processes at
//! once are one after the other, and a failure leaves the database at its old version.

use std::time::Duration;

use migration::{ChangeList, SchemaManager, names};
use sea_orm::ConnectionTrait;
use tokio::time::{Instant, sleep};

use super::dialect::{lock_for_migration, waits_for_locks};
use super::schema::{Book, Standing};
use super::{Db, SchemaVersion, Tx};
use crate::error::{Error, Kind, Result};

/// How long one process waits for another's migration of the same SQLite database.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two attempts, each of which has waited by itself.
const PAUSE: Duration = Duration::from_millis(100);

/// What an upgrade did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// The schema version before; none for an empty database.
    pub from: Option<String>,
    /// The schema now.
    pub to: SchemaVersion,
    /// How many changes ran.
    pub applied: usize,
}

/// Applies what is missing. A newer database is left alone: no harm if this binary can work with it, else refused with
/// `SCHEMA_NEWER`.
pub async fn upgrade<L: ChangeList>(db: &Db) -> Result<Upgrade> {
    let (tx, book) = begin_locked::<L>(db).await?;
    upgrade_from::<L>(tx, &book).await
}

/// The same for a database that should have a schema; none when it is empty, which it stays.
pub async fn upgrade_existing<L: ChangeList>(db: &Db) -> Result<Option<Upgrade>> {
    let (tx, book) = begin_locked::<L>(db).await?;
    if book.applied.is_empty() {
        return Ok(None);
    }
    upgrade_from::<L>(tx, &book).await.map(Some)
}

/// What the book says is certain from here on: nobody else migrates until the transaction ends.
async fn begin_locked<L: ChangeList>(db: &Db) -> Result<(Tx, Book)> {
    let tx = begin(db).await?;
    lock_for_migration(&tx).await?;
    let book = Book::read::<L>(&tx).await?;
    Ok((tx, book))
}

async fn upgrade_from<L: ChangeList>(tx: Tx, book: &Book) -> Result<Upgrade> {
    let found = book.schema();
    if let Some(newer) = newer::<L>(found.as_ref())? {
        return Ok(Upgrade { from: Some(newer.version.clone()), to: newer, applied: 0 });
    }
    let from = found.as_ref().map(|found| found.version.clone());
    let applied = pending::<L>(from.as_deref());
    let to = SchemaVersion::present::<L>();
    // A database from before compatibility was recorded gets its record too.
    if applied > 0 || found.is_some_and(|found| found.readable_from.is_none()) {
        apply::<L>(&tx, book, None).await.map_err(|error| {
            Error::internal(format!("The schema could not be brought to {}; the database is unchanged", to.version))
                .caused_by(error)
        })?;
    }
    tx.commit().await?;
    Ok(Upgrade { from, to, applied })
}

/// Runs the pending changes, or the first `steps` of them, on a transaction.
///
/// Not with sea-orm's own runner: that reads and makes its book several times over, and each time is a way to the server
/// and back.
pub(super) async fn apply<L: ChangeList>(tx: &Tx, book: &Book, steps: Option<usize>) -> Result<()> {
    refuse_unknown::<L>(book)?;
    let manager = SchemaManager::new(tx.inner());
    let mut made = Vec::new();
    let missing = L::migrations().into_iter().filter(|change| !book.applied.iter().any(|name| name == change.name()));
    for change in missing.take(steps.unwrap_or(usize::MAX)) {
        change.up(&manager).await?;
        made.push(change.name().to_owned());
    }
    book.record::<L>(tx, &made).await
}

/// A change in the middle that this binary lacks: what is made after it could be made on something else than is there.
fn refuse_unknown<L: ChangeList>(book: &Book) -> Result<()> {
    let known = names::<L>();
    match book.applied.iter().find(|name| !known.contains(name)) {
        Some(name) => {
            Err(Error::internal(format!("The database has the change {name}, which this binary does not know")))
        }
        None => Ok(()),
    }
}

fn newer<L: ChangeList>(found: Option<&SchemaVersion>) -> Result<Option<SchemaVersion>> {
    let Some(found) = found else { return Ok(None) };
    match found.standing::<L>() {
        Standing::NewerRefused => Err(found.too_new::<L>()),
        Standing::NewerServed => Ok(Some(found.clone())),
        Standing::Behind | Standing::Current => Ok(None),
    }
}

/// How many changes a database at `from` lacks.
fn pending<L: ChangeList>(from: Option<&str>) -> usize {
    let names = names::<L>();
    let known = from.and_then(|from| names.iter().position(|name| name == from));
    names.len() - known.map_or(0, |position| position + 1)
}

/// Another process may be migrating the same database, for longer than a writer usually waits.
async fn begin(db: &Db) -> Result<Tx> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match db.begin().await {
            Err(error)
                if error.kind() == Kind::Unavailable
                    && !waits_for_locks(db.get_database_backend())
                    && Instant::now() < deadline =>
            {
                sleep(PAUSE).await;
            }
            begun => return begun,
        }
    }
}
