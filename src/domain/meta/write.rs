//! A write in progress: the request's context, its transaction, the model it is checked against, and what it has changed.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::OnceCell;

use super::item::Item;
use super::model::{ItemType, Model};
use super::numbering::{self, TakenValues};
use super::values::Values;
use crate::context::Ctx;
use crate::db::Tx;
use crate::domain::audit::{self, Change};
use crate::domain::revision;
use crate::error::{Error, Result};
use crate::plugins::Active;

/// So many changes are written to the audit and the outbox at once.
const CHANGES_PER_STATEMENT: usize = 200;

/// How often a write begins anew because the model has changed, before it gives way.
const ATTEMPTS: usize = 10;
/// Seconds after which a write that met a change of the model may be tried again.
const RETRY_SECONDS: u64 = 1;

/// What a write must have to itself until it ends. Named before it begins, so that those who wait hold nothing.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    locks: BTreeSet<String>,
    /// Items that draw a number, by their types.
    numbers: Vec<(String, Values)>,
}

impl Turns {
    /// To add lines of a type that allows no cycle: two that close one only together must not both pass.
    #[must_use]
    pub fn structure(mut self, kind: &ItemType) -> Self {
        if kind.is_acyclic {
            self.locks.insert(structure(kind));
        }
        self
    }

    /// To do what two must not do at once, under a name of its own.
    #[must_use]
    pub fn alone(mut self, what: &'static str) -> Self {
        self.locks.insert(what.to_owned());
        self
    }

    /// To draw the number of an item with these values. Who gave numbers by hand and waits to draw one would stand in the
    /// way of who has drawn one of those.
    #[must_use]
    pub fn numbering(mut self, kind: &ItemType, values: &Values) -> Self {
        self.numbers.push((kind.id.clone(), values.clone()));
        self
    }

    /// The names of what is waited for: numbers that may leave gaps are not.
    fn names(&self, model: &Model) -> BTreeSet<String> {
        let in_turn = self.numbers.iter().filter(|(kind, _)| model.sequence(kind).gap_free);
        self.locks.iter().cloned().chain(in_turn.map(|(kind, _)| numbering_turn(kind))).collect()
    }
}

fn structure(kind: &ItemType) -> String {
    format!("structure:{}", kind.id)
}

fn numbering_turn(kind: &str) -> String {
    format!("numbering:{kind}")
}

/// What every step of one transaction needs.
pub struct Write<'a> {
    pub ctx: &'a Ctx,
    pub model: &'a Model,
    pub(super) tx: Tx,
    /// Numbers for what it will add.
    pub(super) taken: TakenValues,
    turns: BTreeSet<String>,
    changes: Mutex<Vec<Change>>,
    /// Looked up for the first item that is written.
    hooks: OnceCell<Vec<Active>>,
}

/// What a write holds when it begins.
struct Held {
    tx: Tx,
    taken: TakenValues,
    turns: BTreeSet<String>,
}

impl Held {
    /// None where the model is another by now.
    async fn take(ctx: &Ctx, model: &Model, turns: Turns) -> Result<Option<Self>> {
        let taken = numbering::take(ctx, model, &turns.numbers).await?;
        let turns = turns.names(model);
        let tx = ctx.begin_holding(&turns).await?;
        // No change of the model comes between what is checked and what is written.
        revision::hold(&tx).await?;
        let is_current = revision::current_in(&tx).await? == model.revision();
        Ok(is_current.then_some(Self { tx, taken, turns }))
    }

    fn into_write<'a>(self, ctx: &'a Ctx, model: &'a Model) -> Write<'a> {
        let Self { tx, taken, turns } = self;
        Write { ctx, model, tx, taken, turns, changes: Mutex::default(), hooks: OnceCell::new() }
    }
}

fn conflict() -> Error {
    Error::unavailable("The model has changed meanwhile")
        .code("WRITE_CONFLICT", "An administrator changed the model at the same moment. Try again.")
        .retry_after(RETRY_SECONDS)
}

impl<'a> Write<'a> {
    /// Begins a write that was prepared by this very model: its turns, and whatever was decided before.
    ///
    /// Fails with `Unavailable` `WRITE_CONFLICT` where the model has changed since.
    pub async fn begin(ctx: &'a Ctx, model: &'a Model, turns: Turns) -> Result<Self> {
        let held = Held::take(ctx, model, turns).await?.ok_or_else(conflict)?;
        Ok(held.into_write(ctx, model))
    }

