//! What a check-out of an item's current version forbids to others, and to its holder.
//!
//! Not here: checking out and in (`version`).

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::item::Item;
use super::repo;
use super::repo::versions::Standing;
use super::write::Write;
use crate::context::Ctx;
use crate::domain::lifecycle::{State, Unmet};
use crate::error::{Error, Result};
use crate::types::UserId;

/// That somebody has a version checked out.
#[derive(Debug, Clone)]
pub struct CheckOut {
    pub version_id: Uuid,
    pub version_label: String,
    /// Nobody in particular where authentication is off.
    pub by: Option<UserId>,
    /// As it was then.
    pub by_name: Option<String>,
    pub since: DateTime<Utc>,
}

impl CheckOut {
    pub fn is_mine(&self, ctx: &Ctx) -> bool {
        self.by == ctx.actor.user_id()
    }

    fn holder(&self) -> String {
        holder(self.by, self.by_name.as_deref(), self.since)
    }

    fn details(&self) -> Value {
        json!({
            "version_id": self.version_id, "version_label": self.version_label, "checked_out_by_id": self.by,
            "checked_out_by": self.by_name, "checked_out_at": self.since,
        })
    }

    /// The refusal of what only its holder may do.
    pub fn refusal(&self) -> Error {
        let advice = "Ask them to check it in, or an administrator to undo the check-out with force.";
        Error::conflict(format!("Version {} is checked out by another user", self.version_id))
            .code(
                "VERSION_CHECKED_OUT",
                format!("Version {} is checked out by {}. {advice}", self.version_label, self.holder()),
            )
            .details(self.details())
    }
}

/// Whose a check-out is, for a person: `anna (user 7) since 2026-11-24T10:00:00Z`.
pub fn holder(by: Option<UserId>, by_name: Option<&str>, since: DateTime<Utc>) -> String {
    let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
    match (by_name, by) {
        (Some(name), Some(id)) => format!("{name} (user {id}) since {since}"),
        (None, Some(id)) => format!("user {id} since {since}"),
        _ => format!("an anonymous user since {since}"),
    }
}

/// Who has the item's current version checked out. The item is locked.
async fn check_out_of(write: &Write<'_>, item: &Item) -> Result<Option<CheckOut>> {
    match item.current_version_id {
        Some(version) => repo::versions::check_out(&write.tx, version).await,
        None => Ok(None),
    }
}

/// Who has items checked out, but for the caller: by the items.
pub async fn check_outs_of_others<'a>(
    ctx: &Ctx,
    items: impl IntoIterator<Item = &'a Item>,
) -> Result<HashMap<Uuid, CheckOut>> {
    let versions: Vec<Uuid> = items.into_iter().filter_map(|item| item.current_version_id).collect();
    let mut found = repo::versions::check_outs(&*ctx.db, &versions).await?;
    found.retain(|_, check_out| !check_out.is_mine(ctx));
    Ok(found)
}

/// The item's contents may change: its state lets it, its current version is not released, and nobody else has it checked
/// out. Else `Conflict` `STATE_LOCKED`, `VERSION_RELEASED` or `VERSION_CHECKED_OUT`. The item is locked.
pub(super) async fn require_changeable(write: &Write<'_>, item: &Item) -> Result<()> {
    write.model.require_unlocked(item)?;
    let Some(version) = item.current_version_id else { return Ok(()) };
    let Some(standing) = repo::versions::standing(&write.tx, version).await? else { return Ok(()) };
    if standing.is_released {
        return Err(released(item, &standing));
    }
    match standing.check_out {
        Some(check_out) if !check_out.is_mine(write.ctx) => Err(check_out.refusal()),
        _ => Ok(()),
    }
}

fn released(item: &Item, version: &Standing) -> Error {
    let advice = format!(
        "Version {} is released and does not change any more. Open the next one: POST /api/v1/versions/items/{}/revise.",
        version.label, item.id
    );
    Error::conflict(format!("Version {} is released", version.id)).code("VERSION_RELEASED", advice).details(json!({
        "version_id": version.id, "version_label": version.label, "released_at": version.released_at,
    }))
}

/// An item that is checked out takes no step but its holder's, and none to a state in which it could not be checked in.
pub(super) async fn require_may_step(write: &Write<'_>, item: &Item, to: &State) -> Result<()> {
    match check_out_of(write, item).await? {
        Some(check_out) if !check_out.is_mine(write.ctx) => Err(check_out.refusal()),
        Some(check_out) if seals(to) => Err(not_set_down(&check_out, to)),
        _ => require_files_set_down(write, item, to).await,
    }
}

/// A state in which a version could not be checked in.
fn seals(to: &State) -> bool {
    to.is_locked || to.is_released
}

async fn require_files_set_down(write: &Write<'_>, item: &Item, to: &State) -> Result<()> {
    let Some(version) = item.current_version_id.filter(|_| seals(to)) else { return Ok(()) };
    match repo::versions::files_checked_out(&write.tx, version).await? {
        0 => Ok(()),
        count => Err(Error::conflict(format!("{count} files of version {version} are checked out")).code(
            "CHECK_IN_FIRST",
            format!("Files of the version are checked out. They must be given back before it becomes {}.", to.name),
        )),
    }
}

fn not_set_down(check_out: &CheckOut, to: &State) -> Error {
    Error::conflict(format!("Version {} is checked out", check_out.version_id))
        .code(
            "CHECK_IN_FIRST",
            format!(
                "You have version {} checked out. Check it in before it becomes {}.",
                check_out.version_label, to.name
            ),
        )
        .details(check_out.details())
}

/// Why the caller cannot take a step of an item, as far as check-outs are concerned.
pub(super) async fn reason_against(ctx: &Ctx, item: &Item) -> Result<impl Fn(&State) -> Option<Unmet> + use<>> {
    let check_out = match item.current_version_id {
        Some(version) => repo::versions::check_out(&*ctx.db, version).await?,
        None => None,
    };
    let files = match item.current_version_id {
        Some(version) => repo::versions::files_checked_out(&*ctx.db, version).await?,
        None => 0,
    };
    let is_mine = check_out.as_ref().is_some_and(|check_out| check_out.is_mine(ctx));
    Ok(move |to: &State| {
        let Some(check_out) = &check_out else {
            let message = format!("{files} files of its version are checked out");
            return (files > 0 && seals(to)).then_some(Unmet { guard: "checkout", message, details: Value::Null });
        };
        let message = match (is_mine, seals(to)) {
            (false, _) => format!("It is checked out by {}", check_out.holder()),
            (true, true) => "Check it in first".to_owned(),
            (true, false) => return None,
        };
        Some(Unmet { guard: "checkout", message, details: check_out.details() })
    })
}
