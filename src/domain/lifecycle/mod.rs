//! The states an item passes through, what each forbids, and the steps between them.
//!
//! A lifecycle is data. Not here: applying a step to an item (`meta`, which owns items).

mod model;
mod repo;

pub use model::{Lifecycles, State, Transition};

use uuid::Uuid;

use crate::context::Ctx;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};

/// All states and transitions of the database; few enough to be read whole.
pub async fn lifecycles(db: &Db) -> Result<Lifecycles> {
    repo::all(db).await
}

/// The same, as the write in progress sees it.
pub async fn lifecycles_in(tx: &Tx) -> Result<Lifecycles> {
    repo::all(tx).await
}

/// Whether the actor may take a transition: its role, when it names one, or an administrator.
pub fn may_take(ctx: &Ctx, transition: &Transition) -> bool {
    match &transition.role {
        None => true,
        Some(role) => ctx.actor.is_administrator() || ctx.actor.roles().iter().any(|held| held == role),
    }
}

/// The refusal of a change in a locked state, as clients know it.
pub fn locked(state: &str, resource: &str) -> Error {
    Error::conflict(format!("Item is locked in state: {state}"))
        .code("STATE_LOCKED", format!("This {resource} is {state} and cannot be changed. Start a change to revise it."))
        .details(serde_json::json!({ "state": state, "resource": resource }))
}

/// Creates a lifecycle unless it exists, and returns its id.
pub async fn seed(tx: &Tx, name: &str) -> Result<Uuid> {
    repo::insert_standard(tx, name).await
}
