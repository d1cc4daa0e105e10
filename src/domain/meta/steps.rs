//! The steps that an item can take next, why not, and those it has taken.

use std::collections::HashMap;

use uuid::Uuid;

use super::check_outs;
use super::get::{get_item, require_item};
use super::item::{Item, parse_id};
use super::mirrors::with_mirrors;
use super::model::Model;
use super::release_policy::{self, ReleasePolicy};
use super::repo;
use super::repo::history::Taken;
use super::write::Write;
use crate::context::Ctx;
use crate::domain::lifecycle::{Child, Facts, Guards, State, Transition, Unmet, may_take};
use crate::domain::permission::Action;
use crate::error::{Error, Result};

/// The most steps of one page of a history.
const MAX_PAGE: u64 = 200;
/// The most steps of a history without pages.
const MOST_TRANSITIONS: u64 = 500;

/// What a step demands and the item does not meet.
pub(super) fn unmet(
    ctx: &Ctx,
    step: &Transition,
    item: &Item,
    children: &[Child],
    comment: Option<&str>,
) -> Vec<Unmet> {
    step.guards.unmet(&Facts {
        values: &with_mirrors(item),
        roles: ctx.actor.roles(),
        is_administrator: ctx.actor.is_administrator(),
        comment,
        children,
    })
}

/// A step as it is offered to the caller.
#[derive(Debug, Clone)]
pub struct NextStep {
    pub action: String,
    pub to: State,
    pub role: Option<String>,
    pub comment_required: bool,
    /// Why the caller cannot take it now; empty when it can, but for a comment that it demands.
    pub reasons: Vec<Unmet>,
}

/// The state of an item and the steps that lead from it, also those that the caller cannot take, with the reasons.
pub async fn next_steps(ctx: &Ctx, item_type: &str, id: &str) -> Result<(Item, Vec<NextStep>)> {
    let item = get_item(ctx, item_type, id).await?.item;
    let model = Model::load(ctx).await?;
    let Some(from) = item.current_state else { return Ok((item, Vec::new())) };
    let steps: Vec<(&Transition, &State)> = model.lifecycles().steps_from(from).collect();
    let children = if steps.iter().any(|(step, _)| step.guards.needs_children()) {
        children(&model, repo::history::related_of(&*ctx.db, item.id).await?)
    } else {
        Vec::new()
    };
    let against = check_outs::reason_against(ctx, &item).await?;
    let policy = against_policy(ctx, &model, &item).await?;
    let mut next = Vec::new();
    for (transition, to) in steps {
        let mut reasons: Vec<Unmet> = not_yours(ctx, &model, &item, transition).into_iter().collect();
        reasons.extend(against(to));
        reasons.extend(policy.clone().filter(|_| to.is_released));
        // Whether there will be a comment is not known yet.
        reasons.extend(unmet(ctx, transition, &item, &children, Some("…")));
        next.push(NextStep {
            action: transition.action.clone(),
            to: to.clone(),
            role: transition.role.clone(),
            comment_required: transition.guards.comment_required,
            reasons,
        });
    }
    Ok((item, next))
}

/// What the organisation's policy has against a release of an item.
async fn against_policy(ctx: &Ctx, model: &Model, item: &Item) -> Result<Option<Unmet>> {
    if model.release_policy() == ReleasePolicy::Off {
        return Ok(None);
    }
    let related = repo::history::related_of(&*ctx.db, item.id).await?;
    let released = repo::versions::with_released(&*ctx.db, &release_policy::ids(&related)).await?;
    Ok(release_policy::unmet_children(model, &related, &released))
}

/// What stands against a release of an item that the caller may get: the organisation's policy, and where a step leads to a
/// released state, whatever keeps the caller from taking it. Nothing stands against what is released.
pub async fn release_obstacles(ctx: &Ctx, model: &Model, item: &Item) -> Result<Vec<Unmet>> {
    if model.state(item).is_some_and(|state| state.is_released) {
        return Ok(Vec::new());
    }
    let (_, steps) = next_steps(ctx, &item.item_type, &item.id.to_string()).await?;
    let mut releases = steps.into_iter().filter(|step| step.to.is_released).peekable();
    if releases.peek().is_some() {
        return Ok(releases.flat_map(|step| step.reasons).collect());
    }
    Ok(against_policy(ctx, model, item).await?.into_iter().collect())
}

fn not_yours(ctx: &Ctx, model: &Model, item: &Item, step: &Transition) -> Option<Unmet> {
    let message = match &step.role {
        Some(role) if !may_take(ctx, step) => format!("Only the role {role} takes this step"),
        None if !model.allow(item, Action::Update) => "You may not change this item".to_owned(),
        _ => return None,
    };
    Some(Unmet { guard: "permission", message, details: serde_json::Value::Null })
}

/// What the lines of an item lead to, where a guard asks for it; held until the write ends, so that nobody takes back what
/// was found.
pub(super) async fn children_of(write: &Write<'_>, item: &Item, guards: &Guards) -> Result<Vec<Child>> {
    if !guards.needs_children() {
        return Ok(Vec::new());
    }
    Ok(children(write.model, repo::history::related_kept(&write.tx, item.id).await?))
}

/// Lines and what they lead to, as guards look at them. What the caller may not see stays unnamed.
fn children(model: &Model, related: Vec<(Item, Item)>) -> Vec<Child> {
    let mut readable: HashMap<Uuid, bool> = HashMap::new();
    let mut child = |(line, item): (Item, Item)| {
        let is_readable = *readable.entry(item.id).or_insert_with(|| model.allow(&item, Action::Get));
        let shown = is_readable && model.allow(&line, Action::Get);
        let number = model.item_type(&item.item_type).ok().and_then(|kind| kind.number(&item)).map(str::to_owned);
        Child {
            relationship: line.item_type,
            shown: shown.then_some((item.id, number)),
            is_released: model.state(&item).is_some_and(|state| state.is_released),
            state: item.state,
        }
    };
    related.into_iter().map(&mut child).collect()
}

/// A page of the steps that an item has taken.
#[derive(Debug, Clone)]
pub struct History {
    pub steps: Vec<Taken>,
    pub total: u64,
    pub page: u64,
    pub page_size: u64,
}

/// The steps that an item has taken, the newest first; for whoever may read the item.
pub async fn item_history(ctx: &Ctx, item_type: &str, id: &str, page: u64, page_size: u64) -> Result<History> {
    for (name, value, most) in [("page", page, u64::from(u32::MAX)), ("page_size", page_size, MAX_PAGE)] {
        if !(1..=most).contains(&value) {
            return Err(Error::invalid_field("value_error", &["query", name], format!("Between 1 and {most}")));
        }
    }
    let item = get_item(ctx, item_type, id).await?.item;
    let (steps, total) = repo::history::of_item(&ctx.db, item.id, (page - 1) * page_size, page_size).await?;
    Ok(History { steps, total, page, page_size })
}

/// The steps that an item of any type has taken, the newest first, at most so many; for whoever may read the item.
pub async fn transitions_of(ctx: &Ctx, id: &str, most: Option<u64>) -> Result<Vec<Taken>> {
    let most = most.unwrap_or(MOST_TRANSITIONS);
    if !(1..=MOST_TRANSITIONS).contains(&most) {
        let message = format!("Between 1 and {MOST_TRANSITIONS}");
        return Err(Error::invalid_field("value_error", &["query", "limit"], message));
    }
    let model = Model::load(ctx).await?;
    let item = require_item(ctx, &model, parse_id(id)?).await?;
    Ok(repo::history::of_item(&ctx.db, item.id, 0, most).await?.0)
}
