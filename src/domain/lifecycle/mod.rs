//! The states an item passes through, what each forbids, and the steps between them.
//!
//! A lifecycle is data. Not here: applying a step to an item (`meta`, which owns items).

mod check;
mod condition;
mod guard;
mod maps;
mod model;
mod repo;
mod states;
mod transitions;

pub use check::Warning;
pub use guard::{Child, Facts, Guards, Unmet, guard_failed};
pub use maps::{Lifecycle, create_lifecycle, delete_lifecycle, get_lifecycle, list_lifecycles, rename_lifecycle};
pub use model::{Lifecycles, State, Transition};
pub use states::{StateChange, add_state, delete_state, update_state};
pub use transitions::{NewTransition, TransitionChange, add_transition, delete_transition, update_transition};

use uuid::Uuid;

use crate::context::Ctx;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};

/// All states and transitions of the database; few enough to be read whole.
pub async fn lifecycles(db: &Db) -> Result<Lifecycles> {
    repo::all(db).await
}

/// Whether the actor may take a transition: its role, when it names one, or an administrator.
pub fn may_take(ctx: &Ctx, transition: &Transition) -> bool {
    match &transition.role {
        None => true,
        Some(role) => ctx.actor.is_administrator() || ctx.actor.roles().iter().any(|held| held == role),
    }
}

/// The state is still what the caller's model says, and stays so until the transaction ends: an item never bears the name of
/// a state that has been renamed meanwhile.
pub async fn keep_state(tx: &Tx, state: &State) -> Result<()> {
    if repo::state_kept(tx, state.id).await?.is_some_and(|now| now.name == state.name) {
        return Ok(());
    }
    Err(Error::conflict(format!("The state {} has just been changed", state.name))
        .code("MODEL_CHANGED", "An administrator has just changed the lifecycle. Try again."))
}

/// The refusal of a change in a locked state, as clients know it.
pub fn locked(state: &str, resource: &str) -> Error {
    Error::conflict(format!("Item is locked in state: {state}"))
        .code("STATE_LOCKED", format!("This {resource} is {state} and cannot be changed. Open its next version: POST /api/v1/versions/items/{{item_id}}/revise."))
        .details(serde_json::json!({ "state": state, "resource": resource }))
}

/// Creates a lifecycle unless it exists, and returns its id.
pub async fn seed(tx: &Tx, name: &str) -> Result<Uuid> {
    repo::insert_standard(tx, name).await
}
