//! Many items in one request and one transaction. Additions that stand together are stored together.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::add::{self, duplicate};
use super::aml::{AmlAction, AmlItem, check};
use super::apply::{apply_one, turns};
use super::item::Item;
use super::labels::{self, Labels};
use super::mirrors::ItemView;
use super::model::{ItemType, Model};
use super::numbering::draws_number;
use super::repo;
use super::values::Values;
use super::write::{Turns, Write};
use crate::context::Ctx;
use crate::error::{Error, Result};

/// The most items of one request, nested ones included.
pub const MOST_ITEMS: usize = 1000;
/// So many items are stored by one statement: 20 columns each, of the 32,766 parameters that SQLite takes.
const ITEMS_PER_STATEMENT: usize = 500;

/// What became of each item, in the order of the request.
#[derive(Debug, Clone)]
pub struct BulkApplied {
    pub items: Vec<(&'static str, ItemView)>,
    /// The ids that labels stand for.
    pub labels: Labels,
}

/// Applies many items: all of them or nothing. Failures name the item by its index.
pub async fn apply_all(ctx: &Ctx, mut given: Vec<AmlItem>) -> Result<BulkApplied> {
    let count: usize = given.iter().map(size).sum();
    if count == 0 || count > MOST_ITEMS {
        let message = format!("1 to {MOST_ITEMS} items, nested ones included; these are {count}");
        return Err(Error::invalid_field("value_error", &["body", "items"], message));
    }
    let mut model = Model::load(ctx).await?;
    let mut labels = Labels::new();
    let prepare_all = |model: &Model| {
        for (index, item) in given.iter_mut().enumerate() {
            prepare(item, model, &mut labels).map_err(|error| BulkFailure::at(index, error).in_items())?;
        }
        Ok(given.iter().fold(Turns::default(), |all, item| turns(model, item, all)))
    };
    let write = Write::begin_fresh(ctx, &mut model, prepare_all).await?;
    repo::items::lock_with_sources(&write.tx, &named(write.model, &given)).await?;
    let items = Bulk { write: &write, pending: Vec::new(), done: Vec::new() }.apply(given).await;
    let items = items.map_err(BulkFailure::in_items)?;
    write.commit().await?;
    let shown = |(status, item)| (status, ItemView::new(&model, item));
    Ok(BulkApplied { items: items.into_iter().map(shown).collect(), labels })
}

fn size(given: &AmlItem) -> usize {
    1 + given.relationships.iter().map(size).sum::<usize>()
}

/// What will be locked, found in any order: locked in the one order of all before the first is changed, so that two requests
/// that name the same items do not wait for each other.
fn named(model: &Model, given: &[AmlItem]) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for item in given {
        ids.extend(item.id);
        if item.action == AmlAction::Add && model.item_type(&item.item_type).is_ok_and(|kind| kind.is_relationship) {
            let source = item.properties.get("source_id").and_then(Value::as_str);
            ids.extend(source.and_then(|id| Uuid::parse_str(id).ok()));
        }
        ids.extend(named(model, &item.relationships));
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn prepare(item: &mut AmlItem, model: &Model, labels: &mut Labels) -> Result<()> {
    check(item, 0)?;
    if item.action == AmlAction::Get {
        let message = "get reads, and has no place among changes";
        return Err(Error::invalid_field("value_error", &["body", "action"], message));
    }
    labels::resolve(item, model, labels)
}

/// Why many items could not be written together: the first one that could not, where it was one.
#[derive(Debug)]
pub struct BulkFailure {
    pub index: Option<usize>,
    pub error: Error,
}

impl BulkFailure {
    pub(super) fn at(index: usize, error: Error) -> Self {
        Self { index: Some(index), error }
    }

    /// As a request of many items tells of it.
    fn in_items(self) -> Error {
        let Some(index) = self.index else { return self.error };
        self.error.under(&["items", &index.to_string()]).noting("index", json!(index))
    }
}

impl From<Error> for BulkFailure {
    fn from(error: Error) -> Self {
        Self { index: None, error }
    }
}

/// Adds many items of one type within a larger write, stored together.
pub async fn add_items(write: &Write<'_>, kind: &ItemType, given: Vec<Values>) -> Result<Vec<Item>, BulkFailure> {
    let add =
        |properties| AmlItem { item_type: kind.id.clone(), action: AmlAction::Add, properties, ..AmlItem::default() };
    let given = given.into_iter().map(add).collect();
    let added = Bulk { write, pending: Vec::new(), done: Vec::new() }.apply(given).await?;
    Ok(added.into_iter().map(|(_, item)| item).collect())
}

/// Stores items that are prepared, in the order given, and one by one where a key is taken, to tell whose.
pub(super) async fn insert_all(
    write: &Write<'_>,
    items: &[&Item],
    taken: impl Fn(Error, &Item) -> Error,
) -> Result<(), BulkFailure> {
    let mut first = 0;
    for some in items.chunks(ITEMS_PER_STATEMENT) {
        let stored = if repeats_a_key(some) {
            Err(None)
        } else {
            write.tx.attempt(repo::items::insert_many(&write.tx, some)).await?.map_err(Some)
        };
        match stored {
            Ok(()) => {}
            Err(Some(error)) if error.code_name() != Some("DUPLICATE") => return Err(error.into()),
            Err(_) => {
                for (at, item) in some.iter().enumerate() {
                    let stored = repo::items::insert(&write.tx, item).await;
                    stored.map_err(|error| BulkFailure::at(first + at, taken(error, item)))?;
                }
            }
        }
        first += some.len();
    }
    Ok(())
}

/// An item that is prepared and not stored.
struct Pending {
    index: usize,
    item: Item,
    /// Its number is from the sequence, which gives none twice.
    is_drawn: bool,
}

struct Bulk<'a, 'w> {
    write: &'a Write<'w>,
    /// Added, but not stored yet.
    pending: Vec<Pending>,
    done: Vec<(&'static str, Item)>,
}

impl Bulk<'_, '_> {
    async fn apply(mut self, given: Vec<AmlItem>) -> Result<Vec<(&'static str, Item)>, BulkFailure> {
        for (index, item) in given.into_iter().enumerate() {
            match self.write.model.item_type(&item.item_type) {
                Ok(kind) if can_wait(kind, &item) => self.add(index, kind, item).await?,
                _ => {
                    self.store().await?;
                    let applied = apply_one(self.write, item).await;
                    let applied = applied.map_err(|error| BulkFailure::at(index, error))?;
                    self.done.push(applied);
                }
            }
        }
        self.store().await?;
        Ok(self.done)
    }

    async fn add(&mut self, index: usize, kind: &ItemType, given: AmlItem) -> Result<(), BulkFailure> {
        let is_drawn = draws_number(kind, &given.properties);
        // A draw passes over numbers that were given by hand, where they are stored.
        let by_hand = |pending: &Pending| !pending.is_drawn && pending.item.item_type == kind.id;
        if is_drawn && self.pending.iter().any(by_hand) || self.refers_to_pending(kind, &given) {
            self.store().await?;
        }
        let item = add::prepare_item(self.write, kind, given.new_id, given.properties).await;
        let item = item.map_err(|error| BulkFailure::at(index, error))?;
        self.pending.push(Pending { index, item, is_drawn });
        Ok(())
    }

    fn refers_to_pending(&self, kind: &ItemType, given: &AmlItem) -> bool {
        let refers = |(name, value): (&String, &Value)| {
            let id = value.as_str().filter(|_| labels::refers(kind, name)).and_then(|text| Uuid::parse_str(text).ok());
            id.is_some_and(|id| self.pending.iter().any(|pending| pending.item.id == id))
        };
        given.properties.iter().any(refers)
    }

    /// Stores what is pending. Where a number is taken, one by one, to tell whose.
    async fn store(&mut self) -> Result<(), BulkFailure> {
        let pending = std::mem::take(&mut self.pending);
        let items: Vec<&Item> = pending.iter().map(|pending| &pending.item).collect();
        let model = self.write.model;
        let taken = |error, item: &Item| match model.item_type(&item.item_type) {
            Ok(kind) => duplicate(error, kind, item),
            Err(missing) => missing,
        };
        let index = |at: usize| pending.get(at).map(|pending| pending.index);
        let stored = insert_all(self.write, &items, taken).await;
        stored.map_err(|failure| BulkFailure { index: failure.index.and_then(index), ..failure })?;
        for Pending { index, item, .. } in pending {
            let kind = model.item_type(&item.item_type)?;
            add::record_added(self.write, kind, &item).await.map_err(|error| BulkFailure::at(index, error))?;
            self.done.push(("created", item));
        }
        Ok(())
    }
}

/// Nothing that follows in the transaction needs to see it at once.
fn can_wait(kind: &ItemType, given: &AmlItem) -> bool {
    given.action == AmlAction::Add && !kind.is_relationship && given.relationships.is_empty()
}

fn repeats_a_key(items: &[&Item]) -> bool {
    let mut seen = HashSet::new();
    items.iter().any(|item| item.unique_key.as_ref().is_some_and(|key| !seen.insert((&item.item_type, key))))
}
