//! Plugins that have a say before an item is written: what they set is checked like a client's values, what they refuse is
//! refused.

use super::item::Item;
use super::model::ItemType;
use super::relate::unique_key;
use super::values::{merged, normalise, require_whole};
use super::write::Write;
use crate::error::{Error, Result};
use crate::plugins::{Draft, Moment};

/// The item with what the active plugins of the organisation set, asked in their order.
pub(super) async fn before_write(
    write: &Write<'_>,
    kind: &ItemType,
    moment: Moment,
    before: Option<&Item>,
    mut after: Item,
) -> Result<Item> {
    for hook in write.hooks().await? {
        if !hook.wants(moment, &kind.id) {
            continue;
        }
        let mut set = hook.run(write.ctx, &draft(write, kind, moment, before, &after)).await?;
        if set.is_empty() {
            continue;
        }
        // A mirror or an end is not a plugin's to set, as it is not a client's.
        for fixed in ["state", "source_id", "related_id"] {
            set.remove(fixed);
        }
        let set = normalise(kind, set).map_err(|error| hook.misfit(error))?;
        after.properties = merged(&after.properties, set);
        require_whole(kind, &after.properties).map_err(|error: Error| hook.misfit(error))?;
    }
    after.unique_key =
        if kind.is_relationship { unique_key(kind, &after) } else { kind.number(&after).map(str::to_owned) };
    Ok(after)
}

fn draft(write: &Write<'_>, kind: &ItemType, moment: Moment, before: Option<&Item>, after: &Item) -> Draft {
    let released = |item: &Item| {
        item.current_state.and_then(|id| write.model.lifecycles().state(id)).is_some_and(|state| state.is_released)
    };
    Draft {
        moment,
        item_type: kind.id.clone(),
        id: after.id,
        number: kind.number(after).map(str::to_owned),
        state: after.state.clone(),
        is_released: released(after),
        previous_state: before.map(|item| item.state.clone()),
        was_released: before.is_some_and(released),
        properties: after.properties.clone(),
        previous: before.map(|item| item.properties.clone()),
    }
}
