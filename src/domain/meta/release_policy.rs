//! Whether structures may hold what was never released: a demand of the organisation on its lines and releases.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::item::Item;
use super::model::{ItemType, Model};
use super::repo;
use super::types::ModelChange;
use super::write::Write;
use crate::context::Ctx;
use crate::db::Db;
use crate::domain::lifecycle::Unmet;
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// How audit rows and the table call it.
const NAME: &str = "release_policy";
/// The most children that a refusal names.
const MOST_NAMED: usize = 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReleasePolicy {
    /// Anything may enter a structure, and be released in it.
    #[default]
    Off,
    /// A release finds a released version of every child.
    AtRelease,
    /// Only what has a released version enters a structure, and a release finds it so.
    AtEntry,
}

impl ReleasePolicy {
    pub const ALL: [Self; 3] = [Self::Off, Self::AtRelease, Self::AtEntry];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::AtRelease => "at_release",
            Self::AtEntry => "at_entry",
        }
    }

    /// What a newer version of the program wrote demands nothing of this one.
    pub(super) fn stored(text: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|policy| Some(policy.as_str()) == text).unwrap_or_default()
    }

    pub(super) async fn of(db: &Db) -> Result<Self> {
        Ok(Self::stored(repo::policies::find(db, NAME).await?.as_deref()))
    }
}

/// The policy, for every member.
pub async fn release_policy(ctx: &Ctx) -> Result<ReleasePolicy> {
    Ok(Model::load(ctx).await?.release_policy())
}

/// Sets it; for administrators. What stands in structures already stays, and is seen by the next release.
pub async fn set_release_policy(ctx: &Ctx, policy: ReleasePolicy) -> Result<ReleasePolicy> {
    let mut change = ModelChange::begin(ctx).await?;
    let before = change.model.release_policy();
    repo::policies::put(ctx, &change.tx, NAME, policy.as_str()).await?;
    let value = |policy: ReleasePolicy| Some(json!({ "value": policy.as_str() }));
    change.record("model.policy_updated", ("Policy", NAME.to_owned()), value(before), value(policy));
    change.commit().await?;
    Ok(policy)
}

/// A child may enter a structure. Fails with `Conflict` `CHILD_NOT_RELEASED`.
pub(super) async fn require_may_enter(write: &Write<'_>, kind: &ItemType, child: &Item) -> Result<()> {
    if !kind.is_acyclic || write.model.release_policy() != ReleasePolicy::AtEntry {
        return Ok(());
    }
    let is_released = write.model.state(child).is_some_and(|state| state.is_released);
    if is_released || repo::versions::with_released(&write.tx, &[child.id]).await?.contains(&child.id) {
        return Ok(());
    }
    let named = named(write.model, child);
    Err(Error::conflict(format!("Item {} has no released version", child.id))
        .code("CHILD_NOT_RELEASED", "Only what is released may be used here. Release it first.")
        .details(named))
}

/// What the lines of an item lead to, of which it is asked whether any version is released.
pub(super) fn ids(related: &[(Item, Item)]) -> Vec<Uuid> {
    let ids: BTreeSet<Uuid> = related.iter().map(|(_, child)| child.id).collect();
    ids.into_iter().collect()
}

/// Why an item cannot be released with what its lines lead to; `released` are those that have a released version.
pub(super) fn unmet_children(model: &Model, related: &[(Item, Item)], released: &HashSet<Uuid>) -> Option<Unmet> {
    let is_structure = |line: &Item| model.item_type(&line.item_type).is_ok_and(|kind| kind.is_acyclic);
    let mut seen = HashSet::new();
    let is_released =
        |child: &Item| released.contains(&child.id) || model.state(child).is_some_and(|state| state.is_released);
    let unreleased: Vec<&Item> = related
        .iter()
        .filter(|(line, child)| is_structure(line) && !is_released(child) && seen.insert(child.id))
        .map(|(_, child)| child)
        .collect();
    if unreleased.is_empty() {
        return None;
    }
    let shown = unreleased.iter().filter(|child| model.allow(child, Action::Get)).take(MOST_NAMED);
    let shown: Vec<Value> = shown.map(|child| named(model, child)).collect();
    Some(Unmet {
        guard: NAME,
        message: format!("{} of what it consists of have no released version", unreleased.len()),
        details: json!({ "count": unreleased.len(), "children": shown }),
    })
}

fn named(model: &Model, child: &Item) -> Value {
    let number = model.item_type(&child.item_type).ok().and_then(|kind| kind.number(child));
    json!({ "id": child.id, "number": number, "name": child.name(), "state": child.state })
}
