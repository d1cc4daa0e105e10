//! A value that another item has already, where a property allows each value once. The index of the property decides.

use serde_json::json;

use super::item::Item;
use super::model::ItemType;
use crate::db::property_index;
use crate::error::Error;

/// The job that drops the indexes of deleted properties runs at once where it can.
const RETRY_SECONDS: u64 = 2;

/// The refusal of a write by the unique index of a property; anything else comes back as it was.
pub(super) fn value_taken(error: Error, kind: &ItemType, item: &Item) -> Result<Error, Error> {
    let Some(id) = property_index::violated(&error) else { return Err(error) };
    let Some(property) = kind.properties.iter().find(|property| property.id == id) else {
        let label = &kind.label;
        return Ok(Error::unavailable("The index of a property that was deleted is still there")
            .code(
                "INDEX_IN_THE_WAY",
                format!("A unique property of {label} was deleted and its index goes away in a moment. Try again."),
            )
            .retry_after(RETRY_SECONDS));
    };
    let name = property.name.as_str();
    let value = item.properties.get(name).cloned().unwrap_or_default();
    let shown = super::values::text_value(&value);
    Ok(Error::conflict(format!("{} with {name} {shown} already exists", kind.label))
        .code(
            "DUPLICATE_VALUE",
            format!("Another {} has the {name} {shown}, which occurs once only. Choose another.", kind.label),
        )
        .details(json!({ "resource": kind.id, "property": name, "value": value }))
        .caused_by(error))
}
