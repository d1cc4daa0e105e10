//! What a transition demands of an item before it is taken. Data of the transition, decided over facts alone. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::condition;
use crate::domain::permission::read_role;
use crate::error::{Error, Result};

/// The most names in one list of a guard.
const MAX_NAMES: usize = 50;
const MAX_NAME: usize = 100;
/// The most related items that a refusal names.
const MOST_NAMED: usize = 20;

/// The guards of one transition; the empty ones demand nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guards {
    /// Properties that must be filled in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<String>,
    /// What must hold of the properties: `{"property": "weight", "op": "lte", "value": 20}`; see [`condition`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
    /// Everything that the item's lines lead to is released.
    #[serde(skip_serializing_if = "is_false")]
    pub children_released: bool,
    /// Everything that the item's lines lead to is in one of these states.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children_in_states: Vec<String>,
    /// Which lines the two before mean; none means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<String>,
    /// One of these roles is needed besides the transition's own; administrators have them all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub comment_required: bool,
    /// They were written by a newer version and are not understood: what is not understood is not met.
    #[serde(skip)]
    pub unreadable: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What a line of the item leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Child {
    pub relationship: String,
    /// Its id and number, where the caller may see it.
    pub shown: Option<(Uuid, Option<String>)>,
    pub state: String,
    pub is_released: bool,
}

/// What guards are decided over.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub values: &'a Map<String, Value>,
    pub roles: &'a [String],
    pub is_administrator: bool,
    pub comment: Option<&'a str>,
    pub children: &'a [Child],
}

/// A guard that is not met, and what to do about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unmet {
    pub guard: &'static str,
    pub message: String,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

impl Guards {
    /// Guards as they were stored.
    pub(super) fn stored(written: Option<Value>) -> Self {
        let read = |written| serde_json::from_value(written);
        written.map_or_else(Self::default, |written| {
            read(written).unwrap_or_else(|_| Self { unreadable: true, ..Self::default() })
        })
    }

    /// Guards as they are stored; none where nothing is demanded.
    pub(super) fn stored_form(&self) -> Option<Value> {
        (*self != Self::default()).then(|| json!(self))
    }

    pub fn needs_children(&self) -> bool {
        self.children_released || !self.children_in_states.is_empty()
    }

    /// Guards that somebody wrote, checked and without repeats.
    pub fn checked(mut self) -> Result<Self> {
        for (list, field) in [
            (&mut self.requires, "requires"),
            (&mut self.children_in_states, "children_in_states"),
            (&mut self.roles, "roles"),
        ] {
            *list = names(std::mem::take(list), field)?;
        }
        for role in &self.roles {
            read_role(role, &["body", "guards", "roles"])?;
        }
        if let Some(written) = &self.condition {
            condition::read(written).map_err(|message| refuse("condition", message))?;
        }
        self.relationship = self.relationship.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        if self.relationship.is_some() && !self.needs_children() {
            let message = "It says which lines children_released and children_in_states mean; set one of them";
            return Err(refuse("relationship", message));
        }
        Ok(self)
    }

    /// The guards that the facts do not meet; empty when the way is free.
    pub fn unmet(&self, facts: &Facts<'_>) -> Vec<Unmet> {
        let mut unmet = Vec::new();
        if self.unreadable {
            unmet.push(plain("unknown", "The guards of this transition are of a newer version of the program"));
        }
        unmet.extend(self.unmet_requires(facts));
        unmet.extend(self.unmet_condition(facts));
        if self.children_released {
            let refused = |child: &Child| !child.is_released;
            unmet.extend(self.unmet_children(facts, "children_released", "released", refused));
        }
        if !self.children_in_states.is_empty() {
            let wanted = format!("in {}", self.children_in_states.join(" or "));
            let refused = |child: &Child| !self.children_in_states.contains(&child.state);
            unmet.extend(self.unmet_children(facts, "children_in_states", &wanted, refused));
        }
        let holds_role = facts.roles.iter().any(|role| self.roles.contains(role));
        if !self.roles.is_empty() && !facts.is_administrator && !holds_role {
            let message = format!("Only {} may take this step", self.roles.join(" or "));
            unmet.push(Unmet { details: json!({ "roles": self.roles }), ..plain("roles", message) });
        }
        if self.comment_required && facts.comment.is_none_or(|comment| comment.trim().is_empty()) {
            unmet.push(plain("comment_required", "Say why: send a comment with the promotion"));
        }
        unmet
    }

    fn unmet_requires(&self, facts: &Facts<'_>) -> Option<Unmet> {
        let is_blank = |name: &&String| match facts.values.get(*name) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.trim().is_empty(),
            Some(_) => false,
        };
        let missing: Vec<&String> = self.requires.iter().filter(is_blank).collect();
        let named = missing.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        (!missing.is_empty()).then(|| Unmet {
            details: json!({ "properties": missing }),
            ..plain("requires", format!("Fill in {named} first"))
        })
    }

    fn unmet_condition(&self, facts: &Facts<'_>) -> Option<Unmet> {
        let written = self.condition.as_ref()?;
        let holds = condition::read(written).is_ok_and(|condition| condition::holds(&condition, facts.values));
        (!holds).then(|| Unmet {
            details: json!({ "condition": written }),
            ..plain("condition", "The item's properties do not meet the condition of this step")
        })
    }

    fn unmet_children(
        &self,
        facts: &Facts<'_>,
        guard: &'static str,
        wanted: &str,
        refused: impl Fn(&Child) -> bool,
    ) -> Option<Unmet> {
        let counts = |child: &&Child| self.relationship.as_ref().is_none_or(|name| *name == child.relationship);
        let refused: Vec<&Child> = facts.children.iter().filter(counts).filter(|child| refused(child)).collect();
        if refused.is_empty() {
            return None;
        }
        // What the caller may not see is counted and not named.
        let shown = refused.iter().filter_map(|child| child.shown.as_ref().map(|shown| (shown, &child.state)));
        let shown: Vec<_> = shown
            .take(MOST_NAMED)
            .map(|((id, number), state)| json!({ "id": id, "number": number, "state": state }))
            .collect();
        let count = refused.len();
        Some(Unmet {
            details: json!({ "count": count, "children": shown }),
            ..plain(guard, format!("{count} of the related items are not {wanted}"))
        })
    }
}

fn plain(guard: &'static str, message: impl Into<String>) -> Unmet {
    Unmet { guard, message: message.into(), details: Value::Null }
}

fn refuse(field: &str, message: impl Into<String>) -> Error {
    Error::invalid_field("value_error", &["body", "guards", field], message)
}

fn names(given: Vec<String>, field: &str) -> Result<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for name in given {
        let name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            return Err(refuse(field, format!("A name has 1 to {MAX_NAME} characters")));
        }
        if !kept.contains(&name) {
            kept.push(name);
        }
    }
    if kept.len() > MAX_NAMES {
        return Err(refuse(field, format!("At most {MAX_NAMES} names")));
    }
    Ok(kept)
}

/// The refusal of a step whose guards are not met.
pub fn guard_failed(action: &str, from: &str, to: &str, unmet: &[Unmet]) -> Error {
    let reasons = unmet.iter().map(|unmet| unmet.message.as_str()).collect::<Vec<_>>().join("; ");
    Error::conflict(format!("The step {action} from {from} to {to} is refused: {reasons}"))
        .code("GUARD_FAILED", format!("It cannot become {to} yet. {reasons}."))
        .details(json!({ "action": action, "state": from, "to_state": to, "unmet": unmet }))
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
