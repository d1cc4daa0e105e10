//! A request of AML: an item, what to do with it, and the relationships to handle with it.

use uuid::Uuid;

use super::basis::Basis;
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
    /// `@leg`: how the request calls an item that it adds, and refers to it.
    pub label: Option<String>,
    /// The id of an item that is added, where the request needs to know it before.
    pub new_id: Option<Uuid>,
    /// What a change was based on.
    pub basis: Basis,
    pub properties: Values,
    pub relationships: Vec<AmlItem>,
}

pub(super) fn require_id(given: &AmlItem) -> Result<Uuid> {
    given.id.ok_or_else(|| Error::invalid_field("missing", &["body", "id"], "Field required"))
}

/// What needs no look at the data: how deep it nests, that only what changes an item is based on one, and
/// that nothing is nested where nothing would be done with it.
pub(super) fn check(given: &AmlItem, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        let message = format!("Relationships nest at most {MAX_DEPTH} levels");
        return Err(Error::invalid_field("value_error", &["body", "relationships"], message));
    }
    if !given.basis.is_empty() && matches!(given.action, AmlAction::Add | AmlAction::Get) {
        let message = "Only a change is based on a state: update, delete, promote or dummy";
        return Err(Error::invalid_field("value_error", &["body", "if_match"], message));
    }
    if !given.relationships.is_empty()
        && matches!(given.action, AmlAction::Get | AmlAction::Delete | AmlAction::Promote)
    {
        let message = "Relationships are nested in what is added or updated, or in a dummy";
        return Err(Error::invalid_field("value_error", &["body", "relationships"], message));
    }
    let mut nested = given.relationships.iter().enumerate();
    nested.try_for_each(|(index, nested)| check(nested, depth + 1).map_err(|error| in_relationship(error, index)))
}

/// A failure of a nested relationship, as the item that it is nested in tells of it.
pub(super) fn in_relationship(error: Error, index: usize) -> Error {
    error.under(&["relationships", &index.to_string()])
}
