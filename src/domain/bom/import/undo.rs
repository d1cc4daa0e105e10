//! Taking an import back: what it made goes, what it changed is as it was. Only where nobody has worked on it since.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::record::{self, ImportRecord, Made};
use super::repo;
use crate::context::Ctx;
use crate::domain::bom::PART_BOM;
use crate::domain::meta::{self, Item, Model, Turns, Write};
use crate::domain::permission::Action;
use crate::error::{Error, Kind, Result};

/// The most that a refusal names.
const MOST_NAMED: usize = 20;

/// Takes an import back, all of it or nothing.
///
/// Fails with `NotFound` for one that the caller may not know of, `Conflict` `IMPORT_UNDONE` for one that was taken back,
/// `Conflict` `IMPORT_IN_USE` (what stands in the way in the details) where something of it was changed, deleted or used
/// since, and `Forbidden` where the caller may not delete or change what it wrote.
pub async fn undo_import(ctx: &Ctx, id: &str) -> Result<ImportRecord> {
    let mut model = Model::load(ctx).await?;
    let id = record::visible(ctx, &model, id).await?.id;
    let write =
        Write::begin_fresh(ctx, &mut model, |model| Ok(Turns::default().structure(model.item_type(PART_BOM)?))).await?;
    let before = repo::find_locked(write.tx(), id).await?.ok_or_else(record::not_found)?;
    if let Some(undone) = before.undone_at {
        return Err(Error::conflict(format!("Import {id} was undone at {undone}"))
            .code("IMPORT_UNDONE", "This import was taken back already."));
    }
    let made = repo::made(write.tx(), id).await?;
    let ids: Vec<Uuid> = made.iter().map(|made| made.item_id).collect();
    let items: HashMap<Uuid, Item> =
        meta::lock_items(&write, &ids).await?.into_iter().map(|item| (item.id, item)).collect();
    refuse_later_work(&write, &made, &items).await?;
    take_back(&write, &made).await?;
    let after = ImportRecord { undone_by_id: ctx.actor.user_id(), undone_at: Some(ctx.now()), ..before.clone() };
    repo::mark_undone(write.tx(), &after).await?;
    write.note(record::change("import.undone", &after, Some(&before))).await?;
    write.commit().await?;
    Ok(after)
}

/// Lines go before the parts that they lead to.
async fn take_back(write: &Write<'_>, made: &[Made]) -> Result<()> {
    let (lines, parts): (Vec<&Made>, Vec<&Made>) = made.iter().rev().partition(|made| made.item_type == PART_BOM);
    for made in lines.into_iter().chain(parts) {
        let kind = write.model.item_type(&made.item_type)?;
        match &made.before {
            None => meta::delete_item(write, kind, made.item_id).await.map_err(in_the_way)?,
            Some(before) => meta::update_item(write, kind, made.item_id, before.clone()).await?,
        };
    }
    Ok(())
}

/// What came to use an item in a way that only its deletion finds.
fn in_the_way(error: Error) -> Error {
    match (error.kind(), error.code_name()) {
        (Kind::Conflict, Some("ITEM_IN_USE" | "HIDDEN_RELATIONSHIPS")) => {
            let details = error.details_value().cloned().unwrap_or_default();
            refusal(1, vec![details]).caused_by(error)
        }
        _ => error,
    }
}

fn refusal(count: usize, named: Vec<Value>) -> Error {
    Error::conflict(format!("{count} things stand in the way of undoing the import"))
        .code(
            "IMPORT_IN_USE",
            "Something that the import wrote was changed or used since. Take that back first, or change the BOM by hand.",
        )
        .details(json!({ "count": count, "in_the_way": named }))
}

async fn refuse_later_work(write: &Write<'_>, made: &[Made], items: &HashMap<Uuid, Item>) -> Result<()> {
    let mut found: Vec<(Uuid, Option<&Item>, &str)> = Vec::new();
    for made in made {
        match items.get(&made.item_id) {
            None => found.push((made.item_id, None, "deleted")),
            Some(item) if item.change_count != made.change_count => found.push((item.id, Some(item), "changed")),
            Some(_) => {}
        }
    }
    let created: HashSet<Uuid> = made.iter().filter(|made| made.before.is_none()).map(|made| made.item_id).collect();
    let all: Vec<Uuid> = created.iter().copied().collect();
    for id in repo::worked_on(write.tx(), &all).await? {
        found.push((id, items.get(&id), "in work"));
    }
    let lines = repo::lines_at(write.tx(), &all).await?;
    let mut seen = HashSet::new();
    for line in lines.iter().filter(|line| !created.contains(&line.id) && seen.insert(line.id)) {
        // Told of by the item of the import, since that is what is known to whoever undoes it.
        let ends = [line.related_id, line.source_id].into_iter().flatten();
        let end = ends.filter_map(|end| items.get(&end)).find(|end| created.contains(&end.id));
        found.push((line.id, end.or(Some(line)), "used"));
    }
    if found.is_empty() {
        return Ok(());
    }
    found.sort_by_key(|(id, ..)| *id);
    let named = found.iter().take(MOST_NAMED).map(|(id, item, reason)| named(write, *id, *item, reason));
    Err(refusal(found.len(), named.collect()))
}

/// What the caller may not get is told of without its id.
fn named(write: &Write<'_>, id: Uuid, item: Option<&Item>, reason: &str) -> Value {
    match item {
        Some(item) if write.model.allow(item, Action::Get) => {
            let number = write.model.item_type(&item.item_type).ok().and_then(|kind| kind.number(item));
            json!({ "reason": reason, "id": item.id, "type": item.item_type, "number": number, "name": item.name() })
        }
        Some(_) => json!({ "reason": reason }),
        None => json!({ "reason": reason, "id": id }),
    }
}
