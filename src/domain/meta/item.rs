//! An item as the domain sees it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::domain::permission::Subject;
use crate::error::{Error, Result};
use crate::types::UserId;

/// What stands beside an item's properties wherever it is shown, and is no name for a property.
pub const FIELDS: [&str; 17] = [
    "id",
    "item_type_id",
    "config_id",
    "generation",
    "is_current",
    "current_state",
    "current_version_id",
    "created_by_id",
    "created_on",
    "modified_by_id",
    "modified_on",
    "owner_id",
    "permission_id",
    "source_id",
    "related_id",
    "children",
    "properties",
];

/// An item of any type; a relationship has a source and a related item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    pub id: Uuid,
    pub item_type: String,
    pub config_id: Uuid,
    pub generation: i32,
    pub is_current: bool,
    pub state: String,
    /// The lifecycle state; none for types without a lifecycle.
    pub current_state: Option<Uuid>,
    pub current_version_id: Option<Uuid>,
    /// What occurs once per type: the number of a part, source, related item and unit of a BOM line.
    pub unique_key: Option<String>,
    pub source_id: Option<Uuid>,
    pub related_id: Option<Uuid>,
    pub properties: Map<String, Value>,
    pub permission_id: Option<String>,
    pub owner_id: Option<UserId>,
    pub created_by_id: Option<UserId>,
    pub created_on: DateTime<Utc>,
    pub modified_by_id: Option<UserId>,
    pub modified_on: Option<DateTime<Utc>>,
    /// How often it was changed.
    pub change_count: i64,
}

impl Item {
    /// A property as text; none when it is missing or no text.
    pub fn text(&self, property: &str) -> Option<&str> {
        self.properties.get(property).and_then(Value::as_str)
    }

    pub fn name(&self) -> Option<&str> {
        self.text("name")
    }

    /// Whose it is, for permissions.
    pub fn subject(&self) -> Subject {
        Subject { created_by: self.created_by_id, owner: self.owner_id }
    }

    /// What audit rows keep of it.
    pub fn snapshot(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }
}

/// Reads an item id from a path or body. What is no UUID names no item.
pub fn parse_id(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| not_found(text))
}

pub(super) fn not_found(id: impl std::fmt::Display) -> Error {
    Error::not_found(format!("Item {id} not found"))
}
