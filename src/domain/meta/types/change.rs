//! A change of the model in progress: alone among writes, recorded, and known to everybody with its commit.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::super::model::{ItemType, Model};
use super::super::repo;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change};
use crate::domain::revision;
use crate::error::{Error, Result};

/// How often a change begins anew because another came before it, and after how long it may be tried again.
const ATTEMPTS: usize = 10;
const RETRY_SECONDS: u64 = 1;

/// The model is administrators' to change.
pub(in crate::domain::meta) fn require_administrator(ctx: &Ctx) -> Result<()> {
    if ctx.actor.is_administrator() {
        return Ok(());
    }
    Err(Error::forbidden("Permission denied for action: update on resource: model")
        .code("PERMISSION_DENIED", "Only an administrator changes the model. Ask one of your organisation.")
        .details(serde_json::json!({ "action": "update", "resource": "model" })))
}

pub(in crate::domain::meta) struct ModelChange<'a> {
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
        let (model, tx) = begin_by_model(ctx).await?;
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

/// The model as it stays until this change of it.
async fn begin_by_model(ctx: &Ctx) -> Result<(Model, Tx)> {
    for _ in 0..ATTEMPTS {
        // Before the transaction: who holds a connection does not ask for another.
        let model = Model::load(ctx).await?;
        let tx = ctx.begin().await?;
        revision::alone(&tx).await?;
        if revision::current_in(&tx).await? == model.revision() {
            return Ok((model, tx));
        }
    }
    Err(Error::unavailable("Others are changing the model")
        .code("MODEL_BUSY", "Others are changing the model. Try again.")
        .retry_after(RETRY_SECONDS))
}

/// What audit rows keep of a type or a property.
pub(super) fn snapshot(of: &impl Serialize) -> Option<Value> {
    serde_json::to_value(of).ok()
}
