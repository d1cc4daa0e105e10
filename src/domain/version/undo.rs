//! Giving a check-out back without a check-in, and taking it from somebody.

use serde_json::json;

use super::model::{Version, VersionView};
use super::open::{open, record};
use super::{given, repo};
use crate::context::Ctx;
use crate::domain::meta::{self, Model, Turns, VersionEvent, Write};
use crate::domain::permission::{Action, denied};
use crate::error::{Error, Result};

#[derive(Debug, Clone, Default)]
pub struct Undo {
    /// Without one the current version.
    pub version_id: Option<String>,
    pub comment: Option<String>,
    /// Also somebody else's; for administrators.
    pub force: bool,
}

/// Ends a check-out. What was saved meanwhile stays saved.
///
/// Fails with `Conflict` where nobody has the version checked out, or somebody else has and it is not forced.
pub async fn undo_check_out(ctx: &Ctx, item: &str, undo: Undo) -> Result<VersionView> {
    let comment = given::comment(undo.comment)?;
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (item, before) = open(&write, item, undo.version_id.as_deref()).await?;
    let Some(lock) = &before.lock else {
        return Err(Error::conflict("Version is not checked out")
            .code("NOT_CHECKED_OUT", format!("Nobody has version {} checked out.", before.label)));
    };
    let is_mine = lock.is_mine(ctx);
    if !is_mine {
        require_may_break(ctx, &before, undo.force, &item.item_type)?;
    }
    let changes = (!is_mine).then(|| {
        json!({ "forced": true, "checked_out_by_id": lock.by, "checked_out_by": lock.by_name, "checked_out_at": lock.since })
    });
    let after = Version { lock: None, ..before.clone() };
    repo::set_lock(write.tx(), after.id, None).await?;
    let (version_id, item_id) = (after.id, item.id);
    let event = VersionEvent { version_id, item_id, action: "undo_checkout", comment, changes };
    meta::log_version_event(&write, event).await?;
    record(&write, "version.checkout_undone", &before, &after).await?;
    write.commit().await?;
    Ok(VersionView::new(&model, &item, after))
}

fn require_may_break(ctx: &Ctx, version: &Version, force: bool, resource: &str) -> Result<()> {
    if !force {
        return version.require_free(ctx);
    }
    if ctx.actor.is_administrator() { Ok(()) } else { Err(forced_by_administrators(resource)) }
}

/// The refusal of ending somebody else's check-out.
pub fn forced_by_administrators(resource: &str) -> Error {
    denied(Action::Update, resource)
        .code("PERMISSION_DENIED", "Only an administrator ends somebody else's check-out with force.")
}
