//! A request of AML: an item, what to do with it, and the relationships to handle with it.

use uuid::Uuid;

use super::values::Values;
use crate::error::{Error, Result};

/// The deepest nesting of one request.
const MAX_DEPTH: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AmlAction {
    Add,
    Delete,
    Update,
    #[default]
    Get,
    Promote,
    /// Leaves the item itself alone and applies what is nested in it.
    Dummy,
}

/// An item as a request names it.
#[derive(Debug, Clone, Default)]
pub struct AmlItem {
    pub item_type: String,
    pub action: AmlAction,
    pub id: Option<Uuid>,
    pub properties: Values,
    pub relationships: Vec<AmlItem>,
}

pub(super) fn require_id(given: &AmlItem) -> Result<Uuid> {
    given.id.ok_or_else(|| Error::invalid_field("missing", &["body", "id"], "Field required"))
}

pub(super) fn check_depth(given: &AmlItem, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        let message = format!("Relationships nest at most {MAX_DEPTH} levels");
        return Err(Error::invalid_field("value_error", &["body", "relationships"], message));
    }
    given.relationships.iter().try_for_each(|nested| check_depth(nested, depth + 1))
}
