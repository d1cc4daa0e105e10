//! What may stand in for the child of a line.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A substitute of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Substitute {
    pub item_id: Uuid,
    pub rank: Option<i64>,
    pub note: Option<String>,
}

impl Substitute {
    pub(super) fn of(item_id: Uuid, properties: &Value) -> Self {
        Self {
            item_id,
            rank: properties.get("rank").and_then(Value::as_i64),
            note: properties.get("note").and_then(Value::as_str).map(str::to_owned),
        }
    }

    pub(super) fn normalized(&self) -> String {
        let rank = self.rank.map(|rank| rank.to_string()).unwrap_or_default();
        format!("{}|{rank}|{}", self.item_id, self.note.as_deref().unwrap_or_default())
    }
}
