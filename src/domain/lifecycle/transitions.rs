//! The transitions of a lifecycle over the API: from where to where, by which name, for whom, and what they demand.

use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{read_name, require_free_action, require_room};
use super::guard::Guards;
use super::maps::{Lifecycle, RESOURCE, locked, record};
use super::model::Transition;
use super::repo;
use crate::context::Ctx;
use crate::domain::audit::new_id;
use crate::domain::permission::{Action, read_role, require_administrator};
use crate::domain::revision;
use crate::error::{Error, Result};

/// A transition to be made.
#[derive(Debug, Clone)]
pub struct NewTransition {
    pub action: String,
    /// The id of a state of the same lifecycle.
    pub from: String,
    pub to: String,
    pub role: Option<String>,
    pub guards: Guards,
}

/// What changes of a transition; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct TransitionChange {
    pub action: Option<String>,
    pub to: Option<String>,
    /// `Some(None)` opens it to whoever may update the item.
    pub role: Option<Option<String>>,
    /// All guards in the place of those that were.
    pub guards: Option<Guards>,
}

impl Transition {
    pub(super) fn snapshot(&self) -> Value {
        json!({
            "id": self.id, "action": self.action, "from_state_id": self.from, "to_state_id": self.to,
            "role": self.role, "guards": self.guards.stored_form(),
        })
    }
}

pub async fn add_transition(ctx: &Ctx, lifecycle: &str, given: NewTransition) -> Result<Transition> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let mut lifecycle = locked(&tx, lifecycle).await?;
    let step = Transition {
        id: new_id(),
        action: read_name(&given.action, "action")?,
        from: state_of(&lifecycle, &given.from, "from_state_id")?,
        to: state_of(&lifecycle, &given.to, "to_state_id")?,
        role: given.role.as_deref().map(role).transpose()?,
        guards: given.guards.checked()?,
    };
    require_sound(&lifecycle, &step)?;
    lifecycle.transitions.push(step.clone());
    require_room(&lifecycle)?;
    repo::insert_transition(&tx, lifecycle.id, &step).await?;
    record(ctx, &tx, "model.lifecycle_transition_created", lifecycle.id, None, Some(step.snapshot())).await?;
    tx.commit().await?;
    Ok(step)
}

pub async fn update_transition(ctx: &Ctx, lifecycle: &str, id: &str, change: TransitionChange) -> Result<Transition> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let lifecycle = locked(&tx, lifecycle).await?;
    let before = find(&lifecycle, id)?;
    let after = Transition {
        action: change.action.as_deref().map_or(Ok(before.action.clone()), |action| read_name(action, "action"))?,
        to: change.to.as_deref().map_or(Ok(before.to), |to| state_of(&lifecycle, to, "to_state_id"))?,
        role: match change.role {
            Some(given) => given.as_deref().map(role).transpose()?,
            None => before.role.clone(),
        },
        guards: change.guards.map_or(Ok(before.guards.clone()), Guards::checked)?,
        ..before.clone()
    };
    if after == *before {
        return Ok(after);
    }
    require_sound(&lifecycle, &after)?;
    repo::update_transition(&tx, &after).await?;
    let (before, snapshot) = (Some(before.snapshot()), Some(after.snapshot()));
    record(ctx, &tx, "model.lifecycle_transition_updated", lifecycle.id, before, snapshot).await?;
    tx.commit().await?;
    Ok(after)
}

pub async fn delete_transition(ctx: &Ctx, lifecycle: &str, id: &str) -> Result<()> {
    require_administrator(ctx, Action::Update, RESOURCE)?;
    let tx = ctx.begin().await?;
    revision::alone(&tx).await?;
    let lifecycle = locked(&tx, lifecycle).await?;
    let step = find(&lifecycle, id)?;
    repo::delete_transition(&tx, step.id).await?;
    record(ctx, &tx, "model.lifecycle_transition_deleted", lifecycle.id, Some(step.snapshot()), None).await?;
    tx.commit().await
}

fn find<'a>(lifecycle: &'a Lifecycle, id: &str) -> Result<&'a Transition> {
    let id = Uuid::parse_str(id).ok();
    let found = lifecycle.transitions.iter().find(|step| Some(step.id) == id);
    found.ok_or_else(|| Error::not_found("Transition not found"))
}

fn state_of(lifecycle: &Lifecycle, id: &str, field: &str) -> Result<Uuid> {
    let found = Uuid::parse_str(id).ok().filter(|id| lifecycle.states.iter().any(|state| state.id == *id));
    let message = || format!("{} has no state {id:?}; name a state by its id", lifecycle.name);
    found.ok_or_else(|| Error::invalid_field("value_error", &["body", field], message()))
}

fn role(given: &str) -> Result<String> {
    read_role(given, &["body", "role"])
}

fn require_sound(lifecycle: &Lifecycle, step: &Transition) -> Result<()> {
    if step.from == step.to {
        let message = "A transition leads to another state";
        return Err(Error::invalid_field("value_error", &["body", "to_state_id"], message));
    }
    require_free_action(lifecycle, step.from, &step.action, Some(step.id))
}
