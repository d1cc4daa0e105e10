//! States and transitions, and how one finds its way among them. Pure.

use std::collections::HashMap;

use uuid::Uuid;

/// One state of a lifecycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub id: Uuid,
    pub map_id: Uuid,
    pub name: String,
    pub is_start: bool,
    /// Refuses changes of the item and of its lines.
    pub is_locked: bool,
    pub is_released: bool,
    /// Takes the place of the item's and the type's permission set.
    pub permission_id: Option<String>,
}

/// A step from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    pub action: String,
    pub from: Uuid,
    pub to: Uuid,
    /// Who may take it besides administrators.
    pub role: Option<String>,
}

/// The lifecycles of one database.
#[derive(Debug, Clone, Default)]
pub struct Lifecycles {
    states: HashMap<Uuid, State>,
    transitions: Vec<Transition>,
}

impl Lifecycles {
    pub fn new(states: Vec<State>, transitions: Vec<Transition>) -> Self {
        Self { states: states.into_iter().map(|state| (state.id, state)).collect(), transitions }
    }

    pub fn state(&self, id: Uuid) -> Option<&State> {
        self.states.get(&id)
    }

    pub fn states(&self) -> impl Iterator<Item = &State> {
        self.states.values()
    }

    /// The state in which items of a lifecycle begin.
    pub fn start(&self, map_id: Uuid) -> Option<&State> {
        self.states.values().find(|state| state.map_id == map_id && state.is_start)
    }

    /// The transition that leads from a state by the name of its action or of its target.
    pub fn transition(&self, from: Uuid, wanted: &str) -> Option<(&Transition, &State)> {
        self.steps_from(from)
            .find(|(step, to)| step.action.eq_ignore_ascii_case(wanted) || to.name.eq_ignore_ascii_case(wanted))
    }

    /// The names of the states that can be reached in one step.
    pub fn next_states(&self, from: Uuid) -> Vec<&str> {
        self.steps_from(from).map(|(_, to)| to.name.as_str()).collect()
    }

    fn steps_from(&self, from: Uuid) -> impl Iterator<Item = (&Transition, &State)> {
        self.transitions
            .iter()
            .filter(move |step| step.from == from)
            .filter_map(|step| self.states.get(&step.to).map(|to| (step, to)))
    }
}

/// The seeded lifecycle: (name, start, locked, released).
pub(super) const STANDARD_STATES: [(&str, bool, bool, bool); 5] = [
    ("Draft", true, false, false),
    ("Review", false, false, false),
    ("Released", false, true, true),
    ("Suspended", false, true, true),
    ("Obsolete", false, true, false),
];

/// (action, from, to, role).
pub(super) const STANDARD_TRANSITIONS: [(&str, &str, &str, Option<&str>); 6] = [
    ("submit", "Draft", "Review", None),
    ("reject", "Review", "Draft", None),
    ("release", "Review", "Released", Some("admin")),
    ("obsolete", "Released", "Obsolete", Some("admin")),
    ("suspend", "Released", "Suspended", Some("admin")),
    ("resume", "Suspended", "Released", Some("admin")),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn standard() -> (Lifecycles, HashMap<&'static str, Uuid>) {
        let map_id = Uuid::new_v4();
        let ids: HashMap<&str, Uuid> = STANDARD_STATES.iter().map(|state| (state.0, Uuid::new_v4())).collect();
        let states = STANDARD_STATES.iter().map(|&(name, is_start, is_locked, is_released)| State {
            id: ids[name],
            map_id,
            name: name.into(),
            is_start,
            is_locked,
            is_released,
            permission_id: None,
        });
        let transitions = STANDARD_TRANSITIONS.iter().map(|&(action, from, to, role)| Transition {
            action: action.into(),
            from: ids[from],
            to: ids[to],
            role: role.map(str::to_owned),
        });
        (Lifecycles::new(states.collect(), transitions.collect()), ids)
    }

    #[test]
    fn a_step_is_found_by_its_action_or_its_target() {
        let (lifecycles, ids) = standard();
        for wanted in ["submit", "Review", "review"] {
            let (_, to) = lifecycles.transition(ids["Draft"], wanted).unwrap();
            assert_eq!(to.name, "Review");
        }
        assert!(lifecycles.transition(ids["Draft"], "Released").is_none(), "no state is skipped");
        assert!(lifecycles.transition(ids["Obsolete"], "Draft").is_none());
    }

    #[test]
    fn items_begin_in_draft_and_released_ones_are_locked() {
        let (lifecycles, ids) = standard();
        let map_id = lifecycles.state(ids["Draft"]).unwrap().map_id;
        assert_eq!(lifecycles.start(map_id).unwrap().name, "Draft");
        let locked: Vec<bool> = ["Draft", "Review", "Released", "Suspended", "Obsolete"]
            .map(|name| lifecycles.state(ids[name]).unwrap().is_locked)
            .into();
        assert_eq!(locked, [false, false, true, true, true]);
    }
}
