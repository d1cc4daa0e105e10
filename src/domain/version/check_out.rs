//! Checking out.

use serde_json::json;

use super::model::{Lock, LockContext, Version, VersionView};
use super::open::{open, record};
use super::{given, repo};
use crate::context::Ctx;
use crate::domain::meta::{self, Model, Turns, VersionEvent, Write};
use crate::domain::permission::Action;
use crate::error::Result;

/// A check-out to be.
#[derive(Debug, Clone, Default)]
pub struct NewCheckOut {
    /// Without one the current version.
    pub version_id: Option<String>,
    pub comment: Option<String>,
    pub context: LockContext,
}

/// Gives a version to the caller alone. Once more by the same caller renews where it was made from.
///
/// Fails with `Conflict`: `VERSION_CHECKED_OUT` where somebody else has it, `VERSION_RELEASED`, `STATE_LOCKED`.
pub async fn check_out(ctx: &Ctx, item: &str, new: NewCheckOut) -> Result<VersionView> {
    let (comment, context) = (given::comment(new.comment)?, given::context(new.context)?);
    let mut model = Model::load(ctx).await?;
    let write = Write::begin_fresh(ctx, &mut model, |_| Ok(Turns::default())).await?;
    let (item, before) = open(&write, item, new.version_id.as_deref()).await?;
    write.model.require(&item, Action::Update)?;
    before.require_open()?;
    if before.is_current {
        // What is beside the current version does not change the item.
        write.model.require_unlocked(&item)?;
    }
    before.require_free(ctx)?;
    let lock = match &before.lock {
        Some(lock) => Lock { context, ..lock.clone() },
        None => Lock::taken(ctx, context),
    };
    let after = Version { lock: Some(lock), ..before.clone() };
    if after != before {
        repo::set_lock(write.tx(), after.id, after.lock.as_ref()).await?;
        let changes = after.lock.as_ref().map(|lock| json!({ "lock_context": lock.context }));
        let (version_id, item_id) = (after.id, item.id);
        let event = VersionEvent { version_id, item_id, action: "checkout", comment, changes };
        meta::log_version_event(&write, event).await?;
        record(&write, "version.checked_out", &before, &after).await?;
    }
    write.commit().await?;
    Ok(VersionView::new(&model, &item, after))
}
