//! AML: one request that adds, gets, changes, deletes or promotes an item with the relationships nested in it, all in one
//! transaction.

use std::collections::BTreeSet;

use futures::future::BoxFuture;

use super::aml::{AmlAction, AmlItem, check_depth};
use super::item::Item;
use super::mirrors::ItemView;
use super::model::Model;
use super::write::Write;
use super::{add, delete, get, promote, relate, update};
use crate::context::Ctx;
use crate::error::{Error, Result};

/// What a request did.
#[derive(Debug, Clone)]
pub struct Applied {
    /// created, updated, deleted, promoted, unchanged; none for a get.
    pub status: Option<&'static str>,
    pub items: Vec<ItemView>,
}

/// Applies one request: all of it or nothing.
pub async fn apply(ctx: &Ctx, given: AmlItem) -> Result<Applied> {
    check_depth(&given, 0)?;
    let model = Model::load(ctx).await?;
    if given.action == AmlAction::Get {
        let found = get::get(ctx, &model, given).await?;
        let items = found.into_iter().map(|item| ItemView::new(&model, item)).collect();
        return Ok(Applied { status: None, items });
    }
    let write = Write::begin(ctx, &model).await?;
    lock_structures(&write, &given).await?;
    let (status, item) = apply_one(&write, given).await?;
    write.commit().await?;
    Ok(Applied { status: Some(status), items: vec![ItemView::new(&model, item)] })
}

/// The locks that adding lines will need, in the order of their names and before any other.
async fn lock_structures(write: &Write<'_>, given: &AmlItem) -> Result<()> {
    let mut types = BTreeSet::new();
    added_types(given, &mut types);
    for name in types {
        if let Ok(kind) = write.model.item_type(name) {
            write.lock_structure(kind).await?;
        }
    }
    Ok(())
}

fn added_types<'a>(given: &'a AmlItem, types: &mut BTreeSet<&'a str>) {
    if given.action == AmlAction::Add {
        types.insert(&given.item_type);
    }
    given.relationships.iter().for_each(|nested| added_types(nested, types));
}

async fn apply_one(write: &Write<'_>, given: AmlItem) -> Result<(&'static str, Item)> {
    match given.action {
        AmlAction::Add => Ok(("created", add::add(write, given).await?)),
        AmlAction::Update => Ok(("updated", update::update(write, given).await?)),
        AmlAction::Delete => Ok(("deleted", delete::delete(write, &given).await?)),
        AmlAction::Promote => Ok(("promoted", promote::promote(write, &given).await?)),
        AmlAction::Dummy => {
            let kind = write.model.item_type(&given.item_type)?;
            let item = update::locked_item(write, kind, &given).await?;
            write.model.require_readable(&item)?;
            apply_relationships(write, &item, given.relationships).await?;
            Ok(("unchanged", item))
        }
        AmlAction::Get => {
            let message = "get reads; nested relationships take add, update, delete or promote";
            Err(Error::invalid_field("value_error", &["body", "relationships", "action"], message))
        }
    }
}

/// Applies the relationships nested in an item. Boxed, since they nest.
pub(super) fn apply_relationships<'a>(
    write: &'a Write<'_>,
    source: &'a Item,
    relationships: Vec<AmlItem>,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        for given in relationships {
            let kind = write.model.item_type(&given.item_type)?;
            if !kind.is_relationship {
                let message = format!("{} is no relationship", kind.id);
                return Err(Error::invalid_field("value_error", &["body", "relationships", "type"], message));
            }
            if given.action == AmlAction::Add {
                let line = relate::add_from_values(write, kind, Some(source.id), given.properties).await?;
                apply_relationships(write, &line, given.relationships).await?;
            } else {
                let (_, line) = apply_one(write, given).await?;
                if line.source_id != Some(source.id) {
                    let message = "The relationship belongs to another item";
                    return Err(Error::invalid_field("value_error", &["body", "relationships", "id"], message));
                }
            }
        }
        Ok(())
    })
}
