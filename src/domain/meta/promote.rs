//! Promoting items along their lifecycle.

use serde_json::{Value, json};

use super::aml::AmlItem;
use super::hooks;
use super::item::Item;
use super::model::ItemType;
use super::relate::{require_seen, require_source};
use super::release_policy::{self, ReleasePolicy};
use super::repo;
use super::steps::{children_of, unmet};
use super::update::locked_item;
use super::values::Values;
use super::write::Write;
use super::{check_outs, versions};
use crate::domain::lifecycle::{self, State, Transition, Unmet, guard_failed, may_take};
use crate::domain::permission::{Action, denied};
use crate::error::{Error, Result};
use crate::plugins::Moment;

/// The longest comment on a step.
const MAX_COMMENT: usize = 2000;

/// Takes the transition that `properties.state` (the target) or `properties.action` (the step) names; `properties.comment`
/// says why.
///
/// Fails with `Conflict` `INVALID_TRANSITION` where no such step leads from the item's state, `GUARD_FAILED` where the item
/// does not meet what the step demands.
pub(super) async fn promote(write: &Write<'_>, given: &AmlItem) -> Result<Item> {
    let kind = write.model.item_type(&given.item_type)?;
    let item = locked_item(write, kind, given).await?;
    // Before anything is said of its state.
    require_seen(write, &item).await?;
    if kind.is_relationship {
        // A line is part of its source: a step of one changes the other.
        require_source(write, &item).await?;
    }
    given.basis.require(write.model, &item)?;
    let wanted = wanted(&given.properties)?;
    let comment = comment(&given.properties)?;
    let Some(from) = item.current_state else {
        return Err(
            Error::conflict(format!("{} has no lifecycle", kind.label)).code("NO_LIFECYCLE", "It has no lifecycle.")
        );
    };
    let steps = write.model.lifecycles().transitions(from, wanted);
    // Where several steps lead to the target, the first that is the caller's.
    let own = steps.iter().find(|(step, _)| may_take(write.ctx, step)).or(steps.first());
    let Some(&(transition, to)) = own else { return Err(no_such_step(write, &item, wanted)) };
    require_may(write, &item, transition)?;
    check_outs::require_may_step(write, &item, to).await?;
    let children = children_of(write, &item, &transition.guards).await?;
    let mut unmet = unmet(write.ctx, transition, &item, &children, comment.as_deref());
    unmet.extend(unmet_policy(write, &item, to).await?);
    if !unmet.is_empty() {
        return Err(guard_failed(&transition.action, &item.state, &to.name, &unmet));
    }
    take(write, kind, item, transition, to, comment).await
}

async fn take(
    write: &Write<'_>,
    kind: &ItemType,
    item: Item,
    step: &Transition,
    to: &State,
    comment: Option<String>,
) -> Result<Item> {
    lifecycle::keep_state(&write.tx, to).await?;
    let after = Item {
        state: to.name.clone(),
        current_state: Some(to.id),
        modified_by_id: write.ctx.actor.user_id(),
        modified_on: Some(write.ctx.now()),
        ..item.clone()
    };
    let after = hooks::before_write(write, kind, Moment::Promote, Some(&item), after).await?;
    let mut after = repo::items::update(&write.tx, after).await?;
    if to.is_released && versions::has_versions(kind) {
        after = versions::seal(write, kind, after).await?;
    } else if !to.is_locked {
        after = versions::reopen(write, kind, after).await?;
    }
    repo::history::insert(write.ctx, &write.tx, &item, &after, &step.action, comment).await?;
    write.record("item.promoted", &after, item.snapshot(), after.snapshot()).await?;
    Ok(after)
}

/// What the organisation demands of a release, beside the guards of the step.
async fn unmet_policy(write: &Write<'_>, item: &Item, to: &State) -> Result<Option<Unmet>> {
    if !to.is_released || write.model.release_policy() == ReleasePolicy::Off {
        return Ok(None);
    }
    let related = repo::history::related_kept(&write.tx, item.id).await?;
    let released = repo::versions::with_released(&write.tx, &release_policy::ids(&related)).await?;
    Ok(release_policy::unmet_children(write.model, &related, &released))
}

/// A step with a role is that role's; one without belongs to whoever may change the item.
fn require_may(write: &Write<'_>, item: &Item, step: &Transition) -> Result<()> {
    if step.role.is_none() {
        write.model.require(item, Action::Update)?;
    }
    if may_take(write.ctx, step) { Ok(()) } else { Err(denied(Action::Update, &item.item_type)) }
}

fn wanted(properties: &Values) -> Result<&str> {
    let wanted = ["state", "target_state", "action"].iter().find_map(|key| properties.get(*key));
    wanted.and_then(Value::as_str).ok_or_else(|| {
        let message = "Name the target state, such as \"Review\"";
        Error::invalid_field("missing", &["body", "properties", "state"], message)
    })
}

fn comment(properties: &Values) -> Result<Option<String>> {
    let refuse = |rule, message: String| Err(Error::invalid_field(rule, &["body", "properties", "comment"], message));
    match properties.get("comment") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.chars().count() > MAX_COMMENT => {
            refuse("string_too_long", format!("At most {MAX_COMMENT} characters"))
        }
        Some(Value::String(text)) if text.contains('\0') => {
            refuse("value_error", "NUL characters are not allowed".to_owned())
        }
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => refuse("string_type", "Expected a text".to_owned()),
    }
}

fn no_such_step(write: &Write<'_>, item: &Item, wanted: &str) -> Error {
    let next = item.current_state.map(|from| write.model.lifecycles().next_states(from)).unwrap_or_default();
    let advice = if next.is_empty() {
        format!("Nothing follows {}.", item.state)
    } else {
        format!("From {} it can become: {}.", item.state, next.join(", "))
    };
    Error::conflict(format!("No transition leads from {} to {wanted}", item.state))
        .code("INVALID_TRANSITION", advice)
        .details(json!({ "state": item.state, "wanted": wanted, "next_states": next }))
}
