//! The states of a lifecycle over the API. A lifecycle always has exactly one start state, and no item loses its state.

use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{read_name, require_free_state_name, require_room};
use super::maps::{Lifecycle, RESOURCE, locked, record};
use super::model::State;
use super::repo;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::new_id;
use crate::domain::permission::{Action, require_administrator, require_set};
use crate::domain::revision;
use crate::error::{Error, Result};

/// Positions are small numbers.
const MAX_POSITION: i32 = 10_000;

/// What is given of a state; what is left out stays as it is, or is off in a new one.
#[derive(Debug, Clone, Default)]
pub struct StateChange {
    pub name: Option<String>,
    pub position: Option<i32>,
    /// Makes it the start in the place of the one that was.
    pub is_start: Option<bool>,
    pub is_locked: Option<bool>,
    pub is_released: Option<bool>,
    /// `Some(None)` takes the set away.
    pub permission_id: Option<Option<String>>,
}

impl State {
    pub(super) fn snapshot(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "position": self.position, "is_start": self.is_start,
            "is_locked": self.is_locked, "is_released": self.is_released, "permission_id": self.permission_id,
        })
    }

    fn changed(&self, change: &StateChange) -> Result<Self> {
        let position = change.position.unwrap_or(self.position);
        if !(0..=MAX_POSITION).contains(&position) {
            let message = format!("A position is 0 to {MAX_POSITION}");
            return Err(Error::invalid_field("value_error", &["body", "position"], message));
        }
        if self.is_start && change.is_start == Some(false) {
            let message = "A lifecycle has one start state; make another state the start instead";
            return Err(Error::invalid_field("value_error", &["body", "is_start"], message));
        }
        Ok(Self {
            name: change.name.as_deref().map_or_else(|| Ok(self.name.clone()), |name| read_name(name, "name"))?,
            position,
            is_start: change.is_start.unwrap_or(self.is_start),
            is_locked: change.is_locked.unwrap_or(self.is_locked),
            is_released: change.is_released.unwrap_or(self.is_released),
            permission_id: change.permission_id.clone().unwrap_or_else(|| self.permission_id.clone()),
            ..self.clone()
        })
    }
}

/// Adds a state, after the others unless a position is given.
pub async fn add_state(ctx: &Ctx, lifecycle: &str, given: StateChange) -> Result<State> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let mut lifecycle = locked(&tx, lifecycle).await?;
    let last = lifecycle.states.iter().map(|state| state.position).max();
    let blank = State {
        id: new_id(),
        map_id: lifecycle.id,
        name: String::new(),
        position: last.map_or(0, |last| last.saturating_add(1).min(MAX_POSITION)),
        is_start: false,
        is_locked: false,
        is_released: false,
        permission_id: None,
    };
    let state = blank.changed(&StateChange { name: Some(given.name.clone().unwrap_or_default()), ..given })?;
    require_sound(&tx, &lifecycle, &state).await?;
    make_way_for_start(&tx, &lifecycle, &state).await?;
    lifecycle.states.push(state.clone());
    require_room(&lifecycle)?;
    repo::insert_state(&tx, &state).await?;
    record(ctx, &tx, "model.lifecycle_state_created", lifecycle.id, None, Some(state.snapshot())).await?;
    tx.commit().await?;
    Ok(state)
}

/// Changes a state. Its name stays while items are in it: they bear it, and so does everything that was said of them.
pub async fn update_state(ctx: &Ctx, lifecycle: &str, state: &str, change: StateChange) -> Result<State> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let lifecycle = locked(&tx, lifecycle).await?;
    let before = find(&lifecycle, state)?;
    let after = before.changed(&change)?;
    if after == *before {
        return Ok(after);
    }
    require_sound(&tx, &lifecycle, &after).await?;
    if after.name != before.name {
        refuse_if_used(&tx, before, "renamed").await?;
    }
    make_way_for_start(&tx, &lifecycle, &after).await?;
    repo::update_state(&tx, &after).await?;
    let (before, snapshot) = (Some(before.snapshot()), Some(after.snapshot()));
    record(ctx, &tx, "model.lifecycle_state_updated", lifecycle.id, before, snapshot).await?;
    tx.commit().await?;
    Ok(after)
}

/// Deletes a state that no item is in, with the steps that lead to it and from it.
pub async fn delete_state(ctx: &Ctx, lifecycle: &str, state: &str) -> Result<()> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let lifecycle = locked(&tx, lifecycle).await?;
    let state = find(&lifecycle, state)?;
    if state.is_start {
        return Err(Error::conflict(format!("{} is the start of {}", state.name, lifecycle.name))
            .code("START_STATE", "A lifecycle needs its start state. Make another state the start first."));
    }
    refuse_if_used(&tx, state, "deleted").await?;
    let steps = lifecycle.transitions.iter().filter(|step| step.from == state.id || step.to == state.id);
    let steps: Vec<Value> = steps.map(super::Transition::snapshot).collect();
    repo::delete_state(&tx, state.id).await?;
    let before = json!({ "state": state.snapshot(), "transitions": steps });
    record(ctx, &tx, "model.lifecycle_state_deleted", lifecycle.id, Some(before), None).await?;
    tx.commit().await
}

pub(super) fn find<'a>(lifecycle: &'a Lifecycle, id: &str) -> Result<&'a State> {
    let id = Uuid::parse_str(id).ok();
    let found = lifecycle.states.iter().find(|state| Some(state.id) == id);
    found.ok_or_else(|| Error::not_found("State not found"))
}

async fn require_sound(tx: &Tx, lifecycle: &Lifecycle, state: &State) -> Result<()> {
    require_free_state_name(lifecycle, &state.name, Some(state.id))?;
    match &state.permission_id {
        Some(set) => require_set(tx, set, &["body", "permission_id"]).await,
        None => Ok(()),
    }
}

async fn make_way_for_start(tx: &Tx, lifecycle: &Lifecycle, state: &State) -> Result<()> {
    for other in lifecycle.states.iter().filter(|other| state.is_start && other.is_start && other.id != state.id) {
        repo::update_state(tx, &State { is_start: false, ..other.clone() }).await?;
    }
    Ok(())
}

/// The state is held, so that whoever brings an item into it at this moment is waited for and counted, or waits.
async fn refuse_if_used(tx: &Tx, state: &State, what: &str) -> Result<()> {
    repo::lock_state(tx, state.id).await?;
    let items = repo::items_in_state(tx, state.id).await?;
    if items == 0 {
        return Ok(());
    }
    let advice =
        format!("{items} items are {}, so that it cannot be {what}. Promote them to another state first.", state.name);
    Err(Error::conflict(format!("The state {} is in use by {items} items", state.name))
        .code("STATE_IN_USE", advice)
        .details(json!({ "state": state.name, "items": { "count": items } })))
}
