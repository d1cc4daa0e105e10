//! Whose a check-out is, and what others are told.

use uuid::Uuid;

use super::model::{Lock, LockContext, Version};
use crate::context::{Actor, Ctx};
use crate::domain::meta::{self, Item, Write};
use crate::error::{Error, Result};

impl Lock {
    /// The caller's, from now on.
    pub fn taken(ctx: &Ctx, context: LockContext) -> Self {
        let by_name = match &ctx.actor {
            Actor::User { name, .. } => Some(name.clone()),
            _ => None,
        };
        Self { by: ctx.actor.user_id(), by_name, since: ctx.now(), context }
    }

    pub fn is_mine(&self, ctx: &Ctx) -> bool {
        self.by == ctx.actor.user_id()
    }

    /// For a person: whose it is and since when.
    pub fn holder(&self) -> String {
        meta::holder(self.by, self.by_name.as_deref(), self.since)
    }
}

impl Version {
    /// Nobody else has it checked out; else `Conflict` `VERSION_CHECKED_OUT`, naming who.
    pub fn require_free(&self, ctx: &Ctx) -> Result<()> {
        match self.check_out() {
            Some(check_out) if !check_out.is_mine(ctx) => Err(check_out.refusal()),
            _ => Ok(()),
        }
    }

    pub fn is_mine(&self, ctx: &Ctx) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.is_mine(ctx))
    }
}

/// As [`meta::lock_to_change`]; that somebody else has the item checked out, clients of its files know as a plain text.
pub async fn lock_to_change(write: &Write<'_>, item: Uuid) -> Result<Item> {
    meta::lock_to_change(write, item).await.map_err(as_recorded)
}

/// The files of a version change only in the hands of whoever has it checked out.
pub fn require_checked_out_by_caller(ctx: &Ctx, version: &Version) -> Result<()> {
    version.require_free(ctx).map_err(as_recorded)?;
    if version.is_mine(ctx) {
        return Ok(());
    }
    Err(Error::conflict(format!("Version {} must be checked out before editing files", version.id)))
}

fn as_recorded(error: Error) -> Error {
    match error.code_name() {
        Some("VERSION_CHECKED_OUT") => Error::conflict(error.message().to_owned()).caused_by(error),
        _ => error,
    }
}
