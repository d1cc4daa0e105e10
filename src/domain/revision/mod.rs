//! The revision of the model: raised by every change of types, rights or lifecycles, in the transaction of that change, so
//! that whoever remembers a model knows when it is stale.

mod repo;

use crate::db::{Db, Tx};
use crate::error::Result;

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
