//! Lifecycles over the API: read by every member, changed by administrators, each change in one transaction that holds
//! the lifecycle, so that what is decided from it still holds when it is written.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{Warning, read_name, warnings};
use super::model::{State, Transition};
use super::repo;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change, new_id};
use crate::domain::permission::{Action, require_administrator};
use crate::domain::revision;
use crate::error::{Error, Result};

/// How audit rows and refusals call a lifecycle.
pub(super) const RESOURCE: &str = "Lifecycle";
/// The state that a new lifecycle begins with.
const START: &str = "Draft";

/// A lifecycle with its states in their order and the steps between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Lifecycle {
    pub id: Uuid,
    pub name: String,
    pub states: Vec<State>,
    pub transitions: Vec<Transition>,
    /// The types whose items pass through it.
    pub item_types: Vec<String>,
}

impl Lifecycle {
    pub(super) fn snapshot(&self) -> Value {
        json!({
            "id": self.id, "name": self.name,
            "states": self.states.iter().map(State::snapshot).collect::<Vec<_>>(),
            "transitions": self.transitions.iter().map(Transition::snapshot).collect::<Vec<_>>(),
        })
    }
}

/// Every lifecycle, by name.
pub async fn list_lifecycles(ctx: &Ctx) -> Result<Vec<Lifecycle>> {
    repo::maps(&*ctx.db).await
}

/// A lifecycle, and what is worth a warning about it.
pub async fn get_lifecycle(ctx: &Ctx, id: &str) -> Result<(Lifecycle, Vec<Warning>)> {
    let id = read_id(id)?;
    let all = repo::maps(&*ctx.db).await?;
    let states: HashSet<String> = all.iter().flat_map(|map| &map.states).map(|state| state.name.clone()).collect();
    let found = all.into_iter().find(|map| map.id == id).ok_or_else(not_found)?;
    let warnings = warnings(&found, &states);
    Ok((found, warnings))
}

/// Makes a lifecycle: a copy of another with all its states and steps, or one that has a start state alone.
pub async fn create_lifecycle(ctx: &Ctx, name: &str, copy_of: Option<&str>) -> Result<Lifecycle> {
    require_administrator(ctx, Action::Create, RESOURCE)?;
    let name = read_name(name, "name")?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let made = match copy_of {
        Some(original) => {
            let missing = || {
                let message = format!("There is no lifecycle {original}");
                Error::invalid_field("value_error", &["body", "copy_of"], message)
            };
            let original = Uuid::parse_str(original).map_err(|_| missing())?;
            copied(&repo::map_locked(&tx, original).await?.ok_or_else(missing)?, name)
        }
        None => fresh(name),
    };
    insert(&tx, &made).await?;
    record(ctx, &tx, "model.lifecycle_created", made.id, None, Some(made.snapshot())).await?;
    tx.commit().await?;
    Ok(made)
}

fn fresh(name: String) -> Lifecycle {
    let map_id = new_id();
    let start = State {
        id: new_id(),
        map_id,
        name: START.to_owned(),
        position: 0,
        is_start: true,
        is_locked: false,
        is_released: false,
        permission_id: None,
    };
    Lifecycle { id: map_id, name, states: vec![start], transitions: Vec::new(), item_types: Vec::new() }
}

fn copied(original: &Lifecycle, name: String) -> Lifecycle {
    let map_id = new_id();
    let ids: HashMap<Uuid, Uuid> = original.states.iter().map(|state| (state.id, new_id())).collect();
    let id_of = |old: Uuid| ids.get(&old).copied();
    let states =
        original.states.iter().filter_map(|state| Some(State { id: id_of(state.id)?, map_id, ..state.clone() }));
    let transitions = original.transitions.iter().filter_map(|step| {
        Some(Transition { id: new_id(), from: id_of(step.from)?, to: id_of(step.to)?, ..step.clone() })
    });
    Lifecycle { id: map_id, name, states: states.collect(), transitions: transitions.collect(), item_types: Vec::new() }
}

async fn insert(tx: &Tx, made: &Lifecycle) -> Result<()> {
    repo::insert_map(tx, made.id, &made.name).await.map_err(|error| name_taken(error, &made.name))?;
    for state in &made.states {
        repo::insert_state(tx, state).await?;
    }
    for step in &made.transitions {
        repo::insert_transition(tx, made.id, step).await?;
    }
    Ok(())
}

/// Gives a lifecycle another name; without one it stays as it is.
pub async fn rename_lifecycle(ctx: &Ctx, id: &str, name: Option<&str>) -> Result<Lifecycle> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let name = name.map(|name| read_name(name, "name")).transpose()?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let mut lifecycle = locked(&tx, id).await?;
    if let Some(name) = name.filter(|name| *name != lifecycle.name) {
        repo::rename_map(&tx, lifecycle.id, &name).await.map_err(|error| name_taken(error, &name))?;
        let (before, after) = (json!({ "name": lifecycle.name }), json!({ "name": name }));
        record(ctx, &tx, "model.lifecycle_updated", lifecycle.id, Some(before), Some(after)).await?;
        tx.commit().await?;
        lifecycle.name = name;
    }
    Ok(lifecycle)
}

/// Deletes a lifecycle that no type uses and no item is in.
pub async fn delete_lifecycle(ctx: &Ctx, id: &str) -> Result<()> {
    require_administrator(ctx, Action::Delete, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let lifecycle = locked(&tx, id).await?;
    repo::lock_states_of(&tx, lifecycle.id).await?;
    let items: i64 = repo::items_by_state(&tx, lifecycle.id).await?.iter().map(|(_, count)| count).sum();
    if items > 0 || !lifecycle.item_types.is_empty() {
        let types = lifecycle.item_types.len();
        return Err(Error::conflict(format!("{} is used by {types} item types and {items} items", lifecycle.name))
            .code("LIFECYCLE_IN_USE", "It is in use. Give these item types another lifecycle first; items keep theirs.")
            .details(json!({
                "item_types": { "count": types, "ids": lifecycle.item_types }, "items": { "count": items },
            })));
    }
    repo::delete_map(&tx, lifecycle.id).await?;
    record(ctx, &tx, "model.lifecycle_deleted", lifecycle.id, Some(lifecycle.snapshot()), None).await?;
    tx.commit().await
}

fn read_id(id: &str) -> Result<Uuid> {
    Uuid::parse_str(id).map_err(|_| not_found())
}

fn not_found() -> Error {
    Error::not_found("Lifecycle not found")
}

/// The lifecycle, which nobody else changes until the transaction ends.
pub(super) async fn locked(tx: &Tx, id: &str) -> Result<Lifecycle> {
    repo::map_locked(tx, read_id(id)?).await?.ok_or_else(not_found)
}

fn name_taken(error: Error, name: &str) -> Error {
    if error.code_name() != Some("DUPLICATE") {
        return error;
    }
    Error::conflict(format!("There is a lifecycle {name} already"))
        .code("LIFECYCLE_EXISTS", "There is a lifecycle of this name. Choose another name.")
}

/// Notes a change of a lifecycle for the audit, the outbox and everyone who remembers the model.
pub(super) async fn record(
    ctx: &Ctx,
    tx: &Tx,
    action: &'static str,
    id: Uuid,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<()> {
    revision::raise(tx).await?;
    let change = Change { action, subject_type: RESOURCE.to_owned(), subject_id: id.to_string(), before, after };
    audit::record(ctx, tx, vec![change]).await
}
