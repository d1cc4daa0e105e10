//! Who may do what with an item: permission sets, and the one decision over their entries.
//!
//! Not here: which set applies to an item (`meta`), and what a state forbids to everyone (`lifecycle`).

mod model;
mod repo;

pub use model::{Action, Entry, Reach, Rights, Sets, Subject};

use crate::db::{Db, Tx};
use crate::error::{Error, Result};

/// The permission set of items and types that name none.
pub const DEFAULT_SET: &str = "Default";

/// Every set of the database: sets are few, items are many.
pub async fn sets(db: &Db) -> Result<Sets> {
    Ok(Sets::new(repo::set_ids(db).await?, repo::entries(db).await?))
}

/// The refusal of an action, as clients know it.
pub fn denied(action: Action, resource: &str) -> Error {
    let action = action.as_str();
    Error::forbidden(format!("Permission denied for action: {action} on resource: {resource}"))
        .code("PERMISSION_DENIED", format!("You may not {action} this {resource}. Ask an administrator for the right."))
        .details(serde_json::json!({ "action": action, "resource": resource }))
}

/// Creates the set that new installations begin with: everyone may do everything.
pub async fn seed(tx: &Tx) -> Result<()> {
    repo::insert_set(tx, DEFAULT_SET, "Default").await?;
    repo::insert_entry(tx, &Entry::full(DEFAULT_SET, model::WORLD)).await
}
