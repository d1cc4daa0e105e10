//! What a version is. Pure.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::meta::{CheckOut, Item, ItemView, Model, Values};
use crate::error::{Error, Result};
use crate::types::UserId;

/// Where a check-out was made from, as the client tells of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LockContext {
    pub client_host: Option<String>,
    pub workspace_path: Option<String>,
    pub client_info: Option<Values>,
}

/// A check-out: what is locked is its holder's to change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lock {
    /// Nobody in particular where authentication is off.
    pub by: Option<UserId>,
    /// As it was then.
    pub by_name: Option<String>,
    pub since: DateTime<Utc>,
    #[serde(flatten)]
    pub context: LockContext,
}

/// A version of an item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Version {
    pub id: Uuid,
    pub item_id: Uuid,
    pub generation: i32,
    pub revision: String,
    #[serde(rename = "version_label")]
    pub label: String,
    /// That of the item when the version was last set down; of the current version, the item's own counts.
    pub state: String,
    /// The same, as the lifecycle knows it.
    #[serde(skip)]
    pub state_id: Option<Uuid>,
    pub is_current: bool,
    pub is_released: bool,
    pub is_superseded: bool,
    pub branch_name: String,
    pub predecessor_id: Option<Uuid>,
    pub branched_from_id: Option<Uuid>,
    /// The version that took this one in by a merge; it does not change any more then.
    pub merged_into_id: Option<Uuid>,
    pub merged_at: Option<DateTime<Utc>>,
    /// As the state.
    #[serde(skip)]
    pub properties: Values,
    pub description: Option<String>,
    pub lock: Option<Lock>,
    pub created_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub released_by_id: Option<UserId>,
    pub released_at: Option<DateTime<Utc>>,
}

impl Version {
    /// Where it stands in its life: draft, released, superseded, merged.
    pub fn lifecycle_status(&self) -> &'static str {
        match (self.is_superseded, self.is_released) {
            (true, _) => "superseded",
            (false, true) => "released",
            (false, false) if self.merged_into_id.is_some() => "merged",
            (false, false) => "draft",
        }
    }

    /// Its check-out as items know it.
    pub fn check_out(&self) -> Option<CheckOut> {
        self.lock.as_ref().map(|lock| CheckOut {
            version_id: self.id,
            version_label: self.label.clone(),
            by: lock.by,
            by_name: lock.by_name.clone(),
            since: lock.since,
        })
    }

    /// It may still change. Fails with `Conflict` `VERSION_RELEASED`.
    pub fn require_unreleased(&self) -> Result<()> {
        if !self.is_released {
            return Ok(());
        }
        Err(Error::conflict(format!("Version {} is released", self.id))
            .code(
                "VERSION_RELEASED",
                format!("Version {} is released and does not change any more. Revise the item.", self.label),
            )
            .details(json!({ "version_id": self.id, "version_label": self.label, "released_at": self.released_at })))
    }

    /// It may still change: it is neither released nor merged into another. Fails with `Conflict` `VERSION_RELEASED` or
    /// `VERSION_MERGED`.
    pub fn require_open(&self) -> Result<()> {
        self.require_unreleased()?;
        let Some(into) = self.merged_into_id else { return Ok(()) };
        Err(Error::conflict(format!("Version {} is merged", self.id))
            .code(
                "VERSION_MERGED",
                format!("Version {} has been merged and does not change any more. Branch from another.", self.label),
            )
            .details(json!({
                "version_id": self.id, "version_label": self.label, "merged_into_id": into, "merged_at": self.merged_at,
            })))
    }

    /// It is beside the current version and may still change: its properties and lines are its own. Fails with `Conflict`
    /// `VERSION_CURRENT`, or as [`Self::require_open`] does.
    pub fn require_draft(&self) -> Result<()> {
        self.require_open()?;
        if !self.is_current {
            return Ok(());
        }
        Err(Error::conflict(format!("Version {} is the current one", self.id))
            .code(
                "VERSION_CURRENT",
                format!(
                    "Version {} is the current one: its lines are those of the item. Use /api/v1/bom/{}/children.",
                    self.label, self.item_id
                ),
            )
            .details(json!({ "version_id": self.id, "item_id": self.item_id })))
    }

    /// The item as it is in this version, where the version has contents of its own.
    #[must_use]
    pub fn as_item(&self, item: &Item) -> Item {
        Item {
            state: self.state.clone(),
            current_state: self.state_id,
            properties: self.properties.clone(),
            ..item.clone()
        }
    }

    /// What audit rows keep of it.
    pub fn snapshot(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }

    /// As it is shown, in the state of its item where it is the current one.
    pub(super) fn of(self, item: &Item) -> Self {
        if !self.is_current {
            return self;
        }
        Self { state: item.state.clone(), state_id: item.current_state, ..self }
    }
}

/// A version as it is shown.
#[derive(Debug, Clone)]
pub struct VersionView {
    pub version: Version,
    /// With the mirrors `number` and `state`. Those of an unreleased current version are the item's as they are now.
    pub properties: Values,
}

impl VersionView {
    pub fn new(model: &Model, item: &Item, version: Version) -> Self {
        let version = version.of(item);
        let is_live = version.is_current && !version.is_released;
        let properties = if is_live { item.properties.clone() } else { version.properties.clone() };
        let shown = Item { state: version.state.clone(), properties, ..item.clone() };
        Self { properties: ItemView::new(model, shown).properties, version }
    }
}

/// Something that happened to a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    pub id: Uuid,
    pub version_id: Uuid,
    /// create, checkout, checkin, undo_checkout, release …
    pub action: String,
    pub comment: Option<String>,
    pub changes: Option<Value>,
    pub user_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
}

/// The versions of an item.
#[derive(Debug, Clone)]
pub struct ItemVersions {
    pub item_id: Uuid,
    /// One of them is checked out.
    pub is_under_modification: bool,
    pub versions: Vec<Version>,
}

/// Reads a version's id from a path or body. What is no UUID names no version.
pub(super) fn parse_id(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| not_found(text))
}

pub(super) fn not_found(id: impl std::fmt::Display) -> Error {
    Error::not_found(format!("Version {id} not found"))
}
