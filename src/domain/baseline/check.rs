//! What is wrong with a baseline. Pure.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::model::{Baseline, Member, MemberKind};
use crate::domain::meta::{Item, Model};
use crate::error::{Error, Result};

/// So many findings of a kind are told.
const MOST_TOLD: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The baseline has no members.
    EmptyBaseline,
    /// The item does not exist any more.
    MissingItem,
    /// The item was not released when it was taken.
    UnreleasedItem,
    /// The item was changed since, and what was taken of it was not released.
    ChangedItem,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmptyBaseline => "empty_baseline",
            Self::MissingItem => "missing_item",
            Self::UnreleasedItem => "unreleased_item",
            Self::ChangedItem => "changed_item",
        }
    }

    /// As diagnostics call it.
    pub fn code(self) -> &'static str {
        match self {
            Self::EmptyBaseline => "baseline_empty",
            Self::MissingItem => "baseline_item_missing",
            Self::UnreleasedItem => "baseline_item_not_released",
            Self::ChangedItem => "baseline_item_changed",
        }
    }

    pub fn rule(self) -> &'static str {
        match self {
            Self::EmptyBaseline => "baseline.not_empty",
            Self::MissingItem => "baseline.members_exist",
            Self::UnreleasedItem | Self::ChangedItem => "baseline.warnings_for_unreleased_or_changed_members",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    #[serde(rename = "type")]
    pub kind: Kind,
    pub member_id: Option<Uuid>,
    pub item_id: Option<Uuid>,
    pub item_number: Option<String>,
    pub item_state: Option<String>,
    pub message: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    pub errors: Vec<Finding>,
    pub warnings: Vec<Finding>,
    /// Beyond those that are listed.
    #[serde(default)]
    pub unlisted: usize,
}

/// By which rules a baseline is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruleset {
    /// What is not released is a warning.
    Default,
    /// The same, under the name that readiness asks by.
    Readiness,
    /// What is not released is an error.
    Strict,
}

impl Ruleset {
    /// Fails with `BadRequest` for an unknown one.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "default" => Ok(Self::Default),
            "readiness" => Ok(Self::Readiness),
            "strict" => Ok(Self::Strict),
            other => {
                Err(Error::bad_request(format!("Unknown ruleset: {other}. There are default, readiness and strict.")))
            }
        }
    }

    pub fn judge(self, findings: Findings) -> Findings {
        if self != Self::Strict {
            return findings;
        }
        let errors = findings.errors.into_iter().chain(findings.warnings).collect();
        Findings { errors, warnings: Vec::new(), unlisted: findings.unlisted }
    }
}

/// What is found of the members of a baseline, given the items as they are now.
pub fn findings(model: &Model, members: &[Member], now: &HashMap<Uuid, Item>) -> Findings {
    let mut found = Findings::default();
    let mut met = std::collections::HashSet::new();
    let items = members.iter().filter(|member| member.kind == MemberKind::Item);
    for member in items {
        let (Some(id), Some(node)) = (member.item_id, member.node_key) else { continue };
        if !met.insert(node) {
            continue;
        }
        let taken = member.item_state.as_deref().unwrap_or_default();
        let is_released = is_released(model, member);
        let live = now.get(&id);
        let mut tell = |kind: Kind, message: String| found.tell(kind, member, message);
        if !now.is_empty() && live.is_none() {
            tell(Kind::MissingItem, format!("Item {id} does not exist any more"));
            continue;
        }
        if !is_released {
            tell(Kind::UnreleasedItem, format!("Item {id} is not released (state: {taken})"));
            let since = live.filter(|live| Some(live.generation) != member.item_generation || live.state != taken);
            if let Some(live) = since {
                tell(Kind::ChangedItem, format!("Item {id} has changed since (state: {})", live.state));
            }
        }
    }
    if met.is_empty() {
        let message = "The baseline has no members".to_owned();
        let (member_id, item_id, item_number, item_state) = (None, None, None, None);
        found.errors.push(Finding { kind: Kind::EmptyBaseline, member_id, item_id, item_number, item_state, message });
    }
    found
}

impl Findings {
    fn tell(&mut self, kind: Kind, member: &Member, message: String) {
        let list = if kind == Kind::MissingItem { &mut self.errors } else { &mut self.warnings };
        if list.len() >= MOST_TOLD {
            self.unlisted += 1;
            return;
        }
        list.push(Finding {
            kind,
            member_id: Some(member.id),
            item_id: member.item_id,
            item_number: member.item_number.clone(),
            item_state: member.item_state.clone(),
            message,
        });
    }

    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }
}

/// Whether the state in which an item was taken is a released one of its lifecycle.
fn is_released(model: &Model, member: &Member) -> bool {
    let kind = member.item_type.as_deref().and_then(|kind| model.item_type(kind).ok());
    let Some(map) = kind.and_then(|kind| kind.lifecycle_map_id) else { return true };
    let taken = member.item_state.as_deref();
    model
        .lifecycles()
        .states()
        .any(|state| state.map_id == map && Some(state.name.as_str()) == taken && state.is_released)
}

/// The refusal of a release.
pub fn refused(baseline: &Baseline, findings: &Findings) -> Error {
    let count = findings.errors.len();
    let details = serde_json::json!({ "baseline_id": baseline.id, "errors": findings.errors });
    Error::conflict(format!("Baseline {} has {count} errors", baseline.number))
        .code(
            "BASELINE_INVALID",
            "The baseline cannot be released: see errors. Make a new one, or release it with force.",
        )
        .details(details)
}
