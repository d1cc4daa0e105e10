//! What answers add to an item's stored properties: its state, and `number`, the mirror of its type's number property.

use serde_json::Value;

use super::item::Item;
use super::model::{ItemType, Model};
use super::values::Values;
use crate::error::{Error, Result};

/// An item as it is shown.
#[derive(Debug, Clone)]
pub struct ItemView {
    pub item: Item,
    pub number: Option<String>,
    /// The stored properties with the mirrors.
    pub properties: Values,
}

impl ItemView {
    pub fn new(model: &Model, item: Item) -> Self {
        let number = model.item_type(&item.item_type).ok().and_then(|kind| kind.number(&item)).map(str::to_owned);
        let mut properties = item.properties.clone();
        if let Some(number) = &number {
            properties.insert("number".to_owned(), number.clone().into());
        }
        properties.insert("state".to_owned(), item.state.clone().into());
        Self { item, number, properties }
    }

    /// Keeps only the properties that a comma-separated list names; none keeps all.
    #[must_use]
    pub fn select(mut self, names: Option<&str>) -> Self {
        if let Some(names) = names {
            self.properties.retain(|property, _| names.split(',').any(|name| name.trim() == property));
        }
        self
    }
}

/// Takes the mirrors out of values that a client sends back.
///
/// A state that differs from the item's is refused: it changes by promotion alone.
pub(super) fn without_mirrors(kind: &ItemType, mut given: Values, state: &str) -> Result<Values> {
    match given.get("state") {
        Some(Value::String(wanted)) if wanted != state => {
            let message = format!("The state is {state:?} and changes by the action promote");
            return Err(Error::invalid_field("value_error", &["body", "properties", "state"], message));
        }
        _ => given.remove("state"),
    };
    if let Some(property) = &kind.number_property
        && property != "number"
        && let Some(number) = given.remove("number")
        && !number.is_null()
    {
        given.entry(property.clone()).or_insert(number);
    }
    Ok(given)
}
