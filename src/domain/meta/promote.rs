//! Promoting items along their lifecycle.

use serde_json::{Value, json};

use super::aml::AmlItem;
use super::hooks;
use super::item::Item;
use super::relate::require_seen;
use super::repo;
use super::update::locked_item;
use super::write::Write;
use crate::domain::lifecycle::may_take;
use crate::domain::permission::{Action, denied};
use crate::error::{Error, Result};
use crate::plugins::Moment;

/// Takes the transition that `properties.state` (the target) or `properties.action` (the step) names.
pub(super) async fn promote(write: &Write<'_>, given: &AmlItem) -> Result<Item> {
    let kind = write.model.item_type(&given.item_type)?;
    let item = locked_item(write, kind, given).await?;
    let wanted = ["state", "target_state", "action"].iter().find_map(|key| given.properties.get(*key));
    let Some(wanted) = wanted.and_then(Value::as_str) else {
        let message = "Name the target state, such as \"Review\"";
        return Err(Error::invalid_field("missing", &["body", "properties", "state"], message));
    };
    let Some(from) = item.current_state else {
        return Err(
            Error::conflict(format!("{} has no lifecycle", kind.label)).code("NO_LIFECYCLE", "It has no lifecycle.")
        );
    };
    let Some((step, to)) = write.model.lifecycles().transition(from, wanted) else {
        let next = write.model.lifecycles().next_states(from);
        return Err(Error::conflict(format!("No transition leads from {} to {wanted}", item.state))
            .code("INVALID_TRANSITION", format!("From {} it can become: {}.", item.state, next.join(", ")))
            .details(json!({ "state": item.state, "wanted": wanted, "next_states": next })));
    };
    // A step with a role is that role's; one without belongs to whoever may change the item.
    require_seen(write, &item).await?;
    given.basis.require(write.model, &item)?;
    if step.role.is_none() {
        write.model.require(&item, Action::Update)?;
    }
    if !may_take(write.ctx, step) {
        return Err(denied(Action::Update, &item.item_type));
    }
    let after = Item {
        state: to.name.clone(),
        current_state: Some(to.id),
        modified_by_id: write.ctx.actor.user_id(),
        modified_on: Some(write.ctx.now()),
        ..item.clone()
    };
    let after = hooks::before_write(write, kind, Moment::Promote, Some(&item), after).await?;
    let after = repo::items::update(&write.tx, after).await?;
    write.record("item.promoted", &after, item.snapshot(), after.snapshot()).await?;
    Ok(after)
}
