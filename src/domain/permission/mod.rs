//! Who may do what with an item: permission sets, and the one decision over their entries.
//!
//! Not here: which item is whose (`meta`), and what a state forbids to everyone (`lifecycle`).

mod accesses;
mod identity;
mod model;
mod repo;
mod sets;

pub use accesses::{AccessChange, add_access, remove_access, update_access};
pub use identity::read_role;
pub use model::{Action, DEFAULT_SET, Entry, Reach, Rights, Sets, Subject, governing};
pub use sets::{Set, SetSummary, create_set, delete_set, get_set, list_sets, rename_set};

use crate::context::Ctx;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};

/// Every set of the database: sets are few, items are many.
pub async fn sets(db: &Db) -> Result<Sets> {
    Ok(Sets::new(repo::set_ids(db).await?, repo::entries(db).await?))
}

/// The set is there. `loc` names the field that asks for it.
pub async fn require_set(tx: &Tx, id: &str, loc: &[&str]) -> Result<()> {
    match repo::find_set(tx, id).await? {
        Some(_) => Ok(()),
        None => Err(no_such_set(id, loc)),
    }
}

/// A set that a value names and that is not there.
pub fn no_such_set(id: &str, loc: &[&str]) -> Error {
    Error::invalid_field("value_error", loc, format!("There is no permission set {id:?}; create it first"))
}

/// The refusal of an action, as clients know it.
pub fn denied(action: Action, resource: &str) -> Error {
    let action = action.as_str();
    Error::forbidden(format!("Permission denied for action: {action} on resource: {resource}"))
        .code("PERMISSION_DENIED", format!("You may not {action} this {resource}. Ask an administrator for the right."))
        .details(serde_json::json!({ "action": action, "resource": resource }))
}

/// The model — types, rights, lifecycles, numbering — is changed by administrators. `resource` is what would change.
pub fn require_administrator(ctx: &Ctx, action: Action, resource: &str) -> Result<()> {
    if ctx.actor.is_administrator() { Ok(()) } else { Err(denied(action, resource)) }
}

/// Creates the set that new installations begin with: everyone may do everything.
pub async fn seed(tx: &Tx) -> Result<()> {
    repo::insert_set(tx, DEFAULT_SET, "Default").await?;
    repo::insert_entry(tx, &Entry::full(DEFAULT_SET, model::WORLD)).await?;
    Ok(())
}
