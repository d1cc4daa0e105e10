//! How the API shows and takes lifecycles.

use poem_openapi::Object;
use poem_openapi::types::MaybeUndefined;
use serde::Deserialize;
use serde_json::Value;

use crate::api::shapes::FreeObject;
use crate::context::Ctx;
use crate::domain::lifecycle::{
    self, Guards, Lifecycle, NewTransition, State, StateChange, Transition, TransitionChange, Warning,
};
use crate::error::Result;

#[derive(Object)]
struct LifecycleSummary {
    id: String,
    name: String,
    state_count: u64,
    transition_count: u64,
    item_types: Vec<String>,
}

#[derive(Object)]
pub(super) struct LifecycleList {
    total: u64,
    items: Vec<LifecycleSummary>,
}

impl From<Vec<Lifecycle>> for LifecycleList {
    fn from(lifecycles: Vec<Lifecycle>) -> Self {
        let summary = |lifecycle: Lifecycle| LifecycleSummary {
            id: lifecycle.id.to_string(),
            name: lifecycle.name,
            state_count: lifecycle.states.len() as u64,
            transition_count: lifecycle.transitions.len() as u64,
            item_types: lifecycle.item_types,
        };
        Self { total: lifecycles.len() as u64, items: lifecycles.into_iter().map(summary).collect() }
    }
}

#[derive(Object)]
pub(super) struct StateResponse {
    id: String,
    name: String,
    position: i32,
    is_start: bool,
    /// Refuses changes of the item and of its lines.
    is_locked: bool,
    is_released: bool,
    /// Goes before the sets of the item and of its type.
    permission_id: Option<String>,
}

impl From<State> for StateResponse {
    fn from(state: State) -> Self {
        Self {
            id: state.id.to_string(),
            name: state.name,
            position: state.position,
            is_start: state.is_start,
            is_locked: state.is_locked,
            is_released: state.is_released,
            permission_id: state.permission_id,
        }
    }
}

/// What a transition demands of the item; each that is left out demands nothing.
#[derive(Object, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
#[oai(default)]
pub(super) struct TransitionGuards {
    /// Properties that must be filled in.
    requires: Vec<String>,
    /// What must hold of the properties: `{"property": "weight", "op": "lte", "value": 20}` with eq, ne, gt, gte, lt, lte,
    /// in, not_in or contains, combined by `all`, `any`, `not`. A property without a value meets `ne` and `not_in` alone.
    condition: Option<FreeObject>,
    /// Everything that the item's lines lead to is released.
    children_released: bool,
    /// Everything that the item's lines lead to is in one of these states.
    children_in_states: Vec<String>,
    /// Which lines the two before mean, such as `Part BOM`; none means all.
    relationship: Option<String>,
    /// One of these roles is needed besides the transition's own.
    roles: Vec<String>,
    /// The promotion says why, in `properties.comment`.
    comment_required: bool,
}

impl From<TransitionGuards> for Guards {
    fn from(guards: TransitionGuards) -> Self {
        Self {
            requires: guards.requires,
            condition: guards.condition.map(|condition| Value::Object(condition.0)),
            children_released: guards.children_released,
            children_in_states: guards.children_in_states,
            relationship: guards.relationship,
            roles: guards.roles,
            comment_required: guards.comment_required,
            unreadable: false,
        }
    }
}

impl From<Guards> for TransitionGuards {
    fn from(guards: Guards) -> Self {
        let object = |value| if let Value::Object(map) = value { Some(FreeObject(map)) } else { None };
        Self {
            requires: guards.requires,
            condition: guards.condition.and_then(object),
            children_released: guards.children_released,
            children_in_states: guards.children_in_states,
            relationship: guards.relationship,
            roles: guards.roles,
            comment_required: guards.comment_required,
        }
    }
}

#[derive(Object)]
pub(super) struct TransitionResponse {
    id: String,
    action: String,
    from_state_id: String,
    to_state_id: String,
    /// Who may take it besides administrators; none: whoever may update the item.
    role: Option<String>,
    guards: TransitionGuards,
}

impl From<Transition> for TransitionResponse {
    fn from(step: Transition) -> Self {
        Self {
            id: step.id.to_string(),
            action: step.action,
            from_state_id: step.from.to_string(),
            to_state_id: step.to.to_string(),
            role: step.role,
            guards: step.guards.into(),
        }
    }
}

