//! What answers add to an item's stored properties: its state, and `number`, the mirror of its type's number property.

use std::collections::BTreeMap;

use serde_json::Value;

use super::item::Item;
use super::model::{ItemType, Model};
use super::values::Values;
use crate::error::{Error, Result};

/// What a request asked to see of the items around one.
#[derive(Debug, Clone, Default)]
pub struct Expanded {
    pub source: Option<Box<ItemView>>,
    pub related: Option<Box<ItemView>>,
    /// The lines of the types that were asked for, each with its related item.
    pub relationships: BTreeMap<String, Vec<ItemView>>,
    /// The items that properties refer to.
    pub references: BTreeMap<String, ItemView>,
}

/// An item as it is shown.
#[derive(Debug, Clone)]
pub struct ItemView {
    pub item: Item,
    pub number: Option<String>,
    /// The stored properties with the mirrors.
    pub properties: Values,
    pub expanded: Expanded,
}

impl ItemView {
    pub fn new(model: &Model, item: Item) -> Self {
        let number = model.item_type(&item.item_type).ok().and_then(|kind| kind.number(&item)).map(str::to_owned);
        let mut properties = item.properties.clone();
        if let Some(number) = &number {
            properties.insert("number".to_owned(), number.clone().into());
        }
        properties.insert("state".to_owned(), item.state.clone().into());
        Self { item, number, properties, expanded: Expanded::default() }
    }

    /// Keeps only the properties that a comma-separated list names; none keeps all.
    #[must_use]
    pub fn select(self, names: Option<&str>) -> Self {
        match names {
            Some(names) => self.keep(|property| names.split(',').any(|name| name.trim() == property)),
            None => self,
        }
    }

    /// Keeps only some properties.
    #[must_use]
    pub(super) fn keep(mut self, wanted: impl Fn(&str) -> bool) -> Self {
        self.properties.retain(|property, _| wanted(property));
        self
    }
}

/// The stored properties with the mirrors, for what is decided by an item's values.
pub(super) fn with_mirrors(item: &Item) -> Values {
    let mut values = item.properties.clone();
    // The key of a relationship is not its number.
    if let Some(number) = item.unique_key.as_ref().filter(|_| item.source_id.is_none()) {
        values.insert("number".to_owned(), number.clone().into());
    }
    values.insert("state".to_owned(), item.state.clone().into());
    values
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
