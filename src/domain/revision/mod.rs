//! The revision of the model: raised by every change of types, rights or lifecycles, in the transaction of that change, so
//! that whoever remembers a model knows when it is stale.

mod repo;

use std::time::Duration;

use crate::db::dialect::{lock_shared, try_lock};
use crate::db::{Db, Tx};
use crate::error::{Error, Result};

/// Held by every write of items, shared, and alone by a change of the model.
const MODEL_LOCK: &str = "yuantus-model";
/// How often a change asks whether the writes under way have ended, and how long it waits between.
const ATTEMPTS: u32 = 100;
const WAIT: Duration = Duration::from_millis(100);
const RETRY_SECONDS: u64 = 5;

/// The model stays as it is until the transaction ends.
pub async fn hold(tx: &Tx) -> Result<()> {
    lock_shared(tx, MODEL_LOCK).await
}

/// Begins a change of the model: the writes under way have ended, and none that is checked against the model as it was
/// commits after it. Waits without holding up those that come: a place in the queue for the lock would. To be taken before
/// any row is locked.
pub async fn alone(tx: &Tx) -> Result<()> {
    for _ in 0..ATTEMPTS {
        if try_lock(tx, MODEL_LOCK).await? {
            return Ok(());
        }
        tokio::time::sleep(WAIT).await;
    }
    Err(Error::unavailable("A long write is under way")
        .code("MODEL_BUSY", "A long write, such as an import, is under way. Try again when it has ended.")
        .retry_after(RETRY_SECONDS))
}

/// Says that the model changes with this transaction.
pub async fn raise(tx: &Tx) -> Result<()> {
    repo::raise(tx).await
}

/// The revision that is committed now.
pub async fn current(db: &Db) -> Result<i64> {
    repo::current(db).await
}

/// The revision as a transaction sees it.
pub async fn current_in(tx: &Tx) -> Result<i64> {
    repo::current(tx).await
}