/// Something that is allowed and probably not meant.
#[derive(Object)]
struct LifecycleWarning {
    /// UNREACHABLE_STATE, RELEASED_NOT_LOCKED or UNKNOWN_STATE.
    code: String,
    message: String,
    state_id: Option<String>,
}

impl From<Warning> for LifecycleWarning {
    fn from(warning: Warning) -> Self {
        let state_id = warning.state_id.map(|id| id.to_string());
        Self { code: warning.code.to_owned(), message: warning.message, state_id }
    }
}

#[derive(Object)]
pub(super) struct LifecycleResponse {
    id: String,
    name: String,
    states: Vec<StateResponse>,
    transitions: Vec<TransitionResponse>,
    /// The types whose items pass through it.
    item_types: Vec<String>,
    warnings: Vec<LifecycleWarning>,
}

impl LifecycleResponse {
    pub(super) async fn of(ctx: &Ctx, id: &str) -> Result<Self> {
        let (lifecycle, warnings) = lifecycle::get_lifecycle(ctx, id).await?;
        Ok(Self {
            id: lifecycle.id.to_string(),
            name: lifecycle.name,
            states: lifecycle.states.into_iter().map(StateResponse::from).collect(),
            transitions: lifecycle.transitions.into_iter().map(TransitionResponse::from).collect(),
            item_types: lifecycle.item_types,
            warnings: warnings.into_iter().map(LifecycleWarning::from).collect(),
        })
    }
}

#[derive(Object, Deserialize)]
pub(super) struct NewStateRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    name: String,
    /// After the others unless given.
    position: Option<i32>,
    /// Takes the place of the start state that was.
    #[oai(default)]
    #[serde(default)]
    is_start: bool,
    #[oai(default)]
    #[serde(default)]
    is_locked: bool,
    #[oai(default)]
    #[serde(default)]
    is_released: bool,
    permission_id: Option<String>,
}

impl From<NewStateRequest> for StateChange {
    fn from(given: NewStateRequest) -> Self {
        Self {
            name: Some(given.name),
            position: given.position,
            is_start: Some(given.is_start),
            is_locked: Some(given.is_locked),
            is_released: Some(given.is_released),
            permission_id: Some(given.permission_id),
        }
    }
}

#[derive(Object, Deserialize)]
pub(super) struct StateChangeRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    name: Option<String>,
    position: Option<i32>,
    /// `true` makes it the start in the place of the one that was.
    is_start: Option<bool>,
    is_locked: Option<bool>,
    is_released: Option<bool>,
    /// `null` takes the set away.
    #[serde(default)]
    permission_id: MaybeUndefined<String>,
}

impl From<StateChangeRequest> for StateChange {
    fn from(change: StateChangeRequest) -> Self {
        Self {
            name: change.name,
            position: change.position,
            is_start: change.is_start,
            is_locked: change.is_locked,
            is_released: change.is_released,
            permission_id: given(change.permission_id),
        }
    }
}

#[derive(Object, Deserialize)]
pub(super) struct NewTransitionRequest {
    /// What the step is called, such as `release`; once per state.
    #[oai(validator(min_length = 1, max_length = 100))]
    action: String,
    from_state_id: String,
    to_state_id: String,
    /// Who may take it besides administrators; none: whoever may update the item.
    role: Option<String>,
    guards: Option<TransitionGuards>,
}

impl From<NewTransitionRequest> for NewTransition {
    fn from(given: NewTransitionRequest) -> Self {
        Self {
            action: given.action,
            from: given.from_state_id,
            to: given.to_state_id,
            role: given.role,
            guards: given.guards.unwrap_or_default().into(),
        }
    }
}

#[derive(Object, Deserialize)]
pub(super) struct TransitionChangeRequest {
    #[oai(validator(min_length = 1, max_length = 100))]
    action: Option<String>,
    to_state_id: Option<String>,
    /// `null` opens it to whoever may update the item.
    #[serde(default)]
    role: MaybeUndefined<String>,
    /// All guards in the place of those that were; `null` demands nothing.
    #[serde(default)]
    guards: MaybeUndefined<TransitionGuards>,
}

impl From<TransitionChangeRequest> for TransitionChange {
    fn from(change: TransitionChangeRequest) -> Self {
        Self {
            action: change.action,
            to: change.to_state_id,
            role: given(change.role),
            guards: given(change.guards).map(|guards| guards.unwrap_or_default().into()),
        }
    }
}

/// What was sent of a field that `null` empties.
pub(super) fn given<T>(field: MaybeUndefined<T>) -> Option<Option<T>> {
    match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}
