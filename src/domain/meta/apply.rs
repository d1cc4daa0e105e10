//! AML: one request that adds, gets, changes, deletes or promotes an item with the relationships nested in it, all in one
//! transaction.

use futures::future::BoxFuture;

use super::aml::{AmlAction, AmlItem, check, in_relationship, require_id};
use super::item::{Item, not_found};
use super::labels::{self, Labels};
use super::mirrors::ItemView;
use super::model::Model;
use super::numbering::draws_number;
use super::write::{Turns, Write};
use super::{add, delete, get, promote, relate, repo, update};
use crate::context::Ctx;
use crate::error::{Error, Result};

/// What a request did.
#[derive(Debug, Clone)]
pub struct Applied {
    /// created, updated, deleted, promoted, unchanged; none for a get.
    pub status: Option<&'static str>,
    pub items: Vec<ItemView>,
    /// A get found more than these.
    pub truncated: bool,
}

/// Applies one request: all of it or nothing.
pub async fn apply(ctx: &Ctx, given: AmlItem) -> Result<Applied> {
    let mut given = given;
    check(&given, 0)?;
    if given.action == AmlAction::Get {
        let (model, found) = get::get(ctx, &given).await?;
        let items = found.items.into_iter().map(|item| ItemView::new(&model, item)).collect();
        return Ok(Applied { status: None, items, truncated: found.truncated });
    }
    let mut model = Model::load(ctx).await?;
    let mut labels = Labels::new();
    let prepare = |model: &Model| {
        labels::resolve(&mut given, model, &mut labels)?;
        Ok(turns(model, &given, Turns::default()))
    };
    let write = Write::begin_fresh(ctx, &mut model, prepare).await?;
    let (status, item) = apply_one(&write, given).await?;
    write.commit().await?;
    Ok(Applied { status: Some(status), items: vec![ItemView::new(&model, item)], truncated: false })
}

/// What the additions in a request will need to themselves. A type that is not there is refused where it is used.
pub(super) fn turns(model: &Model, given: &AmlItem, mut turns: Turns) -> Turns {
    if given.action == AmlAction::Add
        && let Ok(kind) = model.item_type(&given.item_type)
    {
        turns = turns.structure(kind);
        if draws_number(kind, &given.properties) {
            turns = turns.numbering(kind, &given.properties);
        }
    }
    given.relationships.iter().fold(turns, |turns, nested| self::turns(model, nested, turns))
}

pub(super) async fn apply_one(write: &Write<'_>, given: AmlItem) -> Result<(&'static str, Item)> {
    match given.action {
        AmlAction::Add => Ok(("created", add::add(write, given).await?)),
        AmlAction::Update => Ok(("updated", update::update(write, given).await?)),
        AmlAction::Delete => Ok(("deleted", delete::delete(write, &given).await?)),
        AmlAction::Promote => Ok(("promoted", promote::promote(write, &given).await?)),
        AmlAction::Dummy => {
            let kind = write.model.item_type(&given.item_type)?;
            let item = update::locked_item(write, kind, &given).await?;
            relate::require_seen(write, &item).await?;
            given.basis.require(write.model, &item)?;
            apply_relationships(write, &item, given.relationships).await?;
            Ok(("unchanged", item))
        }
        AmlAction::Get => {
            let message = "get reads; nested relationships take add, update, delete or promote";
            Err(Error::invalid_field("value_error", &["body", "action"], message))
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
        for (index, given) in relationships.into_iter().enumerate() {
            apply_relationship(write, source, given).await.map_err(|error| in_relationship(error, index))?;
        }
        Ok(())
    })
}

async fn apply_relationship(write: &Write<'_>, source: &Item, given: AmlItem) -> Result<()> {
    let kind = write.model.item_type(&given.item_type)?;
    if !kind.is_relationship {
        let message = format!("{} is no relationship", kind.id);
        return Err(Error::invalid_field("value_error", &["body", "type"], message));
    }
    if given.action == AmlAction::Add {
        let line = relate::add_from_values(write, kind, given.new_id, Some(source.id), given.properties).await?;
        apply_relationships(write, &line, given.relationships).await
    } else {
        require_own(write, source, &given).await?;
        apply_one(write, given).await.map(|_| ())
    }
}

/// The line hangs on the source that it is nested in. Looked at before the line or its source is locked: who locks another
/// item's line while it holds this one waits in the wrong order.
async fn require_own(write: &Write<'_>, source: &Item, given: &AmlItem) -> Result<()> {
    let id = require_id(given)?;
    let line = repo::items::find(&write.tx, id).await?.ok_or_else(|| not_found(id))?;
    if line.source_id == Some(source.id) {
        return Ok(());
    }
    // One that may not be seen is not told from one that is not there.
    relate::require_seen(write, &line).await.map_err(|_| not_found(id))?;
    let message = "The relationship belongs to another item";
    Err(Error::invalid_field("value_error", &["body", "id"], message))
}
