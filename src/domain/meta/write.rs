//! A write in progress: the request's context, its transaction, the model it is checked against, and what it has changed.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::item::Item;
use super::model::{ItemType, Model};
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change};
use crate::error::{Error, Result};

/// So many changes are written to the audit and the outbox at once.
const CHANGES_PER_STATEMENT: usize = 200;

/// What a write must have to itself until it ends. Named before it begins, so that those who wait hold nothing.
#[derive(Debug, Clone, Default)]
pub struct Turns(BTreeSet<String>);

impl Turns {
    /// To add lines of a type that allows no cycle: two that close one only together must not both pass.
    #[must_use]
    pub fn structure(mut self, kind: &ItemType) -> Self {
        if kind.is_acyclic {
            self.0.insert(structure(kind));
        }
        self
    }

    /// To draw numbers of a type. Who gave numbers by hand and waits to draw one would stand in the way of who has drawn
    /// one of those.
    #[must_use]
    pub fn numbering(mut self, kind: &ItemType) -> Self {
        self.0.insert(numbering(kind));
        self
    }
}

fn structure(kind: &ItemType) -> String {
    format!("structure:{}", kind.id)
}

fn numbering(kind: &ItemType) -> String {
    format!("numbering:{}", kind.id)
}

/// What every step of one transaction needs.
pub struct Write<'a> {
    pub ctx: &'a Ctx,
    pub model: &'a Model,
    pub(super) tx: Tx,
    turns: Turns,
    changes: Mutex<Vec<Change>>,
}

impl<'a> Write<'a> {
    pub async fn begin(ctx: &'a Ctx, model: &'a Model, turns: Turns) -> Result<Self> {
        let tx = ctx.begin_holding(&turns.0).await?;
        Ok(Self { ctx, model, tx, turns, changes: Mutex::default() })
    }

    /// Fails where a write adds lines without the turn: a defect, not a state.
    pub(super) fn require_structure(&self, kind: &ItemType) -> Result<()> {
        if kind.is_acyclic { self.require_turn(&structure(kind)) } else { Ok(()) }
    }

    pub(super) fn require_numbering(&self, kind: &ItemType) -> Result<()> {
        self.require_turn(&numbering(kind))
    }

    fn require_turn(&self, name: &str) -> Result<()> {
        if self.turns.0.contains(name) {
            return Ok(());
        }
        Err(Error::internal(format!("A write began without its turn {name:?}")))
    }

    /// Notes a change to an item for the audit and the outbox, where it stands before the write ends.
    pub(super) async fn record(
        &self,
        action: &'static str,
        item: &Item,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<()> {
        let (subject_type, subject_id) = (item.item_type.clone(), item.id.to_string());
        let full = {
            let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
            changes.push(Change { action, subject_type, subject_id, before, after });
            changes.len() >= CHANGES_PER_STATEMENT
        };
        if full { self.record_changes().await } else { Ok(()) }
    }

    async fn record_changes(&self) -> Result<()> {
        let changes = std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner));
        audit::record(self.ctx, &self.tx, changes).await
    }

    pub async fn commit(self) -> Result<()> {
        self.record_changes().await?;
        self.tx.commit().await
    }
}
