//! A write in progress: the request's context, its transaction, and the model it is checked against.

use serde_json::Value;

use super::item::Item;
use super::model::{ItemType, Model};
use crate::context::Ctx;
use crate::db::Tx;
use crate::db::dialect::lock;
use crate::domain::audit::{self, Change};
use crate::error::Result;

/// What every step of one transaction needs.
pub struct Write<'a> {
    pub ctx: &'a Ctx,
    pub model: &'a Model,
    pub tx: Tx,
}

impl<'a> Write<'a> {
    pub async fn begin(ctx: &'a Ctx, model: &'a Model) -> Result<Self> {
        Ok(Self { ctx, model, tx: ctx.begin().await? })
    }

    /// Takes the turn to change structures of a type, where it allows no cycle: two lines that close a cycle only together
    /// must not both pass. Comes before any other lock of the transaction, so that no two wait for each other.
    pub async fn lock_structure(&self, kind: &ItemType) -> Result<()> {
        if kind.is_acyclic { lock(&self.tx, &format!("structure:{}", kind.id)).await } else { Ok(()) }
    }

    /// Writes the audit row and outbox event of a change to an item.
    pub(super) async fn record(
        &self,
        action: &str,
        item: &Item,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<()> {
        let change = Change { action, subject_type: &item.item_type, subject_id: item.id.to_string(), before, after };
        audit::record(self.ctx, &self.tx, change).await
    }

    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await
    }
}
