//! A change of the model in progress: alone among writes, recorded, and known to everybody with its commit.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::super::model::{ItemType, Model};
use super::super::repo;
use super::super::write::MODEL_LOCK;
use crate::context::Ctx;
use crate::db::Tx;
use crate::db::dialect::try_lock;
use crate::domain::audit::{self, Change};
use crate::domain::revision;
use crate::error::{Error, Result};

/// How often a change asks whether the writes under way have ended, and how long it waits between.
const ATTEMPTS: u32 = 100;
const WAIT: Duration = Duration::from_millis(100);
const RETRY_SECONDS: u64 = 5;

/// The model is administrators' to change.
pub(in crate::domain::meta) fn require_administrator(ctx: &Ctx) -> Result<()> {
    if ctx.actor.is_administrator() {
        return Ok(());
    }
    Err(Error::forbidden("Permission denied for action: update on resource: model")
        .code("PERMISSION_DENIED", "Only an administrator changes the model. Ask one of your organisation.")
        .details(serde_json::json!({ "action": "update", "resource": "model" })))
}

pub(super) struct ModelChange<'a> {
    pub ctx: &'a Ctx,
    pub model: Model,
    pub tx: Tx,
    /// As this transaction sees them.
    types: BTreeMap<String, ItemType>,
    changes: Vec<Change>,
}

impl<'a> ModelChange<'a> {
    pub async fn begin(ctx: &'a Ctx) -> Result<Self> {
        require_administrator(ctx)?;
        let model = Model::load(ctx).await?;
        let tx = ctx.begin().await?;
        alone(&tx).await?;
        let types = repo::types::all(&tx).await?;
        let types = types.into_iter().map(|kind| (kind.id.clone(), kind)).collect();
        Ok(Self { ctx, model, tx, types, changes: Vec::new() })
    }

    pub fn types(&self) -> &BTreeMap<String, ItemType> {
        &self.types
    }

    /// Fails with `NotFound` ("ItemType not found").
    pub fn item_type(&self, id: &str) -> Result<&ItemType> {
        self.types.get(id).ok_or_else(|| Error::not_found("ItemType not found"))
    }

    pub fn record(
        &mut self,
        action: &'static str,
        (subject_type, subject_id): (&str, String),
        before: Option<Value>,
        after: Option<Value>,
    ) {
        let subject_type = subject_type.to_owned();
        self.changes.push(Change { action, subject_type, subject_id, before, after });
    }

    pub async fn commit(self) -> Result<()> {
        revision::raise(&self.tx).await?;
        audit::record(self.ctx, &self.tx, self.changes).await?;
        self.tx.commit().await
    }
}

/// Waits for the writes under way, without holding up those that come: a place in the queue for the lock would.
async fn alone(tx: &Tx) -> Result<()> {
    for _ in 0..ATTEMPTS {
        if try_lock(tx, MODEL_LOCK).await? {
            return Ok(());
        }
        tokio::time::sleep(WAIT).await;
    }
    Err(Error::unavailable("A long write is under way")
        .code("MODEL_BUSY", "A long write, such as an import, is under way. Try again when it has ended.")
        .retry_after(RETRY_SECONDS))
}

/// What audit rows keep of a type or a property.
pub(super) fn snapshot(of: &impl Serialize) -> Option<Value> {
    serde_json::to_value(of).ok()
}
