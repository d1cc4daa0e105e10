//! What a version consists of: its properties and lines.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::meta::{Values, same_value, text_value};

/// Properties, and lines by their ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    pub properties: Values,
    pub lines: BTreeMap<Uuid, Line>,
}

/// A line: what kind it is of, what it hangs on and leads to, and its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub kind: String,
    /// The item, or another line.
    pub parent: Uuid,
    pub child: Uuid,
    /// With the ends, what may occur once; none where anything may occur twice.
    pub key_properties: Option<Vec<String>>,
    pub properties: Values,
}

impl Line {
    /// What stays the same as long as it is the same line.
    pub(super) fn ends(&self) -> (&str, Uuid, Uuid) {
        (&self.kind, self.parent, self.child)
    }

    /// What may occur once.
    pub(super) fn key(&self) -> Option<(&str, Uuid, Uuid, Vec<String>)> {
        let value = |name: &String| self.properties.get(name).map(text_value).unwrap_or_default();
        let values = self.key_properties.as_ref()?.iter().map(value).collect();
        Some((&self.kind, self.parent, self.child, values))
    }

    /// The same in kind, ends and values, however a database keeps their numbers.
    pub fn is_same(&self, other: &Self) -> bool {
        self.ends() == other.ends() && same_values(&self.properties, &other.properties)
    }

    /// For whoever has to decide about it.
    pub fn shown(&self) -> Value {
        json!({
            "type": self.kind, "source_id": self.parent, "related_id": self.child, "properties": self.properties,
        })
    }
}

/// The same values, however a database keeps their numbers.
pub(super) fn same_values(left: &Values, right: &Values) -> bool {
    left.len() == right.len()
        && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| same_value(value, other)))
}