    /// Begins a write by the model as it is when its turn has come, which may be long after it was asked for: where the
    /// model has changed, it is read anew, and `turns` says again what the write needs. Nothing has been written then.
    pub async fn begin_fresh(
        ctx: &'a Ctx,
        model: &'a mut Model,
        mut turns: impl FnMut(&Model) -> Result<Turns>,
    ) -> Result<Self> {
        for _ in 0..ATTEMPTS {
            let needed = turns(model)?;
            if let Some(held) = Held::take(ctx, model, needed).await? {
                return Ok(held.into_write(ctx, model));
            }
            *model = Model::load(ctx).await?;
        }
        Err(conflict())
    }

    /// The plugins that have a say in this write.
    pub(super) async fn hooks(&self) -> Result<&[Active]> {
        let hooks = self.hooks.get_or_try_init(|| self.ctx.plugins().active_hooks(self.ctx, &self.tx)).await?;
        Ok(hooks)
    }

    /// Fails where a write adds lines without the turn: a defect, not a state.
    pub(super) fn require_structure(&self, kind: &ItemType) -> Result<()> {
        if kind.is_acyclic { self.require_turn(&structure(kind)) } else { Ok(()) }
    }

    pub(super) fn require_numbering(&self, kind: &ItemType) -> Result<()> {
        self.require_turn(&numbering_turn(&kind.id))
    }

