//! What a baseline is. Pure.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::Findings;
use super::given::Include;
use crate::domain::meta::Item;
use crate::error::{Error, Result};
use crate::types::UserId;

/// How audit rows call a baseline.
pub const BASELINE: &str = "Baseline";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Draft,
    Released,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Released => "released",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Draft, Self::Released].into_iter().find(|state| state.as_str() == text)
    }
}

/// A baseline, without what it consists of.
#[derive(Debug, Clone, Serialize)]
pub struct Baseline {
    pub id: Uuid,
    #[serde(rename = "baseline_number")]
    pub number: String,
    pub name: String,
    pub description: Option<String>,
    pub baseline_type: String,
    pub scope: String,
    pub eco_id: Option<String>,
    pub root_item_id: Uuid,
    pub root_version_id: Option<Uuid>,
    pub root_config_id: Uuid,
    /// -1 for all.
    pub max_levels: i32,
    pub effective_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    pub include: Include,
    pub line_key: String,
    /// Distinct items, the root among them.
    pub item_count: i64,
    pub relationship_count: i64,
    pub state: State,
    pub is_validated: bool,
    /// Of the latest validation.
    pub findings: Option<Findings>,
    pub validated_at: Option<DateTime<Utc>>,
    pub validated_by_id: Option<UserId>,
    pub released_at: Option<DateTime<Utc>>,
    pub released_by_id: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub created_by_id: Option<UserId>,
}

impl Baseline {
    pub fn is_released(&self) -> bool {
        self.state == State::Released
    }

    /// What audit rows keep of it.
    pub fn snapshot(&self) -> Option<Value> {
        // `item_id` tells subscribers which product it is of.
        let mut kept = serde_json::to_value(self).ok()?;
        kept["item_id"] = json!(self.root_item_id);
        Some(kept)
    }
}

/// What a baseline lists: an item by the line that leads to it, a relationship, a document.
#[derive(Debug, Clone)]
pub struct Member {
    pub baseline_id: Uuid,
    pub position: i32,
    pub id: Uuid,
    pub kind: MemberKind,
    pub item_id: Option<Uuid>,
    pub document_id: Option<Uuid>,
    pub relationship_id: Option<Uuid>,
    pub parent_key: Option<Uuid>,
    pub node_key: Option<Uuid>,
    pub item_number: Option<String>,
    pub item_revision: Option<String>,
    pub item_generation: Option<i32>,
    pub item_type: Option<String>,
    pub item_state: Option<String>,
    /// 0 is the root.
    pub level: i32,
    /// The ids of the items from the root to here, joined by `/`; the root's is empty.
    pub path: String,
    pub quantity: Option<String>,
    /// The line as it was.
    pub line: Option<Item>,
    pub effectivities: Option<Value>,
    pub substitutes: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    Item,
    Relationship,
    Document,
}

impl MemberKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Relationship => "relationship",
            Self::Document => "document",
        }
    }

    pub fn stored(text: &str) -> Result<Self> {
        let all = [Self::Item, Self::Relationship, Self::Document];
        let found = all.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| Error::internal(format!("A member has the unknown type {text:?}")))
    }
}

/// Reads a baseline's id from a path or body. What is no UUID names no baseline.
pub(super) fn parse_id(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| not_found(text))
}

pub(super) fn not_found(id: impl std::fmt::Display) -> Error {
    Error::not_found(format!("Baseline {id} not found"))
}
