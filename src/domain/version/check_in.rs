//! Checking in.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::apply::change_draft;
use super::model::{Version, VersionView};
use super::open::{open, record};
use super::{given, repo};
use crate::context::Ctx;
use crate::domain::meta::{self, Item, Model, Turns, Values, VersionEvent, Write};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// What comes with a check-in.
#[derive(Debug, Clone, Default)]
pub struct CheckIn {
    /// Without one the current version.
    pub version_id: Option<String>,
    pub comment: Option<String>,
    /// Changes of the properties, as an update takes them: of the item for its current version, else of the version alone.
    pub properties: Option<Values>,
}

/// Gives a version back, with changes of its item.
///
/// Fails with `Conflict` where the caller does not have it checked out, and as an update of the item does.
pub async fn check_in(ctx: &Ctx, item: &str, given: CheckIn) -> Result<VersionView> {
    let comment = given::comment(given.comment)?;
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (mut item, before) = open(&write, item, given.version_id.as_deref()).await?;
    if !before.is_mine(ctx) {
        return Err(Error::conflict("Version is not checked out by you"));
    }
    let (mut changes, mut properties_of_draft) = (None, None);
    if let Some(properties) = given.properties.filter(|properties| !properties.is_empty()) {
        if before.is_current {
            let changed = update(&write, &item, properties).await?;
            changes = differences(&item.properties, &changed.properties);
            item = changed;
        } else {
            let changed = update_draft(&write, &item, &before, properties).await?;
            changes = differences(&before.properties, &changed);
            properties_of_draft = Some(changed);
        }
    }
    let mut after = Version { lock: None, ..before.clone() }.of(&item);
    if let Some(properties) = properties_of_draft {
        after.properties = properties;
    }
    if after.is_current {
        after.properties = item.properties.clone();
    }
    repo::set_down(write.tx(), &after).await?;
    let (version_id, item_id) = (after.id, item.id);
    let event = VersionEvent { version_id, item_id, action: "checkin", comment, changes };
    meta::log_version_event(&write, event).await?;
    record(&write, "version.checked_in", &before, &after).await?;
    write.commit().await?;
    Ok(VersionView::new(&model, &item, after))
}

/// What is beside the current version has properties of its own; the item stays as it is.
async fn update_draft(write: &Write<'_>, item: &Item, version: &Version, properties: Values) -> Result<Values> {
    write.model.require(item, Action::Update)?;
    version.require_draft()?;
    Ok(change_draft(write, item, version.clone(), properties).await?.properties)
}

async fn update(write: &Write<'_>, item: &Item, properties: Values) -> Result<Item> {
    let kind = write.model.item_type(&item.item_type)?;
    meta::update_item(write, kind, item.id, properties).await
}

/// Which properties changed, for the history; none where nothing did. Not their values: those who read the history later may
/// not have been allowed to see the item as it was. The audit has them.
fn differences(before: &Values, after: &Values) -> Option<Value> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed: Vec<&String> = names.into_iter().filter(|name| before.get(*name) != after.get(*name)).collect();
    (!changed.is_empty()).then(|| json!({ "properties": changed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_tells_what_changed_and_nothing_else() {
        let values = |value: Value| value.as_object().cloned().unwrap();
        let (before, after) = (values(json!({"a": 1, "b": 2, "c": 3})), values(json!({"a": 1, "b": 5, "d": "x"})));
        let expected = json!({"properties": ["b", "c", "d"]});
        assert_eq!(differences(&before, &after), Some(expected));
        assert_eq!(differences(&before, &before), None);
    }
}
