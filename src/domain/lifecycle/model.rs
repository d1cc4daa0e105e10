//! States and transitions, and how one finds its way among them. Pure.

use std::collections::HashMap;

use uuid::Uuid;

use super::guard::Guards;

/// One state of a lifecycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    pub id: Uuid,
    pub map_id: Uuid,
    pub name: String,
    /// Where it stands among the states of its lifecycle.
    pub position: i32,
    pub is_start: bool,
    /// Refuses changes of the item and of its lines.
    pub is_locked: bool,
    pub is_released: bool,
    /// Takes the place of the item's and the type's permission set.
    pub permission_id: Option<String>,
}

/// A step from one state to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    pub id: Uuid,
    pub action: String,
    pub from: Uuid,
    pub to: Uuid,
    /// Who may take it besides administrators.
    pub role: Option<String>,
    /// What it demands of the item.
    pub guards: Guards,
}

/// The lifecycles of one database.
#[derive(Debug, Clone, Default)]
pub struct Lifecycles {
    states: HashMap<Uuid, State>,
    /// In the order of where they lead.
    transitions: Vec<Transition>,
}

impl Lifecycles {
    pub fn new(states: Vec<State>, mut transitions: Vec<Transition>) -> Self {
        let states: HashMap<Uuid, State> = states.into_iter().map(|state| (state.id, state)).collect();
        transitions.sort_by_cached_key(|step| (states.get(&step.to).map(|to| to.position), step.action.clone()));
        Self { states, transitions }
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

    /// The transitions that lead from a state by the name of their action, which only one has, or of their target, which
    /// several can have.
    pub fn transitions(&self, from: Uuid, wanted: &str) -> Vec<(&Transition, &State)> {
        let wanted = folded(wanted);
        match self.steps_from(from).find(|(step, _)| folded(&step.action) == wanted) {
            Some(step) => vec![step],
            None => self.steps_from(from).filter(|(_, to)| folded(&to.name) == wanted).collect(),
        }
    }

    /// The names of the states that can be reached in one step.
    pub fn next_states(&self, from: Uuid) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (_, to) in self.steps_from(from) {
            if !names.contains(&to.name.as_str()) {
                names.push(&to.name);
            }
        }
        names
    }

    /// The steps that lead from a state, each with where it leads.
    pub fn steps_from(&self, from: Uuid) -> impl Iterator<Item = (&Transition, &State)> {
        self.transitions
            .iter()
            .filter(move |step| step.from == from)
            .filter_map(|step| self.states.get(&step.to).map(|to| (step, to)))
    }
}

/// Names as they are compared: two that differ in case only would be one to a person.
pub(super) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
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
            position: 0,
            is_start,
            is_locked,
            is_released,
            permission_id: None,
        });
        let transitions = STANDARD_TRANSITIONS.iter().map(|&(action, from, to, role)| Transition {
            id: Uuid::new_v4(),
            action: action.into(),
            from: ids[from],
            to: ids[to],
            role: role.map(str::to_owned),
            guards: Guards::default(),
        });
        (Lifecycles::new(states.collect(), transitions.collect()), ids)
    }

    #[test]
    fn a_step_is_found_by_its_action_or_its_target() {
        let (lifecycles, ids) = standard();
        for wanted in ["submit", "Review", "review"] {
            let found = lifecycles.transitions(ids["Draft"], wanted);
            assert_eq!(found.iter().map(|(_, to)| to.name.as_str()).collect::<Vec<_>>(), ["Review"]);
        }
        assert!(lifecycles.transitions(ids["Draft"], "Released").is_empty(), "no state is skipped");
        assert!(lifecycles.transitions(ids["Obsolete"], "Draft").is_empty());
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
