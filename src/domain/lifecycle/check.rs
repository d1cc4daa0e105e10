//! What holds of a whole lifecycle, and what is worth a warning. Pure.

use std::collections::HashSet;

use uuid::Uuid;

use super::maps::Lifecycle;
use super::model::{State, folded};
use crate::error::{Error, Result};
use crate::types::text::hidden_in_identity;

/// The longest name of a lifecycle, a state or an action.
const MAX_NAME: usize = 100;
const MOST_STATES: usize = 100;
const MOST_TRANSITIONS: usize = 1000;

/// Something that is allowed and probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub code: &'static str,
    pub message: String,
    pub state_id: Option<Uuid>,
}

/// A name that a person can read, without the white space around it.
pub(super) fn read_name(given: &str, field: &str) -> Result<String> {
    let (name, loc) = (given.trim(), ["body", field]);
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(Error::invalid_field("value_error", &loc, format!("A name has 1 to {MAX_NAME} characters")));
    }
    match hidden_in_identity(name) {
        Some(sign) => {
            let message = format!("Holds the invisible character U+{:04X}", u32::from(sign));
            Err(Error::invalid_field("value_error", &loc, message))
        }
        None => Ok(name.to_owned()),
    }
}

/// No other state of the lifecycle is called so, whatever the case: promoting names states.
pub(super) fn require_free_state_name(lifecycle: &Lifecycle, name: &str, except: Option<Uuid>) -> Result<()> {
    if lifecycle.states.iter().any(|state| Some(state.id) != except && folded(&state.name) == folded(name)) {
        return Err(Error::conflict(format!("{} has a state {name} already", lifecycle.name))
            .code("STATE_EXISTS", "The lifecycle has a state of this name. Choose another name."));
    }
    Ok(())
}

/// No other step from the state is called so: promoting names actions.
pub(super) fn require_free_action(lifecycle: &Lifecycle, from: Uuid, action: &str, except: Option<Uuid>) -> Result<()> {
    let taken = |step: &super::Transition| {
        step.from == from && Some(step.id) != except && folded(&step.action) == folded(action)
    };
    if lifecycle.transitions.iter().any(taken) {
        return Err(Error::conflict(format!("A step {action} leads from this state already"))
            .code("TRANSITION_EXISTS", "The state has a step of this name. Change that one, or choose another name."));
    }
    Ok(())
}

pub(super) fn require_room(lifecycle: &Lifecycle) -> Result<()> {
    if lifecycle.states.len() > MOST_STATES || lifecycle.transitions.len() > MOST_TRANSITIONS {
        let message = format!("A lifecycle has at most {MOST_STATES} states and {MOST_TRANSITIONS} transitions");
        return Err(Error::conflict(message));
    }
    Ok(())
}

/// What is probably not meant: states that no item can reach, releases that do not last, guards that name no state.
pub(super) fn warnings(lifecycle: &Lifecycle, every_state: &HashSet<String>) -> Vec<Warning> {
    let reachable = reachable(lifecycle);
    let about = |state: &State, code, message| Warning { code, message, state_id: Some(state.id) };
    let mut found = Vec::new();
    for state in &lifecycle.states {
        if !reachable.contains(&state.id) {
            let message = format!("No way leads from the start to {}", state.name);
            found.push(about(state, "UNREACHABLE_STATE", message));
        }
        if state.is_released && !state.is_locked {
            let message = format!("{} counts as released and is not locked: released items can be changed", state.name);
            found.push(about(state, "RELEASED_NOT_LOCKED", message));
        }
    }
    for step in &lifecycle.transitions {
        for name in step.guards.children_in_states.iter().filter(|name| !every_state.contains(*name)) {
            let message = format!("A guard of {} names the state {name}, which no lifecycle has", step.action);
            found.push(Warning { code: "UNKNOWN_STATE", message, state_id: Some(step.from) });
        }
    }
    found
}

fn reachable(lifecycle: &Lifecycle) -> HashSet<Uuid> {
    let mut reached: HashSet<Uuid> = HashSet::new();
    let mut ahead: Vec<Uuid> = lifecycle.states.iter().filter(|state| state.is_start).map(|state| state.id).collect();
    while let Some(at) = ahead.pop() {
        if reached.insert(at) {
            ahead.extend(lifecycle.transitions.iter().filter(|step| step.from == at).map(|step| step.to));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lifecycle::{Guards, Transition};

    fn state(id: u128, name: &str, is_start: bool, is_locked: bool, is_released: bool) -> State {
        State {
            id: Uuid::from_u128(id),
            map_id: Uuid::nil(),
            name: name.into(),
            position: 0,
            is_start,
            is_locked,
            is_released,
            permission_id: None,
        }
    }

    fn step(action: &str, from: u128, to: u128, guards: Guards) -> Transition {
        let (from, to) = (Uuid::from_u128(from), Uuid::from_u128(to));
        Transition { id: Uuid::new_v4(), action: action.into(), from, to, role: None, guards }
    }

    fn lifecycle() -> Lifecycle {
        let guards = Guards { children_in_states: vec!["Released".into(), "Aproved".into()], ..Guards::default() };
        Lifecycle {
            id: Uuid::nil(),
            name: "Part".into(),
            states: vec![
                state(1, "Draft", true, false, false),
                state(2, "Released", false, false, true),
                state(3, "Lost", false, true, false),
                state(4, "Beyond", false, true, false),
            ],
            transitions: vec![
                step("release", 1, 2, guards),
                step("back", 2, 1, Guards::default()),
                step("on", 3, 4, Guards::default()),
                step("home", 4, 1, Guards::default()),
            ],
            item_types: Vec::new(),
        }
    }

    #[test]
    fn what_is_probably_not_meant_is_said() {
        let names = lifecycle().states.iter().map(|state| state.name.clone()).collect();
        let found = warnings(&lifecycle(), &names);
        let found: Vec<(&str, u128)> =
            found.iter().map(|warning| (warning.code, warning.state_id.unwrap().as_u128())).collect();
        let expected =
            [("RELEASED_NOT_LOCKED", 2), ("UNREACHABLE_STATE", 3), ("UNREACHABLE_STATE", 4), ("UNKNOWN_STATE", 1)];
        assert_eq!(found, expected);
    }

    #[test]
    fn names_occur_once_whatever_their_case() {
        let lifecycle = lifecycle();
        assert!(require_free_state_name(&lifecycle, "DRAFT", None).is_err());
        assert!(require_free_state_name(&lifecycle, "DRAFT", Some(Uuid::from_u128(1))).is_ok());
        assert!(require_free_state_name(&lifecycle, "Review", None).is_ok());
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(require_free_action(&lifecycle, one, "Release", None).is_err());
        assert!(require_free_action(&lifecycle, two, "Release", None).is_ok());
        assert!(require_free_action(&lifecycle, one, "Release", Some(lifecycle.transitions[0].id)).is_ok());
    }

    #[test]
    fn names_can_be_read() {
        assert_eq!(read_name(" 审查 ", "name").unwrap(), "审查");
        for bad in ["", " ", "a\u{7}", "a\u{200b}b", &"x".repeat(101)] {
            assert_eq!(read_name(bad, "action").unwrap_err().problems()[0].loc, ["body", "action"], "{bad:?}");
        }
    }
}
