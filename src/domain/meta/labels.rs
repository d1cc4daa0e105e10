//! Labels: names with which the items of one request refer to each other before they have ids (`"id": "@leg"` of an item that
//! is added, `"related_id": "@leg"` of a line). Pure.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::aml::{AmlAction, AmlItem, in_relationship};
use super::model::{DataType, ItemType, Model};
use crate::domain::audit::new_id;
use crate::error::{Error, Result};

/// What a label begins with; no id does.
pub const LABEL_SIGN: char = '@';
/// The longest label.
const MAX_LABEL: usize = 100;

/// The ids that the labels of one request stand for.
pub type Labels = BTreeMap<String, Uuid>;

/// Gives each added item with a label an id, and puts ids in the place of the labels that refer to it. The order is that in
/// which a request is applied: a label stands for what was added before.
pub(super) fn resolve(given: &mut AmlItem, model: &Model, labels: &mut Labels) -> Result<()> {
    if let Ok(kind) = model.item_type(&given.item_type) {
        resolve_properties(given, kind, labels)?;
    }
    if let Some(label) = given.label.take() {
        if given.action == AmlAction::Add {
            given.new_id = Some(define(label, labels)?);
        } else {
            given.id = Some(known(&label, labels, &["body", "id"])?);
        }
    }
    for (index, nested) in given.relationships.iter_mut().enumerate() {
        resolve(nested, model, labels).map_err(|error| in_relationship(error, index))?;
    }
    Ok(())
}

fn resolve_properties(given: &mut AmlItem, kind: &ItemType, labels: &Labels) -> Result<()> {
    for (name, value) in &mut given.properties {
        if refers(kind, name)
            && let Value::String(text) = value
            && text.starts_with(LABEL_SIGN)
        {
            *text = known(text, labels, &["body", "properties", name])?.to_string();
        }
    }
    Ok(())
}

/// The property takes the id of an item.
pub(super) fn refers(kind: &ItemType, name: &str) -> bool {
    let is_end = kind.is_relationship && ["source_id", "related_id"].contains(&name);
    is_end || kind.property(name).is_some_and(|property| property.data_type == DataType::Item)
}

fn define(label: String, labels: &mut Labels) -> Result<Uuid> {
    let refuse = |message: String| Err(Error::invalid_field("value_error", &["body", "id"], message));
    if !(2..=MAX_LABEL).contains(&label.chars().count()) || label.chars().any(char::is_control) {
        return refuse(format!("A label is {LABEL_SIGN} and 1 to {} characters", MAX_LABEL - 1));
    }
    if labels.contains_key(&label) {
        return refuse(format!("The label {label} is given twice"));
    }
    let id = new_id();
    labels.insert(label, id);
    Ok(id)
}

fn known(label: &str, labels: &Labels, loc: &[&str]) -> Result<Uuid> {
    labels.get(label).copied().ok_or_else(|| {
        let message = format!("No item with the label {label} is added before; put it first");
        Error::invalid_field("value_error", loc, message)
    })
}