    fn require_turn(&self, name: &str) -> Result<()> {
        if self.turns.contains(name) {
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
        self.note(Change { action, subject_type, subject_id, before, after }).await
    }

    /// The transaction, for what other areas write beside the items.
    pub fn tx(&self) -> &Tx {
        &self.tx
    }

    /// Notes a change of another area for the audit and the outbox, in the order of all others.
    pub async fn note(&self, change: Change) -> Result<()> {
        let full = {
            let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
            changes.push(change);
            changes.len() >= CHANGES_PER_STATEMENT
        };
        if full { self.record_changes().await } else { Ok(()) }
    }

    async fn record_changes(&self) -> Result<()> {
        let changes = std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner));
        audit::record(self.ctx, &self.tx, changes).await
    }

    /// Runs a part that may be refused by itself: what it has written is undone then, with what it noted, and the write goes on.
    ///
    /// The outer result fails when the write as a whole can no longer be used.
    pub async fn attempt<T>(&self, part: impl Future<Output = Result<T>>) -> Result<Result<T>> {
        // What was noted before must not go with the part.
        self.record_changes().await?;
        let done = self.tx.attempt(part).await?;
        if done.is_err() {
            self.changes.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        Ok(done)
    }

    pub async fn commit(self) -> Result<()> {
        self.record_changes().await?;
        self.tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::dialect::statement;
    use crate::domain::lifecycle::{self, StateChange};
    use crate::domain::meta::{NumberingChange, add_item, set_numbering};
    use crate::domain::permission;
    use crate::domain::testing::TestOrg;
    use crate::error::Kind;
    use sea_orm::ConnectionTrait;
    use serde_json::json;

    #[tokio::test]
    async fn every_change_of_a_large_write_is_recorded_in_order() {
        let org = TestOrg::new().await;
        let model = Model::load(&org.ctx).await.unwrap();
        let kind = model.item_type("Part").unwrap();
        let write = Write::begin(&org.ctx, &model, Turns::default()).await.unwrap();
        let mut ids = Vec::new();
        for index in 0..450 {
            let values = json!({ "item_number": format!("P-{index}") }).as_object().cloned().unwrap();
            ids.push(format!("Part/{}", add_item(&write, kind, values).await.unwrap().id));
        }
        write.commit().await.unwrap();
        let sql = "SELECT subject FROM outbox ORDER BY id";
        let rows = org.ctx.db.query_all_raw(statement(&*org.ctx.db, sql, vec![])).await.unwrap();
        let subjects: Vec<String> = rows.iter().map(|row| row.try_get("", "subject").unwrap()).collect();
        assert_eq!(subjects, ids);
        let sql = "SELECT COUNT(*) AS many FROM audit_events WHERE action = 'item.created'";
        let row = org.ctx.db.query_one_raw(statement(&*org.ctx.db, sql, vec![])).await.unwrap().unwrap();
        assert_eq!(row.try_get::<i64>("", "many").unwrap(), 450);
    }

    #[tokio::test]
    async fn a_write_goes_by_the_model_of_its_turn() {
        let org = TestOrg::new().await;
        let ctx = &org.ctx;
        let lifecycles = lifecycle::list_lifecycles(ctx).await.unwrap();
        let map = lifecycles.iter().find(|map| map.name == "Part Lifecycle").unwrap();
        let draft = map.states.iter().find(|state| state.is_start).unwrap();
        let (map, draft) = (map.id.to_string(), draft.id.to_string());
        for changed in ["state", "permission", "numbering"] {
            let mut model = Model::load(ctx).await.unwrap();
            match changed {
                "state" => {
                    let locked = StateChange { is_locked: Some(true), ..StateChange::default() };
                    lifecycle::update_state(ctx, &map, &draft, locked).await.map(|_| ()).unwrap();
                }
                "permission" => permission::create_set(ctx, "Meanwhile", "Meanwhile").await.map(|_| ()).unwrap(),
                _ => {
                    let change = NumberingChange { padding: Some(3), ..NumberingChange::default() };
                    set_numbering(ctx, "Part", change).await.map(|_| ()).unwrap();
                }
            }
            let refused = Write::begin(ctx, &model, Turns::default()).await.err().unwrap();
            assert_eq!(refused.code_name(), Some("WRITE_CONFLICT"), "{changed}");
            let stale = model.revision();
            let mut asked = 0;
            let turns = |_: &Model| {
                asked += 1;
                Ok(Turns::default())
            };
            let write = Write::begin_fresh(ctx, &mut model, turns).await.unwrap();
            assert_ne!(write.model.revision(), stale, "{changed}");
            drop(write);
            assert_eq!(asked, 2, "{changed}");
        }
    }

    #[tokio::test]
    async fn a_number_is_drawn_only_with_the_turn() {
        let org = TestOrg::new().await;
        let model = Model::load(&org.ctx).await.unwrap();
        let kind = model.item_type("Part").unwrap();
        let write = Write::begin(&org.ctx, &model, Turns::default()).await.unwrap();
        assert_eq!(add_item(&write, kind, Default::default()).await.unwrap_err().kind(), Kind::Internal);
        drop(write);
        let write = Write::begin(&org.ctx, &model, Turns::default().numbering(kind, &Values::new())).await.unwrap();
        add_item(&write, kind, Default::default()).await.unwrap();
    }

    #[tokio::test]
    async fn a_stretch_of_taken_numbers_is_passed_over() {
        let org = TestOrg::new().await;
        let mut model = Model::load(&org.ctx).await.unwrap();
        let turns = |model: &Model| Ok(Turns::default().numbering(model.item_type("Part")?, &Values::new()));
        let write = Write::begin_fresh(&org.ctx, &mut model, turns).await.unwrap();
        let kind = write.model.item_type("Part").unwrap();
        for index in (1..=40).chain(42..=50) {
            let values = json!({ "item_number": format!("P-{index:06}") }).as_object().cloned().unwrap();
            add_item(&write, kind, values).await.unwrap();
        }
        for expected in ["P-000041", "P-000051", "P-000052"] {
            let item = add_item(&write, kind, Default::default()).await.unwrap();
            assert_eq!(item.unique_key.as_deref(), Some(expected));
        }
    }

    #[tokio::test]
    async fn numbers_that_may_leave_gaps_are_waited_for_by_nobody() {
        let org = TestOrg::new().await;
        for (gap_free, expected) in [(true, vec!["numbering:Part".to_owned()]), (false, Vec::new())] {
            let change = NumberingChange { gap_free: Some(gap_free), ..NumberingChange::default() };
            set_numbering(&org.ctx, "Part", change).await.unwrap();
            let model = Model::load(&org.ctx).await.unwrap();
            let kind = model.item_type("Part").unwrap();
            let turns = Turns::default().numbering(kind, &Values::new());
            assert_eq!(turns.names(&model).into_iter().collect::<Vec<_>>(), expected);
            let write = Write::begin(&org.ctx, &model, turns).await.unwrap();
            // One that was not told of before is drawn all the same where nobody waits.
            add_item(&write, kind, Values::new()).await.unwrap();
            add_item(&write, kind, Values::new()).await.unwrap();
            write.commit().await.unwrap();
        }
    }
}
