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
            prepare(item, model, &mut labels).map_err(|error| in_item(error, index))?;
        }
        Ok(given.iter().fold(Turns::default(), |all, item| turns(model, item, all)))
    };
    let write = Write::begin_fresh(ctx, &mut model, prepare_all).await?;
    repo::items::lock_with_sources(&write.tx, &named(write.model, &given)).await?;
    let items = Bulk { write: &write, pending: Vec::new(), done: Vec::new() }.apply(given).await?;
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

/// A failure of one item, as the whole request tells of it.
fn in_item(error: Error, index: usize) -> Error {
    error.under(&["items", &index.to_string()]).noting("index", json!(index))
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
    async fn apply(mut self, given: Vec<AmlItem>) -> Result<Vec<(&'static str, Item)>> {
        for (index, item) in given.into_iter().enumerate() {
            match self.write.model.item_type(&item.item_type) {
                Ok(kind) if can_wait(kind, &item) => self.add(index, kind, item).await?,
                _ => {
                    self.store().await?;
                    let applied = apply_one(self.write, item).await.map_err(|error| in_item(error, index))?;
                    self.done.push(applied);
                }
            }
        }
        self.store().await?;
        Ok(self.done)
    }

    async fn add(&mut self, index: usize, kind: &ItemType, given: AmlItem) -> Result<()> {
        let is_drawn = draws_number(kind, &given.properties);
        // A draw passes over numbers that were given by hand, where they are stored.
        let by_hand = |pending: &Pending| !pending.is_drawn && pending.item.item_type == kind.id;
        if is_drawn && self.pending.iter().any(by_hand) || self.refers_to_pending(kind, &given) {
            self.store().await?;
        }
        let item = add::prepare_item(self.write, kind, given.new_id, given.properties).await;
        let item = item.map_err(|error| in_item(error, index))?;
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
    async fn store(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        for some in pending.chunks(ITEMS_PER_STATEMENT) {
            let items: Vec<&Item> = some.iter().map(|pending| &pending.item).collect();
            let stored = if repeats_a_key(&items) {
                Err(None)
            } else {
                self.write.tx.attempt(repo::items::insert_many(&self.write.tx, &items)).await?.map_err(Some)
            };
            match stored {
                Ok(()) => {}
                Err(Some(error)) if error.code_name() != Some("DUPLICATE") => return Err(error),
                Err(_) => self.store_one_by_one(some).await?,
            }
        }
        for Pending { index, item, .. } in pending {
            let kind = self.write.model.item_type(&item.item_type)?;
            add::record_added(self.write, kind, &item).await.map_err(|error| in_item(error, index))?;
            self.done.push(("created", item));
        }
        Ok(())
    }

    async fn store_one_by_one(&self, some: &[Pending]) -> Result<()> {
        for Pending { index, item, .. } in some {
            let kind = self.write.model.item_type(&item.item_type)?;
            let stored = repo::items::insert(&self.write.tx, item).await;
            stored.map_err(|error| in_item(duplicate(error, kind, item), *index))?;
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
